"""Every table of the specification (docs/model.md), against the public functions and the data."""

from collections import Counter
from dataclasses import fields
from datetime import date, datetime, timedelta

import numpy as np
import pytest

import fleetsynth
from fleetsynth import ServerType
from fleetsynth.metrics import METRICS
from fleetsynth.plan import Plan
from fleetsynth.specification.names import ARCHETYPE_PROFILES
from tests import twin
from tests.support import ARCHETYPES, plan_of

LAST_FIVE = (1.06, 1.12, 1.18, 1.24, 1.30)
QUARTERS = [(3, 31), (6, 30), (9, 30), (12, 31)]
HOLIDAYS = {
    (1, 1): 0.5,
    (7, 4): 0.7,
    **{(11, day): 0.7 for day in range(22, 29)},
    (12, 24): 0.7,
    **{(12, day): 0.6 for day in range(25, 32)},
}
BUSINESS = {"web": 1.6, "application": 1.5, "database": 1.3, "batch": 0.8}
WEEKEND = {"web": 0.5, "application": 0.6, "database": 0.7, "batch": 1.2}


def _year(year: int) -> list[datetime]:
    first = datetime(year, 1, 1)
    return [
        first + timedelta(days=i) for i in range(366) if (first + timedelta(days=i)).year == year
    ]


def test_a_fleet_of_120_is_42_web_48_application_18_database_and_12_batch() -> None:
    fleet = fleetsynth.assign_archetypes_to_fleet(120)
    assert Counter(fleet.values()) == {"web": 42, "application": 48, "database": 18, "batch": 12}
    blocks = ["web"] * 42 + ["application"] * 48 + ["database"] * 18 + ["batch"] * 12
    assert fleet == {f"server_{i:03d}": name for i, name in enumerate(blocks)}


def test_assignment_takes_a_distribution_by_server_type_and_an_unknown_name() -> None:
    halves = {ServerType.BATCH: 0.5, "gpu": 0.5}
    assert list(fleetsynth.assign_archetypes_to_fleet(4, halves).values()) == [
        *["batch"] * 2,
        *["gpu"] * 2,
    ]
    mixed = fleetsynth.assign_archetypes_to_fleet(4, halves, "interleaved")
    assert Counter(mixed.values()) == {"batch": 2, "gpu": 2}
    assert list(mixed) == ["server_000", "server_001", "server_002", "server_003"]


@pytest.mark.parametrize("year", [1968, 2022, 2023, 2024, 2100])
@pytest.mark.parametrize(("month", "last"), QUARTERS)
def test_quarter_end_rises_over_the_last_five_days(year: int, month: int, last: int) -> None:
    days = [datetime(year, month, day) for day in range(last - 5, last + 1)]
    got = fleetsynth.quarterly_peak_factor(days)
    np.testing.assert_allclose(got, [1.0, *LAST_FIVE], atol=1e-15, rtol=0)
    assert fleetsynth.quarterly_peak_factor(days[-1] + timedelta(days=1)) == 1.0
    assert fleetsynth.quarterly_peak_factor(days[-1].replace(hour=23)) == pytest.approx(1.3)


@pytest.mark.parametrize("year", [2023, 2024])
def test_every_other_day_of_a_year_has_no_quarter_end_factor(year: int) -> None:
    days = _year(year)
    factors = fleetsynth.quarterly_peak_factor(days)
    assert len(days) == (366 if year == 2024 else 365)
    raised = {(day.month, day.day) for day, f in zip(days, factors, strict=True) if f != 1.0}
    assert raised == {(month, last - i) for month, last in QUARTERS for i in range(5)}


@pytest.mark.parametrize("year", [1969, 2022, 2023, 2024, 2025])
def test_holiday_factor_by_date(year: int) -> None:
    days = _year(year)
    expected = [HOLIDAYS.get((day.month, day.day), 1.0) for day in days]
    assert fleetsynth.holiday_factor(days).tolist() == expected
    evening = [day.replace(hour=23, minute=59) for day in days]
    assert fleetsynth.holiday_factor(evening).tolist() == expected


@pytest.mark.parametrize("name", ARCHETYPES)
@pytest.mark.parametrize(
    ("hour", "minute", "busy"),
    [(0, 0, False), (8, 59, False), (9, 0, True), (12, 30, True), (17, 59, True), (18, 0, False)],
)
def test_business_hours_and_weekends(name: str, hour: int, minute: int, busy: bool) -> None:
    """Batch is the other way round: less in office hours, more at weekends."""
    server = fleetsynth.get_archetype(name, "server_000")
    monday = datetime(2024, 5, 13, hour, minute)
    week = [monday + timedelta(days=i) for i in range(7)]
    by_hour = BUSINESS[name] if busy else 1.0
    expected = [by_hour * 1.0] * 5 + [by_hour * WEEKEND[name]] * 2
    assert server.get_time_factor(week).tolist() == expected


def test_profiles_hold_the_figures_of_the_table() -> None:
    assert set(ARCHETYPE_PROFILES) == set(twin.PROFILES) == set(ARCHETYPES)
    for name, expected in twin.PROFILES.items():
        profile = fleetsynth.ARCHETYPE_PROFILES[ServerType(name)]
        names = [field.name for field in fields(expected)]
        assert set(names) == set(type(profile).model_fields)
        assert {n: getattr(profile, n) for n in names} == {n: getattr(expected, n) for n in names}


def test_growth_over_the_span_takes_published_cpu_from_35_00_to_35_35() -> None:
    plan = plan_of(
        {
            "archetypes.database.cpu_variance": 0.0,
            "archetypes.database.weekend_factor": 1.0,
            "distribution": {"database": 1.0},
        },
        num_servers=1,
        quarterly_peaks=False,
        holiday_effect=False,
        spikes=False,
    )
    cpu = fleetsynth.to_table(plan)["cpu_p95"].to_pylist()
    assert (cpu[0], cpu[730], cpu[-1]) == (35.0, 35.17, 35.35)
    assert sorted(cpu) == cpu


def test_generate_correlated_metrics_grows_by_its_trend_factor() -> None:
    calm = fleetsynth.load_scenario(
        overrides={"archetypes.database.cpu_variance": 0.0, "spikes": False}
    )
    server = fleetsynth.get_archetype("database", "server_000", scenario=calm)
    made = server.generate_correlated_metrics([datetime(2024, 5, 13)] * 3, 1.0, [0.0, 0.5, 1.0])
    assert made["cpu_p95"].tolist() == [35.0, 35.17, 35.35]


@pytest.mark.parametrize(
    ("name", "in_four_years"), [("web", 44), ("database", 15), ("application", 29), ("batch", 117)]
)
def test_spike_probabilities_expect_so_many_in_four_years_of_days(
    name: str, in_four_years: int
) -> None:
    probability = ARCHETYPE_PROFILES[ServerType(name)].spike_probability
    assert round(probability * 1461) == in_four_years


def test_metrics_have_the_bounds_of_the_table_and_reach_them(default_plan: Plan) -> None:
    bounds = {metric.column: (metric.low, metric.high) for metric in METRICS}
    percent = (0.0, 100.0)
    assert bounds == {
        "cpu_p95": percent,
        "mem_p95": percent,
        "disk_p95": percent,
        "net_in_p95": (0.0, 1000.0),
        "net_out_p95": (0.0, 600.0),
    }
    wild = {f"archetypes.web.{n}_variance": 900.0 for n in ("cpu", "memory", "disk", "network")}
    table = fleetsynth.to_table(plan_of(wild, num_servers=2, end_date=date(2022, 12, 31)))
    for column, (low, high) in bounds.items():
        values = np.array(table[column].to_pylist())
        assert (values.min(), values.max()) == (low, high)
    assert default_plan.clock.count == 1461


def test_january_1st_of_2024_is_tick_730_of_the_default_span(default_plan: Plan) -> None:
    first = default_plan.clock.first
    seconds = default_plan.clock.seconds(first, default_plan.clock.stop)
    stamps = seconds.astype("datetime64[s]").astype("datetime64[D]")
    assert str(stamps[0]) == "2022-01-01"
    assert str(stamps[546]) == "2023-07-01"
    assert str(stamps[730]) == "2024-01-01"
    assert str(stamps[-1]) == "2025-12-31"
