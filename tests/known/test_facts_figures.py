"""What `facts` says, on data whose answers are worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fleetsynth
from fleetsynth.facts.facts_table import STEP, Fact, known_facts
from tests.known.data import DAY, dataset, page

NAN = np.nan


def of(tmp_path: Path, series: dict[str, Any], step: int = 300, **how: Any) -> Any:
    return fleetsynth.facts(dataset(tmp_path / "x.parquet", series, step=step, **how))


def test_a_hundred_points(tmp_path: Path) -> None:
    """0.1 to 9.9 and 100: nearest ranks, the mean and the deviation of all points together."""
    found = of(tmp_path, {"a": [*(np.arange(1, 100) / 10), 100]})
    points = [*(np.arange(1, 100) / 10), 100]
    v = found.values
    assert (found.servers, found.rows, found.points, found.step) == (1, 100, 100, 300)
    assert (v["p50"], v["p95"], v["p99"]) == (5.0, 9.5, 9.9)
    assert v["mean"] == pytest.approx(sum(points) / 100)
    assert v["sd"] == pytest.approx(np.std(points))
    assert (v["zeros"], v["saturated"]) == (0, 1)


def test_zeros_and_saturation_at_their_edges(tmp_path: Path) -> None:
    labels = {"server_type": {"a": "idle", "b": "web"}}
    series = {"a": [0, 0.01, 98.99, 99, 100, 50, 50.5, 51], "b": [3, 4, 5, 6]}
    v = of(tmp_path, series, labels=labels).values
    assert v["zeros"] == pytest.approx(100 / 12)
    assert v["saturated"] == pytest.approx(200 / 12)
    assert v["zero_types"] == "idle"


def test_means_are_over_points_and_medians_over_servers(tmp_path: Path) -> None:
    """Three servers of 40 points: skewness 0, 0 and that of 39 zeros and a one."""
    spike = np.zeros(40)
    spike[7] = 1
    series = {"a": np.tile([10.0, 20], 20), "b": np.tile([40.0, 50], 20), "c": 70 + spike}
    v = of(tmp_path, series).values
    assert v["mean"] == pytest.approx((15 + 45 + 70.025) / 3)
    assert v["sd"] == pytest.approx(np.std(np.concatenate(list(series.values()))))
    assert v["skewness"] == pytest.approx(0, abs=1e-9)
    assert v["skewed_share"] == pytest.approx(100 / 3)
    # Up and down every step; the spike's neighbours are as others: -1, -1 and about 0.
    assert v["lag_step"] == pytest.approx(-1)


def test_autocorrelations_at_an_hour_and_a_day(tmp_path: Path) -> None:
    """A square wave of a day: half a day up, half a day down, over eight days."""
    day = np.repeat([10.0, 30.0], 144)
    v = of(tmp_path, {"a": np.tile(day, 8)}).values
    assert v["lag_day"] == v["lag_week"] == pytest.approx(1)
    # Of 288 pairs a day and 12 ticks apart, 24 are of different halves: r = 1 - 2 x 24 / 288.
    assert v["lag_hour"] == pytest.approx(1 - 48 / 288, abs=0.01)
    assert v["lag_step"] == pytest.approx(1 - 4 / 288, abs=0.002)
    assert v["hour_r2"] == pytest.approx(1)
    assert v["residual_lag"] is None  # nothing is left once the hours are gone
    assert v["daily_p95"] == pytest.approx(30 / 20)
    assert v["hourly_share"] == pytest.approx(1)


def test_constants_have_no_correlation(tmp_path: Path) -> None:
    found = of(tmp_path, {"a": [50.0] * 400})
    v = found.values
    assert (v["mean"], v["sd"], v["p50"], v["p99"]) == (50, 0, 50, 50)
    for name in ("lag_step", "lag_hour", "skewness", "kurtosis", "hourly_share", "beyond"):
        assert v[name] is None, name
    assert found.undefined["lag_step"] == 1


def test_two_points_and_gaps(tmp_path: Path) -> None:
    found = of(tmp_path, {"a": [10, NAN, 30, None, 50, 60, 70, 80], "b": [7], "c": [1, 3]})
    assert (found.servers, found.left_out, found.points) == (2, 1, 8)
    assert found.values["mean"] == pytest.approx((10 + 30 + 50 + 60 + 70 + 80 + 1 + 3) / 8)
    assert found.values["lag_step"] is None  # fewer than 30 pairs


@pytest.mark.parametrize(("pairs", "told"), [(29, False), (30, True)])
def test_thirty_pairs_make_a_correlation(tmp_path: Path, pairs: int, told: bool) -> None:
    values = np.arange(pairs + 1.0)
    assert (of(tmp_path, {"a": values}).values["lag_step"] is not None) is told


def test_bursts(tmp_path: Path) -> None:
    """Ten days of 10, 11, 12 in turn: MAD 1 at most. Three bursts of 1, 1 and 2 points."""
    values = np.tile([10.0, 11, 12], 960)
    values[[500, 1500, 2500, 2501]] = 60
    v = of(tmp_path, {"a": values}).values
    assert v["beyond"] == pytest.approx(100 * 4 / 2880)
    assert v["bursts_per_day"] == v["bursts_per_day_median"] == pytest.approx(0.3)
    assert (v["burst_length"], v["burst_pooled"], v["burst_pooled_p90"]) == (1, 1, 2)
    assert v["burst_length_p90"] == pytest.approx(1.8)  # interpolated between 1 and 2
    assert (v["burst_minutes"], v["burst_minutes_p90"]) == pytest.approx((5, 9))


def test_a_level_that_shifts(tmp_path: Path) -> None:
    """Twenty days of about 20; the second ten a quarter higher, or a little less."""
    tick = np.arange(20 * 288)
    for step, share in ((5.5, 100), (4.5, 0)):
        values = 20 + (tick % 3 - 1) * 0.01 + step * (tick >= 10 * 288)
        assert of(tmp_path, {"a": values}).values["shifted_share"] == share


def test_between_servers(tmp_path: Path) -> None:
    """a and b are one service and alike; c is another, and their opposite."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 600).round(2)
    series = {"a": 50 + x, "b": 30 + 2 * x, "c": 50 - x}
    labels = {"service": {"a": "s", "b": "s", "c": "t"}}
    v = of(tmp_path, series, labels=labels).values
    assert v["service_r"] == pytest.approx(1)
    assert v["cross_r"] == pytest.approx(-1)  # of the pairs 1, -1, -1
    assert v["between_r"] == pytest.approx(1)


def test_memory_and_network(tmp_path: Path) -> None:
    import pandas as pd

    cpu = np.tile([10.0, 20, 30, 20], 25)
    frame = pd.DataFrame({
        "timestamp": pd.date_range("2024-01-01", periods=100, freq="5min"),
        "server_id": "a", "server_type": "web", "cpu_p95": cpu,
        "mem_p95": 90 - cpu, "net_in_p95": 3 * cpu,
    })  # fmt: skip
    frame.to_parquet(tmp_path / "m.parquet", index=False)
    found = fleetsynth.facts(tmp_path / "m.parquet")
    v = found.values
    assert v["memory_cpu_r"] == pytest.approx(1)  # its size
    assert v["memory_cpu_r_p10"] == v["memory_cpu_r_p90"] == pytest.approx(-1)
    assert v["cpu_network_r"] == v["cpu_network_r_web"] == pytest.approx(1)
    assert found.network_by_type == {"web": pytest.approx(1)}
    assert v["network_skewness"] == pytest.approx(0, abs=1e-9)
    assert v["memory_lag"] == pytest.approx(0, abs=0.02)  # 10 20 30 20: a quarter turn on


# Beside real fleets


@pytest.mark.parametrize("step", [60, 240, 300, 600, 3600, DAY])
def test_only_the_step_of_the_real_fleets_is_comparable(tmp_path: Path, step: int) -> None:
    found = of(tmp_path, {"a": np.tile([1.0, 2, 3, 5], 30)}, step)
    told = found.to_dict()
    comparable = step == STEP == 300
    assert found.comparable is told["comparable"] is comparable
    assert bool(found.missed()) is comparable
    for name, fact in known_facts().items():
        beside = told["values"][name]
        assert beside["comparable"] is comparable
        if not comparable:
            assert (beside["wanted"], beside["holds"], beside["range"]) == (None, None, None), name
            assert beside["real"] == {}
        elif fact.real:
            assert beside["real"] == fact.real
    held = [name for name, fact in known_facts().items() if fact.wanted or fact.only]
    if not comparable:
        assert found.unmeasured() == held


@pytest.mark.parametrize(
    ("value", "holds"), [(0.99, False), (1.0, True), (2.0, True), (2.01, False)]
)
def test_what_is_wanted_holds_at_its_bounds(value: float, holds: bool) -> None:
    assert Fact("a", "", 1, (1, 2)).holds(value) is holds


def test_the_page_has_ranges_only_where_they_can_be_compared(tmp_path: Path) -> None:
    values = np.tile([1.0, 2, 3, 5], 400)
    for step, comparable in ((300, True), (DAY, False)):
        path = dataset(tmp_path / "x.parquet", {"a": values}, step=step)
        measured = page(path, validation=False, facts=fleetsynth.facts(path))["facts"]
        assert (measured["comparable"], measured["step"]) == (comparable, 300)
        (mean,) = (fact for fact in measured["facts"] if fact["name"] == "CPU mean")
        assert mean["value"] == pytest.approx(2.75)
        assert (mean["low"], mean["high"]) == ((8, 35) if comparable else (None, None))
        assert bool(mean["real"]) is comparable
        plain = page(path, validation=False)["facts"]
        assert plain["comparable"] is comparable
        assert bool(plain["facts"]) is comparable
