"""Random fleets to which random things happen: no cut, and no longer story, changes any of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsynth.ledger import table
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window
from tests.ledger.fleets import inside, ledger_of, values_of

FIRST, DAYS, SERVERS = date(2024, 3, 4), 12, 6
KINDS = ("outage", "surge", "dependency", "leak", "maintenance", "noisy_neighbour", "disk_fill")
EFFECTS: tuple[dict[str, Any], ...] = (
    {"demand": 1.7},
    {"cpu": 15, "disk": -5},
    {"capacity": 0.5, "memory": 10},
    {"network": 3},
    {"down": True},
)


@st.composite
def _told(draw: st.DrawFn, place: int) -> dict[str, Any]:
    begin = FIRST + timedelta(draw(st.integers(-5, DAYS)))
    hour = draw(st.integers(0, 23))
    out: dict[str, Any] = {
        "kind": "change",
        "name": f"told{place}",
        "at": f"{begin} {hour:02d}:30",
        **draw(st.sampled_from(EFFECTS)),
    }
    if draw(st.booleans()):
        out["for"] = draw(st.sampled_from(["1min", "5h", "3d"]))
        often = [{}, {"every": "80h"}, {"every": "week"}, {"every": "month"}]
        out |= draw(st.sampled_from(often))
    out |= draw(st.sampled_from([{}, {"ramp": "2h"}, {"ramp": "9d"}]))
    whom = [{}, {"share": 0.5}, {"servers": "server_001..server_003"}, {"business_unit": "Retail"}]
    return out | draw(st.sampled_from(whom))


@st.composite
def _fleets(draw: st.DrawFn) -> dict[str, Any]:
    classic = {"assignment": "interleaved"}
    realistic = {"preset": "realistic", "sample_interval": "1h"}
    out: dict[str, Any] = draw(st.sampled_from([classic, realistic]))
    out = out | {
        "num_servers": SERVERS,
        "start_date": FIRST,
        "end_date": FIRST + timedelta(DAYS - 1),
        "granularity": "hourly",
        "seed": draw(st.integers(0, 99)),
        "events": [draw(_told(place)) for place in range(draw(st.integers(0, 3)))],
        "incidents": {
            "intensity": 1,
            "deploy": {"days": 4},
            **{kind: {"per_quarter": draw(st.sampled_from([0, 9]))} for kind in KINDS},
        },
    }
    origin = {"growth_start": FIRST} if "preset" in out else {"growth.span": [FIRST, FIRST]}
    if draw(st.booleans()):
        out |= {"fleet_growth": {"per_month": 9}, "retire": {"mean_years": 0.1}}
    if draw(st.booleans()):
        out |= {"holidays": {"add": [{"date": FIRST, "name": "Own", "factor": 0.3}]}}
        out |= {"closed": {"Retail": {"weekdays": ["Friday"], "factor": 0}}}
    return out | origin


def _plan(said: dict[str, Any], **more: Any) -> Any:
    said = said | more
    span = said.pop("growth.span", None)
    return as_plan(said | ({"growth": {"mode": "monthly", "span": span}} if span else {}))


def _rows(plan: Any, window: Window) -> dict[tuple[int, int], tuple[int, ...]]:
    """Published values by server and tick."""
    block = simulate(plan, window)
    values = block.values.reshape(len(block.values), -1).T.tolist()
    if block.server is None or block.tick is None:
        server, tick = np.divmod(np.arange(window.cells), window.shape[1])
    else:
        server, tick = block.server, block.tick
    places = zip(
        (server + window.first_server).tolist(), (tick + window.first_tick).tolist(), strict=True
    )
    return {place: tuple(row) for place, row in zip(places, values, strict=True)}


def _all(plan: Any) -> dict[tuple[int, int], tuple[int, ...]]:
    return _rows(plan, Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop))


@settings(max_examples=25, deadline=None)
@given(_fleets(), st.integers(0, SERVERS), st.integers(1, DAYS * 24 - 1))
def test_any_cut_has_the_rows_of_the_whole(said: dict[str, Any], server: int, tick: int) -> None:
    plan = _plan(said)
    size, first, stop = plan.fleet.size, plan.clock.first, plan.clock.stop
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for servers in ((0, server), (server, size)):
        for ticks in ((first, first + tick), (first + tick, stop)):
            if servers[0] < servers[1]:
                found |= _rows(plan, Window(servers[0], servers[1], ticks[0], ticks[1]))
    assert found == _all(plan)


@settings(max_examples=20, deadline=None)
@given(_fleets(), st.integers(1, 30), st.integers(1, 9), st.integers(0, 20))
def test_a_longer_story_of_more_servers_keeps_rows_and_events(
    said: dict[str, Any], later: int, more: int, earlier: int
) -> None:
    small = _plan(said)
    grows = {} if "fleet_growth" in said else {"num_servers": SERVERS + more}
    large = _plan(
        said,
        start_date=FIRST - timedelta(earlier),
        end_date=FIRST + timedelta(DAYS + later),
        **grows,
    )
    span = table.span_of(small)
    few, many = ledger_of(small), ledger_of(large)
    names = {event.event_id for event in few}
    assert len(names) == len(few)
    assert set(few) <= set(many)
    there = set(small.fleet.server_ids(0, small.fleet.size))
    assert {e for e in many if e.entity in there and e.touches(*span)} <= set(few)
    whole = _all(large)
    assert all(whole[place] == row for place, row in _all(small).items())


@settings(max_examples=20, deadline=None)
@given(_fleets())
def test_outside_the_windows_of_events_nothing_differs(said: dict[str, Any]) -> None:
    said = {key: value for key, value in said.items() if key not in ("fleet_growth", "retire")}
    on, off = _plan(said), _plan(said, events=[], incidents={"intensity": 0})
    differs = values_of(on) != values_of(off)
    assert not (differs & ~inside(on, ledger_of(on))).any()
