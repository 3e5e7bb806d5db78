"""Programs that know nothing of fleetsynth read its files."""

import csv
import gzip
import json
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from fleetsynth.formats import FORMATS
from tests.conformance.support import MARCH, STRANGE, TYPES, WITH_METADATA, save
from tests.support import plain_table, plan_of


def with_arrow(path: Path, kind: str) -> pa.Table:
    return ds.dataset(path, format=kind).to_table()


def unpacked(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(raw)
    if path.suffix == ".zst":
        return bytes(pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read())
    return raw


def with_csv_module(path: Path) -> pd.DataFrame:
    header, *rows = csv.reader(StringIO(unpacked(path).decode(), newline=""))
    return pd.DataFrame(rows, columns=header)


CSV: dict[str, Callable[[Path], Any]] = {
    "pandas": lambda path: pd.read_csv(path, keep_default_na=False),
    "csv": with_csv_module,
}
JSONL: dict[str, Callable[[Path], Any]] = {
    "json": lambda path: pd.DataFrame([json.loads(line) for line in unpacked(path).splitlines()]),
    "pandas": lambda path: pd.read_json(
        BytesIO(unpacked(path)), lines=True, dtype=False, precise_float=True
    ),
}
OTHERS: dict[str, dict[str, Callable[[Path], Any]]] = {
    ".parquet": {
        "pandas": pd.read_parquet,
        "pyarrow.dataset": lambda path: with_arrow(path, "parquet").to_pandas(),
    },
    ".arrow": {
        "pandas": pd.read_feather,
        "pyarrow.dataset": lambda path: with_arrow(path, "ipc").to_pandas(),
    },
    ".csv": CSV,
    ".csv.gz": CSV,
    ".csv.zst": CSV,
    ".jsonl": JSONL,
    ".jsonl.zst": JSONL,
}
"""Programs that know nothing of us, by ending."""


def test_each_format_has_other_readers() -> None:
    assert OTHERS.keys() == FORMATS.keys()


@pytest.mark.parametrize(
    ("ending", "reader"),
    [(ending, reader) for ending, readers in OTHERS.items() for reader in readers],
)
def test_other_readers_see_the_same(tmp_path: Path, ending: str, reader: str) -> None:
    plan = plan_of(num_servers=20, business_units=STRANGE, **MARCH)
    save(plan, tmp_path / f"a{ending}")
    seen = OTHERS[ending][reader](tmp_path / f"a{ending}")
    assert list(seen.columns) == list(TYPES)
    expected = plain_table(plan).to_pandas()
    if ending in WITH_METADATA:
        assert list(seen.dtypes) == list(expected.dtypes)
    for name, values in expected.items():
        # What a reader of CSV takes for text or a number is its own affair.
        assert list(seen[name].astype(values.dtype)) == list(values), name
