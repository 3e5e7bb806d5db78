"""All that befalls some servers and their services in a span of time.

Pure functions of the plan and the span: a longer span, a larger fleet or another step finds the
same events, and more.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.kinds import DRAWN, KINDS
from fleetsynth.kinds.kind import Event, Levels, Spells
from fleetsynth.ledger import failover, levels, spells, told
from fleetsynth.ledger.spans import FOREVER, Span
from fleetsynth.lives import NEVER
from fleetsynth.numeric import rounded
from fleetsynth.streams import encode, uniform
from fleetsynth.whom import (
    DECOMMISSION,
    as_service,
    befalls,
    days_told,
    replicas_of,
    servers_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.kinds.kind import Consequence, Kind
    from fleetsynth.lives import Lives
    from fleetsynth.plan import Plan
    from fleetsynth.scenario.events import Told
    from fleetsynth.whom import Who


class Sources(NamedTuple):
    """What events of a plan come from.

    Attributes:
        seed: of the scenario.
        origin: second that changes of level are counted from.
        services: whether servers belong to services.
        spells: kinds that come and go by themselves: kind, its rates by archetype.
        changes: kinds that replace each other, likewise.
        told: what planners tell.
        freezes: those of them in which nothing is changed.
        without: ids of events that shall not happen.
        lives: when servers come and go, but for decommissions; None if all are always there.
        ends: decommissions that planners tell.
        last_end: second by which the last server has gone down for good.
    """

    seed: int
    origin: int
    services: bool
    spells: tuple[tuple[Kind, dict[str, spells.Rates]], ...]
    changes: tuple[tuple[Kind, dict[str, levels.Changes]], ...]
    told: tuple[Told, ...]
    freezes: tuple[Told, ...]
    without: frozenset[str]
    lives: Lives | None
    ends: tuple[Told, ...]
    last_end: int

    @property
    def any(self) -> bool:
        """Whether anything can happen at all."""
        return bool(self.spells or self.changes or self.told or self.lives)


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


@lru_cache(maxsize=16)
def sources_of(plan: Plan) -> Sources:
    """Return what events of a plan come from."""
    scenario = plan.scenario
    incidents = scenario.incidents
    names = list(scenario.distribution)
    spelled, changed = [], []
    for name, kind in DRAWN.items() if incidents.intensity else ():
        rates = getattr(incidents, name)
        of = {archetype: rates.archetypes.get(archetype, 1.0) for archetype in names}
        if isinstance(kind.drawn, Spells):
            per = {a: rounded(rates.per_quarter * incidents.intensity * x) for a, x in of.items()}
            by = {a: spells.Rates(r, rates.hours, rates.size) for a, r in per.items() if r}
            spelled.append((kind, by))
        elif isinstance(kind.drawn, Levels):
            # A rate of changes moves their times; a level's size does not.
            size = {a: rates.sigma * x * min(1.0, incidents.intensity) for a, x in of.items()}
            origin = epoch_day(plan.origin) * DAY_SECONDS
            changed.append(
                (kind, {a: levels.Changes(rates.days, s, origin) for a, s in size.items() if s})
            )
    return Sources(
        seed=scenario.seed,
        origin=epoch_day(plan.origin) * DAY_SECONDS,
        services=plan.fleet.replicas is not None,
        spells=tuple((kind, by) for kind, by in spelled if by),
        changes=tuple((kind, by) for kind, by in changed if by),
        told=scenario.events,
        freezes=tuple(each for each in scenario.events if each.kind == "freeze"),
        without=frozenset(incidents.without),
        lives=replace(plan.fleet.lives, told=None) if plan.fleet.lives else None,
        ends=tuple(each for each in scenario.events if each.kind == DECOMMISSION),
        last_end=max(
            (each.begin for each in scenario.events if each.lasts_seconds is None), default=0
        ),
    )


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
    if not sources.services:
        found += _of_service(sources, who, span)
    if sources.lives is not None:
        born, ended = life_of(sources, who)
        # What ends a life begins with its end.
        found = [event for event in found if event.touches(born, ended + 1)]
    return _kept(sources, found)


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

    theirs = events_in(Span(span.first - _longest_tail(), span.stop))
    touching = tuple(tuple(event for event in of if event.touches(*span)) for of in theirs)
    downs = failover.downs_around(events_in, touching, span, sources.last_end)
    found = list(_of_service(sources, who, span))
    for cause in chain(*theirs):
        found += _consequences(sources, cause, who, span)
    for cause in chain(*touching):
        if cause.has("down"):
            found += failover.carried(cause, who.name, downs)
    found += (each for each in failover.unserved(who.name, downs) if each.touches(*span))
    return Service(
        who.service, _kept(sources, found), servers, touching, failover.downs_of(touching)
    )


def _of_service(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield what befalls a service, or a server that stands for one, but for what servers do."""
    yield from _levels(sources, who, span)
    before = Span(span.first - _longest_tail(), span.stop)
    causes = _told(sources, who, before, of_server=False), _drawn(sources, who, before, "service")
    for cause in chain(*causes):
        if cause.event_id in sources.without:
            continue
        if cause.touches(*span):
            yield cause
        yield from _consequences(sources, cause, who, span)


def _drawn(sources: Sources, who: Who, span: Span, entity: str) -> Iterator[Event]:
    """Yield the spells of an entity."""
    for kind, rates in sources.spells:
        if kind.entity == entity and who.archetype in rates:
            of = rates[who.archetype]
            for spell in spells.find(sources.seed, kind.name, who.name, of, *span):
                if not (kind.planned and sources.freezes and _frozen(sources, who, spell.begin)):
                    yield _event(kind, who.name, spell.begin, spell.end, spell.size)


def _event(
    kind: Kind, entity: str, begin: int, end: int, size: float, cause: str = "", name: str = ""
) -> Event:
    return Event(  # by place: there are many
        name or f"{kind.name}-{entity}-{told.stamp(begin)}",
        kind.name,
        entity,
        begin,
        end,
        kind.effects(size) if kind.effects else (),
        kind.planned,
        cause,
        kind.severity,
        kind.ramp,
        kind.rises,
    )


def _levels(sources: Sources, who: Who, span: Span) -> Iterator[Event]:
    """Yield the levels of a service."""
    for kind, changes in sources.changes:
        if who.archetype not in changes or kind.effects is None:
            continue

        def postpone(second: int, who: Who = who) -> int:
            return _thawed(sources, who, second)

        of = changes[who.archetype]
        for level in levels.find(sources.seed, kind.name, who.name, of, *span, postpone):
            event = _event(kind, who.name, level.begin, level.end, level.size)
            effects = tuple(each._replace(start=level.before) for each in event.effects)
            yield event._replace(effects=effects, stays=True)


def _told(sources: Sources, who: Who, span: Span, *, of_server: bool) -> Iterator[Event]:
    for each in sources.told:
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
    while True:
        later = max((end for _, end in _freezes(sources, who, second)), default=second)
        if later == second:
            return second
        second = later


def _consequences(sources: Sources, cause: Event, who: Who, span: Span) -> Iterator[Event]:
    """Yield what an event brings about at its service."""
    for follows in KINDS[cause.kind].follows:
        if cause.end is None or cause.event_id in sources.without:
            continue
        event = _following(sources.seed, follows, cause, who)
        if event is not None and event.touches(*span):
            yield event


def _following(seed: int, follows: Consequence, cause: Event, who: Who) -> Event | None:
    def draw(what: str, low: float, high: float) -> float:
        return low + (high - low) * uniform(seed, "event", follows.kind, cause.event_id, what)

    if cause.end is None or draw("whether", 0.0, 1.0) >= follows.chance:
        return None
    begin = cause.end if follows.after else cause.begin + int(draw("delay", *follows.delay))
    end = cause.end + int(draw("tail", *follows.tail))
    size = rounded(draw("size", *follows.size))
    name = f"{follows.kind}-{cause.event_id}"
    return _event(KINDS[follows.kind], who.name, begin, end, size, cause.event_id, name)


def _longest_tail() -> int:
    return max(follows.tail[1] for kind in KINDS.values() for follows in kind.follows)


def _kept(sources: Sources, found: Iterable[Event]) -> tuple[Event, ...]:
    """Return events in their order: that in which they act, wherever a window begins."""
    kept = [event for event in found if event.event_id not in sources.without]
    if len(kept) > 1:
        kept.sort(key=lambda event: (event.begin, event.event_id))
    return tuple(kept)
