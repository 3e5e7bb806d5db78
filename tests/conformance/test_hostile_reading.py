"""Inputs that were read wrongly, or ended in a traceback, when somebody tried hard."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

import fleetsynth
from fleetsynth.cli import cli
from fleetsynth.errors import InputError, UsageError
from fleetsynth.reader import ReadOptions

HOURS = np.arange("2025-01-01", "2025-01-03", dtype="datetime64[h]").astype("datetime64[us]")


def saved(path: Path, **columns: object) -> Path:
    some = {
        "time": pa.array(HOURS),
        "host": ["web-01"] * len(HOURS),
        "cpu": np.arange(len(HOURS)) % 7 + 30.0,
        "mem": np.arange(len(HOURS)) % 5 + 50.0,
    }
    parquet.write_table(pa.table({**some, **columns}), path)
    return path


def test_a_time_without_type_or_value_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet", time=pa.nulls(len(HOURS)))
    with pytest.raises(InputError, match="'time' has 48 missing values"):
        fleetsynth.facts(path)
    assert not fleetsynth.validate(path).ok


def test_a_server_that_is_no_number_is_missing(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet", host=np.where(np.arange(len(HOURS)) < 9, np.nan, 1.0))
    with pytest.raises(InputError, match=r"row 1: 'host' has missing values \(9 of 48"):
        fleetsynth.facts(path)


def test_a_column_that_is_said_to_be_one_metric_is_not_taken_for_another(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet")
    options = ReadOptions(columns={"network": "cpu"})
    found = fleetsynth.facts(path, options=options).understood["columns"]
    assert found == {"timestamp": "time", "server": "host", "memory": "mem", "network": "cpu"}


def test_one_column_may_be_said_to_be_two(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet")
    for said in ({"cpu": "cpu", "memory": "cpu"}, {"cpu_mean": "cpu", "cpu_max": "cpu"}):
        assert fleetsynth.validate(path, options=ReadOptions(columns=said)).ok


def test_a_value_beyond_all_reach_is_no_warning_of_numpy(tmp_path: Path) -> None:
    values = np.where(np.arange(len(HOURS)) == 3, 1e308, 40 + np.arange(len(HOURS)) % 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fleetsynth.validate(saved(tmp_path / "a.parquet", cpu=values))
    assert not found.ok


def test_a_server_from_the_file_is_missing_in_none(tmp_path: Path) -> None:
    saved(tmp_path / "a.parquet")
    found = fleetsynth.facts(tmp_path, options=ReadOptions(server_from_name=True))
    assert found.understood["notes"] == []


def test_one_time_out_of_two_thousand_years_is_refused_at_once(tmp_path: Path) -> None:
    times = HOURS.copy()
    times[3] = np.datetime64("0001-01-01", "us")
    with pytest.raises(InputError, match="is it one series"):
        fleetsynth.facts(saved(tmp_path / "a.parquet", time=pa.array(times)))


def test_a_row_that_comes_twice_counts_once_whatever_it_measures(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet")
    table = parquet.read_table(path)
    parquet.write_table(pa.concat_tables([table, table.slice(0, 10)]), path)
    assert fleetsynth.facts(path).repeated == 10


def test_one_column_for_each_server_and_metric(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = "".join(f"{hour},{30 + i % 7},{50 + i % 5}\n" for i, hour in enumerate(HOURS))
    path.write_text("time,web-01 cpu,web-01 mem\n" + rows)
    found = fleetsynth.facts(path)
    assert (found.servers, {*found.understood["columns"]}) == (1, {"timestamp", "cpu", "memory"})


def test_two_columns_of_one_series_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("time,a (CPU),a (Memory)\n2025-01-01,1,2\n2025-01-02,1,2\n")
    with pytest.raises(UsageError, match=r"'a \(CPU\)' and 'a \(Memory\)' would both be cpu of"):
        fleetsynth.facts(path, options=ReadOptions(columns={"cpu": "*"}))


def test_an_empty_path_is_not_the_folder_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "a.parquet")
    monkeypatch.chdir(tmp_path)
    for args in (["generate", "-o", ""], ["facts", ""], ["validate", ""], ["digest", ""]):
        result = CliRunner().invoke(cli, args)
        assert isinstance(result.exception, UsageError), args
        assert "the path is empty" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
