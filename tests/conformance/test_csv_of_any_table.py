"""CSV of a user's own table: what no dataset of ours has."""

import csv
import datetime as dt
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.errors import UsageError
from fleetsynth.formats.csv import render
from tests.conformance.support import files, read

DAY = dt.date(2024, 2, 29)
NOON = dt.datetime(2024, 2, 29, 12, 0, 0)
MICROS = dt.datetime(2024, 2, 29, 12, 0, 0, 1)

COLUMNS: dict[str, tuple[pa.DataType, list[Any], list[str]]] = {
    "hundredths": (pa.float64(), [0.0, 0.05, 10.0, 99.99], ["0.00", "0.05", "10.00", "99.99"]),
    "large hundredths": (pa.float64(), [10485.75, 12345678.12], ["10485.75", "12345678.12"]),
    "other floats": (pa.float64(), [0.1, 0.001, 1e300, 1e-9], ["0.1", "0.001", "1e+300", "1e-09"]),
    "negative floats": (pa.float64(), [-1.5, 2.25], ["-1.50", "2.25"]),
    "floats without end": (pa.float64(), [np.inf, -np.inf, np.nan], ["inf", "-inf", "nan"]),
    "missing floats": (pa.float64(), [1.5, None], ["1.50", ""]),
    "missing floats of any size": (pa.float64(), [None, -1e300, 1.5], ["", "-1e+300", "1.5"]),
    "single floats": (pa.float32(), [0.5, -0.25], ["0.5", "-0.25"]),
    "whole numbers": (pa.int32(), [-3, 0, 7], ["-3", "0", "7"]),
    "far apart": (pa.int32(), [-(2**31), 2**31 - 1], ["-2147483648", "2147483647"]),
    "large numbers": (pa.int64(), [2**62, -(2**63)], [str(2**62), str(-(2**63))]),
    "larger numbers": (pa.uint64(), [2**64 - 1, 0], [str(2**64 - 1), "0"]),
    "small numbers": (pa.int8(), [-128, 127], ["-128", "127"]),
    "missing numbers": (pa.int32(), [None, 7], ["", "7"]),
    "switches": (pa.bool_(), [True, False, None], ["True", "False", ""]),
    "dates": (pa.date32(), [DAY, None], ["2024-02-29", ""]),
    "times": (
        pa.timestamp("us"),
        [NOON, dt.datetime(1969, 12, 31, 23, 59, 59)],
        ["2024-02-29 12:00:00", "1969-12-31 23:59:59"],
    ),
    "times with fractions": (
        pa.timestamp("us"),
        [NOON, MICROS],
        ["2024-02-29 12:00:00", "2024-02-29 12:00:00.000001"],
    ),
    "missing times": (pa.timestamp("us"), [None, NOON], ["", "2024-02-29 12:00:00"]),
    "texts": (pa.string(), ["a", "", "ü ☂", " b "], ["a", "", "ü ☂", " b "]),
    "long texts": (pa.large_string(), ["a" * 10_000, "b"], ["a" * 10_000, "b"]),
    "marks": (pa.string(), ["a,b", 'c"d', '"', ","], ["a,b", 'c"d', '"', ","]),
    "lines": (pa.string(), ["a\nb", "c\r\nd", "\r"], ["a\nb", "c\r\nd", "\r"]),
    "missing texts": (pa.string(), [None, "a"], ["", "a"]),
    "categories": (pa.dictionary(pa.int8(), pa.string()), ["a,b", "c", "a,b"], ["a,b", "c", "a,b"]),
    "missing categories": (pa.dictionary(pa.int8(), pa.string()), ["a", None], ["a", ""]),
}
"""By name: the type, values, and what a reader of CSV finds."""


def table(name: str) -> pa.RecordBatch:
    kind, values, _ = COLUMNS[name]
    numbers = pa.array(range(len(values)), pa.int32())
    return pa.RecordBatch.from_arrays([pa.array(values, kind), numbers], names=[name, "number"])


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_written_as_a_reader_expects_it(name: str) -> None:
    found = list(csv.reader(StringIO(render(table(name)).decode(), newline="")))
    assert found == [[text, str(i)] for i, text in enumerate(COLUMNS[name][2])]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_slice_is_written_as_the_rows_it_has(name: str) -> None:
    # A slice starts in the middle of its buffers.
    whole = render(table(name))
    assert whole.endswith(render(table(name).slice(1)))
    assert len(render(table(name).slice(1))) < len(whole)


@pytest.mark.parametrize("name", ["other floats", "negative floats", "large hundredths"])
def test_floats_come_back_to_the_last_bit(name: str) -> None:
    rows = csv.reader(StringIO(render(table(name)).decode()))
    assert [float(text) for text, _ in rows] == COLUMNS[name][1]


def test_a_single_column_keeps_its_empty_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"note": ["a", None, "", "b"]})
    fleetsynth.save_dataset(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8") == 'note\na\n""\n""\nb\n'
    assert len(pd.read_csv(tmp_path / "a.csv")) == 4


def test_text_that_csv_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    frame = pd.DataFrame({"note": ["a\0b"]})
    with pytest.raises(UsageError, match="NUL"):
        fleetsynth.save_dataset(frame, tmp_path / "a.csv")
    assert files(tmp_path) == []


def test_names_of_columns_are_quoted_where_they_must_be(tmp_path: Path) -> None:
    frame = pd.DataFrame({'a,"b"': [1, 2], "ü": [3, 4]})
    fleetsynth.save_dataset(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8") == '"a,""b""",ü\n1,3\n2,4\n'
    assert read(tmp_path / "a.csv").to_pydict() == frame.to_dict("list")


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".arrow": pd.read_feather,
}


@pytest.mark.parametrize("ending", READERS)
def test_a_table_without_rows_has_its_columns(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"a": pd.Series([], dtype="int32"), "b": pd.Series([], dtype="str")})
    fleetsynth.save_dataset(frame, tmp_path / f"a{ending}")
    back = READERS[ending](tmp_path / f"a{ending}")
    assert list(back.columns) == ["a", "b"]
    assert len(back) == 0
    assert files(tmp_path) == [f"a{ending}"]
