"""The realistic model against the classic one: ``python -m bench.realistic``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.actions import to_folder
from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.isolated import isolated
from bench.timing import timed
from fleetsynth import api, pipeline, presets
from fleetsynth.presets import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from bench.actions import Settings
    from fleetsynth.plan import Plan

REALISTIC: Settings = {"preset": "realistic"}
QUARTER: Settings = {"start_date": "2024-01-01", "end_date": "2024-03-30", "granularity": "5min"}
YEARS: Settings = {"granularity": "5min"}
PARTS: Settings = REALISTIC | {"num_servers": 480}
PART_BYTES = 125_000


def samples(_folder: Path) -> Benchmark:
    """Compare the CPU time of a simulated sample with that of a classic row."""
    fleet = {"num_servers": 120}
    realistic, classic = (presets.as_plan(p | QUARTER | fleet) for p in (REALISTIC, {}))
    return Benchmark(
        rows=classic.cells,
        sides={
            "realistic": timed(partial(_simulate, realistic)),
            "classic": timed(partial(_simulate, classic)),
        },
        goals=[Goal("realistic", ("classic",), "cpu", 3.5, at_most=True)],
        remark="120 servers, 90 days of 5-minute samples, values alone: no Arrow, no digest.",
    )


def daily(_folder: Path) -> Benchmark:
    """Compare daily percentiles of the default fleet with as many classic rows."""
    realistic, classic = presets.as_plan(REALISTIC), presets.as_plan(YEARS)
    return Benchmark(
        rows=classic.cells,
        sides={
            "daily p95": timed(partial(_batches, realistic)),
            "classic rows": timed(partial(_batches, classic)),
        },
        goals=[Goal("daily p95", ("classic rows",), "cpu", 4, at_most=True)],
        remark="120 servers, four years: daily percentiles of 50 million samples against 50 "
        "million classic rows as Arrow batches, written nowhere.",
        warm_up=False,
    )


def workers(folder: Path) -> Benchmark:
    """Compare the wall time of one and two workers, and memory of one quarter and four years."""
    short = PARTS | {"end_date": "2022-03-31"}
    sides = {
        f"{count} worker{'s' * (count > 1)}": isolated(
            partial(to_folder, PARTS, folder, workers=count, part_bytes=PART_BYTES)
        )
        for count in (1, 2)
    }
    sides["a quarter"] = isolated(partial(to_folder, short, folder))
    return Benchmark(
        rows=presets.as_plan(PARTS).cells,
        sides=sides,
        goals=[
            Goal("1 worker", ("2 workers",), "wall", 1.8, at_most=False),
            Goal("1 worker", ("a quarter",), "peak", 1.2, at_most=True),
            Goal("1 worker", (), "peak", 600, at_most=True),
        ],
        remark="480 servers, four years, daily: 202 million samples; against three months of it.",
        warm_up=False,
        quiet=True,
    )


def _simulate(plan: Plan) -> None:
    for window in pipeline.windows(plan):
        simulate(plan, window)


def _batches(plan: Plan) -> None:
    for _ in api.batches(plan):
        pass


main = command(
    {"samples": samples, "daily": daily, "workers": workers},
    repeat=3,
    text="Measure the realistic model against the classic one.",
)

if __name__ == "__main__":
    main()
