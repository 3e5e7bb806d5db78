"""What a plan would take, without doing it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetsynth.errors import OutputError
from fleetsynth.files import os_errors
from fleetsynth.formats import FORMATS
from fleetsynth.formats.law import Columns
from fleetsynth.metrics import LABEL, METRICS
from fleetsynth.pipeline import BATCH_ROWS, rows_per_batch
from fleetsynth.presets import as_plan
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.metrics import Metric
    from fleetsynth.plan import Plan
    from fleetsynth.presets import ScenarioLike

_BASE_MEMORY = 110_000_000
_BATCH_MEMORY_PER_ROW = 300
_COLLECTED_MEMORY_PER_ROW = 150
"""Clean rows beside those that were collected, each of which says its server, tick and arrival."""
_LABEL_SHARE = 0.02
_LEAF_MEMORY = 100
"""One hash per server and month is kept until the digest is finished."""


@dataclass(frozen=True)
class Size:
    """Estimates, good to about a third.

    Attributes:
        rows: exact, where the plan tells; otherwise the most there can be.
        columns: exact.
        bytes: size of the file by format.
        memory: peak resident memory of `generate`, in bytes.
        tiles: tiles of 512 samples that are drawn; the most there can be. A tile takes as long to
            draw for one row as for all of its 512.
        born: servers that come after the first day; None where there are too many to count.
        retired: servers that end by the last day; None likewise.
    """

    rows: int
    columns: int
    bytes: dict[str, int]
    memory: int
    tiles: int
    born: int | None = 0
    retired: int | None = 0


def estimate(scenario: ScenarioLike = None) -> Size:
    """Estimate what a dataset would take.

    Args:
        scenario: a Plan or Scenario, a YAML file, a mapping, or None for the packaged scenario.
    """
    plan = as_plan(scenario)
    columns, group = _columns(plan), _batch_rows(plan, rows_per_batch(plan))
    rows = plan.cells if plan.rows is None else plan.rows
    collected = _COLLECTED_MEMORY_PER_ROW if plan.is_faulty else 0
    _, born, retired = plan.comings_and_goings or (None, None, None)
    return Size(
        rows=rows,
        columns=len(plan.columns),
        bytes={
            ending: round(rows * kind.size.per_row(columns, group))
            for ending, kind in FORMATS.items()
        },
        memory=round(
            _BASE_MEMORY
            + min(plan.cells, BATCH_ROWS) * (_BATCH_MEMORY_PER_ROW * columns.breadth + collected)
            + plan.fleet.size * _months(plan) * _LEAF_MEMORY
        ),
        tiles=plan.fleet.size * tiles_per_server(plan),
        born=born,
        retired=retired,
    )


def tiles_per_server(plan: Plan) -> int:
    """Return the tiles that a plan's samples of one server touch."""
    samples = plan.samples_per_row
    first, last = plan.clock.first * samples, plan.clock.stop * samples - 1
    return last // BLOCK - first // BLOCK + 1


def rows_in(plan: Plan, size: int, ending: str) -> int:
    """Return how many of a plan's rows a file of at most so many bytes holds, by its ending."""
    columns = _columns(plan)
    rows = FORMATS[ending].size.rows(columns, size, _batch_rows(plan, BATCH_ROWS), BATCH_ROWS)
    return max(1, int(rows))


def _batch_rows(plan: Plan, most: int) -> int:
    """Return the rows of a plan's batches of at most so many."""
    ticks = plan.clock.count
    return min(plan.cells, max(most // ticks, 1) * min(ticks, most))


def _columns(plan: Plan) -> Columns:
    return Columns(
        breadth=sum(map(_share, plan.metrics)) / len(METRICS),
        metadata=plan.scenario.include_metadata,
        calendar=plan.scenario.include_calendar,
        aggregates=plan.samples_per_row > 1,
        arrivals=plan.is_faulty,
    )


def _share(metric: Metric) -> float:
    """Return what a metric takes, in columns of values; next to nothing if nearly all are 0."""
    return _LABEL_SHARE if metric.words or metric.statistic == LABEL else 1.0


def _months(plan: Plan) -> int:
    start, end = plan.clock.start, plan.clock.end
    return (end.year - start.year) * 12 + end.month - start.month + 1


def refuse_without_room(path: Path, rows: int, need: float) -> None:
    """Refuse what cannot fit, before hours have gone into it.

    Raises:
        OutputError: if so many bytes are far more than what is free where `path` is to be.
    """
    with os_errors(path):
        there = path.absolute()
        there = next(entry for entry in (there, *there.parents) if entry.exists())
        total, _, free = shutil.disk_usage(there)
    # The estimate is good to a third or so; what may fit is tried.
    # Some remote file systems say that they have no size at all.
    if total and need / 2 > free:
        raise OutputError(
            f"{rows:,} rows would take about {in_bytes(need)} at {path}, where "
            f"{in_bytes(free)} are free: ask for fewer servers, a shorter span or a coarser "
            "granularity (see estimate(scenario))"
        )


def in_bytes(count: float) -> str:
    """Write a number of bytes for people, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB"):
        if count < 1000 or unit == "EB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
