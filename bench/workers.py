"""Two workers against one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.actions import to_file, to_folder
from bench.comparison import Benchmark, Goal
from bench.isolated import isolated
from fleetsynth import presets

if TYPE_CHECKING:
    from pathlib import Path

    from bench.actions import Settings

SETTINGS: Settings = {"granularity": "hourly", "num_servers": 1920}
PART_BYTES = 34_000_000
"""Twenty parts, so that two workers have ten each."""


def benchmark(folder: Path) -> Benchmark:
    """Compare wall time, which takes two cores that are free."""
    plan = presets.as_plan(SETTINGS)
    actions = {
        "folder": partial(to_folder, SETTINGS, folder, part_bytes=PART_BYTES),
        "file": partial(to_file, SETTINGS, folder),
    }
    sides = {
        f"{kind}, {workers} worker{'s' * (workers > 1)}": isolated(partial(action, workers=workers))
        for kind, action in actions.items()
        for workers in (1, 2)
    }
    return Benchmark(
        rows=plan.cells,
        sides=sides,
        goals=[
            Goal("folder, 1 worker", ("folder, 2 workers",), "wall", 1.8, at_most=False),
            Goal("file, 1 worker", ("file, 2 workers",), "wall", 1.3, at_most=False),
        ],
        remark=f"the folder has parts of {PART_BYTES / 1_000_000:g} MB, and with two workers it "
        "starts a process for each, which counts. With other jobs running the ratio says little: "
        "rounds that were disturbed are repeated.",
        warm_up=False,
        quiet=True,
    )
