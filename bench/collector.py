"""What a collector with faults costs: ``python -m bench.collector``."""

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
FAULTS = {"collector": {"intensity": 1}}
WITH, WITHOUT = "with faults", "without"


def daily(folder: Path) -> Benchmark:
    """Compare realistic daily percentiles with faults and without."""
    return _compared(folder, REALISTIC | YEAR, "60 realistic servers, daily p95 over a year.")


def five_minutes(folder: Path) -> Benchmark:
    """Compare realistic 5-minute data with and without."""
    return _compared(folder, REALISTIC | QUARTER, "60 realistic servers, 90 days of 5-minute rows.")


def classic(folder: Path) -> Benchmark:
    """Compare classic hourly data with and without."""
    scenario = {"num_servers": 120, "granularity": "hourly"} | YEAR
    return _compared(folder, scenario, "120 classic servers, hourly rows over a year.")


def _compared(folder: Path, scenario: dict[str, Any], remark: str) -> Benchmark:
    clean, faulty = presets.as_plan(scenario), presets.as_plan(scenario | FAULTS)
    return Benchmark(
        rows=clean.cells,
        sides={
            WITH: timed(partial(_generate, faulty, folder / "with.parquet")),
            WITHOUT: timed(partial(_generate, clean, folder / "without.parquet")),
        },
        goals=[Goal(WITH, (WITHOUT,), "cpu", 1.15, at_most=True)],
        remark=remark,
    )


def _generate(plan: Plan, path: Path) -> None:
    api.generate(plan, path, overwrite=True)


main = command(
    {"daily": daily, "five_minutes": five_minutes, "classic": classic},
    repeat=5,
    text="Measure what a collector with faults costs.",
)

if __name__ == "__main__":
    main()
