"""Saving a DataFrame: all formats, round trips, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.formats import FORMATS


def _read_csv(path: Path) -> pd.DataFrame:
    calendar = ("year", "month", "quarter", "dayofweek", "is_weekend", "is_eoq", "is_holiday")
    kinds: Any = dict.fromkeys(calendar, "int32")
    return pd.read_csv(path, dtype=kinds, parse_dates=["timestamp"])


def _read_arrow(path: Path) -> pd.DataFrame:
    with pa.memory_map(str(path)) as source:
        frame: pd.DataFrame = pa.ipc.open_file(source).read_all().to_pandas()
    return frame


def _read_zst(path: Path) -> pd.DataFrame:
    with pa.input_stream(str(path), compression="zstd") as stream:
        return _read_csv(stream)


def _read_jsonl(path: Path) -> pd.DataFrame:
    with pa.input_stream(str(path)) as stream:  # unpacks by the ending
        frame = pd.DataFrame(map(json.loads, stream.read().splitlines()))
    if "timestamp" in frame:
        frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    return frame


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".parquet": lambda path: pq.read_table(path).to_pandas(),
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".csv.zst": _read_zst,
    ".arrow": _read_arrow,
    ".jsonl": _read_jsonl,
    ".jsonl.zst": _read_jsonl,
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return fleetsynth.generate_full_dataset(num_servers=7, end_date="2022-03-31")


def test_every_format_has_a_reader_here() -> None:
    assert set(READERS) == set(FORMATS)


@pytest.mark.parametrize("ending", READERS)
def test_a_saved_dataset_reads_back_the_same(
    ending: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "new" / f"metrics{ending}"
    assert fleetsynth.save_dataset(frame, path) == path
    read = READERS[ending](path)
    pd.testing.assert_frame_equal(read, frame, check_dtype=ending in {".parquet", ".arrow"})
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ending", READERS)
def test_saving_writes_the_same_content_as_generating(
    ending: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    saved = fleetsynth.save_dataset(frame, tmp_path / f"saved{ending}")
    made = fleetsynth.generate({"num_servers": 7, "end_date": "2022-03-31"}, tmp_path / "m.parquet")
    assert fleetsynth.digest_file(saved) == made.digest


@pytest.mark.parametrize("ending", READERS)
def test_an_existing_file_is_refused_and_kept_unless_told(
    ending: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / f"metrics{ending}"
    path.write_bytes(b"precious")
    with pytest.raises(fleetsynth.OutputError, match="exists"):
        fleetsynth.save_dataset(frame, path)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]
    fleetsynth.save_dataset(frame, path, overwrite=True)
    assert fleetsynth.digest_file(path) is not None
    assert path.read_bytes() != b"precious"


def test_an_ending_that_names_no_format_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(
        fleetsynth.UsageError, match=r"metrics\.xlsx is not that of a known format.*\.csv\.gz"
    ):
        fleetsynth.save_dataset(frame, tmp_path / "metrics.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_is_no_dataset_is_saved_as_it_is(tmp_path: Path) -> None:
    mine = pd.DataFrame({"a": [1.005, -2.5, 1e9], "b": ['x, "y"', "z", ""], "c": [7, 8, 2**40]})
    for ending, read in READERS.items():
        if "csv" not in ending:
            pd.testing.assert_frame_equal(
                read(fleetsynth.save_dataset(mine, tmp_path / f"m{ending}")), mine
            )
    text = fleetsynth.save_dataset(mine, tmp_path / "m.csv")
    back = pd.read_csv(text, keep_default_na=False)
    pd.testing.assert_frame_equal(back, mine)
