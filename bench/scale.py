"""Run the benchmarks of scale: ``python -m bench.scale``."""

from __future__ import annotations

from bench import folder_floor, memory, workers
from bench.command import command

main = command(
    {
        "memory": memory.benchmark,
        "workers": workers.benchmark,
        "folder_floor": folder_floor.benchmark,
    },
    repeat=3,
    text="Measure memory, linearity and workers.",
)

if __name__ == "__main__":
    main()
