"""A dataset folder made by two workers, against what two processes cannot avoid."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bench.actions import to_folder
from bench.comparison import Benchmark, Goal
from bench.floor import draw
from bench.isolated import isolated
from bench.timing import Spent, timed
from bench.workers import PART_BYTES, SETTINGS
from fleetsynth import api
from fleetsynth.frame import schema
from fleetsynth.pipeline import BATCH_ROWS
from fleetsynth.signal.window import BLOCK
from fleetsynth.sinks.parquet import writer_options

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Barrier

    import pyarrow as pa

    from fleetsynth.plan import Plan

WORKERS = 2
SHARE = SETTINGS | {"num_servers": 120}
"""What each process of the floor holds in memory, to write it again and again."""

_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class _Ready:
    plan: Plan
    batches: list[pa.RecordBatch]
    together: Barrier


_ready: list[_Ready] = []


def benchmark(folder: Path) -> Benchmark:
    """Compare CPU time, the floor's processes being as busy as the workers."""
    ours, below = f"folder, {WORKERS} workers", f"floor, {WORKERS} processes"
    rows = api.as_plan(SETTINGS).rows
    times = rows // api.as_plan(SHARE).rows // WORKERS
    action = partial(to_folder, SETTINGS, folder, workers=WORKERS, part_bytes=PART_BYTES)

    def floor() -> Spent:
        context = multiprocessing.get_context("spawn")
        together = context.Barrier(WORKERS)
        with ProcessPoolExecutor(WORKERS, context, _prepare, (together,)) as pool:
            paths = [folder / f"floor-{number}.parquet" for number in range(WORKERS)]
            found = [pool.submit(_draw_and_write, path, times) for path in paths]
            spent = [future.result() for future in found]
        return Spent(max(one.wall for one in spent), sum(one.cpu for one in spent))

    return Benchmark(
        rows=rows,
        sides={ours: isolated(action), below: floor},
        goals=[Goal(ours, (below,), clock, 1.4, at_most=True) for clock in ("cpu", "wall")],
        remark="as `floor` of bench.classic, in two processes at a time; starting them counts for "
        "the folder and not for its floor.",
        warm_up=False,
        quiet=True,
    )


def _prepare(together: Barrier) -> None:
    plan = api.as_plan(SHARE)
    _ready.append(_Ready(plan, list(api.batches(plan)), together))


def _draw_and_write(path: Path, times: int) -> Spent:
    (ready,) = _ready
    columns = schema(ready.plan)

    def write() -> None:
        with pq.ParquetWriter(path, columns, **writer_options(columns)) as writer:
            for batch in ready.batches:
                writer.write_batch(batch)

    ready.together.wait(_PATIENCE_SECONDS)
    spent = Spent(0, 0)
    for _ in range(times):
        drawing = (timed(partial(draw, ready.plan.rows, size))() for size in (BLOCK, BATCH_ROWS))
        spent += min(drawing, key=lambda one: one.cpu) + timed(write, output=path)()
    path.unlink()
    return spent
