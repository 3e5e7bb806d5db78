"""What `validate` says of data whose answers are worked out by hand, on both sides of edges."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fleetsynth
from fleetsynth import Validation, Verdict, load_scenario
from fleetsynth.presets import resolve
from fleetsynth.validate import estimate as est
from fleetsynth.validate import regenerate, values
from fleetsynth.validate.design import Parameter
from fleetsynth.validate.estimate import Estimate, detectable
from tests.known.data import dataset
from tests.support import plan_of

HOUR = 3600
NAN = float("nan")


def verdicts(path: Path, **options: Any) -> dict[str, Verdict]:
    found = fleetsynth.validate(path, **options)
    return {f"{v.name} {v.subject}".strip(): v for v in found.verdicts}


def of(tmp_path: Path, series: dict[str, Any], column: str = "cpu_p95", **how: Any) -> Any:
    return verdicts(dataset(tmp_path / "x.parquet", series, column=column, **how))


def varied(*more: float) -> list[float]:
    """Values that nothing is wrong with, and some more."""
    return [20.0, 30.5, 25.25, *more]


# Values


@pytest.mark.parametrize(
    ("column", "value", "right"),
    [
        ("cpu_p95", 0.0, True),
        ("cpu_p95", -0.01, False),
        ("mem_mean", 100.0, True),
        ("disk_max", 100.01, False),
        ("cpu_p50", 5e9, False),
        ("net_in_p95", 0.0, True),
        ("net_in_p95", -1.0, False),
        ("net_out_p95", 1e7, True),
        ("net_out_p95", 1.0001e7, False),
        ("net_in_p95", 1e19, False),
        ("net_in_p95", 1.8e19, False),
        ("net_in_p95", -1.8e19, False),
        ("net_in_p95", 1e300, False),
    ],
)
def test_values_beyond_reach_fail_in_anyones_data(
    tmp_path: Path, column: str, value: float, right: bool
) -> None:
    found = of(tmp_path, {"a": varied(value)}, column)[f"range {column}"]
    assert (found.status == "ok") is right
    if not right:
        assert found.found.startswith("1 are not within 0 to 1")
        assert found.places == (f"a 2024-01-04: {value:g}",)


def test_shares_are_no_percentages(tmp_path: Path) -> None:
    values_ = (np.arange(1, 102) / 102).round(4)
    assert of(tmp_path, {"a": values_})["range cpu_p95"].found.startswith("none is above 1")
    assert of(tmp_path, {"a": [*values_[:-1], 1.0, 0.99]})["range cpu_p95"].status == "fail"
    assert of(tmp_path, {"a": [*values_, 1.01]})["range cpu_p95"].status == "ok"
    assert of(tmp_path, {"a": values_[:100]})["range cpu_p95"].status == "ok"  # too few to tell
    assert of(tmp_path, {"a": values_}, "net_in_p95")["range net_in_p95"].status == "ok"


def test_missing_values_are_counted_and_the_first_five_named(tmp_path: Path) -> None:
    found = of(tmp_path, {"a": varied(NAN, float("inf"), *[NAN] * 4)})["missing values cpu_p95"]
    assert (found.status, found.found, len(found.places)) == ("fail", "6 are missing", 5)
    assert found.places[:2] == ("a 2024-01-04: nan", "a 2024-01-05: inf")
    assert of(tmp_path, {"a": varied()})["missing values cpu_p95"].status == "ok"


@pytest.mark.parametrize(
    ("column", "run", "value", "right"),
    [
        ("cpu_p95", 29, 50.0, True),
        ("cpu_p95", 30, 50.0, False),
        ("cpu_p95", 90, 0.0, True),  # on a bound nothing moves
        ("cpu_p95", 90, 100.0, True),
        ("mem_p95", 1999, 50.0, True),
        ("disk_p95", 2000, 50.0, False),
        ("net_in_p95", 30, 50.0, False),
    ],
)
def test_a_run_of_equal_values_is_stuck(
    tmp_path: Path, column: str, run: int, value: float, right: bool
) -> None:
    series = {"a": [1.0, 2, *[value] * run, 3, 4], "b": [value] * 3 + [5.0] * 4}
    found = of(tmp_path, series, column, step=HOUR)[f"stuck {column}"]
    assert (found.status == "ok") is right
    if not right:
        assert found.found == "1 runs of equal values"
        assert found.places[0].endswith(f": {value:g}, for the {run}th time")


def test_runs_do_not_go_from_one_server_to_the_next(tmp_path: Path) -> None:
    found = of(tmp_path, {"a": [1.0] + [50.0] * 20, "b": [50.0] * 20 + [1.0]})
    assert found["stuck cpu_p95"].status == "ok"
    assert of(tmp_path, {"a": [50.0, *[51.0, 50.0] * 40]})["stuck cpu_p95"].status == "ok"


# Timestamps


def test_gaps_duplicates_and_the_grid(tmp_path: Path) -> None:
    found = of(tmp_path, {"a": [1, 2, None, None, 5, 6], "b": [1, 2.5, 3, 4, None, 6]})
    assert (found["gaps"].status, found["gaps"].found) == ("fail", "3 ticks are missing")
    assert found["gaps"].places == ("a after 2024-01-02", "b after 2024-01-04")
    assert found["timestamps"].found == "on a grid of a day"
    assert found["duplicates"].status == found["order"].status == "ok"
    table = pd.read_parquet(tmp_path / "x.parquet")
    again = pd.concat([table.iloc[:2], table.iloc[1:]])
    again.to_parquet(tmp_path / "d.parquet", index=False)
    found = verdicts(tmp_path / "d.parquet")
    assert found["duplicates"].found == "1 rows repeat the server and timestamp of another"
    assert found["duplicates"].places == ("a 2024-01-02",)
    table["timestamp"] += pd.to_timedelta([0, 1, 0, 0, 0, 0, 0, 0, 0][: len(table)], unit="s")
    table.to_parquet(tmp_path / "o.parquet", index=False)
    found = verdicts(tmp_path / "o.parquet")
    assert (found["timestamps"].status, found["timestamps"].found) == (
        "fail", "1 rows are off the grid",
    )  # fmt: skip
    assert found["timestamps"].places == ("a 2024-01-02 00:00:01",)


def test_one_server_one_day(tmp_path: Path) -> None:
    found = fleetsynth.validate(dataset(tmp_path / "x.parquet", {"a": [42]}))
    assert (found.ok, found.rows, found.servers, found.scenario) == (True, 1, 1, None)
    assert {v.name: v.found for v in found.verdicts}["servers"] == "1 servers"
    assert found.counts() == {"ok": len(found.verdicts)}


def test_rows_in_no_order(tmp_path: Path) -> None:
    path = dataset(tmp_path / "x.parquet", {"a": [1, 2, 3], "b": [4, 5, 6]})
    table = pd.read_parquet(path)
    for rows, status in (([0, 1, 2, 3, 4, 5], "ok"), ([0, 3, 1, 4, 2, 5], "ok"),
                         ([0, 2, 1, 3, 4, 5], "fail"), ([0, 1, 3, 2, 4, 5], "fail")):  # fmt: skip
        table.iloc[rows].to_parquet(path, index=False)
        found = verdicts(path)
        assert found["order"].status == status, rows
        assert found["gaps"].status == found["duplicates"].status == "ok", rows


# Servers


def test_copies_need_five_equal_rows(tmp_path: Path) -> None:
    for count, status in ((4, "ok"), (5, "fail")):
        series = {name: [1.5, 2, 3, 4, 6][:count] for name in "ab"}
        found = of(tmp_path, series)["copied series"]
        assert found.status == status
    assert found.places == ("b has the values of a",)
    nearly = of(tmp_path, {"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5.01]})
    assert nearly["copied series"].status == "ok"


def test_what_is_said_of_a_server_stays(tmp_path: Path) -> None:
    path = dataset(tmp_path / "x.parquet", {"a": varied()}, labels={"region": {"a": "north"}})
    assert verdicts(path)["metadata"].status == "ok"
    table = pd.read_parquet(path)
    table.loc[2, "region"] = "south"
    table.to_parquet(path, index=False)
    found = verdicts(path)["metadata"]
    assert found.found == "1 values are not those of the server's other rows"
    assert found.places == ("region of a 2024-01-03: south, before north",)


# The calendar


def calendar(**wrong: int) -> pd.DataFrame:
    """Christmas Eve 2024, a Tuesday, and the last Saturday of March, in the first quarter."""
    right = {
        "dayofweek": [1, 5], "month": [12, 3], "quarter": [4, 1], "is_weekend": [0, 1],
        "is_month_end": [0, 0], "is_quarter_end": [0, 0], "is_holiday": [0, 0],
    }  # fmt: skip
    frame = pd.DataFrame({
        "timestamp": pd.to_datetime(["2024-12-24", "2024-03-30"]), "server_id": ["a", "b"],
        "cpu_p95": [10.0, 20],
    })  # fmt: skip
    columns = {k: v for k, v in right.items() if k in fleetsynth.plan.CALENDAR_COLUMNS}
    frame = frame.assign(**columns)
    for name, value in wrong.items():
        frame.loc[0, name] = value
    return frame


@pytest.mark.parametrize(
    ("column", "value", "right"), [("month", 11, 12), ("quarter", 3, 4), ("is_weekend", 1, 0)]
)
def test_a_calendar_column_follows_the_clock(
    tmp_path: Path, column: str, value: int, right: int
) -> None:
    if column not in fleetsynth.plan.CALENDAR_COLUMNS:
        pytest.skip("no such column")
    calendar().to_parquet(tmp_path / "x.parquet", index=False)
    assert verdicts(tmp_path / "x.parquet")[f"calendar {column}"].status == "ok"
    calendar(**{column: value}).to_parquet(tmp_path / "x.parquet", index=False)
    found = verdicts(tmp_path / "x.parquet")[f"calendar {column}"]
    assert (found.status, found.places) == ("fail", (f"a 2024-12-24: {value}, not {right}",))


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_holidays_that_cannot_be_known_are_not_checked(tmp_path: Path, preset: str) -> None:
    scenario = {"preset": preset, "num_servers": 12, "end_date": "2022-12-31"}
    path = fleetsynth.generate(scenario, tmp_path / "x.csv").path
    found = fleetsynth.validate(path)
    assert found.ok
    (holiday,) = (v for v in found.verdicts if v.subject == "is_holiday")
    assert holiday.status == "untestable"
    assert holiday.found == "not checked: no scenario says whose holidays they are"
    (holiday,) = (
        v for v in fleetsynth.validate(path, scenario).verdicts if v.subject == "is_holiday"
    )
    assert holiday.status == "ok"
    frame = pd.read_csv(path)
    frame["is_holiday"] = 1 - frame["is_holiday"]
    frame.to_csv(path, index=False)
    assert "is_holiday" in {v.subject for v in fleetsynth.validate(path, scenario).failed}


# Against a scenario


def test_two_decimals_and_not_whole_tenths(tmp_path: Path) -> None:
    scenario = {"num_servers": 12, "end_date": "2022-03-31"}
    frame = fleetsynth.to_pandas(scenario)
    path = tmp_path / "x.parquet"

    def rounding(cpu: Any) -> Verdict:
        frame.assign(cpu_p95=cpu).to_parquet(path, index=False)
        return verdicts(path, scenario=scenario)["rounding cpu_p95"]

    cpu = frame["cpu_p95"].to_numpy()
    assert rounding(cpu).status == "ok"
    assert rounding(cpu.round(1)).found.endswith("are whole tenths")
    half = cpu.copy()
    half[: int(0.42 * len(cpu))] = half[: int(0.42 * len(cpu))].round(1)
    assert rounding(half).status == "ok"  # with every tenth by chance 48 %
    half[: int(0.5 * len(cpu))] = cpu[: int(0.5 * len(cpu))].round(1)
    assert rounding(half).status == "fail"
    fine = cpu.copy()
    fine[7] += 0.004
    found = rounding(fine)
    assert (found.found, len(found.places)) == ("1 have more than two decimals", 1)


def test_network_out_is_six_tenths_of_network_in(tmp_path: Path) -> None:
    scenario = {"num_servers": 12, "end_date": "2022-03-31"}
    frame = fleetsynth.to_pandas(scenario)
    path = tmp_path / "x.parquet"
    inside = np.flatnonzero((frame["net_in_p95"] < 900) & (frame["net_in_p95"] > 100))[3]
    for off, status in ((0.0, "ok"), (0.008, "ok"), (0.009, "fail"), (-0.009, "fail")):
        out = 0.6 * frame["net_in_p95"]
        out.loc[inside] = 0.6 * frame.loc[inside, "net_in_p95"] + off
        frame.assign(net_out_p95=out).to_parquet(path, index=False)
        found = verdicts(path, scenario=scenario)["network out"]
        assert found.status == status, off
    assert found.found == "1 rows are not 0.6 of network in"


DAYS_OF_SAMPLES = {"preset": "realistic", "num_servers": 10, "end_date": "2022-01-10"}


def test_how_many_servers_are_generated_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daily row of five-minute samples is made of 288."""
    plan = resolve(load_scenario(DAYS_OF_SAMPLES))  # 2,880 samples each
    assert plan.samples_per_row == 288
    for samples, count in ((2_880 * 10, 10), (2_880 * 10 - 1, 9), (2_880 * 5, 5), (0, 2)):
        monkeypatch.setattr(regenerate, "SAMPLES", samples)
        chosen = regenerate.compared(plan)
        assert (len(chosen), chosen[0], chosen[-1]) == (count, 0, 9)
    assert regenerate.compared(plan, full=True) == list(range(10))
    classic = plan_of(num_servers=1000, end_date="2022-01-10")  # a row is a sample
    monkeypatch.setattr(regenerate, "SAMPLES", 5000)
    assert len(regenerate.compared(classic)) == 500
    assert len(regenerate.compared(plan_of(num_servers=1))) == 1


def test_the_comparison_says_how_much_it_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regenerate, "SAMPLES", 2_880 * 3)
    path = fleetsynth.generate(DAYS_OF_SAMPLES, tmp_path / "x.parquet").path
    told: list[tuple[int, int]] = []
    some = verdicts(path, compared=lambda done, total: told.append((done, total)))
    assert some["regeneration"].found == "3 of 10 servers, 30 of 100 rows, value by value"
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    whole = verdicts(path, full=True)["regeneration"]
    assert whole.found == "all 10 servers, 100 of 100 rows, value by value"
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    place = table.schema.get_field_index("cpu_p95")
    cpu = table.column("cpu_p95").to_numpy().copy()
    cpu[22] += 0.01  # the third row of server 2, which is not among the three
    pq.write_table(table.set_column(place, table.schema.field(place), [cpu]), path)
    assert verdicts(path)["regeneration"].status == "ok"
    failed = verdicts(path, full=True)["regeneration"]
    assert (failed.status, failed.places) == ("fail", ("server_002",))
    assert failed.found == (
        "1 servers are not what the scenario generates (compared: all 10 servers, 100 of 100 rows)"
    )


# Estimates


def estimate(kind: str = "base", value: float = 10.0, off: float = 0.0, **more: float) -> Estimate:
    return Estimate(
        Parameter(kind, "base_cpu", "web", value),
        difference=off,
        error=more.get("error", 1.0),
        skewness=more.get("skewness", 0.0),
        kurtosis=more.get("kurtosis", 0.0),
    )


def test_the_error_rate_is_shared_out() -> None:
    kinds = ["spike probability"] * 4 + ["spike magnitude"] * 4 + ["holiday"] * 5 + ["base"] * 10
    levels = [level for _, level in est._levels([estimate(kind) for kind in kinds])]
    assert sum(levels) == pytest.approx(0.001)
    assert levels[0] == levels[4] == pytest.approx(0.4e-3 / 4)
    assert levels[8] == pytest.approx(0.1e-3 / 5)
    assert levels[-1] == pytest.approx(0.1e-3 / 10)
    alone = est._levels([estimate("holiday"), estimate("sd")])
    assert [level for _, level in alone] == pytest.approx([0.5e-3, 0.5e-3])


def test_a_verdict_has_two_sides_and_an_interval() -> None:
    """At a level of 0.0027 the limit is three standard errors."""
    level = 0.0026998
    for off, status in ((2.99, "ok"), (-2.99, "ok"), (3.01, "fail"), (-3.01, "fail")):
        found = est._verdict(estimate(off=2 * off, error=2.0, value=100), level)
        assert found.status == status, off
        assert found.estimate == pytest.approx(100 + 2 * off)
        assert (found.low, found.high) == pytest.approx((94 + 2 * off, 106 + 2 * off), abs=1e-3)
        assert found.p_value == pytest.approx(0.0027, abs=2e-4)
        assert (found.expected, found.level) == (100, level)
    assert found.found == "-3.0 standard errors from the scenario"
    assert found.subject == "web base_cpu"
    # Caught with a probability of 0.99: 3 and 2.326 standard errors away.
    assert found.detectable == pytest.approx(2 * (3 + 2.3263), abs=1e-3)


def test_what_is_detectable_grows_with_skewness() -> None:
    plain, skewed = (detectable(estimate(skewness=s), 0.0026998) for s in (0.0, 0.1))
    critical = 3 + 0.1 / 6 * 8
    out = critical + 2.3263
    for _ in range(50):
        out = critical + 2.3263 * np.sqrt(1 + 0.1 * out)
    assert plain == pytest.approx(5.3263, abs=1e-3)
    assert skewed == pytest.approx(out, abs=1e-3)
    assert detectable(estimate(skewness=-0.1), 0.0026998) == pytest.approx(skewed)


def test_what_cannot_be_told() -> None:
    level = 0.0026998
    for skewness, kurtosis, status in (
        (0.2, 0, "ok"), (0.21, 0, "untestable"), (-0.21, 0, "untestable"),
        (0, 0.15, "ok"), (0, 0.16, "untestable"), (0, -0.16, "untestable"),
    ):  # fmt: skip
        e = estimate(value=100, skewness=skewness, kurtosis=kurtosis)
        assert est._verdict(e, level).status == status
    # Detectable from 5.33 on: of a value of 5.3 one would not notice if it were nothing.
    assert est._verdict(estimate(value=5.33), level).status == "ok"
    assert est._verdict(estimate(value=5.32), level).status == "untestable"
    assert est._verdict(estimate(value=-5.32), level).status == "untestable"
    assert est._verdict(estimate("correlation", value=0.1), level).status == "ok"
    assert est._verdict(estimate(value=5.32, off=-4), level).status == "fail"


def test_scenario_holidays_are_estimated_by_their_dates(tmp_path: Path) -> None:
    """Dec 24 has a row of its own, and a week with it at full load fails that row alone."""
    scenario = {"num_servers": 80, "start_date": "2022-12-01", "end_date": "2024-12-31"}
    frame = fleetsynth.to_pandas(scenario)
    date = frame["timestamp"].dt.strftime("%m-%d")
    names = ("cpu_p95", "mem_p95", "net_in_p95", "net_out_p95")
    loud = frame.copy()
    for name in names:
        loud.loc[date == "12-24", name] = (loud.loc[date == "12-24", name] / 0.7).round(2)
    path = tmp_path / "x.parquet"
    loud.to_parquet(path, index=False)
    found = fleetsynth.validate(path, scenario)
    holidays = {v.subject: v for v in found.verdicts if v.name == "holiday"}
    assert list(holidays) == ["Jan 1", "Jul 4", "Nov 22–28", "Dec 24", "Dec 25–31"]
    assert [s for s, v in holidays.items() if v.status == "fail"] == ["Dec 24"]
    assert holidays["Dec 24"].expected == 0.7
    assert holidays["Dec 24"].estimate == pytest.approx(1.0, abs=0.15)
    assert [v.expected for v in holidays.values()] == [0.5, 0.7, 0.7, 0.7, 0.6]
    ends = {v.subject: v for v in found.verdicts if v.name == "quarter end"}
    assert [v.expected for v in ends.values()] == pytest.approx([1.06, 1.12, 1.18, 1.24, 1.3])
    assert all(v.status == "ok" for v in ends.values())


# The sum


def test_a_validation_adds_up() -> None:
    parts = [Verdict("a", s, "x") for s in ("ok", "ok", "fail", "untestable")]
    found = Validation("p", 7, 2, None, tuple(parts))
    assert (found.ok, found.counts()) == (False, {"ok": 2, "fail": 1, "untestable": 1})
    assert found.failed == (parts[2],)
    assert Validation("p", 7, 2, None, (parts[0], parts[3])).ok
    told = found.to_dict()
    assert (told["rows"], told["servers"], told["scenario_digest"]) == (7, 2, None)
    assert told["verdicts"][2] == {
        "name": "a", "status": "fail", "found": "x", "subject": "", "places": [],
        "kind": "structure", "relative": True,
    }  # fmt: skip


def test_the_longest_run_by_chance() -> None:
    """Of heads 46.5 coincidences are once in 10¹⁴, of one in 111 6.8: a value more than those."""
    assert values._run(0.5) == 48
    assert values._run(0.009) == 8
