"""All that befalls each server: its own events, and those of its service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.fleet import server_id
from fleetsynth.ledger.find import in_services, of_server
from fleetsynth.ledger.sources import sources_of
from fleetsynth.ledger.table import span_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Event
    from fleetsynth.ledger.sources import Span
    from fleetsynth.plan import Plan


def of_each(plan: Plan, first: int, stop: int, span: Span | None = None) -> list[tuple[Event, ...]]:
    """Return what befalls servers first..stop-1, those of their services among it.

    Args:
        plan: what they belong to.
        first: first server.
        stop: one past the last.
        span: only events that touch it; by default that of the plan.
    """
    sources, span = sources_of(plan), span or span_of(plan)
    servers = servers_of(plan.fleet, first, stop)
    if not sources.any:
        return [()] * len(servers)
    if not sources.services:
        return [of_server(sources, who, span) for who in servers]
    services, own = in_services(plan, servers, span)
    return [own[who.name] + services[who.service].events for who in servers]


def server_index_of(plan: Plan, name: str) -> int | None:
    """Return the index of a server in a plan, by its id; None for one that is not in it."""
    digits = name.removeprefix("server_")
    if not digits.isdecimal() or len(digits) > 18:
        return None
    index = int(digits)
    return index if index < plan.fleet.size and server_id(index) == name else None
