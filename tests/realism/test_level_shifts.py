"""Level shifts as the ledger of the realistic preset has them: as many as on real fleets."""

from itertools import pairwise
from typing import Any

import pytest

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.kinds.kind import Event
from fleetsynth.ledger.each import of_each
from fleetsynth.ledger.table import span_of
from fleetsynth.plan import Plan
from fleetsynth.presets import as_plan

QUARTER = {
    "preset": "realistic",
    "num_servers": 400,
    "start_date": "2024-01-01",
    "end_date": "2024-03-30",
    "granularity": "5min",
    "include_calendar": False,
}
SHARE, LASTS = 0.25, 5 * DAY_SECONDS


def shifted_share(plan: Plan) -> float:
    """Return the per cent of servers whose level changes by a quarter and stays for five days.

    A level is the product of what lasts, of versions and of what is told; what comes before a
    change is compared with what comes after it, each of which lasts five days within the span.
    """
    found = of_each(plan, 0, plan.fleet.size)
    hit = [any(abs(change) >= SHARE for change in changes(plan, events)) for events in found]
    return 100 * sum(hit) / len(hit)


def changes(plan: Plan, events: tuple[Event, ...]) -> list[float]:
    span = span_of(plan)
    lasting = [event for event in events if event.effects and (event.stays or event.end is None)]
    inside = {event.begin for event in lasting if span.first < event.begin < span.stop}
    edges = [span.first, *sorted(inside), span.stop]
    levels = [level(lasting, begin) for begin, _ in pairwise(edges)]
    out = []
    for (one, other), (begin, at), (_, end) in zip(
        pairwise(levels), pairwise(edges), pairwise(edges[1:]), strict=False
    ):
        if at - begin >= LASTS and end - at >= LASTS:
            out.append(other / one - 1)
    return out


def level(lasting: list[Event], second: int) -> float:
    out = 1.0
    for event in lasting:
        if event.touches(second, second + 1):
            for effect in event.effects:
                out *= effect.size if effect.channel == "demand" else 1.0
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_level_shifts_hit_as_many_servers_as_on_real_fleets(seed: int) -> None:
    assert 13 <= shifted_share(as_plan(QUARTER | {"seed": seed})) <= 35


def test_a_fleet_that_is_deployed_to_otherwise_is_noticed() -> None:
    for rates in ({"sigma": 0.05}, {"days": 20.0, "sigma": 0.3}):
        incidents: dict[str, Any] = {"intensity": 1, "deploy": rates}
        share = shifted_share(as_plan(QUARTER | {"seed": 1, "incidents": incidents}))
        assert not 13 <= share <= 35
