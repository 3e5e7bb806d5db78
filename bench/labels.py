"""What labels cost beside the data: ``python -m bench.labels``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api, presets

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.plan import Plan

REALISTIC: dict[str, Any] = {"preset": "realistic", "num_servers": 60}
YEAR = {"start_date": "2024-01-01", "end_date": "2024-12-31"}
QUARTER = {"start_date": "2024-01-01", "end_date": "2024-03-30", "granularity": "5min"}
WITH, WITHOUT = "with labels", "without"


def daily(folder: Path) -> Benchmark:
    """Compare realistic daily percentiles with and without their labels."""
    return _compared(folder, REALISTIC | YEAR, "60 realistic servers, daily p95 over a year.")


def five_minutes(folder: Path) -> Benchmark:
    """Compare realistic 5-minute data with and without."""
    return _compared(folder, REALISTIC | QUARTER, "60 realistic servers, 90 days of 5-minute rows.")


def classic(folder: Path) -> Benchmark:
    """Compare classic hourly data with and without."""
    scenario = {"num_servers": 120, "granularity": "hourly"} | YEAR
    return _compared(folder, scenario, "120 classic servers, hourly rows over a year.")


def _compared(folder: Path, scenario: dict[str, Any], remark: str) -> Benchmark:
    plan = presets.as_plan(scenario)
    return Benchmark(
        rows=plan.cells,
        sides={
            WITH: timed(partial(_generate, plan, folder / "with.parquet", labels=True)),
            WITHOUT: timed(partial(_generate, plan, folder / "without.parquet", labels=False)),
        },
        goals=[Goal(WITH, (WITHOUT,), "cpu", 1.05, at_most=True)],
        remark=remark,
    )


def _generate(plan: Plan, path: Path, *, labels: bool) -> None:
    api.generate(plan, path, overwrite=True, labels=labels)


main = command(
    {"daily": daily, "five_minutes": five_minutes, "classic": classic},
    repeat=5,
    text="Measure what labels cost.",
)

if __name__ == "__main__":
    main()
