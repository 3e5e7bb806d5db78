"""Run the benchmarks of the classic model: ``python -m bench.classic``."""

from __future__ import annotations

from bench import calls, cold, csv_gz, floor, table
from bench.command import command

main = command(
    {
        "table": table.benchmark,
        "cold": cold.benchmark,
        "floor": floor.benchmark,
        "csv_gz": csv_gz.benchmark,
        "calls": calls.calls,
        "one_day": calls.one_day,
    },
    repeat=5,
    text="Measure fleetsynth against baselines, as ratios within one run.",
)

if __name__ == "__main__":
    main()
