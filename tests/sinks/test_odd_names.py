"""Folders whose names a library takes for something else, and records that nobody wrote."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog

import fleetsynth as fs
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.sinks import progress
from fleetsynth.sinks.access import access_of
from fleetsynth.sinks.http import Http, proxy_of, split_url, wait_of
from fleetsynth.sinks.push import Streaming

TINY = {"num_servers": 2, "end_date": "2022-01-03"}


def test_iceberg_lies_in_the_folder_that_was_named(tmp_path: Path) -> None:
    lake = tmp_path / "a b#ü?%20"
    assert not fs.export(TINY, f"iceberg:{lake}").already
    assert fs.export(TINY, f"iceberg:{lake}").already
    assert [entry.name for entry in tmp_path.iterdir()] == [lake.name]


def test_a_table_of_iceberg_is_made_and_filled_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqlCatalog, "commit_table", dies)
        with pytest.raises(KeyboardInterrupt):
            fs.export(TINY, f"iceberg:{tmp_path / 'lake'}")
    assert fs.export(TINY, f"iceberg:{tmp_path / 'lake'}").rows == 6


@pytest.mark.parametrize("name", ["a%20b", "a#b", "a?b", "a\nb", "a\\b"])
def test_delta_refuses_what_its_library_takes_for_another_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="lie in no folder with"):
        fs.export(TINY, f"delta:{tmp_path / name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("to", ["delta:12:30", "12:30/fleet.duckdb", "12:30/fleet.parquet"])
def test_what_is_before_a_colon_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("12:30").mkdir()
    fs.export(TINY, to)
    fs.export(TINY, to)
    if to.endswith(".parquet"):
        assert fs.digest(to) == fs.generate(TINY, "fleet.csv").digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"batches": -1},
        {"batches": 1e999},
        {"samples": -1},
        {"cut": [0, 1, True]},
        {"cut": [1, -1, True]},
        {"cut": "[" * 3},
    ],
)
def test_a_record_that_says_nothing_sensible_is_refused(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    path = tmp_path / "r.json"
    said = {"form": 1, "what": "w", "cut": [60, 2, False], "batches": 0, "samples": 0, "done": True}
    path.write_text(json.dumps(said))
    assert progress.read(path, "w") is not None
    path.write_text(json.dumps(said | wrong))
    with pytest.raises(OutputError, match="does not say how far"):
        progress.read(path, "w")


def test_a_record_is_no_folder_and_no_tower_of_brackets(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"), progress.alone(tmp_path):
        pass
    (tmp_path / "r.json").write_text("[" * 100_000)
    with pytest.raises(OutputError, match="does not say how far"):
        progress.read(tmp_path / "r.json", "w")


@pytest.mark.parametrize("url", ["http://[::1/", "http://a b/"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"a b/|\[::1/"):
        Http(url, access_of(environment={}))


def test_a_proxy_that_is_none_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cr3t@[")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UsageError, match="HTTP_PROXY: expected") as refused:
        proxy_of("http", "example.test")
    assert "s3cr3t" not in str(refused.value)
    assert split_url("http://h/p").path == "/p"


def test_waiting_for_ever_is_a_long_time() -> None:
    assert wait_of("9" * 400) == float("inf")


def test_a_secret_without_an_end_is_refused() -> None:
    with pytest.raises(UsageError, match="more than 65,536 characters"):
        access_of(token_file="/dev/zero", environment={})


@pytest.mark.parametrize("rate", [float("inf"), 1e-300])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="expected samples a second"):
        fs.export(TINY, "prometheus:http://127.0.0.1:1", streaming=Streaming(rate=rate))
