"""A large Parquet file, against what no implementation on the same libraries can avoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from bench.comparison import Benchmark, Goal
from bench.timing import Spent, timed
from fleetsynth import api, presets
from fleetsynth.formats.parquet import writer_options
from fleetsynth.models.classic.signals import SIGNALS
from fleetsynth.pipeline import BATCH_ROWS
from fleetsynth.tables.frame import schema
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from pathlib import Path


def benchmark(folder: Path) -> Benchmark:
    """Compare CPU time with that of drawing the numbers and writing the finished table."""
    plan = presets.as_plan({"granularity": "hourly"})
    batches = list(api.batches(plan))
    path = folder / "floor.parquet"

    by_tile = timed(lambda: draw(plan.cells, BLOCK))
    by_batch = timed(lambda: draw(plan.cells, BATCH_ROWS))

    def drawing() -> Spent:
        return min(by_tile(), by_batch(), key=lambda spent: spent.cpu)

    def write() -> None:
        columns = schema(plan)
        with pq.ParquetWriter(path, columns, **writer_options(columns)) as writer:
            for batch in batches:
                writer.write_batch(batch)

    return Benchmark(
        rows=plan.cells,
        sides={
            "generate": timed(lambda: api.generate(plan, path, workers=1), output=path),
            "two workers": timed(lambda: api.generate(plan, path, workers=2), output=path),
            "drawing": drawing,
            "writing": timed(write, output=path),
        },
        goals=[
            Goal("generate", ("drawing", "writing"), "cpu", 1.4, at_most=True),
            Goal("two workers", ("drawing", "writing"), "wall", 1.4, at_most=True),
        ],
        remark="drawing is four normals and a uniform per row from one Philox stream, by tile or "
        "by row group, whichever is the cheaper; writing is pyarrow with the same settings and "
        "row groups, the finished batches in memory.",
    )


def draw(rows: int, block: int) -> None:
    """Draw what `rows` rows take, so many rows at a time, into the same memory."""
    generator = np.random.Generator(np.random.Philox(key=0))
    z, u = np.empty(len(SIGNALS) * block), np.empty(block)
    for first in range(0, rows, block):
        size = min(block, rows - first)
        generator.standard_normal(out=z[: len(SIGNALS) * size])
        generator.random(out=u[:size])
