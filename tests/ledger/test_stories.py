"""Stories of services: when they come, how far they lead, and what they leave alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fleetsynth.errors import ScenarioError
from fleetsynth.kinds import STORIES
from fleetsynth.kinds.kind import Stories
from fleetsynth.ledger import stories, table
from fleetsynth.ledger.sources import sources_of
from fleetsynth.presets import as_plan, simulate
from fleetsynth.whom import servers_of
from fleetsynth.window import Window
from tests.ledger import twin
from tests.ledger.fleets import inside, ledger_of, values_of

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan

YEARS: dict[str, Any] = {
    "num_servers": 16,
    "start_date": "2022-01-01",
    "end_date": "2024-12-31",
    "granularity": "1h",
    "incidents": {"intensity": 0},
}
PRESETS: dict[str, dict[str, Any]] = {
    "realistic": {
        "preset": "realistic",
        "sample_interval": "1h",
        "distribution": {"web": 0.2, "database": 0.3, "batch": 0.5},
    },
    "classic": {"assignment": "interleaved"},
}


def told_of(*kinds: str, share: float = 1.0, **figures: Any) -> dict[str, Any]:
    """Stories of some kinds alone."""
    weights = {kind: {"weight": float(kind in kinds)} for kind in STORIES}
    return {"share": share} | {k: w | (figures if k in kinds else {}) for k, w in weights.items()}


@cache
def plan_of(preset: str, *kinds: str) -> Plan:
    said = told_of(*kinds) if kinds else {"share": 0}
    return as_plan(YEARS | PRESETS[preset] | {"stories": said})


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", STORIES)
def test_a_kind_changes_its_windows_and_nothing_else(preset: str, kind: str) -> None:
    off, on = plan_of(preset), plan_of(preset, kind)
    events = ledger_of(on)
    assert {event.kind for event in events} == {kind}
    changed = values_of(off) != values_of(on)
    assert changed.any()
    assert not (changed & ~inside(on, events)).any()


def test_one_story_less_changes_its_window_and_nothing_else() -> None:
    on = as_plan(YEARS | PRESETS["realistic"] | {"stories": {"share": 1}})
    events = ledger_of(on)
    gone = [event for event in events if event.begin > 0][:3]
    without = [event.event_id for event in gone]
    off = as_plan(YEARS | PRESETS["realistic"] | {"stories": {"share": 1, "without": without}})
    assert [event for event in events if event not in gone] == ledger_of(off)
    changed = values_of(off) != values_of(on)
    assert changed.any()
    assert not (changed & ~inside(on, gone)).any()


@pytest.mark.parametrize("preset", PRESETS)
def test_any_cut_gives_the_same_values(preset: str) -> None:
    plan = plan_of(preset, *STORIES)
    whole, clock = values_of(plan), plan.clock
    rng = np.random.default_rng(3)
    for _ in range(12):
        first, stop = sorted(rng.choice(plan.fleet.size + 1, 2, replace=False).tolist())
        begin, end = sorted(rng.choice(clock.count + 1, 2, replace=False).tolist())
        window = Window(first, stop, clock.first + begin, clock.first + end)
        assert (simulate(plan, window).values == whole[:, first:stop, begin:end]).all()


FLEET: dict[str, Any] = {
    "preset": "realistic",
    "start_date": "2024-01-01",
    "growth_start": "2024-01-01",
    "incidents": {"intensity": 0},
    "stories": {"share": 0.5},
}


def test_the_stories_of_a_small_fleet_are_part_of_those_of_a_large_one() -> None:
    small = as_plan(FLEET | {"num_servers": 64, "end_date": "2024-12-31"})
    large = as_plan(FLEET | {"num_servers": 200, "end_date": "2026-12-31"})
    few, many = ledger_of(small), ledger_of(large)
    assert len(few) > 5
    assert set(few) < set(many)


def test_a_later_begin_keeps_what_touches_it() -> None:
    whole = as_plan(FLEET | {"num_servers": 64, "end_date": "2026-12-31"})
    later = as_plan(
        FLEET | {"num_servers": 64, "start_date": "2025-07-01", "end_date": "2026-12-31"}
    )
    span = table.span_of(later)
    touching = [event for event in ledger_of(whole) if event.touches(*span)]
    assert sorted(touching) == sorted(ledger_of(later))


@pytest.mark.parametrize("step", ["1h", "1min"])
def test_the_step_of_samples_moves_no_story(step: str) -> None:
    said = FLEET | {"num_servers": 64, "end_date": "2024-12-31"}
    assert ledger_of(as_plan(said)) == ledger_of(as_plan(said | {"sample_interval": step}))


def test_a_larger_share_keeps_the_stories_of_a_smaller_one() -> None:
    said = FLEET | {"num_servers": 200, "end_date": "2025-12-31"}
    few, many = (
        set(ledger_of(as_plan(said | {"stories": {"share": share}}))) for share in (0.2, 0.4)
    )
    assert few < many


def test_more_weight_takes_from_others_and_leaves_the_rest() -> None:
    said = FLEET | {"num_servers": 200, "end_date": "2025-12-31"}
    before = ledger_of(as_plan(said))
    after = ledger_of(as_plan(said | {"stories": {"share": 0.5, "disk_creep": {"weight": 4}}}))
    moved = set(after) - set(before)
    assert moved
    assert {event.kind for event in moved} == {"disk_creep"}
    assert {event.entity for event in after} >= {event.entity for event in before}


@pytest.mark.parametrize("preset", PRESETS)
def test_stories_are_those_of_the_twin(preset: str) -> None:
    plan = as_plan(YEARS | PRESETS[preset] | {"num_servers": 90, "stories": {"share": 1}})
    sources = sources_of(plan)
    middle = (plan.clock.first + plan.clock.stop) // 2 * plan.clock.step
    seen = 0
    for who in servers_of(plan.fleet, 0, plan.fleet.size):
        kinds = sources.stories[who.archetype]
        kind = stories.kind_of(sources.seed, who.service, 1.0, kinds)
        assert kind is not None
        found = list(stories.find(sources.seed, kind, who.service, kinds[kind], middle, middle + 1))
        want = twin.story(sources.seed, who.service, middle, kinds)
        assert want is not None
        assert [(kind, *each) for each in found] == ([want] if want[2] > middle else [])
        seen += len(found)
    assert seen > 5


@cache
def _grown() -> tuple[Plan, list[Event], np.ndarray[Any, np.dtype[np.int32]]]:
    said = YEARS | PRESETS["realistic"] | {"granularity": "daily", "num_servers": 60}
    plan = as_plan(said | {"stories": {"share": 1}})
    return plan, ledger_of(plan), values_of(plan)


def _rows(plan: Plan, event: Event) -> list[int]:
    names = plan.fleet.services(0, plan.fleet.size)
    return [row for row, name in enumerate(names) if name == event.entity]


def test_stories_lead_where_they_say() -> None:
    """Most servers of a service come to 80 % and more; those of one differ by a fifth or so."""
    plan, events, values = _grown()
    stems = {"demand": "cpu", "memory": "mem", "disk": "disk"}
    reached = []
    for event in events:
        drawn = STORIES[event.kind].drawn
        assert isinstance(drawn, Stories)
        if drawn.of != "capacity" or drawn.reach[0] < 80 or event.end is None:
            continue
        top = max(at for at, strength in event.course if strength == 1.0)
        stop = (event.begin + int(top * (event.end - event.begin))) // 86400 - plan.clock.first
        metric = [m.stem for m in plan.metrics].index(stems[event.effects[0].channel])
        for row in _rows(plan, event) if 20 < stop < plan.clock.count else []:
            lately = np.sort(values[metric, row, stop - 14 : stop])
            reached.append(lately[-3] >= 8000)
    assert len(reached) > 40
    assert np.mean(reached) > 0.75


def test_stories_begin_and_end_without_a_jump() -> None:
    plan, events, _ = _grown()
    assert {event.kind for event in events} == set(STORIES)
    for event in events:
        assert event.end is not None
        assert twin.share(event, event.begin) == 0.0
        assert twin.share(event, event.end - 1) < 1e-4
        assert event.end - event.begin < stories.PERIOD_DAYS * 86400
        apart = [other for other in events if other.entity == event.entity and other is not event]
        assert not any(other.touches(event.begin, event.end) for other in apart)
    assert plan.clock.count > 1000


def test_what_cannot_be_is_refused() -> None:
    said = {
        "share": 0.1,
        "decline": {"archetypes": {"webb": 1}, "months": [3, 40]},
        "without": ["leak-server_007-20240312T0410"],
    }
    with pytest.raises(ScenarioError) as error:
        as_plan({"preset": "realistic", "stories": said})
    text = str(error.value)
    assert "stories.decline" in text
    assert "0.5 to 36" in text
    said["decline"] = {"archetypes": {"webb": 1}}
    with pytest.raises(ScenarioError) as error:
        as_plan({"preset": "realistic", "stories": said})
    text = str(error.value)
    assert "did you mean 'web'" in text
    assert "not a valid id of a story" in text
    gone = {"share": 0.1, "without": ["decline-web-000-20240312T0410"]}
    with pytest.raises(ScenarioError, match="no event is called"):
        as_plan({"preset": "realistic", "stories": gone})
    told = {"kind": "decline", "from": "2024-01-01", "to": "2024-06-30", "ramp": "2d"}
    with pytest.raises(ScenarioError, match="a course of its own"):
        as_plan({"events": [told]})
