"""The ledger as a whole: the events of a plan's servers and their services, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.clock import DAY_SECONDS, FIRST_SECOND, HOUR_SECONDS, LAST_SECOND
from fleetsynth.kinds import metrics_of
from fleetsynth.kinds.kind import CHANNELS, Event
from fleetsynth.ledger.find import in_services, life_of, of_server
from fleetsynth.ledger.sources import FOREVER, Span, sources_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.kinds.kind import Effect
    from fleetsynth.ledger.sources import Sources
    from fleetsynth.plan import Plan
    from fleetsynth.whom import Who


def has_events(plan: Plan) -> bool:
    """Tell whether anything can happen to the fleet of a plan."""
    return sources_of(plan).any


def has_ledger(plan: Plan) -> bool:
    """Tell whether a plan's dataset has the table: of events, or of faults of its collector."""
    return has_events(plan) or plan.is_faulty


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
    servers = servers_of(plan.fleet, first, stop)
    services, of_servers = in_services(plan, servers, span) if sources.services else ({}, {})
    for who in servers:
        service = services.get(who.service)
        if service and service.servers[0].server_index == who.server_index:
            yield from service.events
        if sources.lives is not None:
            yield from _life(sources, who, span)
        yield from of_servers[who.name] if service else of_server(sources, who, span)


def _life(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield from when to when a server is there."""
    begin, end = life_of(sources, who)
    ends = None if end == FOREVER else end
    event = Event(f"life-{who.name}", "life", who.name, begin, ends, planned=True, severity="info")
    if event.touches(*span):
        yield event


def of_one(plan: Plan, server: int) -> list[Event]:
    """Return what befalls a server and its service, in order of begin."""
    sources, span = sources_of(plan), span_of(plan)
    (who,) = servers_of(plan.fleet, server, server + 1)
    if not sources.services:
        return list(of_server(sources, who, span))
    services, of_servers = in_services(plan, [who], span)
    found = [*services[who.service].events, *of_servers[who.name]]
    return sorted(found, key=lambda event: (event.begin, event.event_id))


def row(event: Event) -> dict[str, Any]:
    """Return the values of an event's row; times in seconds since the Unix epoch.

    What begins before the year 1 stands at its begin; what ends after 9999 has no end.
    """
    ends = event.end is not None and event.end <= LAST_SECOND
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "entity": event.entity,
        "begin": max(event.begin, FIRST_SECOND),
        "end": event.end if ends else None,
        "metrics": ",".join(metrics_of(event)),
        "effect": effect_text(event),
        "size": event.effects[0].size if event.effects else None,
        "planned": event.planned,
        "cause": event.cause,
        "severity": event.severity,
    }


def effect_text(event: Event) -> str:
    """Write what an event does: ``demand x1.3 within 2h``, ``memory +27 by its end``, ``down``."""
    said = [f"{event.types[0]} to {event.types[1]}"] if event.types else []
    how = ""
    if event.rises:
        how = " by its end"
    elif event.course:
        how = " at its height"
    elif event.ramp:
        how = f" within {_duration(event.ramp)}"
    return ", ".join([*said, *(f"{_strength(effect)}{how}" for effect in event.effects)])


def _strength(effect: Effect) -> str:
    channel = CHANNELS[effect.channel]
    if channel.how == "off":
        return effect.channel
    text = "{:+.4g}" if channel.how == "plus" else "x{:.4g}"
    before = f" from {text.format(effect.start)}" if effect.start != channel.neutral else ""
    return f"{effect.channel} {text.format(effect.size)}{before}"


def _duration(seconds: int) -> str:
    for unit, name in ((DAY_SECONDS, "d"), (HOUR_SECONDS, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds // unit}{name}"
    return f"{seconds}s"
