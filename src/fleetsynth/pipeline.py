"""From plan to sink: windows in row order, through simulation and digest, in constant memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fleetsynth.formats.together import abort, publish
from fleetsynth.presets import simulate
from fleetsynth.tables.codes import digest_of
from fleetsynth.tables.digest import combine
from fleetsynth.tables.frame import Frame
from fleetsynth.tables.of_plan import PLAN_TABLES, Count
from fleetsynth.tables.plan_digest import PlanDigest
from fleetsynth.tables.statistics import Statistics
from fleetsynth.tables.table import TABLES, made_of
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from fleetsynth.block import Block
    from fleetsynth.formats.base import Sink
    from fleetsynth.plan import Plan
    from fleetsynth.tables.statistics import Moments
    from fleetsynth.tables.table import Table

_T = TypeVar("_T")

BATCH_ROWS = 1 << 18
"""Rows per batch, and so per Parquet row group: some 2.5 MB there, and 30 MB while it is made."""
_FEWEST_BATCHES = 4
_LEAST_ROWS = 1 << 15
_NO_TABLES: Mapping[str, Sink] = MappingProxyType({})


@dataclass(frozen=True)
class Outcome:
    """What a run left behind besides its data.

    Attributes:
        rows: how many were written.
        size: of the output, in bytes.
        leaves: the content digest's leaves, one after the other, month by month.
        months: how many of them each month has.
        statistics: mean and sd by archetype and column.
        tables: of the further tables, by name; without statistics.
        clean: leaves of the same data without a fault of the collector; nothing where it has none.
    """

    rows: int
    size: int
    leaves: bytes
    statistics: dict[str, dict[str, Moments]]
    tables: dict[str, Outcome] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)
    clean: bytes = b""

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
    keep_freed_memory()
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
    further: Mapping[str, Sink] = _NO_TABLES,
    of_plan: Mapping[str, Sink] = _NO_TABLES,
    data_first: bool = False,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    batch_rows: int | None = None,
) -> Outcome:
    """Generate a plan into a sink and commit it; abort it if anything goes wrong.

    Args:
        plan: what to generate.
        sink: where to; committed or aborted on return.
        frame: how rows are laid out; all columns unless given.
        further: where to write further tables, by their names in `tables.table.TABLES`. They are
            committed, or aborted, together with the data.
        of_plan: where to write tables that are made from the plan alone, by their names in
            `tables.of_plan.PLAN_TABLES`; likewise.
        data_first: whether the data is published before the further tables, and not after them.
        workers: with two or more, a batch is written while the next one is made.
        progress: called after each batch with how many of the plan's cells are done.
        batch_rows: most rows per batch, by default what suits the plan; no value depends on it.

    Raises:
        UsageError: if the model cannot fill a further table.
    """
    keep_freed_memory()
    done = 0
    try:
        main = _Rows(frame or Frame(plan), PlanDigest(plan), sink)
        others = {name: _rows_of(TABLES[name], plan, to) for name, to in further.items()}
        tables = [TABLES[name] for name in others]
        statistics = Statistics(plan)
        clean = PlanDigest(plan.clean) if plan.is_faulty else None

        def batches(window: Window) -> tuple[int, list[tuple[_Rows, pa.RecordBatch]]]:
            made = made_of(plan, window, tables)
            if clean:
                clean.update(made.clean)
            statistics.update(made.block)
            out = [(main, main.batch(made.block))]
            out += [(t, t.batch(TABLES[name].block(made))) for name, t in others.items()]
            return window.cells, out

        each = map(batches, windows(plan, batch_rows or rows_per_batch(plan)))
        for cells, batch in ahead(each) if workers > 1 else each:
            while batch:  # frees a batch before the next one takes room
                to, rows = batch.pop(0)
                to.write(rows)
                del rows
            done += cells
            if progress:
                progress(done)
        counts = {name: _write_of_plan(name, plan, to) for name, to in of_plan.items()}
        sizes = publish({"": sink, **further, **of_plan}, last=None if data_first else "")
    except BaseException:
        abort((*further.values(), *of_plan.values(), sink))
        raise
    outcomes = {name: rows.outcome(sizes[name]) for name, rows in others.items()}
    for name, count in counts.items():
        outcomes[name] = Outcome(count.rows, sizes[name], count.leaves, {})
    outcome = main.outcome(sizes[""], statistics.moments(), outcomes)
    return replace(outcome, clean=clean.packed) if clean else outcome


def _write_of_plan(name: str, plan: Plan, sink: Sink) -> Count:
    """Write a table that is made from the plan alone."""
    table = PLAN_TABLES[name]
    count = Count(table)
    for batch in count.passing(table.batches(plan)):
        sink.write(batch)
    return count


@dataclass
class _Rows:
    """The rows of one table on their way."""

    frame: Frame
    digest: PlanDigest
    sink: Sink
    count: int = 0

    def batch(self, block: Block) -> pa.RecordBatch:
        """Digest rows, and lay them out."""
        self.digest.update(block)
        return self.frame.batch(block)

    def write(self, rows: pa.RecordBatch) -> None:
        """Write rows, if there are any."""
        if rows.num_rows:
            self.sink.write(rows)
            self.count += rows.num_rows

    def outcome(
        self,
        size: int,
        statistics: dict[str, dict[str, Moments]] | None = None,
        tables: dict[str, Outcome] | None = None,
    ) -> Outcome:
        """Say what was written."""
        return Outcome(
            rows=self.count,
            size=size,
            leaves=self.digest.packed,
            months=self.digest.counts,
            statistics=statistics or {},
            tables=tables or {},
        )


def _rows_of(table: Table, plan: Plan, sink: Sink) -> _Rows:
    of_table = table.plan(plan)
    return _Rows(Frame(of_table), digest_of(of_table), sink)


def rows_per_batch(plan: Plan) -> int:
    """Return the rows per batch: fewer in a small plan, so that it can be written as it is made."""
    return min(BATCH_ROWS, max(_LEAST_ROWS, -(-plan.cells // _FEWEST_BATCHES)))


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield items while the next one is being made in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next batch.

    glibc hands memory back to the kernel beyond twice the largest block that it has seen freed
    (up to 32 MB), and to get it again page by page costs a tenth of a run. One large block that
    is never touched raises that bound.
    """
    np.empty(31 << 20, dtype=np.uint8)
