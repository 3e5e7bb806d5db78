"""From plan to sink: windows in row order, through simulation and digest, in constant memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.digest import PlanDigest, root
from fleetsynth.frame import Frame
from fleetsynth.quality.statistics import Statistics
from fleetsynth.signal.simulate import Window, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from fleetsynth.digest import Leaves
    from fleetsynth.plan import Plan
    from fleetsynth.quality.statistics import Moments
    from fleetsynth.sinks.base import Sink

BATCH_ROWS = 1 << 18
"""Rows per batch, and so per Parquet row group: some 2.5 MB there, and 30 MB while it is made."""


@dataclass(frozen=True)
class Outcome:
    """What a run left behind besides its data.

    Attributes:
        bytes: size of the output.
        leaves: the content digest's leaves.
        statistics: mean and sd by archetype and column.
    """

    bytes: int
    leaves: Leaves
    statistics: dict[str, dict[str, Moments]]

    @property
    def digest(self) -> str:
        """The content digest."""
        return root(self.leaves)


def windows(plan: Plan, batch_rows: int = BATCH_ROWS) -> Iterator[Window]:
    """Cut a plan into windows of at most `batch_rows` rows, by server, then by time."""
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
        yield frame.batch(window, simulate(plan, window))


def run(
    plan: Plan,
    sink: Sink,
    *,
    frame: Frame | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Outcome:
    """Generate a plan into a sink and commit it; abort it if anything goes wrong.

    Args:
        plan: what to generate.
        sink: where to; committed or aborted on return.
        frame: how rows are laid out; all columns unless given.
        workers: threads that simulate ahead, while this one hashes and writes in order.
        progress: called with the rows done after each batch.
        batch_rows: rows per batch; no value depends on it.
    """
    _keep_freed_memory()
    done = 0
    try:
        frame = frame or Frame(plan)
        digest, statistics = PlanDigest(plan), Statistics(plan)
        for window, hundredths in _simulated(plan, windows(plan, batch_rows), workers):
            digest.update(window, hundredths)
            statistics.update(window, hundredths)
            sink.write(frame.batch(window, hundredths))
            done += window.shape[0] * window.shape[1]
            if progress:
                progress(done)
        size = sink.commit()
    except BaseException:
        sink.abort()
        raise
    return Outcome(bytes=size, leaves=digest.leaves, statistics=statistics.moments())


def _simulated(
    plan: Plan, windows: Iterable[Window], workers: int
) -> Iterator[tuple[Window, NDArray[np.int32]]]:
    """Simulate windows and yield them in their order, with a bounded number under way."""
    if workers == 1:
        for window in windows:
            yield window, simulate(plan, window)
        return
    remaining = iter(windows)
    with ThreadPoolExecutor(workers) as pool:
        ahead = deque((w, pool.submit(simulate, plan, w)) for w in islice(remaining, workers))
        try:
            while ahead:
                window, future = ahead.popleft()
                for following in islice(remaining, 1):
                    ahead.append((following, pool.submit(simulate, plan, following)))
                yield window, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


def _keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next batch.

    glibc hands memory back to the kernel beyond twice the largest block that it has seen freed
    (up to 32 MB), and to get it again page by page costs a tenth of a run. One large block that
    is never touched raises that bound.
    """
    np.empty(31 << 20, dtype=np.uint8)
