"""Servers that become others: from one instance type to another, or a size up or down.

Told ones name the type that servers have from then on. Drawn ones take all servers of a service a
size up or down, and the next one takes them back: the odd changes lead away, the even ones home, so
that any window knows the size in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.kinds.kind import Effect, Event
from fleetsynth.ledger import levels, told
from fleetsynth.ledger.make import event_of
from fleetsynth.numeric import rounded
from fleetsynth.whom import befalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.instances import InstanceType
    from fleetsynth.ledger.sources import Sources, Span
    from fleetsynth.scenario.events import Told
    from fleetsynth.whom import Who

_CHANNELS = ("cores", "memory_size", "disk_size")
"""What multiplies the first capacities of a type."""
_UNTYPED = 2.0
"""What a size is worth where servers have no types."""


def told_types(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield the resizes of a server to types that planners name, if they touch a span."""
    now = who.instance_type
    for each in typed(sources, who):
        before, now = now, each.to_type or now
        if before != now and each.begin < span.stop:
            event = told.event(each, who, each.begin, None)
            types = (sources.type_of(before), sources.type_of(now))
            yield event._replace(effects=_effects(*types, types[0]), types=(before, now))


def typed(sources: Sources, who: Who) -> list[Told]:
    """Return what planners tell of a server's types, in order."""
    found = (
        (each.begin, f"{each.label}-{who.name}", each)
        for each in sources.told
        if each.to_type and befalls(each, who, sources.seed)
    )
    return [
        each for _, name, each in sorted(found, key=lambda f: f[:2]) if name not in sources.without
    ]


def drawn(
    sources: Sources, who: Who, span: Span, postpone: Callable[[int], int]
) -> Iterator[Event]:
    """Yield the resizes of a server that come by themselves and touch a span.

    A server that planners give a type has none.
    """
    for kind, changes in sources.sizes:
        if who.archetype not in changes or typed(sources, who):
            continue
        of = changes[who.archetype]
        for level in levels.find(sources.seed, kind.name, who.service, of, *span, postpone):
            event = event_of(kind, who.name, level.begin, level.end, 1.0)
            steps = round(level.size), round(level.before)
            if not who.instance_type:
                size, start = (_UNTYPED**step for step in steps)
                yield event._replace(effects=(Effect("capacity", size, start),), stays=True)
                continue
            home, now, before = (sources.resized(who.instance_type, s) for s in (0, *steps))
            if now != before:
                effects = _effects(home, now, before)
                yield event._replace(effects=effects, types=(before.name, now.name), stays=True)


def _effects(home: InstanceType, now: InstanceType, before: InstanceType) -> tuple[Effect, ...]:
    """Return what multiplies the capacities of one type, so that they are those of another."""
    out = []
    for channel, had, has, last in zip(
        _CHANNELS, home.capacities, now.capacities, before.capacities, strict=False
    ):
        if has != had or last != had:
            out.append(Effect(channel, rounded(has / had), rounded(last / had)))
    return tuple(out)
