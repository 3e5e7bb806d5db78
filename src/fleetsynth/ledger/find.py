"""All that befalls some servers and their services in a span of time.

Pure functions of the plan and the span: a longer span, a larger fleet or another step finds the
same events, and more.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.kinds import KINDS, STORIES
from fleetsynth.kinds.kind import CHANNELS, Stories
from fleetsynth.ledger import levels, resizes, spells, stories, told
from fleetsynth.ledger.failover import carried, downs_around, downs_of, unserved
from fleetsynth.ledger.follow import consequences, longest_tail
from fleetsynth.ledger.make import event_of
from fleetsynth.ledger.sources import FOREVER, Span, sources_of
from fleetsynth.lives import NEVER
from fleetsynth.numeric import rounded
from fleetsynth.streams import encode
from fleetsynth.whom import as_service, befalls, days_told, replicas_of, servers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.kinds.kind import Event, Kind
    from fleetsynth.ledger.sources import Sources
    from fleetsynth.plan import Plan
    from fleetsynth.whom import Who


_MOST_FREEZES = 100
"""In a row: a change that is put off any further takes place all the same."""


class Service(NamedTuple):
    """What befalls a service and all its servers.

    Attributes:
        name: of the service.
        events: of the service, in order.
        servers: its servers, those beyond the end of the fleet among them.
        of_servers: events of each of these servers.
        downs: of each of these servers, when it is down, as its events say: begins and ends, apart
            and in order.
    """

    name: str
    events: tuple[Event, ...]
    servers: tuple[Who, ...]
    of_servers: tuple[tuple[Event, ...], ...]
    downs: tuple[tuple[tuple[int, int], ...], ...]


def of_servers(plan: Plan, first: int, stop: int, span: Span) -> list[tuple[Event, ...]]:
    """Return the events of servers first..stop-1, in order; those of their services are apart."""
    sources = sources_of(plan)
    return [of_server(sources, who, span) for who in servers_of(plan.fleet, first, stop)]


def in_services(
    plan: Plan, servers: Iterable[Who], span: Span
) -> tuple[dict[str, Service], dict[str, tuple[Event, ...]]]:
    """Return the services of some servers, by name, and the events of each server, by its id."""
    services: dict[str, Service] = {}
    events: dict[str, tuple[Event, ...]] = {}
    for who in servers:
        if who.service not in services:
            service = services[who.service] = of_service(plan, who, span)
            for each, found in zip(service.servers, service.of_servers, strict=True):
                events[each.name] = found
    return services, events


def of_server(sources: Sources, who: Who, span: Span) -> tuple[Event, ...]:
    """Return the events of a server, in order."""
    found = list(_drawn(sources, who, span, "server"))
    found += _told(sources, who, span, of_server=True)
    found += resizes.drawn(sources, who, span, partial(_thawed, sources, who))
    if not sources.services:
        found += _of_service(sources, who, span)
    if sources.lives is not None:
        born, ended = life_of(sources, who)
        # What ends a life begins with its end.
        found = [event for event in found if event.touches(born, ended + 1)]
    return _kept(sources, found)


def downs(plan: Plan, who: Who, span: Span) -> tuple[tuple[int, int], ...]:
    """Return when a server is switched off: begins and ends, apart and in order.

    By its own events and by those that are told of its service; what has no end ends `FOREVER`.
    """
    sources = sources_of(plan)
    found = list(of_server(sources, who, span))
    if sources.services:
        of_all = _told(sources, as_service(who), span, of_server=False)
        found += (event for event in of_all if event.event_id not in sources.without)
    return downs_of([tuple(found)])[0]


def of_capacity(sources: Sources, who: Who, span: Span) -> tuple[Event, ...]:
    """Return what changes the capacity that a server has, in order.

    Args:
        sources: the plan's.
        who: the server.
        span: only events that touch it.
    """
    few = sources.of_capacity
    found = [*of_server(few, who, span)]
    if sources.services:
        found += _of_service(few, as_service(who), span)
    return tuple(
        event for event in _kept(few, found) if KINDS[event.kind].owns and _has_capacity(event)
    )


def _has_capacity(event: Event) -> bool:
    over = any(CHANNELS[effect.channel].how == "over" for effect in event.effects)
    return over or event.types is not None


def life_of(sources: Sources, who: Who) -> Span:
    """Return when a server's life begins and ends.

    It begins before all time where servers do not come and go, and ends `FOREVER` where it has no
    end.
    """
    if sources.lives is None:
        return Span(-FOREVER, FOREVER)
    (begin,), (end,) = sources.lives.days(np.array([who.server_index]), [encode(who.name)])
    ends = [int(end), *days_told(sources.ends, who, sources.seed)]
    day = max(min(ends), int(begin))
    return Span(int(begin) * DAY_SECONDS, FOREVER if day >= NEVER else day * DAY_SECONDS)


def of_service(plan: Plan, server: Who, span: Span) -> Service:
    """Return what befalls the service of a server, and when its servers are down."""
    return _service(plan, as_service(server), span)


@lru_cache(maxsize=64)  # of windows one after the other, the next has the rest of its servers
def _service(plan: Plan, who: Who, span: Span) -> Service:
    sources = sources_of(plan)
    servers = tuple(replicas_of(plan.fleet, who))

    def events_in(span: Span) -> tuple[tuple[Event, ...], ...]:
        return tuple(of_server(sources, each, span) for each in servers)

    theirs = events_in(Span(span.first - longest_tail(), span.stop))
    touching = tuple(tuple(event for event in of if event.touches(*span)) for of in theirs)
    here = downs_of(touching)
    downs = downs_around(events_in, touching, span, sources.last_end) if any(here) else here
    found = list(_of_service(sources, who, span))
    for cause in chain(*theirs):
        found += consequences(sources, cause, who, span)
    for cause in chain(*touching):
        if cause.has("down"):
            found += carried(cause, who.name, downs)
    found += (each for each in unserved(who.name, downs) if each.touches(*span))
    return Service(who.service, _kept(sources, found), servers, touching, here)


def _of_service(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield what befalls a service, or a server that stands for one, but for what servers do."""
    yield from _levels(sources, who, span)
    yield from _stories(sources, who, span)
    before = Span(span.first - longest_tail(), span.stop)
    causes = _told(sources, who, before, of_server=False), _drawn(sources, who, before, "service")
    for cause in chain(*causes):
        if cause.event_id in sources.without:
            continue
        if cause.touches(*span):
            yield cause
        yield from consequences(sources, cause, who, span)


def _drawn(sources: Sources, who: Who, span: Span, entity: str) -> Iterator[Event]:
    """Yield the spells of an entity."""
    for kind, rates in sources.spells:
        if kind.entity == entity and who.archetype in rates:
            of = rates[who.archetype]
            for spell in spells.find(sources.seed, kind.name, who.name, of, *span):
                if not (kind.planned and sources.freezes and _frozen(sources, who, spell.begin)):
                    yield event_of(kind, who.name, spell.begin, spell.end, spell.size)


def _levels(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield the levels of a service."""
    for kind, changes in sources.changes:
        if who.archetype not in changes or kind.effects is None:
            continue

        def postpone(second: int, who: Who = who) -> int:
            return _thawed(sources, who, second)

        of = changes[who.archetype]
        for level in levels.find(sources.seed, kind.name, who.name, of, *span, postpone):
            event = event_of(kind, who.name, level.begin, level.end, level.size)
            effects = tuple(each._replace(start=level.before) for each in event.effects)
            yield event._replace(effects=effects, stays=True)


def _stories(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield the stories of a service; one that already is where it would lead to has none."""
    kinds = sources.stories.get(who.archetype)
    if kinds is None:
        return
    name = stories.kind_of(sources.seed, who.name, sources.story_share, kinds)
    if name is None:
        return
    for story in stories.find(sources.seed, name, who.name, kinds[name], *span):
        size = _size(sources, STORIES[name], who, story)
        if size is not None:
            yield event_of(STORIES[name], who.name, story.begin, story.end, size)


def _size(sources: Sources, kind: Kind, who: Who, story: stories.Story) -> float | None:
    """Return what brings a service to where a story leads; None if that is where it is."""
    if kind.effects is None or not isinstance(kind.drawn, Stories):
        return None
    if kind.drawn.of == "usual":
        return story.reach / 100
    channel = kind.effects(kind.size)[0].channel
    at = next(share for share, strength in kind.course if strength == 1.0)
    full = story.begin + int(at * (story.end - story.begin))
    usual = sources.usual(who, channel, full)
    if not usual or usual >= story.reach:
        return None
    plus = CHANNELS[channel].how == "plus"
    return rounded(story.reach - usual if plus else story.reach / usual)


def _told(sources: Sources, who: Who, span: Span, *, of_server: bool) -> Iterator[Event]:
    if of_server:
        yield from resizes.told_types(sources, who, span)
    for each in sources.told:
        if each.to_type is not None:
            continue
        if told.is_of_server(each) == of_server and befalls(each, who, sources.seed):
            for begin, end in told.times(each, *span):
                yield told.event(each, who, begin, end)


def _freezes(sources: Sources, who: Who, second: int) -> Iterator[tuple[int, int]]:
    for each in sources.freezes:
        for begin, end in told.times(each, second, second + 1):
            if end is not None and befalls(each, who, sources.seed):
                yield begin, end


def _frozen(sources: Sources, who: Who, second: int) -> bool:
    return any(True for _ in _freezes(sources, who, second))


def _thawed(sources: Sources, who: Who, second: int) -> int:
    """Return the first second, from one on, that is in no freeze."""
    for _ in range(_MOST_FREEZES):
        later = max((end for _, end in _freezes(sources, who, second)), default=second)
        if later == second:
            break
        second = later
    return second


def _kept(sources: Sources, found: Iterable[Event]) -> tuple[Event, ...]:
    """Return events in their order: that in which they act, wherever a window begins."""
    kept = [event for event in found if event.event_id not in sources.without]
    if len(kept) > 1:
        kept.sort(key=lambda event: (event.begin, event.event_id))
    return tuple(kept)
