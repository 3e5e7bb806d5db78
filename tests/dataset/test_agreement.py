"""Whatever reads data of others says the same of them: facts, validation, report and digest."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import FleetsynthError, facts, report, validate
from fleetsynth.reader import ReadOptions, parse_columns
from fleetsynth.reader.digests import digest_path
from tests.dataset import test_foreign as foreign
from tests.dataset.test_foreign import HOURS, MEAN, columns
from tests.known.data import embedded

INEXACT = {"excel", "shares", "offset", "float32", "far network"}
"""Their times or values are not quite those of the plain file."""

Found = tuple[int, int, float]


def read_by_all(data: Any, folder: Path, options: ReadOptions) -> tuple[Found, str]:
    """Return servers, rows and the mean of the CPU, on which all agree, and the digest."""
    measured = facts(data, options=options)
    mean = measured.values["mean"]
    assert isinstance(mean, float)
    judged = validate(data, options=options)
    page = embedded(
        report(data, folder / "r.html", options=options, overwrite=True, validation=judged)
    )
    place = next(i for i, m in enumerate(page["metrics"]) if m["column"] == "cpu_p95")
    per_metric = page["time"]["counts"]  # once, where all metrics have the same
    counts = np.array(per_metric[place if len(per_metric) > 1 else 0], dtype=float)
    means = np.array(page["time"]["mean"][place], dtype=float)
    assert counts.sum() == measured.points
    assert np.nansum(counts * means) / counts.sum() == pytest.approx(mean, abs=0.006)
    assert judged.rows == page["meta"]["rows"] == measured.rows
    assert judged.servers == page["meta"]["servers"] == measured.servers
    one = {**measured.understood, "steps": {}}
    for other in (judged.understood, page["understood"]):
        for key in ("layout", "times", "zone", "dialect", "guesses", "warnings", "files"):
            assert other[key] == one[key], key
        assert one["columns"].items() <= other["columns"].items()
    try:
        digest = digest_path(data, options)
    except FleetsynthError as error:
        digest = str(error)
    return (measured.servers, measured.points, mean), digest


def right(data: Any, folder: Path, kind: str = "", told: str = "", **options: Any) -> None:
    (servers, rows, mean), digest = read_by_all(
        data, folder, ReadOptions(columns=parse_columns(told), **options)
    )
    assert (servers, rows) == (3, 3 * HOURS)
    assert mean == pytest.approx(MEAN, abs=0.006)
    if kind not in INEXACT:
        plain = folder / "plain.csv"
        plain.write_text(foreign.BASE)
        wanted = digest_path(plain)
        if not {"long", "statistics"} & {kind}:
            assert digest == wanted


@pytest.mark.parametrize("kind", foreign.TEXTS)
def test_text(tmp_path: Path, kind: str) -> None:
    text, told = foreign.TEXTS[kind]
    (tmp_path / "it.csv").write_bytes(text.encode())
    right(tmp_path / "it.csv", tmp_path, kind, told)


@pytest.mark.parametrize("kind", [kind for kind in foreign.ARROW if kind != "uuids"])
def test_columns(tmp_path: Path, kind: str) -> None:
    data = columns()
    made = foreign.ARROW[kind](data)
    table = pa.table({**{name: pa.array(values) for name, values in data.items()}, **made})
    kind = "far network" if kind == "numbers as ids" else kind  # other names
    right(table, tmp_path, kind)


def test_tables_of_other_libraries(tmp_path: Path) -> None:
    right(pd.DataFrame(columns()), tmp_path)
    right(pl.DataFrame(columns(), strict=False), tmp_path)


def test_a_column_a_server(tmp_path: Path) -> None:
    text = "\n".join([f"time,{','.join(foreign.NAMES)}", *foreign.WIDE])
    (tmp_path / "wide.csv").write_text(text)
    right(tmp_path / "wide.csv", tmp_path, "wide")


def test_large_traffic_does_not_round_the_rest(tmp_path: Path) -> None:
    data = {**columns(), "net_in": 5e7}
    right(pd.DataFrame(data), tmp_path, "far network")


def test_folders(tmp_path: Path) -> None:
    frame = pd.DataFrame(columns())
    data = tmp_path / "data"
    for name, rows in frame.groupby("host"):
        part = data / f"host={name}"
        part.mkdir(parents=True)
        rows.drop(columns="host").to_parquet(part / "a.parquet", index=False)
    (data / "_temporary").mkdir()
    frame.to_parquet(data / "_temporary" / "b.parquet")
    frame.to_csv(data / "._c.csv")
    right(data, tmp_path)


@pytest.mark.parametrize("kind", foreign.REFUSED)
def test_refusals(tmp_path: Path, kind: str) -> None:
    text, told, said = foreign.REFUSED[kind]
    path = tmp_path / "it.csv"
    path.write_bytes(text.encode())
    options = ReadOptions(columns=parse_columns(told))
    with pytest.raises(FleetsynthError, match=said) as refused:
        facts(path, options=options)
    with pytest.raises(type(refused.value), match=said):
        report(path, tmp_path / "r.html", options=options)
    if kind == "series in one":  # rows of one server and time are digested as they are
        assert len(digest_path(path, options)) == 64
    else:
        with pytest.raises(type(refused.value), match=said):
            digest_path(path, options)
    assert not (tmp_path / "r.html").exists()
    if kind in JUDGED:  # by `validate`, which is there for it
        failed = validate(path, options=options).failed
        assert JUDGED[kind] in {verdict.name for verdict in failed}
        return
    with pytest.raises(type(refused.value)) as same:
        validate(path, options=options)
    assert str(same.value) == str(refused.value)


JUDGED = {
    "blank servers": "servers",
    "hive's word": "servers",
    "infinite values": "missing values",
    "series in one": "duplicates",
}


def test_what_no_metric_reaches_fails() -> None:
    table = pa.table({**columns(), "net": pa.array([2**64 - 1] * (3 * HOURS), pa.uint64())})
    options = ReadOptions(columns={"network": "net"})
    judged = validate(table, options=options)
    assert {(v.name, v.subject) for v in judged.failed} >= {("range", "net_in_p95")}
    infinite = columns()
    infinite["cpu"][5] = float("inf")
    judged = validate(pa.table(infinite))
    assert {(v.name, v.found) for v in judged.failed} == {("missing values", "1 are missing")}
    assert facts(pa.table(infinite)).points == 3 * HOURS - 1


def test_each_server_has_its_own_step(tmp_path: Path) -> None:
    hours = pd.date_range("2026-10-01", periods=48, freq="h")
    minutes = pd.date_range("2026-10-01", periods=600, freq="5min")
    months = pd.date_range("2018-01-01", periods=96, freq="MS")
    parts = [("a", hours, 10.0), ("b", minutes, 70.0), ("c", months, 40.0)]
    frame = pd.concat(
        pd.DataFrame({"time": t, "host": n, "cpu": v + np.arange(len(t)) % 7}) for n, t, v in parts
    )
    (servers, rows, _), _ = read_by_all(frame, tmp_path, ReadOptions())
    assert (servers, rows) == (3, 48 + 600 + 96)
    assert validate(frame).ok
    frame = frame[frame["time"] != pd.Timestamp("2019-05-01")]
    assert [(v.name, v.found) for v in validate(frame).failed] == [("gaps", "1 ticks are missing")]


def test_hours_are_those_of_the_zone(tmp_path: Path) -> None:
    data = columns()
    local = pa.table({**data, "time": pa.array(data["time"], pa.timestamp("us"))})
    moments = pd.DatetimeIndex(data["time"]).tz_localize("Asia/Tokyo")
    aware = pa.table({**data, "time": pa.array(moments)})
    one, other = (
        embedded(report(table, tmp_path / "r.html", overwrite=True)) for table in (local, aware)
    )
    for name in ("mean", "counts"):
        np.testing.assert_array_equal(one["week"][name], other["week"][name])
    assert other["understood"]["zone"] == "Asia/Tokyo"


def test_weekends_are_those_of_the_zone() -> None:
    data = columns()
    moments = pd.DatetimeIndex(data["time"]).tz_localize("Asia/Tokyo")
    weekend = (moments.day_of_week >= 5).astype("int32")
    table = pa.table({**data, "time": pa.array(moments), "is_weekend": pa.array(weekend)})
    assert validate(table).ok
    options = ReadOptions(timezone="UTC")
    assert [v.name for v in validate(table, options=options).failed] == ["calendar"]


def test_a_column_that_a_file_lacks(tmp_path: Path) -> None:
    frame = pd.DataFrame({**columns(), "mem": 50.0})
    data = tmp_path / "data"
    data.mkdir()
    for number, (name, rows) in enumerate(frame.groupby("host", sort=False)):
        there = rows if number < 2 else rows.drop(columns="mem")
        there.to_csv(data / f"{number}.csv", index=False)
        assert name in foreign.NAMES
    right(data, tmp_path, "excel")
    judged = validate(data)
    assert [v.found for v in judged.failed] == ["mem is missing from a later file"]


def test_a_file_of_something_else_is_named_by_all(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pq.write_table(pa.table(columns()), data / "a.parquet")
    pq.write_table(pa.table({"x": [1], "y": ["a"]}), data / "b.parquet")
    for read in (facts, validate, digest_path, lambda d: report(d, tmp_path / "r.html")):
        with pytest.raises(FleetsynthError, match=r"b\.parquet has no column 'time', as other"):
            read(data)


def test_a_digest_says_why_there_is_none(tmp_path: Path) -> None:
    pq.write_table(pa.table(columns()).drop_columns("host"), tmp_path / "it.parquet")
    with pytest.raises(FleetsynthError, match="no column that looks like a server"):
        digest_path(tmp_path / "it.parquet")
    data = {**columns(), "cpu": [1 / 3] * (3 * HOURS)}
    with pytest.raises(FleetsynthError, match="the digest takes whole hundredths only"):
        digest_path(pa.table(data))
