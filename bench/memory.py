"""Memory and cost per row, at 4 million rows and at 90 million."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.actions import to_file, to_folder
from bench.comparison import Benchmark, Goal
from bench.isolated import isolated
from fleetsynth import api

if TYPE_CHECKING:
    from pathlib import Path

    from bench.actions import Settings

SMALL: Settings = {"granularity": "hourly"}
WIDE: Settings = SMALL | {"num_servers": 2570}
LONG: Settings = {"granularity": "5min", "end_date": "2029-02-17"}

NEXT_TO_NOTHING: Settings = SMALL | {"num_servers": 1, "end_date": "2022-01-31"}

LIMIT_MB = 600


def benchmark(folder: Path) -> Benchmark:
    """Compare peaks, and CPU time per row, of large outputs with those of small ones."""
    rows = api.as_plan(SMALL).rows
    kinds = {"file": to_file, "folder": to_folder}
    sizes = {"4 M rows": SMALL, "90 M, more servers": WIDE, "90 M, finer steps": LONG}
    sides, goals = {}, []
    for kind, action in kinds.items():
        small, *large = (f"{kind}, {size}" for size in sizes)
        for size, settings in sizes.items():
            scale = rows / api.as_plan(settings).rows
            sides[f"{kind}, {size}"] = isolated(
                partial(action, settings, folder),
                warm_up=partial(action, NEXT_TO_NOTHING, folder),
                scale=scale,
            )
        for name in large:
            goals += [
                Goal(name, (small,), "peak", 1.2, at_most=True),
                Goal(name, (), "peak", LIMIT_MB, at_most=True),
                Goal(name, (small,), "cpu", 1.1, at_most=True),
            ]
    return Benchmark(
        rows=rows,
        sides=sides,
        goals=goals,
        remark="one worker, each side in a process of its own that has made a few rows before, its "
        f"seconds scaled to the rows of the small one: {rows:,} rows are 120 servers hourly for "
        "four years, 90 million 2,570 such servers, or 120 servers every five minutes for seven. "
        "The largest resident set counts everything in the process, Python and libraries too.",
        warm_up=False,
    )
