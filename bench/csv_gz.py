"""Compressed CSV, against pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api, presets
from fleetsynth.formats import open_sink
from fleetsynth.tables.frame import schema

if TYPE_CHECKING:
    from pathlib import Path


def benchmark(folder: Path) -> Benchmark:
    """Compare writing the same rows, and a whole `generate` with pandas' writing alone."""
    plan = presets.as_plan(None)
    batches, frame = list(api.batches(plan)), api.to_pandas(plan)
    path = folder / "table.csv.gz"

    def write() -> None:
        sink = open_sink(path, schema(plan), {}, overwrite=True)
        for batch in batches:
            sink.write(batch)
        sink.commit()

    ours, whole, pandas = "fleetsynth's sink", "generate", "pandas to_csv"
    return Benchmark(
        rows=plan.cells,
        sides={
            ours: timed(write, output=path),
            whole: timed(lambda: api.generate(plan, path), output=path),
            pandas: timed(lambda: frame.to_csv(path, index=False), output=path),
        },
        goals=[
            Goal(pandas, (ours,), "cpu", 4, at_most=False),
            Goal(pandas, (whole,), "cpu", 4, at_most=False),
        ],
        remark="pandas writes a finished frame with its default compression, without the index.",
    )
