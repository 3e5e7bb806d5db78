"""What the suites share: plans, files, and a disk without room."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fleetsynth import pipeline
from fleetsynth.formats import FORMATS, open_sink
from fleetsynth.formats.base import Sink
from fleetsynth.formats.read import read_batches
from fleetsynth.plan import Plan
from fleetsynth.tables.frame import schema
from fleetsynth.tables.provenance import provenance

MARCH: dict[str, Any] = {"start_date": "2024-03-01", "end_date": "2024-03-31"}
STRANGE = ['A, "B"', "Zürich", "'", "NA", "null", "007", "true", "2022-01-01", '"', "東京 ☂"]
WITH_METADATA = [".parquet", ".arrow"]
MODELS = ["classic", "realistic", "sine"]
"""A preset of each model; the last is in `tests/models/sine_model`."""
EACH = pytest.mark.parametrize("ending", FORMATS)

TYPES = {
    "timestamp": pa.timestamp("us"),
    "server_id": pa.string(),
    **dict.fromkeys(["cpu_p95", "mem_p95", "disk_p95", "net_in_p95", "net_out_p95"], pa.float64()),
    **dict.fromkeys(["server_type", "business_unit", "criticality", "region"], pa.string()),
    **dict.fromkeys(["year", "month", "quarter", "dayofweek"], pa.int32()),
    **dict.fromkeys(["is_weekend", "is_eoq", "is_holiday"], pa.int32()),
}
"""The columns of docs/model.md, in order."""


def types(plan: Plan) -> dict[str, pa.DataType]:
    """The columns of a plan, in order: a model has metrics of its own, and may have services."""
    published = {metric.column for metric in plan.metrics}
    out: dict[str, pa.DataType] = {}
    for name, kind in TYPES.items():
        if name == "business_unit" and plan.fleet.replicas is not None:
            out["service"] = pa.string()
        if not name.endswith("_p95") or name in published:
            out[name] = kind
    return out


def opened(plan: Plan, path: Path, *, overwrite: bool = False) -> Sink:
    return open_sink(path, schema(plan), provenance(plan), overwrite=overwrite)


def save(plan: Plan, path: Path, batch_rows: int = pipeline.BATCH_ROWS) -> pipeline.Outcome:
    return pipeline.run(plan, opened(plan, path), batch_rows=batch_rows)


def read(path: Path) -> pa.Table:
    return pa.Table.from_batches(read_batches(path))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@contextmanager
def room(size: int) -> Iterator[None]:
    """Let the operating system refuse to grow any file beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
