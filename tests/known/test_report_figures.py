"""What the report carries for its page, on data whose answers are worked out by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetsynth import capacity
from fleetsynth.report import effects, embed, sample
from fleetsynth.report.collect import Collector
from fleetsynth.report.rows import Reader
from tests.known.data import DAY, MONDAY, dataset, page, unpacked
from tests.support import plan_of

HOUR = 3600
T = 1096


def quiet(path: Path, **options: Any) -> dict[str, Any]:
    return page(path, validation=False, facts=False, **options)


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two servers, Monday to Wednesday: a is 10, 20, 60; b is 30, missing, 50."""
    labels = {"region": {"a": "north", "b": "south"}, "service": {"a": "x", "b": "y"}}
    series = {"a": [10, 20, 60], "b": [30, np.nan, 50]}
    path = tmp_path_factory.mktemp("known") / "days.parquet"
    return quiet(dataset(path, series, labels=labels))


def test_the_head(three_days: dict[str, Any]) -> None:
    meta = three_days["meta"]
    assert (meta["rows"], meta["servers"], meta["step"]) == (6, 2, DAY)
    assert (meta["start"], meta["end"]) == ("2024-01-01", "2024-01-03")
    assert meta["last"] == MONDAY + 2 * DAY
    assert [d["name"] for d in three_days["dimensions"]] == ["region", "service"]
    assert three_days["dimensions"][1] == {
        "name": "service", "label": "Service", "codes": ["x", "y"], "values": ["x", "y"]
    }  # fmt: skip
    assert three_days["groups"] == {"keys": [[0, 0], [1, 1]], "servers": [1, 1]}


def test_means_peaks_and_counts_over_time(three_days: dict[str, Any]) -> None:
    time = three_days["time"]
    assert (time["width"], time["starts"]) == (DAY, [MONDAY, MONDAY + DAY, MONDAY + 2 * DAY])
    expected = [[10, 20, 60], [30, np.nan, 50]]
    for name in ("mean", "peak"):
        assert time[name][0] == pytest.approx(np.array(expected), abs=0.001, nan_ok=True)
    assert time["counts"].tolist() == [[[1, 1, 1], [1, 0, 1]]]


def test_the_week_of_daily_data_is_by_month(three_days: dict[str, Any]) -> None:
    week = three_days["week"]
    assert week["columns"] == 12
    cells = week["mean"][0].reshape(2, 7, 12)
    assert cells[0, :3, 0] == pytest.approx([10, 20, 60], abs=0.001)
    assert cells[1, [0, 2], 0] == pytest.approx([30, 50], abs=0.001)
    assert np.isfinite(cells).sum() == 5
    assert week["counts"].sum() == 5


def test_the_distribution(three_days: dict[str, Any]) -> None:
    spread = three_days["distribution"]
    assert (spread["bins"], spread["widths"]) == (101, [1.0])
    assert [np.flatnonzero(row).tolist() for row in spread["counts"][0]] == [[10, 20, 60], [30, 50]]


def test_three_days_are_too_short_for_a_date(three_days: dict[str, Any]) -> None:
    found = three_days["capacity"]
    assert (found["servers"], found["rows"], found["all"]) == (2, 2, 2)
    assert found["words"]["status"]["words"] == ["too short"]
    assert np.isnan(found["days"]["days_usable"]).all()
    assert found["backtest"] == []


def test_services_over_time(three_days: dict[str, Any]) -> None:
    services = three_days["services"]
    assert (services["names"], services["all"]) == (["x", "y"], 2)
    assert services["pairs"] == [[0, 0], [1, 1]]
    assert services["mean"][0][0] == pytest.approx([10, 20, 60], abs=0.001)
    assert services["counts"].tolist() == [[[1, 1, 1], [1, 0, 1]]]


def test_hours_of_the_week(tmp_path: Path) -> None:
    """One server, hourly for a week from Monday 00:00: its value is the hour of the week."""
    data = quiet(dataset(tmp_path / "h.parquet", {"a": range(100)}, step=HOUR))
    assert (data["meta"]["step"], data["week"]["columns"]) == (HOUR, 24)
    assert data["week"]["mean"][0, 0, :100] == pytest.approx(np.arange(100), abs=0.001)
    assert np.isnan(data["week"]["mean"][0, 0, 100:]).all()


@pytest.mark.parametrize("step", [HOUR, DAY])
def test_missing_values_do_not_lower_a_mean(tmp_path: Path, step: int) -> None:
    """CPU is 10, missing, 30 and memory 1, 2, 3 at one hour of three weeks' Mondays."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = dataset(tmp_path / "m.parquet", {"a": [10, np.nan, 30]}, step=7 * DAY)
    table = pq.read_table(path).append_column("mem_p95", pa.array([1.0, 2, 3]))
    if step == HOUR:  # later hours, so that the step is one
        later = dataset(tmp_path / "l.parquet", {"a": [5] * 4}, begin=MONDAY + HOUR, step=HOUR)
        more = pq.read_table(later).append_column("mem_p95", pa.array([4.0] * 4))
        table = pa.concat_tables([table, more]).sort_by("timestamp")
    pq.write_table(table, path)
    data = quiet(path)
    week, time = data["week"], data["time"]
    assert week["mean"][0, 0, 0] == pytest.approx(20, abs=0.001)
    assert week["mean"][1, 0, 0] == pytest.approx(2, abs=0.001)
    assert week["counts"][:, 0, 0].tolist() == [2, 3]
    assert time["counts"].shape[0] == 2
    assert time["counts"].sum(axis=(1, 2)).tolist() == [
        2 + 4 * (step == HOUR),
        3 + 4 * (step == HOUR),
    ]


def test_one_row_is_enough(tmp_path: Path) -> None:
    data = quiet(dataset(tmp_path / "one.parquet", {"a": [42]}))
    assert (data["meta"]["rows"], data["meta"]["start"]) == (1, data["meta"]["end"])
    assert data["capacity"]["words"]["status"]["words"] == ["too short"]
    assert data["effects"] is None


def test_weeks_of_a_long_dataset(tmp_path: Path) -> None:
    """1,096 days are 156 weeks and four days more, which the last week takes in."""
    data = quiet(dataset(tmp_path / "long.parquet", {"a": np.arange(T) / 20}))
    assert (data["time"]["width"], len(data["time"]["starts"])) == (7 * DAY, 156)
    assert data["time"]["starts"][1] == MONDAY + 7 * DAY
    assert data["time"]["mean"][0, 0, [0, 1, -1]] == pytest.approx(
        [3 / 20, 10 / 20, (1085 + 1095) / 40], abs=0.002
    )
    assert data["time"]["peak"][0, 0, [0, -1]] == pytest.approx([6 / 20, 1095 / 20], abs=0.002)
    assert data["time"]["counts"][0, 0, [0, -1]].tolist() == [7, 11]


# What runs out


@pytest.fixture(scope="module")
def ramps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Ramps, constants, a saw-tooth and a fall, three years each."""
    rng = np.random.default_rng(0)
    t = np.arange(T)
    noise = rng.normal(0, 0.3, (3, T))
    series = {
        "0to60": t * 60 / (T - 1) + noise[0],
        "full": np.full(T, 100.0),
        "0to70": t * 70 / (T - 1) + noise[1],
        "saw": 40 + 45 * (t % 30) / 29,
        "fall": 89 - t * 0.03,
        "30to75": 30 + t * 45 / (T - 1) + noise[2],
        "busy": np.where(t % 7 < 3, 100.0, 60.0 + t % 5),
        "still": np.full(T, 69.5),
    }
    path = tmp_path_factory.mktemp("ramps") / "ramps.parquet"
    dataset(path, series, labels={"service": {name: f"s{name[0]}" for name in series}})
    return path, quiet(path, servers=3)


def test_rows_are_those_of_capacity_in_its_order(ramps: tuple[Path, dict[str, Any]]) -> None:
    path, data = ramps
    found, rows = data["capacity"], capacity(path).rows("server")
    words = {
        name: [each["words"][code] for code in each["codes"].tolist()]
        for name, each in found["words"].items()
    }
    assert words["server"] == [row["name"] for row in rows]
    assert found["show"] == 3
    for name in ("metric", "statistic", "status", "growth", "service"):
        assert words[name] == [row[name] for row in rows]
    for name, values in found["numbers"].items():
        expected = [np.nan if row[name] is None else row[name] for row in rows]
        assert values == pytest.approx(expected, nan_ok=True), name
    for level in ("80", "usable", "100"):
        days = [None if np.isnan(d) else d for d in found["days"][f"days_{level}"]]
        assert days == [row[f"days_{level}"] for row in rows]
    full = dict(zip(words["server"], found["days"]["days_100"], strict=True))
    for name, when in (("0to70", 469), ("30to75", 608), ("0to60", 730)):
        assert full[name] == pytest.approx(when, rel=0.02)


def test_the_series_are_the_weekly_figures(ramps: tuple[Path, dict[str, Any]]) -> None:
    """156 weeks, two together, in half points: of each the greatest third-highest of 7 days."""
    _, data = ramps
    series, words = data["capacity"]["series"], data["capacity"]["words"]["server"]
    names = [words["words"][code] for code in words["codes"].tolist()]
    assert (series["days"], series["values"].shape) == (14, (8, 78))
    of = dict(zip(names, (series["values"] / 2).tolist(), strict=True))
    assert set(of["full"]) == set(of["busy"]) == {100}
    assert of["still"] == [69.5] * 78
    # Falling, the third-highest of 7 days is that of 4 days ago, and a week's greatest its first;
    # weeks are counted back from the last day, so that the first begins with day 4.
    expected = 89 - 0.03 * 14 * np.arange(78)
    assert of["fall"][1:] == pytest.approx(expected[1:], abs=0.26)


def test_the_back_test_is_that_of_capacity(ramps: tuple[Path, dict[str, Any]]) -> None:
    path, data = ramps
    every = capacity(path, backtest=True).backtest
    assert data["capacity"]["backtest"] == [row for row in every if row["horizon_days"] == 364]


def test_a_large_fleet_is_cut_to_what_needs_somebody_first(
    monkeypatch: pytest.MonkeyPatch, ramps: tuple[Path, dict[str, Any]]
) -> None:
    import sys

    module = sys.modules["fleetsynth.report.answer"]
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    monkeypatch.setattr(module, "MOST_SERIES", 2)
    path, whole = ramps
    found = quiet(path)["capacity"]
    assert (found["rows"], found["all"], len(found["series"]["values"])) == (3, 8, 2)
    assert (found["days"]["days_100"] == whole["capacity"]["days"]["days_100"][:3])[1:].all()


def test_data_without_percentages_say_so(tmp_path: Path) -> None:
    path = dataset(tmp_path / "n.parquet", {"a": [1, 2, 3]}, column="net_in_p95")
    data = quiet(path)
    assert data["capacity"] is None
    assert "no CPU, memory or disk in percent" in data["unjudged"]


@pytest.mark.parametrize("most", [65_535, 65_536])
def test_counts_arrive_whole(most: int) -> None:
    counts = np.array([[0, 7], [most, 65_535]])
    assert unpacked(embed.whole(counts)).tolist() == counts.tolist()


# Quarter ends and holidays


def test_special_days_by_name() -> None:
    from fleetsynth.clock import Days

    days = Days(MONDAY // DAY, MONDAY // DAY + 365)  # 2024
    date = days.index.astype("datetime64[D]").astype(str)

    def of(kinds: np.ndarray, names: Sequence[str]) -> dict[str, list[str]]:
        return {
            name: [day[5:] for day in date[kinds == kind].tolist()]
            for kind, name in enumerate(names)
        }

    names, kinds = effects.declared_kinds(effects.by_date(plan_of()), days)
    classic = of(kinds, names)
    assert classic["Quarter end, last day"] == [
        "03-31",
        "06-30",
        "09-30",
    ]  # December's are holidays
    assert classic["Quarter end, 4 days to go"] == ["03-27", "06-26", "09-26"]
    assert classic["New Year's Day"] == ["01-01"]
    assert classic["Independence Day"] == ["07-04"]
    assert classic["22–28 November"] == [f"11-{d}" for d in range(22, 29)]
    assert classic["24 December"] == ["12-24"]
    assert classic["25–26 December"] == ["12-25", "12-26"]
    assert classic["27–31 December"] == [f"12-{d}" for d in range(27, 32)]
    general = of(effects.general_kinds(days, "US"), effects.GENERAL)
    assert general["24–31 December"] == [f"12-{d}" for d in range(24, 32)]
    assert {"01-01", "05-27", "07-04", "11-28"} <= set(general["Public holidays"])
    assert "12-25" not in general["Public holidays"]


def test_a_special_day_is_compared_with_its_weekday_within_four_weeks() -> None:
    """Day 35 of 71 is special; days 7, 14, 21, 28 before and after count, others do not."""
    kinds = np.full(71, effects.ORDINARY)
    kinds[35] = 0
    values = np.full((1, 71), 1000.0)
    values[0, [7, 14, 21, 28, 42, 49, 56, 63]] = [1, 2, 3, 4, 5, 6, 7, 8]
    values[0, 35] = 9
    counts = np.ones((1, 71), dtype=np.int64)
    special, seen, base = effects.compare(values, counts, kinds)
    assert (special.tolist(), seen.tolist(), base.tolist()) == ([35], [[9]], [[4.5]])
    kinds[42] = 1  # special days are not ordinary ones
    _, _, base = effects.compare(values, counts, kinds)
    assert base[0, 0] == pytest.approx((36 - 5) / 7)
    counts[0, 7] = 3  # a mean over values, not over days
    _, _, base = effects.compare(values, counts, kinds)
    assert base[0, 0] == pytest.approx((36 - 5) / 9)
    assert effects.compare(values[:, 29:42], counts[:, 29:42], kinds[29:42])[0].size == 0


def test_effects_in_the_page(tmp_path: Path) -> None:
    """Two years at 50; on the last day of each quarter 75, on 4 July 25."""
    values = np.full(731, 50.0)
    dates = (MONDAY // DAY + np.arange(731)).astype("datetime64[D]").astype(str)
    for i, date in enumerate(dates):
        if date[5:] in {"03-31", "06-30", "09-30"}:
            values[i] = 75
        if date[5:] == "07-04":
            values[i] = 25
    found = quiet(dataset(tmp_path / "e.parquet", {"a": values}))["effects"]
    ratio = found["seen"][0, 0] / found["base"][0, 0]
    kinds = np.array(found["kinds"])
    named = {name: ratio[kinds == kind] for kind, name in enumerate(found["names"])}
    assert named["Quarter end, last day"] == pytest.approx(np.full(6, 1.5), abs=0.001)
    assert named["Quarter end, 1 day to go"] == pytest.approx(np.ones(6), abs=0.001)
    holidays = named["Public holidays"]
    assert np.sort(holidays)[:2] == pytest.approx([0.5, 0.5], abs=0.001)
    assert np.sort(holidays)[2:] == pytest.approx(np.ones(len(holidays) - 2), abs=0.001)
    assert "expected" not in found


# Correlations and autocorrelations


def test_correlations_by_hand() -> None:
    """Three servers less their mean: (-1, 0, 1) and (1, 0, -1), then (-1, 1, 0) and (-1, 1, 0)."""
    one = np.array([[[1, 5], [2, 7], [3, 6]]], dtype=np.float32)
    other = np.array([[[9, 1], [8, 3], [7, 2]]], dtype=np.float32)
    found = sample.correlations(np.concatenate([one, other]))
    assert found == pytest.approx(np.array([[1, 0], [0, 1]]), abs=1e-6)
    assert sample.correlations(np.concatenate([one, other])[:, :, :1])[0, 1] == pytest.approx(-1)
    assert sample.correlations(np.concatenate([one, other])[:, :, 1:])[0, 1] == pytest.approx(1)
    two = np.concatenate([one, other])[:, :2]  # two servers say nothing of their mean
    assert np.isnan(sample.correlations(two)).all()


def test_autocorrelations_by_hand() -> None:
    """1, -1, 1, -1 is like itself two steps on, and the opposite one step on."""
    lags = np.array([0, 1, 2])
    seconds = MONDAY + HOUR * np.arange(4)
    series = np.array([[[1, -1, 1, -1], [7, 7, 7, 7]]], dtype=np.float32)
    found = sample.autocorrelations(series, seconds, lags, residual=False)
    assert found[0] == pytest.approx([1, -1, 1])  # the constant server has none, and is left out
    holed = np.array([[[1, -1, np.nan, -1]]], dtype=np.float32) + np.float32(1 / 3)
    found = sample.autocorrelations(holed, seconds, lags, residual=False)
    third = 1 / 3
    shifted = [1 + third, third - 1, third - 1]
    power = sum(v * v for v in shifted) / 3
    assert found[0, 2] == pytest.approx(shifted[1] * shifted[2] / power)
    flat = sample.autocorrelations(series[:, 1:], seconds, lags, residual=False)
    assert np.isnan(flat).all()


def test_the_residual_is_less_the_hour_at_weekdays_and_weekends() -> None:
    """Two weeks of an hour's value, ten more at weekends: nothing is left."""
    tick = np.arange(14 * 24)
    seconds = MONDAY + HOUR * tick
    values = (tick % 24 + 10 * (tick // 24 % 7 >= 5)).astype(np.float32)
    noise = np.where(tick % 48 < 24, 1.0, -1.0)
    found = sample.autocorrelations(values[None, None], seconds, np.array([0, 24]), residual=True)
    assert np.isnan(found).all()
    alternating = (values + noise).astype(np.float32)[None, None]
    found = sample.autocorrelations(alternating, seconds, np.array([0, 24]), residual=True)
    assert found[0, 1] < -0.7
    raw = sample.autocorrelations(alternating, seconds, np.array([0, 24]), residual=False)
    assert raw[0, 1] > 0.5


def test_lags() -> None:
    assert sample.lags_of(DAY, 1096).tolist() == list(range(61))
    assert sample.lags_of(DAY, 90).tolist() == list(range(31))
    hours = sample.lags_of(HOUR, 8192)
    assert hours.tolist() == list(range(193))
    minutes = sample.lags_of(300, 8192)
    assert minutes[:24].tolist() == list(range(24))
    assert (minutes[-1], minutes.size <= 184) == (8 * 288, True)
    assert sample.choose(np.arange(10), 3).tolist() == [0, 4, 9]
    assert sample.choose(np.arange(3), 3).tolist() == [0, 1, 2]


# Filters


def test_services_are_kept_apart_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fleetsynth.report import collect

    names = list("abcd")
    labels = {"region": dict.fromkeys(names, "r"), "service": {n: f"s{n}" for n in names}}
    path = dataset(tmp_path / "s.parquet", {n: [1, 2] for n in names}, labels=labels)
    assert quiet(path)["dimensions"][1]["values"] == ["sa", "sb", "sc", "sd"]
    monkeypatch.setattr(collect, "MOST_SERVICES", 2)
    assert quiet(path)["dimensions"][1]["values"] == ["sa", "sb", "(other)"]
    monkeypatch.setattr(collect, "MOST_SERVICES", 200)
    monkeypatch.setattr(collect, "MOST_GROUPS", 4)  # services take half of them at most
    found = quiet(path)
    assert found["dimensions"][1]["values"] == ["sa", "sb", "(other)"]
    assert found["groups"]["servers"] == [1, 1, 2]


def test_the_step_is_the_smallest_gap(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = dataset(tmp_path / "g.parquet", {"a": [1, None, 2, 3], "b": [1, 2, None, 3]}, step=300)
    table = pq.read_table(path)
    reader = Reader(table.schema)
    collector = Collector(reader.metrics, reader.servers)
    for batch in table.to_batches():
        collector.update(reader.rows(batch))
    assert collector.step == 300
