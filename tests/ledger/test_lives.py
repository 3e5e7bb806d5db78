"""Servers that come and go: their events, who carries their load, and rows only while they live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetsynth.ledger import table
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window
from tests.ledger.fleets import ledger_of, planned, values_of

SAID: dict[str, Any] = {
    "preset": "realistic",
    "start_date": "2024-01-01",
    "growth_start": "2024-01-01",
    "num_servers": 40,
    "fleet_growth": {"per_month": 5, "steps": [{"date": "2024-03-01", "servers": 7}]},
    "retire": {"mean_years": 3},
    "events": [{"kind": "decommission", "at": "2024-06-01", "share": 0.2}],
}


@pytest.fixture(scope="module", params=["realistic", "classic"])
def said(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "realistic":
        return SAID
    return {k: v for k, v in SAID.items() if k not in ("preset", "growth_start")} | {
        "assignment": "interleaved",
        "incidents": {"intensity": 1},
        "growth": {"span": ["2024-01-01", "2026-12-31"]},
    }


def test_a_longer_span_has_the_same_lives_and_events(said: dict[str, Any]) -> None:
    short, long = (as_plan(said | {"end_date": end}) for end in ("2024-12-31", "2026-06-30"))
    few, many = ledger_of(short), set(ledger_of(long))
    assert long.fleet.size > short.fleet.size + 50
    assert [event for event in few if event not in many] == []
    lives = [event for event in few if event.kind == "life"]
    assert len(lives) == len({event.entity for event in lives})


def test_rows_are_those_of_the_lives_in_the_ledger(said: dict[str, Any]) -> None:
    plan = as_plan(said | {"end_date": "2024-12-31"})
    block = simulate(plan, Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop))
    seconds = plan.clock.seconds(plan.clock.first, plan.clock.stop)
    expected = np.zeros(block.window.shape, bool)
    names = plan.fleet.server_ids(0, plan.fleet.size)
    for event in ledger_of(plan):
        if event.kind == "life":
            alive = (seconds >= event.begin) & (event.end is None or (seconds < event.end))
            expected[names.index(event.entity)] = alive
    server, tick, _ = block.listed()
    there = np.zeros_like(expected)
    there[server, tick] = True
    assert (there == expected).all()
    assert 0.2 < there.mean() < 0.8
    assert plan.rows == block.rows == there.sum()


def test_no_event_of_a_server_lies_outside_its_life(said: dict[str, Any]) -> None:
    found = ledger_of(as_plan(said | {"end_date": "2024-12-31"}))
    lives = {event.entity: event for event in found if event.kind == "life"}
    theirs = [event for event in found if event.entity in lives and event.kind != "life"]
    assert len(theirs) > 50
    for event in theirs:
        life = lives[event.entity]
        assert event.touches(life.begin, (life.end or 1 << 60) + 1), event


def test_a_decommissioned_server_hands_its_load_over() -> None:
    off = planned("realistic")
    services = off.fleet.services(0, 24)
    gone = next(row for row, name in enumerate(services) if services.count(name) > 2)
    siblings = [row for row, name in enumerate(services) if name == services[gone]]
    name = off.fleet.server_ids(gone, gone + 1)[0]
    told = [{"kind": "decommission", "at": "2024-03-01", "servers": name}]
    on = planned("realistic", events=told)
    window = Window(0, 24, on.clock.first, on.clock.stop)
    after = simulate(on, window)
    server, tick, values = after.listed()
    first_gone = tick[server == gone].max() + 1
    seconds = on.clock.seconds(on.clock.first, on.clock.stop)
    assert seconds[first_gone] == np.datetime64("2024-03-01", "s").astype(int)
    before = values_of(off)
    for row in range(24):
        if row == gone:
            continue
        mine = values[:, server == row]
        changed = (mine != before[:, row]).any(axis=0)
        assert not changed[:first_gone].any()
        assert changed.any() == (row in siblings)
    assert {event.kind for event in table.events(on, 0, 24)} >= {"decommission", "life", "failover"}


def test_servers_that_come_later_can_be_told_of(said: dict[str, Any]) -> None:
    events = [{"kind": "decommission", "at": "2024-11-01", "servers": "server_060"}]
    plan = as_plan(said | {"end_date": "2024-12-31", "events": events})
    (event,) = (event for event in ledger_of(plan) if event.kind == "decommission")
    assert event.entity == "server_060"
