"""Servers and services, with all that decides what befalls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.fleet import server_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetsynth.fleet import Fleet
    from fleetsynth.plan import Plan


class Who(NamedTuple):
    """A server or a service.

    Attributes:
        name: its id.
        archetype: name of its archetype.
        business_unit: name of its business unit.
        region: name of its region.
        service: the service that it belongs to, or that it is; its own id in a fleet without any.
        server_index: of a server, in the whole fleet; of a service, that of its first server.
    """

    name: str
    archetype: str
    business_unit: str
    region: str
    service: str
    server_index: int


def servers_of(plan: Plan, first: int, stop: int) -> list[Who]:
    """Return servers first..stop-1 of a plan."""
    return _of(plan.fleet, first, stop)


def replicas_of(plan: Plan, server: Who) -> list[Who]:
    """Return all servers of a server's service, whether a plan has selected them or not.

    Those that a larger fleet would have are among them, so that it changes nothing that befalls
    this one.
    """
    indices = plan.fleet.members_of(server.service).tolist()
    return [server._replace(name=server_id(index), server_index=index) for index in indices]


def as_service(server: Who) -> Who:
    """Return the service of a server."""
    return server._replace(name=server.service)


def _of(fleet: Fleet, first: int, stop: int) -> list[Who]:
    columns = fleet.metadata(first, stop)
    names = fleet.server_ids(first, stop)
    services: Sequence[str] = columns.get("service", names)
    return list(
        map(
            Who,
            names,
            columns["server_type"],
            columns["business_unit"],
            columns["region"],
            services,
            fleet.index(first, stop).tolist(),
        )
    )
