"""What events do to samples: to what services are asked for, who serves it, and what servers show.

The order is that of docs/events.md: demand is multiplied first, then shared out to the servers that
are up; CPU, memory and disk space take what is added, then capacity divides; what is down shows 0.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.ledger import effects, find
from fleetsynth.ledger.effects import Felt, Piece, Ticks
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.models.realistic import parameters
from fleetsynth.numeric import rounded
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.models.realistic.plan import RealisticPlan

    Floats = NDArray[np.float64]

_ON = (
    ("cpu", 0, effects.add),
    ("cores", 0, effects.divide),
    ("capacity", 0, effects.divide),
    ("memory", 1, effects.add),
    ("capacity", 1, effects.divide),
    ("memory_size", 1, effects.divide),
    ("disk", 2, effects.add),
    ("disk_size", 2, effects.divide),
    ("network", 3, effects.multiply),
    ("network", 4, effects.multiply),
)
"""Channel, index of the series that it acts on, and how, in the order in which they act."""

_OFF = (0, 1, 3, 4)
"""Series that are 0 where a server is down."""
_ACTS = (*_ON, *(("down", index, effects.switch_off) for index in _OFF))


class Happened(NamedTuple):
    """What events do to some services and servers over some samples.

    Attributes:
        grid: the samples.
        services: events of each service, in the order of `Members.services`.
        servers: events of each server, by its id.
        shares: what each server's part of the demand is multiplied by, by its id.
        service_of: index of each server's service, by the server's id.
    """

    grid: Ticks
    services: Sequence[tuple[Event, ...]]
    servers: dict[str, tuple[Event, ...]]
    shares: dict[str, list[Piece]]
    service_of: dict[str, int]

    def on_services(self, relative: Floats) -> Floats:
        """Return relative demand with the events of services, shape (services, samples)."""
        found = effects.felt(self.services, self.grid).get("demand", ())
        if found:
            relative = relative.copy()
            effects.multiply(relative, found)
        return relative

    def on_demand(self, names: Sequence[str], relative: Floats) -> None:
        """Multiply servers' relative demand by their own events and their share, in place."""
        own = effects.felt((self.servers.get(name, ()) for name in names), self.grid)
        effects.multiply(relative, own.get("demand", ()))
        for row, name in enumerate(names):
            effects.multiply(relative, ((row, piece) for piece in self.shares.get(name, ())))

    def felt(self, names: Sequence[str]) -> Felt:
        """Return what the events of servers and of their services do to the servers."""
        return effects.felt(map(self._all, names), self.grid)

    def _all(self, name: str) -> tuple[Event, ...]:
        """Return the events of a server and its service."""
        return self.servers.get(name, ()) + self.services[self.service_of[name]]


def shown(felt: Felt, index: int, series: Floats) -> Floats:
    """Return what servers show before limits, given what they would without events.

    Args:
        felt: what events do, row by row.
        index: 0 to 4 for cpu, memory, disk, traffic in, traffic out.
        series: shape (servers, samples); not changed.
    """
    out = series
    for channel, of, act in _ACTS:
        found = felt.get(channel, ()) if of == index else ()
        if found:
            if out is series:
                out = series.copy()
            act(out, found)
    return out


def switch_off(felt: Felt, index: int, hundredths: NDArray[np.int32]) -> None:
    """Publish 0 where servers are down, in place, shape (servers, samples)."""
    if index in _OFF:
        effects.switch_off(hundredths, felt.get("down", ()))


def happened(
    plan: RealisticPlan, first: int, stop: int, services: Sequence[str], grid: Ticks
) -> Happened | None:
    """Return what events do to servers first..stop-1 and their services; None if there are none.

    Args:
        plan: what servers belong to.
        first: first server.
        stop: one past the last.
        services: names of their services.
        grid: the samples.
    """
    if not sources_of(plan).any:
        return None
    span = Span(grid.first * grid.step, grid.stop * grid.step)
    servers = servers_of(plan.fleet, first, stop)
    of, events = find.in_services(plan, servers, span)
    shares: dict[str, list[Piece]] = {}
    for service in of.values():
        for name, piece in _shares(plan, service, grid):
            shares.setdefault(name, []).append(piece)
    row = {name: index for index, name in enumerate(services)}
    return Happened(
        grid=grid,
        services=[of[name].events for name in services],
        servers=events,
        shares=shares,
        service_of={who.name: row[who.service] for who in servers},
    )


def _shares(plan: RealisticPlan, service: find.Service, grid: Ticks) -> Iterator[tuple[str, Piece]]:
    """Yield by what servers that are up multiply their load, while others are down."""
    downs = [
        [effects.within(begin, end, grid) for begin, end in theirs] for theirs in service.downs
    ]
    edges = sorted({edge for theirs in downs for pair in theirs for edge in pair})
    if len(edges) < 2:
        return
    weights = levels_of(plan, service)
    total = sum(weights)
    for begin, end in pairwise(edges):
        up = [not any(a <= begin and end <= b for a, b in theirs) for theirs in downs]
        left = sum(weight for weight, is_up in zip(weights, up, strict=True) if is_up)
        if all(up) or not left:
            continue
        for who, is_up in zip(service.servers, up, strict=True):
            if is_up:
                yield who.name, Piece(begin, end, total / left)


def levels_of(plan: RealisticPlan, service: find.Service) -> list[float]:
    """Return mean CPU demand of each server of a service, those beyond the fleet included."""
    code = plan.fleet.archetypes.index(service.servers[0].archetype)
    (level,) = parameters.draw_one(plan, "demand.level", [service.name], code).tolist()
    spread = parameters.draw_one(plan, "spread", [who.name for who in service.servers], code)
    return [rounded(level * share) for share in spread.tolist()]
