"""Memory and cost per row, at 4 million rows and at 90 million."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bench.actions import to_file, to_folder
from bench.comparison import Benchmark, Goal
from bench.isolated import isolated
from bench.turns import Turns
from fleetsynth import presets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.actions import Settings
    from bench.timing import Side

SMALL: Settings = {"granularity": "hourly"}
WIDE: Settings = SMALL | {"num_servers": 2570}
LONG: Settings = {"granularity": "5min", "end_date": "2029-02-17"}

NEXT_TO_NOTHING: Settings = SMALL | {"num_servers": 1, "end_date": "2022-01-31"}

LIMIT_MB = 600


def benchmark(folder: Path) -> Benchmark:
    """Compare peaks, and CPU time per row, of large outputs with those of small ones."""
    rows = presets.as_plan(SMALL).cells
    sides: dict[str, Side] = {}
    goals = []
    for kind, action in {"file": to_file, "folder": to_folder}.items():
        warm_up = partial(action, NEXT_TO_NOTHING, folder)
        small = isolated(partial(action, SMALL, folder), warm_up=warm_up)
        for growth, settings in {"more servers": WIDE, "finer steps": LONG}.items():
            turns = Turns(
                partial(action, settings, folder),
                partial(_open, small),
                warm_up=warm_up,
                scale=rows / presets.as_plan(settings).cells,
            )
            over, under = f"{kind}, 90 M, {growth}", f"{kind}, 4 M, in turn with {growth}"
            sides |= {over: turns.long, under: turns.short}
            goals += [
                Goal(over, (under,), "peak", 1.2, at_most=True),
                Goal(over, (), "peak", LIMIT_MB, at_most=True),
                Goal(over, (under,), "cpu", 1.1, at_most=True),
            ]
    return Benchmark(
        rows=rows,
        sides=sides,
        goals=goals,
        remark="one worker, each run in a process of its own that has made a few rows before, its "
        f"seconds scaled to {rows:,} rows, which are 120 servers hourly for four years; 90 million "
        "are 2,570 such servers, or 120 servers every five minutes for seven. A large run is "
        "paused again and again for a small one, so that a machine of varying speed is as fast "
        "for both. The largest resident set counts everything in the process, Python and "
        "libraries too.",
        warm_up=False,
    )


@contextmanager
def _open(side: Side) -> Iterator[Side]:
    """Give a side that needs no opening to those who open theirs."""
    yield side
