"""A longer span, a larger fleet, another step or another cut: the same events and values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from fleetsynth.ledger import table
from fleetsynth.ledger.sources import Span
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window
from tests.ledger.fleets import PRESETS, ledger_of, only, planned, values_of

SAID: dict[str, Any] = {
    "preset": "realistic",
    "start_date": "2024-01-01",
    "growth_start": "2024-01-01",
    "incidents": {"intensity": 1},
    "events": [
        {"kind": "maintenance", "at": "2024-01-06 02:00", "for": "4h", "every": "month"},
        {"kind": "migration", "at": "2024-06-01", "business_unit": "Retail", "share": 0.3},
        {"kind": "freeze", "from": "2024-12-15", "to": "2025-01-05"},
        {"kind": "load_test", "at": "2024-02-29 10:00", "for": "2h", "every": "quarter"},
    ],
}


def test_the_ledger_of_a_small_fleet_is_part_of_that_of_a_large_one() -> None:
    small = as_plan(SAID | {"num_servers": 64, "end_date": "2024-12-31"})
    large = as_plan(SAID | {"num_servers": 400, "end_date": "2026-12-31"})
    few, many = ledger_of(small), ledger_of(large)
    assert len(few) > 500
    assert len({event.event_id for event in few}) == len(few)
    assert set(few) - set(many) == set()
    assert len(many) > 10 * len(few)


def test_a_later_begin_keeps_what_touches_it() -> None:
    whole = as_plan(SAID | {"num_servers": 40, "end_date": "2025-06-30"})
    later = as_plan(
        SAID | {"num_servers": 40, "start_date": "2024-11-03", "end_date": "2025-06-30"}
    )
    span = table.span_of(later)
    touching = [event for event in ledger_of(whole) if event.touches(*span)]
    assert sorted(touching) == sorted(ledger_of(later))


@pytest.mark.parametrize("step", ["1h", "1min"])
def test_the_step_of_samples_moves_no_event(step: str) -> None:
    said = SAID | {"num_servers": 30, "end_date": "2024-05-31"}
    assert ledger_of(as_plan(said)) == ledger_of(as_plan(said | {"sample_interval": step}))


def test_a_higher_rate_keeps_the_events_of_a_lower_one() -> None:
    low = only("leak", "surge")
    low["leak"] = low["surge"] = {"per_quarter": 1.0}
    high = {**low, "leak": {"per_quarter": 2.0}}
    few, many = (set(ledger_of(planned("realistic", incidents=each))) for each in (low, high))
    assert few < many


@pytest.mark.parametrize("preset", PRESETS)
def test_any_cut_gives_the_same_values(preset: str) -> None:
    kinds = ("deploy", "surge", "outage", "dependency", "leak", "noisy_neighbour")
    told = [{"kind": "load_test", "at": "2024-03-09 10:00", "for": "2h", "every": "day"}]
    plan = planned(preset, incidents=only(*kinds), events=told)
    whole, clock = values_of(plan), plan.clock
    rng = np.random.default_rng(3)
    for _ in range(12):
        first, stop = sorted(rng.choice(plan.fleet.size + 1, 2, replace=False).tolist())
        begin, end = sorted(rng.choice(clock.count + 1, 2, replace=False).tolist())
        window = Window(first, stop, clock.first + begin, clock.first + end)
        cut = simulate(plan, window).values
        assert (cut == whole[:, first:stop, begin:end]).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_selection_of_servers_has_the_events_of_the_whole(preset: str) -> None:
    from dataclasses import replace

    plan = planned(preset, incidents=only("outage", "surge", "leak"))
    rows = np.array([1, 2, 7, 13, 20])
    part = replace(plan, fleet=plan.fleet.select(rows))
    assert (values_of(part) == values_of(plan)[:, rows]).all()


def test_a_shorter_search_finds_less() -> None:
    plan = planned("realistic", incidents=only("leak"))
    span = table.span_of(plan)
    half = Span(span.first, (span.first + span.stop) // 2)
    assert len(list(table.events(plan, 0, 24, half))) < len(ledger_of(plan))


DARK = SAID | {
    "num_servers": 40,
    "end_date": "2024-12-31",
    "events": [
        {"kind": "blackout", "name": "a", "at": "2024-03-01", "for": "20d", "region": "us-east-1"},
        {"kind": "blackout", "name": "b", "at": "2024-03-20", "for": "20d", "region": "us-east-1"},
        {"kind": "blackout", "name": "c", "at": "2024-03-05", "for": "60d", "share": 0.5},
        {"kind": "decommission", "name": "d", "at": "2024-05-01", "share": 0.5},
        {"kind": "decommission", "name": "e", "at": "2024-06-01", "region": "us-east-1"},
    ],
}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-03-01", "2024-03-15"),
        ("2024-03-10", "2024-03-12"),
        ("2024-03-25", "2024-04-30"),
        ("2024-04-20", "2024-05-30"),
        ("2024-07-01", "2024-07-31"),
    ],
)
def test_who_carries_what_does_not_depend_on_the_span(start: str, end: str) -> None:
    """Downs that overlap are one, whether they lie in the span or beyond it."""
    whole = ledger_of(as_plan(DARK))
    part = as_plan(DARK | {"start_date": start, "end_date": end})
    touching = [event for event in whole if event.touches(*table.span_of(part))]
    assert sorted(touching) == sorted(ledger_of(part))
    assert {"failover", "unserved"} <= {event.kind for event in touching}


def test_months_keep_the_day_or_take_their_last_one() -> None:
    event = {"kind": "load_test", "at": "2024-01-31 20:00", "for": "2h", "every": "month"}
    plan = planned("classic", num_servers=1, end_date="2025-03-31", events=[event])
    begins = [f"{datetime.fromtimestamp(each.begin, UTC):%m-%d %H}" for each in ledger_of(plan)]
    assert begins[:4] == ["02-29 20", "03-31 20", "04-30 20", "05-31 20"]
    assert begins[-2:] == ["02-28 20", "03-31 20"]


def test_servers_that_are_never_up_are_looked_up_in_finite_time() -> None:
    incidents = only() | {"outage": {"per_quarter": 20.0, "hours": [1500.0, 1536.0]}}
    plan = planned("realistic", incidents=incidents)
    assert any(event.kind == "unserved" for event in ledger_of(plan))
