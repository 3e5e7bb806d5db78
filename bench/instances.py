"""What servers have and use, and what those columns cost: ``python -m bench.instances``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api, presets
from fleetsynth.pipeline import rows_per_batch, windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fleetsynth.plan import Plan

COLUMNS: dict[str, Any] = {"capacity_columns": True, "absolute": True}
REALISTIC: dict[str, Any] = {"preset": "realistic", "num_servers": 120, "sample_interval": "15min"}
YEARS: dict[str, Any] = {"start_date": "2022-01-01", "end_date": "2023-12-31"}
CLASSIC: dict[str, Any] = {"num_servers": 700}
WITH, WITHOUT = "with columns", "without"


def realistic(folder: Path) -> Benchmark:
    """Compare realistic daily data with and without."""
    return _compared(
        REALISTIC | YEARS,
        lambda name: partial(_generate, folder / f"{name}.parquet"),
        "120 realistic servers, two years of daily p95, to Parquet.",
    )


def values(_folder: Path) -> Benchmark:
    """Compare the making of classic values, which are cheap, with and without."""
    return _compared(
        CLASSIC | YEARS,
        lambda _name: _simulate,
        "700 classic servers, two years of daily rows: made, and not written.",
        bound=1.10,
    )


def classic(folder: Path) -> Benchmark:
    """Compare classic daily files with and without: twelve columns of numbers for five."""
    return _compared(
        CLASSIC | YEARS,
        lambda name: partial(_generate, folder / f"{name}.parquet"),
        "700 classic servers, two years of daily rows, to Parquet: 12 numbers a row for 5.",
        bound=1.4,
    )


def _compared(
    scenario: dict[str, Any],
    action: Callable[[str], Callable[[Plan], None]],
    remark: str,
    bound: float = 1.05,
) -> Benchmark:
    columns, none = (presets.as_plan(scenario | more) for more in (COLUMNS, {}))
    return Benchmark(
        rows=none.cells,
        sides={
            WITH: timed(partial(action("with"), columns)),
            WITHOUT: timed(partial(action("without"), none)),
        },
        goals=[Goal(WITH, (WITHOUT,), "cpu", bound, at_most=True)],
        remark=remark,
    )


def _generate(path: Path, plan: Plan) -> None:
    api.generate(plan, path, overwrite=True)


def _simulate(plan: Plan) -> None:
    for window in windows(plan, rows_per_batch(plan)):
        presets.simulate(plan, window)


main = command(
    {"realistic": realistic, "values": values, "classic": classic},
    repeat=3,
    text="Measure what capacity columns cost.",
)

if __name__ == "__main__":
    main()
