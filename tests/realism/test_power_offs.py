"""Power-offs as the realistic ledger has them: as often and as long as of real machines."""

from math import log
from statistics import median, stdev
from typing import Any

import pytest

from fleetsynth.ledger.each import of_each
from fleetsynth.ledger.table import span_of
from fleetsynth.presets import as_plan
from tests.realism.test_level_shifts import QUARTER


def seen_off(seed: int, **more: Any) -> tuple[float, list[float]]:
    """Return the per cent of servers that are off in a quarter, and the hours as seen in it."""
    plan = as_plan(QUARTER | {"num_servers": 1200, "estate": "enterprise", "seed": seed} | more)
    span = span_of(plan)
    off = [
        [event for event in events if event.kind == "power_off"]
        for events in of_each(plan, 0, plan.fleet.size)
    ]
    hours = [
        (min(event.end or span.stop, span.stop) - max(event.begin, span.first)) / 3600
        for events in off
        for event in events
    ]
    return 100 * sum(map(bool, off)) / len(off), hours


@pytest.mark.parametrize("seed", [1, 2])
def test_power_offs_are_as_on_the_virtual_machines_of_a_real_estate(seed: int) -> None:
    share, hours = seen_off(seed)
    # Three standard errors about what was seen of the real estate: 24, 108 and 1.5.
    assert 20 <= share <= 28
    assert 78 <= median(hours) <= 150
    assert 1.2 <= stdev(map(log, hours)) <= 1.7


def test_a_fleet_that_is_switched_off_otherwise_is_noticed() -> None:
    assert seen_off(1, incidents={"power_off": {"archetypes": {}}})[0] < 20
    assert median(seen_off(1, incidents={"power_off": {"hours": [8, 336]}})[1]) < 78
