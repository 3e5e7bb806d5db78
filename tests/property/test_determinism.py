"""What does not decide a value does not change it: windows, other servers, spans, switches."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetsynth.models.classic.draws import Draws, draw
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.models.classic.simulate import components
from fleetsynth.presets import simulate
from fleetsynth.streams import Stream
from fleetsynth.window import Window
from tests.support import ids, plan_of, whole

HOURLY = plan_of(num_servers=9, granularity="hourly", end_date="2022-02-28")
# Longer than the simulation's own portions of 16,384 ticks.
MINUTES = plan_of(num_servers=3, granularity="1min", end_date="2022-01-13")
PLANS = {"hourly": HOURLY, "1min": MINUTES}
WHOLE = {name: simulate(plan, whole(plan)).values for name, plan in PLANS.items()}
START, END = date(2023, 12, 20), date(2024, 2, 10)
OVERLAP = {"num_servers": 6, "start_date": START, "end_date": END}


def _span(size: int) -> st.SearchStrategy[tuple[int, int]]:
    ends = st.tuples(st.integers(0, size), st.integers(0, size))
    return ends.map(lambda pair: (min(pair), max(pair))).filter(lambda pair: pair[0] < pair[1])


@st.composite
def _windows(draw_from: st.DrawFn) -> tuple[str, tuple[int, int], tuple[int, int]]:
    name = draw_from(st.sampled_from(sorted(PLANS)))
    plan = PLANS[name]
    return name, draw_from(_span(plan.fleet.size)), draw_from(_span(plan.clock.count))


def _draws(plan: ClassicPlan) -> Draws:
    return draw(plan, whole(plan), Stream())


def _part(draws: Draws, servers: slice, ticks: slice) -> tuple[list[Any], list[Any]]:
    return draws.z[:, servers, ticks].tolist(), draws.u[servers, ticks].tolist()


@given(_windows())
@example(("1min", (0, 3), (16_383, 16_385)))
@example(("1min", (2, 3), (0, 13 * 1440)))
@example(("hourly", (8, 9), (511, 513)))
def test_any_window_has_the_values_of_the_whole(
    window: tuple[str, tuple[int, int], tuple[int, int]],
) -> None:
    name, (server, stop_server), (tick, stop_tick) = window
    plan, first = PLANS[name], PLANS[name].clock.first
    made = simulate(plan, Window(server, stop_server, first + tick, first + stop_tick)).values
    assert np.array_equal(made, WHOLE[name][:, server:stop_server, tick:stop_tick])


@given(_windows())
def test_components_of_a_window_are_those_that_are_published(
    window: tuple[str, tuple[int, int], tuple[int, int]],
) -> None:
    name, (server, stop_server), (tick, stop_tick) = window
    stop_tick = min(stop_tick, tick + 2_000)
    first = PLANS[name].clock.first
    made = components(PLANS[name], Window(server, stop_server, first + tick, first + stop_tick))
    assert np.array_equal(made.hundredths, WHOLE[name][:, server:stop_server, tick:stop_tick])


@given(
    more=st.integers(0, 60),
    earlier=st.integers(0, 700),
    later=st.integers(0, 700),
    assignment=st.sampled_from(["blocks", "interleaved"]),
)
def test_more_servers_and_a_longer_span_leave_every_draw_of_the_overlap_unchanged(
    more: int, earlier: int, later: int, assignment: str
) -> None:
    small = plan_of(OVERLAP | {"assignment": assignment})
    large = plan_of(
        num_servers=6 + more,
        start_date=START - timedelta(days=earlier),
        end_date=END + timedelta(days=later),
        assignment=assignment,
    )
    servers, ticks = slice(0, 6), slice(earlier, earlier + small.clock.count)
    assert _part(_draws(large), servers, ticks) == _part(_draws(small), slice(None), slice(None))
    before, after = small.fleet.metadata(0, 6), large.fleet.metadata(0, 6)
    kinds = before.pop("server_type"), after.pop("server_type")
    assert before == after
    assert ids(small) == ids(large)[:6]
    assert assignment == "blocks" or kinds[0] == kinds[1]


def test_blocks_move_the_borders_of_archetypes_and_nothing_else() -> None:
    small, large = plan_of(OVERLAP), plan_of(OVERLAP | {"num_servers": 60})
    kinds = [plan.fleet.metadata(0, 6)["server_type"] for plan in (small, large)]
    assert kinds[0] != kinds[1]
    same = [i for i in range(6) if kinds[0][i] == kinds[1][i]]
    assert same
    values = [simulate(plan, whole(plan)).values for plan in (small, large)]
    assert np.array_equal(values[0][:, same], values[1][:, same])


def test_with_a_pinned_growth_span_a_continuation_keeps_every_value() -> None:
    pinned = {"growth.span": [START, END], "assignment": "interleaved"}
    short = plan_of(OVERLAP | pinned)
    longer = plan_of(OVERLAP | pinned | {"end_date": END + timedelta(days=90), "num_servers": 20})
    kept = simulate(longer, whole(longer)).values[:, :6, : short.clock.count]
    assert np.array_equal(kept, simulate(short, whole(short)).values)


# Each switch with the values that it may touch: rows of (spiking or not), days, metrics.
YEAR = {"num_servers": 8, "start_date": date(2024, 1, 1), "end_date": date(2024, 12, 31)}


def _quarter_ends(plan: ClassicPlan) -> NDArray[np.bool_]:
    days = plan.clock.seconds(plan.clock.first, plan.clock.stop).astype("datetime64[s]")
    stamps = [day.item() for day in days]
    last = {3: 31, 6: 30, 9: 30, 12: 31}
    return np.array([ts.month in last and ts.day > last[ts.month] - 5 for ts in stamps])


def _fixed_holidays(plan: ClassicPlan) -> NDArray[np.bool_]:
    days = plan.clock.seconds(plan.clock.first, plan.clock.stop).astype("datetime64[s]")
    dates = [(day.item().month, day.item().day) for day in days]
    single = {(1, 1), (7, 4)}
    return np.array(
        [d in single or (11, 22) <= d <= (11, 28) or (12, 24) <= d <= (12, 31) for d in dates]
    )


@pytest.mark.parametrize("switch", ["quarterly_peaks", "holiday_effect"])
def test_switching_a_factor_off_changes_its_days_alone(switch: str) -> None:
    on, off = plan_of(YEAR), plan_of(YEAR, **{switch: False})
    touched = (_quarter_ends if switch == "quarterly_peaks" else _fixed_holidays)(on)
    one, other = components(on, whole(on)), components(off, whole(off))
    assert np.array_equal(one.noise, other.noise)
    assert np.array_equal(one.spike, other.spike)
    changed = one.signal != other.signal
    assert not changed[:, :, ~touched].any()
    assert not changed[2].any()  # disk does not follow demand
    assert changed[[0, 1, 3]][:, :, touched].all()


def test_switching_spikes_off_changes_spiking_rows_alone() -> None:
    on, off = plan_of(YEAR), plan_of(YEAR, spikes=False)
    one, other = components(on, whole(on)), components(off, whole(off))
    assert one.spike.any()
    assert not other.spike.any()
    assert np.array_equal(one.noise, other.noise)
    assert np.array_equal(one.level, other.level)
    changed = one.signal != other.signal
    assert not changed[:, ~one.spike].any()
    assert changed[[0, 1, 3]][:, one.spike].all()
    assert not changed[2].any()


def test_a_changed_archetype_leaves_the_others_alone() -> None:
    changes: dict[str, Any] = {
        "archetypes.database.base_cpu": 36.0,
        "archetypes.database.spike_probability": 0.5,
    }
    one, other = plan_of(YEAR), plan_of(YEAR | changes)
    kinds = np.array(one.fleet.metadata(0, 8)["server_type"])
    changed = simulate(one, whole(one)).values != simulate(other, whole(other)).values
    assert not changed[:, kinds != "database"].any()
    assert changed[0, kinds == "database"].mean() > 0.9


@given(
    one=st.tuples(st.integers(-3, 3), st.integers(0, 3)),
    other=st.tuples(st.integers(-3, 3), st.integers(0, 3)),
)
def test_other_seeds_and_servers_draw_other_numbers(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    first = HOURLY.clock.first
    made = []
    for seed, server in (one, other):
        plan = plan_of(seed=seed, num_servers=9, granularity="hourly", end_date="2022-02-28")
        made.append(draw(plan, Window(server, server + 1, first, first + 600), Stream()))
    differ = one != other
    assert (made[0].z != made[1].z).all() == differ
    assert (made[0].u != made[1].u).all() == differ


def test_another_step_draws_other_numbers() -> None:
    """Otherwise midnights of hourly data would repeat parts of daily data."""
    tables = [
        _draws(plan_of(num_servers=1, granularity=step, end_date="2022-01-20")).z[0, 0]
        for step in ("daily", "hourly", "30min")
    ]
    numbers = np.concatenate(tables)
    assert len(np.unique(numbers)) == len(numbers)


def test_every_draw_of_a_plan_is_another_number() -> None:
    draws = _draws(plan_of(num_servers=20, end_date="2025-12-31"))
    assert len(np.unique(draws.z)) == draws.z.size
    assert len(np.unique(draws.u)) == draws.u.size
