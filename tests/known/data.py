"""Tiny datasets, and what a report of them carries."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fleetsynth import report

DAY = 86_400
MONDAY = 19_723 * DAY  # 1 January 2024


def dataset(
    path: Path,
    series: dict[str, Any],
    *,
    begin: int = MONDAY,
    step: int = DAY,
    labels: dict[str, dict[str, str]] | None = None,
    column: str = "cpu_p95",
) -> Path:
    """Write a column of values per server; NaN is a missing value, None a missing row."""
    rows: dict[str, list[Any]] = {"timestamp": [], "server_id": [], column: []}
    for name in labels or {}:
        rows[name] = []
    for server, values in series.items():
        for tick, value in enumerate(values):
            if value is None:
                continue
            rows["timestamp"].append((begin + tick * step) * 1_000_000)
            rows["server_id"].append(server)
            rows[column].append(float(value))
            for name, of in (labels or {}).items():
                rows[name].append(of[server])
    arrays: dict[str, Any] = {name: pa.array(values) for name, values in rows.items()}
    arrays["timestamp"] = pa.array(rows["timestamp"], pa.timestamp("us"))
    pq.write_table(pa.table(arrays), path)
    return path


def page(path: Path, **options: Any) -> dict[str, Any]:
    """Write the report of a dataset beside it; return what it carries, numbers unpacked."""
    return embedded(report(path, path.with_suffix(".html"), overwrite=True, **options))


def embedded(path: Path) -> dict[str, Any]:
    """Return what the page at a path carries, numbers unpacked."""
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    out: dict[str, Any] = unpacked(json.loads(found[1]))
    return out


def unpacked(value: Any) -> Any:
    """Turn packed arrays into NumPy ones, wherever they are."""
    if isinstance(value, dict) and value.keys() == {"t", "n", "k", "o", "b"}:
        kind, none = ("<u2", 65_535) if value["t"] == "u2" else ("<u4", 4_294_967_295)
        codes = np.frombuffer(b64decode(value["b"]), kind).astype(np.int64)
        return np.where(codes == none, np.nan, (codes + value["o"]) / 10 ** value["k"])
    if isinstance(value, dict) and value.keys() == {"t", "n", "k", "b"}:
        kind = {"i4": "<u4", "f4": "<f4", "u1": "u1"}.get(value["t"], "<u2")
        codes = np.frombuffer(b64decode(value["b"]), kind)
        codes = codes.reshape(value["n"])
        return (
            codes if value["t"] != "u2" else np.where(codes == 65_535, np.nan, codes * value["k"])
        )
    if isinstance(value, dict):
        return {key: unpacked(each) for key, each in value.items()}
    return [unpacked(each) for each in value] if isinstance(value, list) else value
