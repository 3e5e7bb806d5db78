"""Servers and services, with all by which events select them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.fleet import server_id
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.fleet import Fleet
    from fleetsynth.scenario.events import Told

    Ints = NDArray[np.int64]


class Who(NamedTuple):
    """A server or a service.

    Attributes:
        name: its id.
        archetype: name of its archetype.
        business_unit: name of its business unit.
        region: name of its region.
        service: the service that it belongs to, or that it is; its own id in a fleet without any.
        server_index: of a server, in the whole fleet; of a service -1.
        instance_type: that it is commissioned with; empty where there are no types.
    """

    name: str
    archetype: str
    business_unit: str
    region: str
    service: str
    server_index: int
    instance_type: str = ""


def servers_of(fleet: Fleet, first: int, stop: int) -> list[Who]:
    """Return servers first..stop-1 of a fleet."""
    columns = fleet.metadata(first, stop)
    names = fleet.server_ids(first, stop)
    services: Sequence[str] = columns.get("service", names)
    types = columns.get("instance_type", [""] * len(names))
    return list(
        map(
            Who,
            names,
            columns["server_type"],
            columns["business_unit"],
            columns["region"],
            services,
            fleet.index(first, stop).tolist(),
            types,
        )
    )


def replicas_of(fleet: Fleet, server: Who) -> list[Who]:
    """Return all servers of a server's service, whether a fleet has selected them or not.

    Those that a larger fleet would have are among them, so that it changes nothing that befalls
    this one.
    """
    indices = fleet.members_of(server.service).tolist()
    return [server._replace(name=server_id(index), server_index=index) for index in indices]


def as_service(server: Who) -> Who:
    """Return the service of a server."""
    return server._replace(name=server.service, server_index=-1)


def befalls(told: Told, who: Who, seed: int) -> bool:
    """Tell whether an event befalls a server, or a service."""
    said = (
        (told.service, who.service),
        (told.archetype, who.archetype),
        (told.business_unit, who.business_unit),
        (told.region, who.region),
    )
    if any(names is not None and name not in names for names, name in said):
        return False
    if told.servers is not None and not _is_listed(told, who):
        return False
    if told.share is None:
        return True
    return uniform(seed, "told", told.label, who.name) < told.share


def _is_listed(told: Told, who: Who) -> bool:
    firsts, lasts = told.listed
    place = bisect_right(firsts, who.server_index) - 1
    return place >= 0 and who.server_index <= lasts[place]


def decommissioned(
    fleet: Fleet, told: Sequence[Told], seed: int, index: Ints, begin: Ints, end: Ints
) -> tuple[Ints, Ints]:
    """Return begins and ends of lives, in days, as they are once some servers are decommissioned.

    Args:
        fleet: what the servers belong to.
        told: the decommissions.
        seed: of the scenario.
        index: of each server in the whole fleet, ascending, shape (servers,).
        begin: of each life, same shape.
        end: of each life, same shape.
    """
    some = replace(fleet, members=index, lives=None)
    ends = end.copy()
    for row, who in enumerate(servers_of(some, 0, some.size)):
        for day in days_told(told, who, seed):
            ends[row] = min(ends[row], day)
    return begin, np.maximum(ends, begin)


def days_told(told: Sequence[Told], who: Who, seed: int) -> list[int]:
    """Return the days, since 1970-01-01, from which on a server is decommissioned."""
    return [-(-each.begin // DAY_SECONDS) for each in told if befalls(each, who, seed)]
