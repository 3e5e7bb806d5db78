"""The ledger as a whole: the events of a plan's servers and their services, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.kinds.kind import CHANNELS
from fleetsynth.ledger.find import Span, in_services, of_server, sources_of
from fleetsynth.ledger.who import servers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.kinds.kind import Effect, Event
    from fleetsynth.plan import Plan


def has_events(plan: Plan) -> bool:
    """Tell whether anything can happen in a plan, so that its dataset has the table."""
    return sources_of(plan).any


def span_of(plan: Plan) -> Span:
    """Return the seconds that a plan's ticks lie in."""
    return Span(plan.clock.first * plan.clock.step, plan.clock.stop * plan.clock.step)


def events(plan: Plan, first: int, stop: int, span: Span | None = None) -> Iterator[Event]:
    """Yield what befalls servers first..stop-1 and their services, server by server.

    The events of a service stand before those of the first of its servers in the fleet.

    Args:
        plan: what they belong to.
        first: first server.
        stop: one past the last.
        span: only events that touch it; by default that of the plan.
    """
    sources, span = sources_of(plan), span or span_of(plan)
    if not sources.any:
        return
    servers = servers_of(plan, first, stop)
    if not sources.services:
        for who in servers:
            yield from of_server(sources, who, span)
        return
    services, of_servers = in_services(plan, servers, span)
    for who in servers:
        service = services[who.service]
        if service.servers[0].server_index == who.server_index:
            yield from service.events
        yield from of_servers[who.name]


def row(event: Event) -> dict[str, Any]:
    """Return the values of an event's row; times in seconds since the Unix epoch."""
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "entity": event.entity,
        "begin": event.begin,
        "end": event.end,
        "metrics": ",".join(event.metrics),
        "effect": ", ".join(map(effect_text, event.effects)),
        "size": event.effects[0].size if event.effects else None,
        "planned": event.planned,
        "cause": event.cause,
        "severity": event.severity,
    }


def effect_text(effect: Effect) -> str:
    """Write an effect as planners do: ``demand x1.3``, ``cpu +15``, ``down``."""
    how = CHANNELS[effect.channel].how
    if how == "off":
        return effect.channel
    return (
        f"{effect.channel} {effect.size:+.4g}"
        if how == "plus"
        else (f"{effect.channel} x{effect.size:.4g}")
    )
