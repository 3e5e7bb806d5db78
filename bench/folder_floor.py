"""A dataset folder made by two workers, against what two processes cannot avoid."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bench.actions import to_folder
from bench.comparison import Benchmark, Goal
from bench.floor import draw
from bench.timing import Spent, timed
from bench.turns import Turns
from fleetsynth import api, presets
from fleetsynth.formats.parquet import writer_options
from fleetsynth.pipeline import BATCH_ROWS
from fleetsynth.tables.frame import schema
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from threading import Barrier

    import pyarrow as pa

    from bench.actions import Settings
    from bench.timing import Side
    from fleetsynth.plan import Plan

WORKERS = 2
SETTINGS: Settings = {"granularity": "hourly", "num_servers": 3840}
PART_BYTES = 66_000_000
"""Twenty parts, so that two workers have ten each."""
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
    rows = presets.as_plan(SETTINGS).cells
    turns = Turns(
        partial(to_folder, SETTINGS, folder, workers=WORKERS, part_bytes=PART_BYTES),
        partial(_floor, folder),
    )
    scale = rows / (WORKERS * presets.as_plan(SHARE).cells)
    return Benchmark(
        rows=rows,
        sides={ours: turns.long, below: lambda: turns.short() * scale},
        goals=[Goal(ours, (below,), clock, 1.4, at_most=True) for clock in ("cpu", "wall")],
        remark="as `floor` of bench.classic, in two processes at a time, which take turns with "
        "the folder; starting processes counts for the folder and not for its floor.",
        warm_up=False,
        quiet=True,
    )


@contextmanager
def _floor(folder: Path) -> Iterator[Side]:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(WORKERS)
    paths = [folder / f"floor-{number}.parquet" for number in range(WORKERS)]
    with ProcessPoolExecutor(WORKERS, context, _prepare, (together,)) as pool:

        def side() -> Spent:
            spent = list(pool.map(_draw_and_write, paths))
            return Spent(max(one.wall for one in spent), sum(one.cpu for one in spent))

        yield side


def _prepare(together: Barrier) -> None:
    plan = presets.as_plan(SHARE)
    _ready.append(_Ready(plan, list(api.batches(plan)), together))


def _draw_and_write(path: Path) -> Spent:
    (ready,) = _ready
    columns = schema(ready.plan)

    def write() -> None:
        with pq.ParquetWriter(path, columns, **writer_options(columns)) as writer:
            for batch in ready.batches:
                writer.write_batch(batch)

    ready.together.wait(_PATIENCE_SECONDS)
    drawing = (timed(partial(draw, ready.plan.cells, size))() for size in (BLOCK, BATCH_ROWS))
    spent = min(drawing, key=lambda one: one.cpu) + timed(write)()
    path.unlink()
    return spent
