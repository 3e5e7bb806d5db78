"""What the report sums up, against plain loops over the same rows."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import OutputError, UsageError, generate, report
from fleetsynth.api import batches, to_pandas
from fleetsynth.clock import Days, epoch_day
from fleetsynth.models.classic.law import law
from fleetsynth.report import effects, sample
from fleetsynth.report.axis import Axis, axis_from, regroup
from fleetsynth.report.collect import BINS, Collector
from fleetsynth.report.page import render
from fleetsynth.report.rows import Reader
from fleetsynth.tables.frame import plain
from tests.support import plan_of

pytestmark = pytest.mark.slow

SCENARIO = {
    "num_servers": 9,
    "start_date": "2024-02-26",
    "end_date": "2024-03-31",
    "granularity": "hourly",
}
LABELS = ["server_type", "business_unit", "region", "criticality"]


def collected(tables: Iterator[pa.RecordBatch] | list[pa.RecordBatch]) -> Collector:
    reader, out = None, None
    for batch in tables:
        if reader is None or out is None:
            reader = Reader(batch.schema)
            out = Collector(reader.metrics, reader.servers)
        out.update(reader.rows(batch))
    assert out is not None
    return out


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return to_pandas(SCENARIO)


@pytest.fixture(scope="module")
def whole() -> Collector:
    return collected(batches(SCENARIO))


def by_group(collector: Collector, frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    groups = collector.groups
    assert groups.names == LABELS
    for key, g in groups.keys.items():
        rows = frame
        for name, values, place in zip(groups.names, groups.values, key, strict=True):
            rows = rows[rows[name] == values[place]]
        assert len(rows)
        yield g, rows


def test_sums_over_time_are_those_of_the_rows(whole: Collector, frame: pd.DataFrame) -> None:
    assert whole.rows == len(frame)
    assert whole.step == 3600
    starts = pd.to_datetime(whole.axis.starts, unit="s")
    for g, rows in by_group(whole, frame):
        sums = rows.groupby("timestamp")["mem_p95"].agg(["sum", "max", "count"])
        inside = starts.isin(sums.index)
        place = [metric.column for metric in whole.metrics].index("mem_p95")
        assert np.allclose(whole.sums[place, g, inside], sums["sum"])
        assert np.allclose(whole.peaks[place, g, inside], sums["max"])
        assert (whole.counts[g, inside] == sums["count"]).all()
        assert whole.counts[g, ~inside].sum() == 0


def test_weeks_and_histograms_are_those_of_the_rows(whole: Collector, frame: pd.DataFrame) -> None:
    hour = frame["timestamp"].dt.day_of_week * 24 + frame["timestamp"].dt.hour
    for g, rows in by_group(whole, frame):
        expected = rows.groupby(hour[rows.index])["cpu_p95"].sum().reindex(range(168)).fillna(0)
        assert np.allclose(whole.week[0, g], expected)
        bins = np.bincount(rows["cpu_p95"].astype(int), minlength=BINS + 1)
        assert (whole.histogram[0, g] == bins).all()
        width = whole.widths[3]
        net = np.bincount((rows["net_in_p95"] / width).astype(int), minlength=BINS + 1)
        assert (whole.histogram[3, g] == net).all()


@pytest.mark.parametrize("order", ["time", "random"])
def test_neither_order_nor_cutting_nor_encoding_matters(
    whole: Collector, frame: pd.DataFrame, order: str
) -> None:
    shuffled = frame.sort_values("timestamp", kind="stable")
    if order == "random":
        shuffled = frame.sample(frac=1, random_state=1)
    table = plain(pa.Table.from_pandas(shuffled, preserve_index=False))
    other = collected(table.to_batches(max_chunksize=777))
    assert other.axis == whole.axis
    assert other.rows == whole.rows
    for g, rows in by_group(other, frame):
        (twin,) = (t for t, same in by_group(whole, frame) if same.index.equals(rows.index))
        assert np.allclose(other.sums[:, g], whole.sums[:, twin])
        assert (other.histogram[:, g] == whole.histogram[:, twin]).all()
        assert np.allclose(other.week[:, g], whole.week[:, twin])


def test_missing_values_are_left_out(frame: pd.DataFrame) -> None:
    holed = frame.copy()
    holed.loc[::7, "cpu_p95"] = np.nan
    other = collected(pa.Table.from_pandas(holed, preserve_index=False).to_batches())
    assert other.absent[0].sum() == len(frame[::7])
    assert other.absent[1:].sum() == 0
    assert other.sums[0].sum() == pytest.approx(holed["cpu_p95"].sum())
    assert other.histogram[0].sum() == holed["cpu_p95"].count()


def test_an_axis_grows_and_becomes_coarser() -> None:
    axis = axis_from(300).covering(0, 86_399)
    assert (axis.width, axis.count) == (300, 288)
    longer = axis.covering(0, 86_400 * 30 - 1)
    assert longer.width == 3600
    assert longer.covering(-86_400, 0).first == -24
    daily = longer.covering(0, 86_400 * 800 - 1)
    assert (daily.width, daily.count) == (86_400, 800)
    weekly = daily.coarser(220)
    assert (weekly.width, weekly.count, weekly.starts[0]) == (7 * 86_400, 114, 0)
    assert weekly.place(np.array([0, 86_400 * 799])).tolist() == [0, 113]
    assert Axis(3600, 0, 720).coarser(220).width == 21_600


def test_regrouping_adds_up() -> None:
    values = np.arange(12.0).reshape(2, 6)
    place = np.array([2, 0, 2, 0, 5, 2])
    out = regroup(values, place, 6)
    for row in range(2):
        expected = np.zeros(6)
        for at, value in zip(place, values[row], strict=True):
            expected[at] += value
        assert (out[row] == expected).all()
    assert regroup(values, place, 6, how=np.maximum, empty=-1)[0].tolist() == [3, -1, 5, -1, -1, 4]


def test_special_days_are_compared_with_ordinary_ones_near_them() -> None:
    days = Days(19_723, 19_723 + 365)  # 2024
    names, kinds = effects.declared_kinds(effects.by_date(plan_of()), days)
    assert len(names) == 11
    assert sorted(set(kinds.tolist())) == [-1, *range(len(names))]
    values = np.where(kinds == effects.ORDINARY, 10.0 + days.dayofweek, 5.0)[None]
    special, seen, base = effects.compare(values, np.ones_like(values), kinds)
    assert (seen == 5).all()
    assert np.allclose(base[0], 10.0 + days.dayofweek[special])


def test_expected_days_are_the_mean_of_many_servers() -> None:
    plan = plan_of(num_servers=2000, start_date="2024-12-20", end_date="2024-12-31")
    frame = to_pandas(plan)
    days = np.arange(12) + epoch_day(plan.scenario.start_date)
    found = effects.expected_days(plan, law(plan), days, plan.metrics)
    for a, archetype in enumerate(plan.archetypes):
        rows = frame[frame["server_type"] == archetype.name]
        for m, metric in enumerate(plan.metrics):
            by_day = rows.groupby("timestamp")[metric.column].agg(["mean", "sem"])
            z = (by_day["mean"] - found[m, a]) / by_day["sem"]
            assert np.abs(z).max() < 4.5  # 240 of them: one in 600 runs; this one is fixed


def test_correlations_and_autocorrelations_are_the_textbooks() -> None:
    rng = np.random.default_rng(1)
    common = 20 * np.sin(np.arange(500))
    values = (rng.normal(size=(2, 40, 500)) + common).astype(np.float32)
    values[1] += 0.75 * (values[0] - common)
    found = sample.correlations(values)
    assert found[0, 1] == pytest.approx(0.6, abs=0.02)
    noise = rng.normal(size=(1, 30, 4001))
    series = (0.6 * noise[:, :, :-1] + noise[:, :, 1:]).astype(np.float32)
    lags = np.array([0, 1, 2, 9])
    seconds = np.arange(4000) * 3600
    for residual in (False, True):
        r = sample.autocorrelations(series, seconds, lags, residual=residual)[0]
        assert r == pytest.approx([1, 0.6 / 1.36, 0, 0], abs=0.02)
    series[:, :, ::5] = np.nan
    r = sample.autocorrelations(series, seconds, lags, residual=False)[0]
    assert r == pytest.approx([1, 0.6 / 1.36, 0, 0], abs=0.03)


def payload(path: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    out: dict[str, Any] = json.loads(found[1])
    return out


def decoded(part: dict[str, Any]) -> Any:
    codes = np.frombuffer(b64decode(part["b"]), "<u4" if part["t"] == "i4" else "<u2")
    values = np.where((part["t"] == "u2") & (codes == 65_535), np.nan, codes * part["k"])
    return values.reshape(part["n"])


def test_the_page_carries_what_was_summed(tmp_path: Path) -> None:
    path = generate(SCENARIO, tmp_path / "fleet.parquet").path
    data = payload(report(path, tmp_path / "r.html", facts=False))
    frame = to_pandas(SCENARIO)
    assert data["meta"]["rows"] == len(frame)
    assert data["meta"]["digest"] == generate(SCENARIO, tmp_path / "again.arrow").digest
    mean, counts = decoded(data["time"]["mean"])[0], decoded(data["time"]["counts"])[0]
    total = np.nansum(mean * counts)
    assert total == pytest.approx(frame["cpu_p95"].sum(), rel=1e-4)
    names = [d["name"] for d in data["dimensions"]]
    assert names == LABELS
    assert data["dimensions"][0]["codes"] == ["web", "application", "database", "batch"]
    assert sum(data["groups"]["servers"]) == 9
    assert data["capacity"]["rows"] == data["capacity"]["all"] == 9 * 3
    assert {kind["kind"] for kind in data["sample"]["kinds"]} >= {"Web Server"}


def test_the_same_data_give_the_same_page_whatever_the_format(tmp_path: Path) -> None:
    pages: list[bytes] = []
    for name in ("a.parquet", "b/a.parquet", "a.csv", "a.arrow"):
        path = generate(SCENARIO, tmp_path / name).path
        pages.append(report(path, tmp_path / f"{len(pages)}.html").read_bytes())
    # What differs between pages of this size would take pytest minutes to say: only whether.
    assert (pages[0] == pages[1]) is True
    one, other = (payload(tmp_path / f"{i}.html") for i in (0, 3))
    del one["meta"]["name"], other["meta"]["name"]
    assert [key for key in one if one[key] != other[key]] == []
    csv = payload(tmp_path / "2.html")
    assert (csv["time"] == one["time"]) is True
    assert csv["meta"]["digest"] == one["meta"]["digest"]


def test_a_folder_is_a_dataset_too(tmp_path: Path) -> None:
    from fleetsynth.folders.generate import generate_folder

    url = str(tmp_path / "fleet")
    made = generate_folder(plan_of(SCENARIO).scenario, url, partition_by=("region",))
    data = payload(report(url, tmp_path / "r.html", facts=False))
    assert data["meta"]["digest"] == made.digest
    assert data["meta"]["rows"] == made.rows
    assert len(data["dimensions"]) == 4


def test_columns_of_others_are_named(tmp_path: Path) -> None:
    frame = to_pandas(SCENARIO)[["timestamp", "server_id", "cpu_p95"]]
    frame.columns = ["ts", "host", "usage"]
    frame.to_csv(tmp_path / "theirs.csv", index=False)
    columns = {"timestamp": "ts", "server_id": "host", "cpu_p95": "usage"}
    data = payload(report(tmp_path / "theirs.csv", tmp_path / "r.html", columns=columns))
    assert [m["column"] for m in data["metrics"]] == ["cpu_p95"]
    assert data["dimensions"] == []
    assert data["effects"]["names"] == list(effects.GENERAL)
    with pytest.raises(UsageError, match="no column that looks like a timestamp"):
        report(tmp_path / "theirs.csv", tmp_path / "other.html")
    wrong = columns | {"cpu_p95": "user"}
    with pytest.raises(UsageError, match=r"no column 'user'.*did you mean 'usage'"):
        report(tmp_path / "theirs.csv", tmp_path / "other.html", columns=wrong)
    assert not (tmp_path / "other.html").exists()


def test_a_page_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"there is no file or folder .*nothing\.parquet"):
        report(tmp_path / "nothing.parquet", path)
    (tmp_path / "unread.parquet").touch()
    with pytest.raises(OutputError, match="exists: choose another name, or pass overwrite=True"):
        report(tmp_path / "unread.parquet", path)
    assert path.read_text() == "mine"


def test_text_cannot_leave_its_place() -> None:
    bad = "</script><!--{{script}}\u2028"
    page = render({"name": bad}, title=bad, summary=bad)
    assert page.count("</script>") == 2
    assert page.count("<!--") == 1
    assert json.loads(re.findall(r'id="data">(.*?)</script>', page)[0]) == {"name": bad}
    assert "uPlot 1.6.32" in page
    assert "MIT License" in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?://(?!github\.com/leeoniya|www\.w3\.org)", page)


def test_an_infinite_value_counts_as_missing(tmp_path: Path) -> None:
    hours = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[h]").astype("datetime64[us]")
    cpu = np.arange(len(hours)) % 50.0
    network = np.where(np.arange(len(hours)) == 49, np.inf, cpu)
    columns = {"timestamp": hours, "server_id": ["a"] * len(hours), "cpu_p95": cpu}
    pq.write_table(pa.table(columns | {"net_in_p95": network}), tmp_path / "x.parquet")
    path = report(tmp_path / "x.parquet", tmp_path / "r.html", facts=False, validation=False)
    assert path.exists()


def test_a_small_table_is_no_path(tmp_path: Path) -> None:
    hours = pd.date_range("2026-01-01", periods=3, freq="h")
    table = pd.DataFrame({"time": hours, "host": "a", "cpu": [1.0, 2.0, 3.0]})
    assert report(table, tmp_path / "report.html").stat().st_size > 1000
