"""Calendars that people have: parts of countries, dates of their own, days a unit is closed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import fleetsynth
from fleetsynth import calendars
from fleetsynth.clock import Days, epoch_day
from fleetsynth.errors import InputError, ScenarioError
from fleetsynth.models.classic import factors as classic
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.models.realistic import factors as realistic
from fleetsynth.models.realistic.scenario import RealisticScenario
from fleetsynth.presets import resolve
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.data import scenario_from_data
from fleetsynth.presets.load import load_scenario
from fleetsynth.scenario.text import dump_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.plan import Plan

YEAR: dict[str, Any] = {"start_date": "2026-01-01", "end_date": "2026-12-31", "num_servers": 16}
PRESETS = ("classic", "realistic")
ICS = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20200604\r\nRRULE:FREQ=YEARLY\r\n"
    b"SUMMARY:Company\r\n  day\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def plan_of(preset: str, **said: Any) -> Plan:
    return resolve(load_scenario({"preset": preset, **YEAR, **said}))


def frame_of(plan: Plan) -> pd.DataFrame:
    return fleetsynth.to_pandas(plan)


def marked(plan: Plan, place: str, year: int = 2026) -> set[str]:
    days = Days(epoch_day(date(year, 1, 1)), epoch_day(date(year, 12, 31)))
    found = days.index[plan.is_holiday(days, place)]
    return {str(day) for day in found.astype("datetime64[D]")}


# --- where people are ---------------------------------------------------------------------------


LOCAL = {  # of the place and not of its whole country: by which law, see docs/realism.md
    "eu-west-2": {"2026-04-06", "2026-08-31"},  # Easter Monday, August bank holiday
    "eu-central-1": {"2026-06-04"},  # Corpus Christi
    "eu-south-1": {"2026-12-07"},  # Sant'Ambrogio
    "ca-central-1": {"2026-06-24"},  # Saint-Jean-Baptiste
    "sa-east-1": {"2026-07-09"},  # Revolução Constitucionalista
    "ap-south-1": {"2026-02-19"},  # Shivaji Jayanti
    "ap-southeast-2": {"2026-06-08", "2026-10-05"},  # King's Birthday, Labour Day
}


@pytest.mark.parametrize("region", LOCAL)
def test_packaged_regions_have_the_holidays_of_their_place(region: str) -> None:
    plan = plan_of("realistic", regions=[region])
    (place,) = set(plan.countries(0, 16))
    country, _, part = place.partition("-")
    assert part in calendars.subdivisions(country)
    assert LOCAL[region] <= marked(plan, place)
    assert not LOCAL[region] & marked(plan, country)
    frame = frame_of(plan)
    there = frame.loc[frame["is_holiday"] == 1, "timestamp"].dt.strftime("%Y-%m-%d")
    assert set(there) == marked(plan, place)


def test_other_packaged_regions_have_no_part_with_other_holidays_at_work() -> None:
    """US states add days that offices of the state keep; the others have one calendar."""
    whole = {
        region: location["country"]
        for region, location in packaged("realistic")["locations"].items()
        if region not in LOCAL
    }
    assert set(whole.values()) == {"US", "IE", "FR", "SE", "ZA", "SG", "JP", "KR"}
    for country in set(whole.values()) - {"US", "FR"}:
        assert calendars.subdivisions(country) == ()
    assert "IDF" not in calendars.subdivisions("FR")


UNKNOWN = {
    "UK": " (did you mean 'GB'?)",
    "XX": ": give an ISO 3166 code such as IE",
    "Germny": " (did you mean 'DE'?)",
    "de-he": " (did you mean 'DE-HE'?)",
    "DE-XX": " (known: DE-BB, ",
    "DE-Hessen": " (did you mean 'DE-HE'?)",
    "DE-Hesen": " (did you mean 'DE-HE'?)",
    "GB-England": " (did you mean 'GB-ENG'?)",
    "GB-ENGL": " (did you mean 'GB-ENG'?)",
    "IE-D": ": the whole country has the same, give 'IE'",
    "DE-": " (known: DE-BB, ",
    "DE-Qwertz": " (known: DE-BB, ",
}


@pytest.mark.parametrize("place", UNKNOWN)
def test_an_unknown_place_is_told_with_the_nearest(place: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario({"preset": "realistic", "locations": {"eu-west-1": {"country": place}}})
    (problem,) = error.value.problems
    assert problem.path == "locations.eu-west-1.country"
    assert problem.message.startswith("no holidays are known for the ")
    assert UNKNOWN[place] in problem.message


def test_calendar_columns_of_a_frame_know_subdivisions() -> None:
    frame = pd.DataFrame({"timestamp": pd.to_datetime(["2026-04-06", "2026-06-04"])})
    by = {
        place: fleetsynth.add_calendar_features(frame, country=place)["is_holiday"].tolist()
        for place in ("GB", "GB-ENG", "DE", "DE-HE")
    }
    assert by == {"GB": [0, 0], "GB-ENG": [1, 0], "DE": [1, 0], "DE-HE": [1, 1]}
    with pytest.raises(fleetsynth.UsageError, match="did you mean 'DE-HE'"):
        fleetsynth.add_calendar_features(frame, country="DE-Hesse")


# --- dates of their own -------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_added_is_marked_and_what_is_removed_is_not(preset: str) -> None:
    said = {
        "add": [
            {"date": "2026-06-04", "name": "Company day"},
            {"date": "2026-08-13", "to": "2026-08-14", "name": "Shutdown"},
            {"date": "2020-03-03", "name": "Founders", "every": "year"},
            {"date": "2019-03-10", "name": "Gone", "every": "year", "until": "2025-12-31"},
        ],
        "remove": ["2026-07-03", "12-25", "Labor Day"],
    }
    plan = plan_of(preset, regions=["us-east-1"], holidays=said)
    plain = marked(plan_of(preset, regions=["us-east-1"]), "US")
    added = {"2026-06-04", "2026-08-13", "2026-08-14", "2026-03-03"}
    removed = {"2026-07-03", "2026-12-25", "2026-09-07"}
    assert removed <= plain
    assert marked(plan, "US") == (plain | added) - removed
    frame = frame_of(plan)
    there = frame.loc[frame["is_holiday"] == 1, "timestamp"].dt.strftime("%Y-%m-%d")
    assert set(there) == marked(plan, "US")
    own = fleetsynth.add_calendar_features(frame, scenario=plan.scenario)
    assert own["is_holiday"].tolist() == frame["is_holiday"].tolist()


@pytest.mark.parametrize("preset", PRESETS)
def test_only_the_days_that_are_said_change(preset: str) -> None:
    """Beyond the ramps around local midnights no value moves: one draw, another factor."""
    said = {
        "add": [{"date": "2026-06-03", "name": "Company day", "factor": 0.25}],
        "remove": ["11-26"],
    }
    regions = {"regions": ["us-east-1"]}
    plain, other = (frame_of(plan_of(preset, **regions, **x)) for x in ({}, {"holidays": said}))
    columns = [name for name in map(str, plain) if name.endswith("_p95")]
    moved = (plain[columns] != other[columns]).any(axis=1)
    days = set(plain.loc[moved, "timestamp"].dt.strftime("%m-%d"))
    near = {"06-02", "06-03", "06-04", "11-25", "11-26", "11-27"}
    assert {"06-03", "11-26"} <= days <= near
    here = plain["timestamp"] == "2026-06-03"
    assert (other[here]["cpu_p95"].sum()) < 0.9 * plain[here]["cpu_p95"].sum()
    assert (other["is_holiday"] != plain["is_holiday"]).sum() == 2 * YEAR["num_servers"]


def _classic(holidays: dict[str, Any]) -> dict[str, float]:
    scenario = load_scenario({**YEAR, "holidays": holidays})
    assert isinstance(scenario, ClassicScenario)
    (factor,) = (f for f in classic.factors_of(scenario) if f.name == "holiday")
    days = Days(epoch_day(date(2026, 1, 1)), epoch_day(date(2026, 12, 31)))
    values = factor.function(days, None)
    titles = [1.0, *(case.value for case in factor.cases)]
    assert factor.case_of is not None
    assert values.tolist() == [titles[case] for case in factor.case_of(days)]
    return {str(date(2026, 1, 1) + timedelta(i)): value for i, value in enumerate(values.tolist())}


def test_classic_factors_of_own_dates() -> None:
    plain = _classic({})
    changed = _classic(
        {
            "add": [
                {"date": "2026-06-04", "name": "mildest"},
                {"date": "2026-06-05", "name": "said", "factor": 0.9},
                {"date": "2026-07-04", "name": "one that has a factor keeps it"},
                {"date": "2026-01-01", "name": "unless another is said", "factor": 0.8},
                {"date": "2026-06-08", "name": "first", "factor": 0.3},
                {"date": "2026-06-08", "name": "the later one counts", "factor": 0.2},
                {"date": "2026-06-08", "name": "one that says nothing does not"},
                {"date": "2026-06-09", "name": "removed again", "factor": 0.2},
            ],
            "remove": ["12-24", "Christmas Day", "2026-06-09"],
        }
    )
    differ = {day: value for day, value in changed.items() if value != plain[day]}
    assert differ == {
        "2026-06-04": 0.7,
        "2026-06-05": 0.9,
        "2026-01-01": 0.8,
        "2026-06-08": 0.2,
        "2026-12-24": 1.0,
        "2026-12-25": 1.0,
    }
    assert classic.MILDEST == 0.7


def test_realistic_factors_of_own_dates() -> None:
    scenario = load_scenario(
        {
            "preset": "realistic",
            "regions": ["eu-central-1"],
            "holidays": {
                "add": [
                    {"date": "2026-06-04", "name": "as holidays are"},
                    {"date": "2026-06-05", "name": "said", "factor": 0.9},
                    {"date": "2026-06-06", "name": "on a Saturday as weekends are"},
                    {"date": "2026-06-07", "name": "on a Sunday, said", "factor": 0.5},
                ],
                "remove": ["Corpus Christi"],
            },
        }
    )
    assert isinstance(scenario, RealisticScenario)
    figures = {"demand.holiday": 0.4, "demand.weekend": 0.6}
    close = scenario.closes["default"]
    local = realistic.Local(figures, "DE-HE", close, scenario.holidays.own_dates())
    days = Days(epoch_day(date(2026, 6, 3)), epoch_day(date(2026, 6, 8)))
    assert realistic.holiday(days, local).tolist() == [1.0, 0.4, 0.9, 1.0, 0.5, 1.0]


def test_a_leap_day_comes_back_in_leap_years() -> None:
    said = {"add": [{"date": "2020-02-29", "name": "Leap", "every": "year"}], "remove": ["02-29"]}
    own = load_scenario({"holidays": {**said, "remove": []}}).holidays.own_dates()
    for year, there in ((2023, False), (2024, True)):
        assert (calendars.told_days(own, "US", year, year).added.size == 1) is there
    gone = load_scenario({"holidays": said}).holidays.own_dates()
    assert calendars.told_days(gone, "US", 2024, 2024).added.size == 0
    assert calendars.told_days(gone, "US", 2023, 2023).removed.size == 0


def test_days_across_a_new_year_are_those_of_both_years() -> None:
    said = {"add": [{"date": "2020-12-30", "to": "2021-01-02", "name": "Shut", "every": "year"}]}
    own = load_scenario({"holidays": said}).holidays.own_dates()
    days = Days(epoch_day(date(2026, 1, 1)), epoch_day(date(2026, 12, 31)))
    found = days.index[np.isin(days.index, calendars.told_days(own, "US", 2026, 2026).added)]
    assert found.astype("datetime64[D]").astype(str).tolist() == [
        "2026-01-01", "2026-01-02", "2026-12-30", "2026-12-31",
    ]  # fmt: skip


def test_a_name_removes_the_day_on_which_it_is_observed_too() -> None:
    plan = plan_of("classic", holidays={"remove": ["Independence Day"]})
    assert {"2026-07-03", "2026-07-04"} <= marked(plan_of("classic"), "US")
    assert not {"2026-07-03", "2026-07-04"} & marked(plan, "US")


@pytest.mark.parametrize("name", ["Christmas Day", "Erster Weihnachtstag"])
def test_a_name_is_english_or_in_the_language_of_the_country(name: str) -> None:
    plan = plan_of("realistic", regions=["eu-central-1"], holidays={"remove": [name]})
    assert "2026-12-25" not in marked(plan, "DE-HE")
    assert "2026-12-26" in marked(plan, "DE-HE")


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a misspelt name": (
        {"remove": ["Chrismas Day"]}, "holidays.remove.0",
        "no holiday of US is called 'Chrismas Day' (did you mean 'Christmas Day'?)",
    ),
    "no such date": ({"remove": ["2026-02-30"]}, "holidays.remove.0", "'2026-02-30' is not"),
    "no such day": ({"remove": ["13-01"]}, "holidays.remove.0", "'13-01' is not a valid date"),
    "no name": ({"add": [{"date": "2026-06-04"}]}, "holidays.add.0", "missing name"),
    "no date": ({"add": [{"date": "June", "name": "x"}]}, "holidays.add.0.date", "'June' is not"),
    "an end before": (
        {"add": [{"date": "2026-06-04", "to": "2026-06-03", "name": "x"}]}, "holidays.add.0",
        "it ends on 2026-06-03, before it begins on 2026-06-04",
    ),
    "too long": (
        {"add": [{"date": "2026-06-04", "to": "2028-06-03", "name": "x"}]}, "holidays.add.0",
        "731 days in a row are too many: 366 at most",
    ),
    "until without every": (
        {"add": [{"date": "2026-06-04", "until": "2028-06-03", "name": "x"}]}, "holidays.add.0",
        "say every: year, too",
    ),
    "another key": (
        {"form": "company.ics"}, "holidays.form", "unknown key 'form' (did you mean 'from'?)",
    ),
    "a factor below 0": (
        {"add": [{"date": "2026-06-04", "name": "x", "factor": -1}]}, "holidays.add.0.factor",
        "greater than or equal to 0",
    ),
    "a file that is none": ({"from": 3}, "holidays.from", "string"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("preset", PRESETS)
def test_bad_dates_are_told(preset: str, what: str) -> None:
    said, path, message = BAD[what]
    with pytest.raises(ScenarioError) as error:
        load_scenario({"preset": preset, "regions": ["us-east-1"], "holidays": said})
    (problem,) = error.value.problems
    assert problem.path == path
    assert message in problem.message


# --- files --------------------------------------------------------------------------------------


def test_a_file_stands_in_the_resolved_scenario(tmp_path: Path) -> None:
    (tmp_path / "company.ics").write_bytes(ICS)
    written = tmp_path / "mine.yaml"
    written.write_text(
        "holidays:\n  from: company.ics\n  add: [{date: 2026-08-03, name: Own}]\n", "utf-8"
    )
    scenario = load_scenario(written)
    expected = [
        {"date": "2020-06-04", "name": "Company day", "every": "year"},
        {"date": "2026-08-03", "name": "Own"},
    ]
    assert scenario.to_dict()["holidays"] == {"add": expected, "remove": []}
    (tmp_path / "company.ics").unlink()
    again = tmp_path / "again.yaml"
    again.write_text(dump_yaml(scenario), "utf-8")
    assert load_scenario(again) == scenario == load_scenario(scenario.to_dict())
    assert resolve(load_scenario(again)).digest == resolve(scenario).digest


def test_a_file_is_found_beside_the_scenario_or_where_the_override_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    for folder, name in (("", "Beside"), ("here", "Here")):
        (tmp_path / folder / "a.ics").write_bytes(ICS.replace(b"Company\r\n  day", name.encode()))
    written = tmp_path / "mine.yaml"
    written.write_text("holidays: {from: a.ics}\n", "utf-8")
    monkeypatch.chdir(tmp_path / "here")
    assert load_scenario(written).holidays.add[0].name == "Beside"
    told = load_scenario(written, overrides={"holidays.from": "a.ics"})
    assert told.holidays.add[0].name == "Here"
    assert load_scenario({"holidays": {"from": "a.ics"}}).holidays.add[0].name == "Here"


def test_a_file_that_cannot_be_read_is_one_problem_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.ics").write_bytes(ICS.replace(b"20200604", b"20200604T090000"))
    written = tmp_path / "mine.yaml"
    for name, message in (
        ("bad.ics", "bad.ics, line 3: DTSTART is '20200604T090000', a time of day"),
        ("none.ics", "cannot read the calendar none.ics: No such file"),
        (".", "cannot read the calendar .: not a regular file"),
        ("a\\0b", "cannot read the calendar"),
    ):
        written.write_text(f'seed: x\nholidays:\n  from: "{name}"\n', "utf-8")
        with pytest.raises(ScenarioError) as error:
            load_scenario(written)
        problem, other = error.value.problems
        assert other.path == "seed"
        assert problem.path == "holidays.from"
        assert problem.where == "mine.yaml, line 3"
        assert problem.message.startswith(message)


def test_a_scenario_that_comes_with_data_names_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "company.ics"
    secret.write_bytes(ICS)
    with pytest.raises(InputError, match=r"names a file, holidays\.from"):
        scenario_from_data({"holidays": {"from": str(secret)}}, "data.parquet")


# --- closed days --------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_closed_days_move_the_servers_of_the_unit_alone(preset: str) -> None:
    said = {"Retail": {"weekdays": ["Wednesday"], "dates": ["05-08"], "factor": 0.2}}
    plain, other = (frame_of(plan_of(preset, **x)) for x in ({}, {"closed": said}))
    columns = [name for name in map(str, plain) if name.endswith("_p95")]
    moved = (plain[columns] != other[columns]).any(axis=1)
    assert set(plain.loc[moved, "business_unit"]) == {"Retail"}
    near = {1, 2, 3} if preset == "realistic" else {2}
    times = plain.loc[moved, "timestamp"]
    by_date = times.dt.strftime("%m-%d").isin(["05-07", "05-08", "05-09"])
    assert by_date.any()
    assert set(times[~by_date].dt.day_of_week) <= near
    closed = (plain["business_unit"] == "Retail") & (plain["timestamp"].dt.day_of_week == 2)
    assert other[closed]["cpu_p95"].sum() < 0.8 * plain[closed]["cpu_p95"].sum()


def test_without_a_factor_a_closed_day_is_as_a_weekend_and_weekends_stay() -> None:
    scenario = load_scenario(
        {
            "closed": {
                "Retail": {"weekdays": ["Friday", "Saturday"]},
                "default": {"dates": ["06-03"]},
            }
        }
    )
    days = Days(epoch_day(date(2026, 6, 1)), epoch_day(date(2026, 6, 7)))
    assert isinstance(scenario, ClassicScenario)
    by_unit = {f.unit: f for f in classic.factors_of(scenario) if f.name == "closed"}
    assert set(by_unit) == set(scenario.business_units)
    profile = scenario.archetypes["web"]
    assert by_unit["Retail"].function(days, profile).tolist() == [1, 1, 1, 1, 0.5, 1, 1]
    assert by_unit["Wealth"].function(days, profile).tolist() == [1, 1, 0.5, 1, 1, 1, 1]


BAD_CLOSED = {
    "an unknown unit": (
        {"Retial": {"dates": ["06-03"]}}, "closed.Retial",
        "no business unit 'Retial' (did you mean 'Retail'?)",
    ),
    "no day": ({"Retail": {"factor": 0.2}}, "closed.Retail", "no day is closed"),
    "no weekday": ({"Retail": {"weekdays": ["Fri"]}}, "closed.Retail.weekdays.0", "'Friday'"),
    "no date": ({"Retail": {"dates": ["Easter"]}}, "closed.Retail.dates.0", "'Easter' is not"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_CLOSED)
@pytest.mark.parametrize("preset", PRESETS)
def test_bad_closed_days_are_told(preset: str, what: str) -> None:
    said, path, message = BAD_CLOSED[what]
    with pytest.raises(ScenarioError) as error:
        load_scenario({"preset": preset, "closed": said})
    (problem,) = error.value.problems
    assert problem.path == path
    assert message in problem.message


# --- what is made of it -------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_said_is_nothing_changed(preset: str) -> None:
    plain = plan_of(preset)
    said = plan_of(preset, holidays={"add": [], "remove": []}, closed={})
    assert said.digest == plain.digest
    assert plain.own_dates == calendars.NO_DATES
    other = plan_of(preset, holidays={"remove": ["2026-12-25"]})
    assert other.digest != plain.digest


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_made_is_valid_and_can_be_reported(preset: str, tmp_path: Path) -> None:
    """The law of the values is that of the scenario, its own days included, and no other."""
    said: dict[str, Any] = {
        "holidays": {
            "add": [
                {"date": "2026-06-03", "name": "Day", "factor": 0.4},
                {"date": "2026-06-10", "name": "None", "factor": 0.0},
            ],
            "remove": ["11-26"],
        },
        "closed": {"Retail": {"weekdays": ["Wednesday"], "factor": 0.3}},
    }
    plan = plan_of(preset, num_servers=40, **said)
    path = tmp_path / "made.parquet"
    fleetsynth.generate(plan, path)
    report = fleetsynth.validate(path)
    assert report.ok, str(report)
    html = fleetsynth.report(path, tmp_path / "report.html")
    assert html
