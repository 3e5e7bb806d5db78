"""What events do, against a twin that goes by one number at a time; and who carries what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from fleetsynth.ledger.find import of_server, of_service
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.models.realistic.happened import levels_of
from fleetsynth.models.realistic.simulate import samples
from fleetsynth.whom import servers_of
from fleetsynth.window import Window
from tests.ledger import twin
from tests.ledger.fleets import only, planned, values_of

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Event
    from fleetsynth.models.realistic.samples import Samples
    from fleetsynth.plan import Plan

EVERYTHING = only(
    "deploy", "surge", "dependency", "outage", "runaway", "noisy_neighbour", "leak", "disk_fill"
)
TOLD = [
    {"kind": "change", "at": "2024-03-20 00:00", "capacity": "x2", "region": "eu-west-1"},
    {"kind": "launch", "at": "2024-03-02", "ramp": "9d", "archetype": ["web", "application"]},
    {"kind": "load_test", "at": "2024-02-21 04:10", "for": "55min", "every": "3d", "ramp": "20min"},
    {"kind": "change", "from": "2024-03-01", "to": "2024-03-09", "network": "x0.5", "share": 0.4},
    {"kind": "steady_growth", "from": "2024-02-25", "to": "2024-04-02", "archetype": "web"},
    {"kind": "memory_creep", "from": "2024-02-21 07:00", "to": "2024-03-30 09:01", "share": 0.5},
    {"kind": "maintenance", "at": "2024-02-24 01:03", "for": "95min", "every": "week"},
]


def spans(plan: Plan, first: int, stop: int) -> Samples:
    return samples(plan, Window(0, plan.fleet.size, first, stop))  # type: ignore[arg-type]


def happened(plan: Plan, first: int, stop: int) -> list[tuple[list[Event], list[Event]]]:
    """Events of each server, and of its service."""
    step = plan.clock.step
    span = Span(first * step, stop * step)
    sources = sources_of(plan)
    return [
        (list(of_server(sources, who, span)), list(of_service(plan, who, span).events))
        for who in servers_of(plan.fleet, 0, plan.fleet.size)
    ]


def felt(server: list[Event], service: list[Event], channel: str, second: int) -> list[float]:
    """What acts on a server: its own events, then those of its service."""
    return [*twin.felt(server, channel, second), *twin.felt(service, channel, second)]


@pytest.mark.parametrize("begin", [0, 2_000, 9_500])
def test_realistic_values_are_those_of_the_twin(begin: int) -> None:
    off = planned("realistic")
    on = planned("realistic", incidents=EVERYTHING, events=TOLD)
    first, stop = off.clock.first + begin, off.clock.first + begin + 700
    before, after = spans(off, first, stop), spans(on, first, stop)
    picked = np.random.default_rng(begin).choice(700, 60, replace=False)
    seen = 0
    for row, (server, service) in enumerate(happened(on, first, stop)):
        for place in picked.tolist():
            second = (first + place) * 300
            events = server + service
            memory, disk = before.held[row, place], before.disk[row, place]
            memory = after.memory[row, place]  # what follows demand is checked by its own
            for points in felt(server, service, "memory", second):
                memory += points
            for size in felt(server, service, "capacity", second):
                memory /= size
            for points in felt(server, service, "disk", second):
                disk += points
            cpu = after.cpu[row, place]
            for points in felt(server, service, "cpu", second):
                cpu += points
            for channel in ("cores", "capacity"):
                for size in felt(server, service, channel, second):
                    cpu /= size
            down = twin.is_down(events, second)
            shown = [after.shown_cpu, after.shown_memory, after.shown_disk]
            expected = [0.0 if down else cpu, 0.0 if down else memory, disk]
            found = [series[row, place] for series in shown]
            assert found == expected, (row, second, events)
            seen += len(events)
    assert seen > 1000


def test_demand_is_multiplied_by_all_that_act_on_it_and_by_the_share() -> None:
    off = planned("realistic")
    on = planned("realistic", incidents=EVERYTHING, events=TOLD)
    first, stop = off.clock.first + 3_000, off.clock.first + 3_600
    before, after = spans(off, first, stop), spans(on, first, stop)
    for row, (server, service) in enumerate(happened(on, first, stop)):
        for place in range(0, 600, 7):
            second = (first + place) * 300
            relative = before.relative[row, place]
            for size in twin.felt(service, "demand", second) + twin.felt(server, "demand", second):
                relative *= size
            carried = after.relative[row, place] / relative if relative else 1.0
            others_down = any(
                event.kind == "failover" and event.begin <= second < (event.end or second + 1)
                for event in service
            )
            assert carried == pytest.approx(1.0, rel=1e-12) or others_down
            assert carried >= 1.0 - 1e-12


def test_failover_conserves_demand() -> None:
    """What the servers of a service carry is what is asked for, unless nobody is up."""
    off = planned("realistic", num_servers=60)
    on = planned("realistic", num_servers=60, incidents=only("outage"))
    first, stop = off.clock.first, off.clock.first + 6_000
    before, after = spans(off, first, stop), spans(on, first, stop)
    servers = servers_of(on.fleet, 0, 60)
    span = Span(first * 300, stop * 300)
    checked = unserved = carried = 0
    for name in {who.service for who in servers}:
        rows = [row for row, who in enumerate(servers) if who.service == name]
        service = of_service(on, servers[rows[0]], span)
        if len(rows) < len(service.servers):
            continue  # some of its servers would only be in a larger fleet
        levels = levels_of(on, service)  # type: ignore[arg-type]
        down = np.zeros((len(rows), stop - first), bool)
        for place, theirs in enumerate(service.downs):
            for begin, end in theirs:
                down[place, max(0, -(-begin // 300) - first) : max(0, -(-end // 300) - first)] = 1
        asked = sum(level * before.relative[rows[0]] for level in levels)
        surges = np.array(
            [np.prod(twin.felt(service.events, "demand", t * 300)) for t in range(first, stop)]
        )
        served = np.where(down, 0.0, after.relative[rows] * np.array(levels)[:, None]).sum(axis=0)
        up = ~down.all(axis=0)
        if not sum(levels):
            continue
        assert np.abs(served / np.where(asked, asked * surges, 1.0) - 1)[up].max() <= 1e-12
        checked += 1
        unserved += int((~up).sum())
        carried += int(down.any(axis=0).sum())
    assert checked > 5
    assert unserved > 0
    assert carried > 1000


def test_classic_demand_multiplies_before_noise_and_down_is_zero() -> None:
    told = [{"kind": "blackout", "from": "2024-03-01", "to": "2024-03-02", "share": 0.5}]
    off, on = planned("classic"), planned("classic", events=told)
    values, events = values_of(on), list(happened_classic(on))
    assert events
    seconds = on.clock.seconds(on.clock.first, on.clock.stop)
    for row, theirs in events:
        down_at = [twin.is_down(theirs, second) for second in seconds.tolist()]
        assert not values[[0, 1, 3, 4], row][:, down_at].any()
    assert (values[2] == values_of(off)[2]).all()  # what is on a disk stays there


def happened_classic(plan: Plan) -> list[tuple[int, tuple[Event, ...]]]:
    step = plan.clock.step
    span = Span(plan.clock.first * step, plan.clock.stop * step)
    sources = sources_of(plan)
    found = [
        (row, of_server(sources, who, span))
        for row, who in enumerate(servers_of(plan.fleet, 0, plan.fleet.size))
    ]
    return [(row, events) for row, events in found if events]
