"""From plan to sink: windows in row order, through simulation and digest, in constant memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fleetsynth.presets import simulate
from fleetsynth.tables.digest import PlanDigest, combine
from fleetsynth.tables.frame import Frame
from fleetsynth.tables.statistics import Statistics
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from fleetsynth.formats.base import Sink
    from fleetsynth.plan import Plan
    from fleetsynth.tables.statistics import Moments

_T = TypeVar("_T")

BATCH_ROWS = 1 << 18
"""Rows per batch, and so per Parquet row group: some 2.5 MB there, and 30 MB while it is made."""
_FEWEST_BATCHES = 4
_LEAST_ROWS = 1 << 15


@dataclass(frozen=True)
class Outcome:
    """What a run left behind besides its data.

    Attributes:
        rows: how many were written.
        size: of the output, in bytes.
        leaves: the content digest's leaves, one after the other.
        statistics: mean and sd by archetype and column.
    """

    rows: int
    size: int
    leaves: bytes
    statistics: dict[str, dict[str, Moments]]

    @property
    def digest(self) -> str:
        """The content digest."""
        return combine(self.leaves)


def windows(plan: Plan, batch_rows: int = BATCH_ROWS) -> Iterator[Window]:
    """Cut a plan into windows of at most `batch_rows` cells, by server, then by time."""
    ticks = plan.clock.count
    if ticks > batch_rows:
        for server in range(plan.fleet.size):
            for first in range(plan.clock.first, plan.clock.stop, batch_rows):
                yield Window(server, server + 1, first, min(first + batch_rows, plan.clock.stop))
        return
    step = batch_rows // ticks
    for server in range(0, plan.fleet.size, step):
        stop = min(server + step, plan.fleet.size)
        yield Window(server, stop, plan.clock.first, plan.clock.stop)


def batches(plan: Plan, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield a plan's dataset as record batches, in row order, in constant memory."""
    _keep_freed_memory()
    frame = Frame(plan)
    for window in windows(plan, batch_rows):
        block = simulate(plan, window)
        if block.rows:
            yield frame.batch(block)


def run(
    plan: Plan,
    sink: Sink,
    *,
    frame: Frame | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    batch_rows: int | None = None,
) -> Outcome:
    """Generate a plan into a sink and commit it; abort it if anything goes wrong.

    Args:
        plan: what to generate.
        sink: where to; committed or aborted on return.
        frame: how rows are laid out; all columns unless given.
        workers: with two or more, a batch is written while the next one is made.
        progress: called after each batch with how many of the plan's cells are done.
        batch_rows: most rows per batch, by default what suits the plan; no value depends on it.
    """
    _keep_freed_memory()
    done = count = 0
    try:
        frame = frame or Frame(plan)
        digest, statistics = PlanDigest(plan), Statistics(plan)

        def batch(window: Window) -> tuple[int, pa.RecordBatch]:
            block = simulate(plan, window)
            digest.update(block)
            statistics.update(block)
            return window.cells, frame.batch(block)

        made = map(batch, windows(plan, batch_rows or rows_per_batch(plan)))
        for cells, rows in _ahead(made) if workers > 1 else made:
            if rows.num_rows:
                sink.write(rows)
            done, count = done + cells, count + rows.num_rows
            del rows  # frees a batch before the next one takes room
            if progress:
                progress(done)
        size = sink.commit()
    except BaseException:
        sink.abort()
        raise
    return Outcome(rows=count, size=size, leaves=digest.packed, statistics=statistics.moments())


def rows_per_batch(plan: Plan) -> int:
    """Return the rows per batch: fewer in a small plan, so that it can be written as it is made."""
    return min(BATCH_ROWS, max(_LEAST_ROWS, -(-plan.cells // _FEWEST_BATCHES)))


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield items while the next one is being made in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next batch.

    glibc hands memory back to the kernel beyond twice the largest block that it has seen freed
    (up to 32 MB), and to get it again page by page costs a tenth of a run. One large block that
    is never touched raises that bound.
    """
    np.empty(31 << 20, dtype=np.uint8)
