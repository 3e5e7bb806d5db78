"""When servers come and go: counts, dates and draws."""

from datetime import date, timedelta
from math import floor, log1p, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.clock import epoch_day, from_epoch_day
from fleetsynth.errors import ScenarioError
from fleetsynth.lives import NEVER, SHORTEST_DAYS, Births, Lives
from fleetsynth.presets import as_plan, resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.streams import encode, uniform
from tests.support import plan_of

ORIGIN = date(2024, 1, 31)
DAY = epoch_day(ORIGIN)
GROWS = {"assignment": "interleaved", "fleet_growth": {"per_month": 5}}


def _days(births: Births, count: int) -> list[int]:
    found: list[int] = births.days(np.arange(count)).tolist()
    return found


def _ids(count: int) -> list[bytes]:
    return [encode(f"server_{i:03d}") for i in range(count)]


def test_births_are_spaced_evenly_through_each_month() -> None:
    """Of 30 days: the 1st, with 29 days to 29 February, then from there, 31 to 31 March."""
    days = [from_epoch_day(day) for day in _days(Births(date(2024, 4, 1), 5.0), 10)]
    assert [day.day for day in days] == [4, 10, 16, 22, 28, 4, 10, 16, 22, 28]
    assert {day.month for day in days[:5]} == {4}
    of_year = [from_epoch_day(day) for day in _days(Births(ORIGIN, 1.0), 12)]
    borders = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
    for day, begin, end in zip(of_year, borders, borders[1:], strict=False):
        assert begin <= day < end


def test_less_than_one_a_month_is_one_in_some_months() -> None:
    days = [from_epoch_day(day) for day in _days(Births(date(2024, 1, 1), 0.5), 3)]
    assert days == [date(2024, 2, 1), date(2024, 4, 1), date(2024, 6, 1)]


_STEPS = st.lists(st.tuples(st.integers(DAY, DAY + 900), st.integers(1, 40)), max_size=4)


@given(per_month=st.sampled_from([0.0, 0.3, 1.0, 5.0, 77.5]), steps=_STEPS)
def test_births_are_in_order_and_as_many_as_are_counted(
    per_month: float, steps: list[tuple[int, int]]
) -> None:
    births = Births(ORIGIN, per_month, tuple(steps))
    end = DAY + 800
    total = births.until(end)
    days = _days(births, total)
    assert days == sorted(days)
    assert not days or DAY <= days[0] <= days[-1] <= end
    for day in range(DAY - 3, end, 97):
        assert births.until(day) == sum(each <= day for each in days)
    monthly = _days(Births(ORIGIN, per_month), Births(ORIGIN, per_month).until(end))
    alone = [day for day, count in steps if day <= end for _ in range(count)]
    assert days == sorted(monthly + alone)


@given(later=st.integers(0, 900))
def test_a_later_end_only_adds(later: int) -> None:
    steps = [{"date": "2022-05-01", "servers": 7}, {"date": "2023-05-01", "servers": 9}]
    keys = {"num_servers": 10, "assignment": "interleaved"}
    keys |= {"fleet_growth": {"per_month": 2, "steps": steps}, "retire": {"mean_years": 1}}
    end = date(2022, 8, 1)
    short = plan_of(keys | {"end_date": end})
    long = plan_of(keys | {"end_date": end + timedelta(days=later)})
    size = short.fleet.size
    assert long.fleet.size >= size
    for one, other in zip(_lives(short, size), _lives(long, size), strict=True):
        assert np.array_equal(one, other)


def _lives(plan: Any, size: int) -> tuple[np.ndarray[Any, Any], ...]:
    found: tuple[np.ndarray[Any, Any], ...] = plan.fleet.days_of_life(0, size)
    return found


def test_draws_are_those_of_the_addresses() -> None:
    """Lengths are exponential, ages even; written out one server at a time."""
    size, mean = 300, 700.0
    begin, end = Lives(7, ORIGIN, size, None, mean).days(np.arange(size), _ids(size))
    for i in range(size):
        name = f"server_{i:03d}"
        age = floor(uniform(7, "life", "age", name) * mean)
        length = floor(round(-log1p(-uniform(7, "life", "length", name)) * 2**20) / 2**20 * mean)
        assert begin[i] == DAY - 1 - age
        assert end[i] == DAY + max(length, SHORTEST_DAYS)


def test_lengths_have_the_mean_that_is_said() -> None:
    """Within five standard errors: a false alarm in two million fixed seeds."""
    size, years = 20_000, 4.0
    plan = as_plan({"num_servers": size, "retire": {"mean_years": years}, "seed": 3})
    _, end = _lives(plan, size)
    lengths = (end - epoch_day(plan.origin)) / 365.25
    assert abs(lengths.mean() - years) < 5 * years / sqrt(size) + 1 / 365
    assert lengths.min() * 365.25 == pytest.approx(SHORTEST_DAYS)
    share = as_plan({"num_servers": size, "retire": {"share_per_year": 0.2}, "seed": 3})
    ended = (_lives(share, size)[1] < epoch_day(plan.origin) + 365.25).mean()
    assert abs(ended - 0.2) < 5 * sqrt(0.2 * 0.8 / size)


def test_born_servers_live_from_their_birth_on() -> None:
    plan = as_plan({"num_servers": 50, "retire": {"mean_years": 2}} | GROWS)
    begin, end = _lives(plan, plan.fleet.size)
    origin = epoch_day(plan.origin)
    assert (begin[:50] < origin).all()
    assert (begin[50:] >= origin).all()
    assert (end - np.maximum(begin, origin) >= SHORTEST_DAYS).all()


def test_what_is_told_takes_the_place_of_what_is_drawn() -> None:
    def told(index: Any, begin: Any, end: Any) -> tuple[Any, Any]:
        return np.where(index == 2, DAY + 5, begin), np.where(index == 3, DAY + 7, end)

    begin, end = Lives(7, ORIGIN, 4, told=told).days(np.arange(4), _ids(4))
    assert (begin < DAY).tolist() == [True, True, False, True]
    assert end.tolist() == [NEVER, NEVER, NEVER, DAY + 7]


def test_the_origin_is_where_growth_begins() -> None:
    span = {"growth": {"span": ["2021-06-01", "2026-01-01"]}}
    realistic = {"preset": "realistic"}
    assert as_plan(span).origin == date(2021, 6, 1)
    assert as_plan({}).origin == as_plan(realistic).origin == date(2022, 1, 1)
    assert as_plan(realistic | {"growth_start": "2021-06-01"}).origin == date(2021, 6, 1)
    assert as_plan(span | GROWS).fleet.size == 120 + 5 * (12 * 4 + 7)


def test_an_end_before_the_data_leaves_no_tick() -> None:
    keys = {"retire": {"mean_years": 0.2}, "growth": {"span": ["2012-01-01", "2026-01-01"]}}
    plan = as_plan(keys | {"num_servers": 20})
    assert plan.rows == 0
    assert not plan.is_full
    assert plan.is_gapless


NOTHING: list[dict[str, Any]] = [
    {"fleet_growth": None},
    {"fleet_growth": {}},
    {"fleet_growth": {"steps": []}},
    {"fleet_growth": {"per_month": 0}},
    {"retire": None},
]


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
def test_what_says_nothing_changes_no_digest(nothing: dict[str, Any]) -> None:
    scenario = load_scenario(nothing)
    assert resolve(scenario).digest == as_plan({}).digest
    assert scenario.to_dict() == load_scenario({}).to_dict()
    assert resolve(scenario).is_full


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_a_scenario_with_lives_is_read_back_as_written(preset: str) -> None:
    steps = [{"date": "2023-05-01", "servers": 9}]
    said = {"preset": preset, "assignment": "interleaved", "retire": {"share_per_year": 0.1}}
    scenario = load_scenario(said | {"fleet_growth": {"per_month": 2, "steps": steps}})
    assert load_scenario(scenario.to_dict()) == scenario
    assert resolve(scenario).digest != as_plan({"preset": preset}).digest


def test_a_fleet_beyond_any_number_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"servers by 2025-12-31 are too many, at fleet_growth"):
        as_plan({"num_servers": 10**15} | GROWS)


def test_a_fleet_too_large_to_count_is_planned_at_once() -> None:
    plan = as_plan({"num_servers": 10**12, "retire": {"mean_years": 4}})
    assert plan.rows is None
    assert plan.comings_and_goings is None
    assert plan.lives(10**12 - 3, 10**12) is not None


@given(
    per_month=st.sampled_from([0.0, 0.3, 5.0, 40.0]),
    steps=st.lists(st.tuples(st.integers(DAY, DAY + 90), st.integers(1, 9)), max_size=8),
)
def test_births_are_those_of_days_taken_one_by_one(
    per_month: float, steps: list[tuple[int, int]]
) -> None:
    births = Births(ORIGIN, per_month, tuple(steps))
    born: list[int] = []
    for day in range(DAY, DAY + 92):
        born += [day] * (births.until(day) - len(born))
    assert _days(births, len(born)) == born
