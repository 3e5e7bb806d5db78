"""The ledger as a table: a row for each event of a plan's servers and their services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, SECOND_MICROS
from fleetsynth.kinds import metrics_of
from fleetsynth.kinds.kind import CHANNELS, Event
from fleetsynth.ledger.find import FOREVER, Span, in_services, life_of, of_server, sources_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.kinds.kind import Effect
    from fleetsynth.ledger.find import Sources
    from fleetsynth.plan import Plan
    from fleetsynth.whom import Who

SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("entity", pa.string(), nullable=False),
        pa.field("begin", pa.timestamp("us"), nullable=False),
        pa.field("end", pa.timestamp("us")),
        pa.field("metrics", pa.string(), nullable=False),
        pa.field("effect", pa.string(), nullable=False),
        pa.field("size", pa.float64()),
        pa.field("planned", pa.bool_(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
    ]
)
"""Columns of the table. Several metrics, or effects, stand in one text, with commas in between."""

_SERVERS = 4096


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


def batches(plan: Plan) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a plan's table, in constant memory."""
    for first in range(0, plan.fleet.size, _SERVERS):
        found = list(events(plan, first, min(first + _SERVERS, plan.fleet.size)))
        if found:
            yield batch(found)


def batch(found: list[Event]) -> pa.RecordBatch:
    """Return events as rows."""
    rows = [row(event) for event in found]
    columns = {name: [each[name] for each in rows] for name in SCHEMA.names}
    for name in ("begin", "end"):
        columns[name] = [None if at is None else at * SECOND_MICROS for at in columns[name]]
    arrays = [pa.array(columns[field.name], field.type) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def row(event: Event) -> dict[str, Any]:
    """Return the values of an event's row; times in seconds since the Unix epoch."""
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "entity": event.entity,
        "begin": event.begin,
        "end": event.end,
        "metrics": ",".join(metrics_of(event)),
        "effect": effect_text(event),
        "size": event.effects[0].size if event.effects else None,
        "planned": event.planned,
        "cause": event.cause,
        "severity": event.severity,
    }


def effect_text(event: Event) -> str:
    """Write what an event does: ``demand x1.3 within 2h``, ``memory +27 by its end``, ``down``."""
    how = ""
    if event.rises:
        how = " by its end"
    elif event.ramp:
        how = f" within {_duration(event.ramp)}"
    return ", ".join(f"{_strength(effect)}{how}" for effect in event.effects)


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
