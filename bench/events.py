"""What happens to a fleet, and what that costs: ``python -m bench.events``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api, presets
from fleetsynth.tables import events

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.plan import Plan

REALISTIC: dict[str, Any] = {"preset": "realistic", "num_servers": 120}
QUARTER = {"start_date": "2024-01-01", "end_date": "2024-03-30"}
YEAR = {"start_date": "2024-01-01", "end_date": "2024-12-31"}
WITH, WITHOUT = "with events", "without"


def five_minutes(folder: Path) -> Benchmark:
    """Compare realistic 5-minute data with and without what befalls the fleet by itself."""
    return _compared(
        folder,
        REALISTIC | QUARTER | {"granularity": "5min"},
        "120 realistic servers, 90 days of 5-minute rows, to Parquet, the ledger beside it.",
    )


def daily(folder: Path) -> Benchmark:
    """Compare daily percentiles with and without."""
    return _compared(folder, REALISTIC | YEAR, "120 realistic servers, daily p95 over a year.")


def classic(folder: Path) -> Benchmark:
    """Compare classic hourly data with and without."""
    return _compared(
        folder,
        {"num_servers": 120, "granularity": "hourly"} | YEAR,
        "120 classic servers, hourly rows over a year.",
    )


def stories(folder: Path) -> Benchmark:
    """Compare daily percentiles where 8 % of services have a story, and where none has."""
    loud, quiet = (
        presets.as_plan(REALISTIC | YEAR | {"stories": {"share": share}}) for share in (0.08, 0)
    )
    text = "120 realistic servers, daily p95 over a year, with incidents; stories or none."
    return _paired(folder, loud, quiet, text, most=1.05)


def ledger(_folder: Path) -> Benchmark:
    """Measure the ledger of a large fleet over a year."""
    plan = presets.as_plan(REALISTIC | YEAR | {"num_servers": 10_000})
    return Benchmark(
        rows=plan.cells,
        sides={"ledger": timed(partial(_rows, plan))},
        goals=[Goal("ledger", (), "cpu", 5, at_most=True)],
        remark="10,000 realistic servers over a year: all events as Arrow batches, in seconds.",
        warm_up=False,
    )


def _compared(folder: Path, scenario: dict[str, Any], remark: str) -> Benchmark:
    loud, quiet = (
        presets.as_plan(scenario | {"incidents": {"intensity": intensity}}) for intensity in (1, 0)
    )
    return _paired(folder, loud, quiet, remark, most=1.10)


def _paired(folder: Path, loud: Plan, quiet: Plan, remark: str, most: float) -> Benchmark:
    return Benchmark(
        rows=quiet.cells,
        sides={
            WITH: timed(partial(_generate, loud, folder / "with.parquet")),
            WITHOUT: timed(partial(_generate, quiet, folder / "without.parquet")),
        },
        goals=[Goal(WITH, (WITHOUT,), "cpu", most, at_most=True)],
        remark=remark,
    )


def _generate(plan: Plan, path: Path) -> None:
    api.generate(plan, path, overwrite=True)


def _rows(plan: Plan) -> None:
    for _ in events.batches(plan):
        pass


main = command(
    {
        "five_minutes": five_minutes,
        "daily": daily,
        "classic": classic,
        "stories": stories,
        "ledger": ledger,
    },
    repeat=3,
    text="Measure what events cost.",
)

if __name__ == "__main__":
    main()
