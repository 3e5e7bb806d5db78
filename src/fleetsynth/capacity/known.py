"""What is known to have happened: of a ledger, or of a list that a user has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.kinds import KINDS, metrics_of
from fleetsynth.kinds.kind import CHANNELS
from fleetsynth.ledger.each import of_each, server_index_of
from fleetsynth.ledger.table import has_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fleetsynth.kinds.kind import Course, Event
    from fleetsynth.ledger.sources import Span
    from fleetsynth.plan import Plan

STEMS = {"cpu": "cpu", "memory": "mem", "disk": "disk", "network": "net_in", "net_out": "net_out"}
"""Stems of metrics, by role."""
LONGEST = 28 * DAY_SECONDS
"""Beyond it, a launch or a change with an end is a step up and a step down, and no window."""

_ALL = tuple(dict.fromkeys(stem for channel in CHANNELS.values() for stem in channel.metrics))
_WITHIN = re.compile(r"within (\d+)(d|h|min|s)\b")
_UNITS = {"d": DAY_SECONDS, "h": HOUR_SECONDS, "min": 60, "s": 1}


class Mark(NamedTuple):
    """Something that changed the values of a server.

    Attributes:
        name: its id, without the server or service that it befell.
        begin: seconds since the Unix epoch.
        end: of a window, its end; of a change that lasts, when the new level is reached.
        lasts: whether it is a change that lasts.
        stems: of the metrics that it acts on.
    """

    name: str
    begin: int
    end: int
    lasts: bool
    stems: tuple[str, ...]


class Known(Protocol):
    """Who knows what happened."""

    def of(
        self, servers: Sequence[str], services: Sequence[str | None], span: Span
    ) -> list[list[Mark]]:
        """Return what is known of each server in some seconds, in order."""


class Ledger:
    """What the plan of a dataset says."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @classmethod
    def of_plan(cls, plan: Plan | None) -> Ledger | None:
        """Return what a plan says; None if nothing can happen in it."""
        return cls(plan) if plan is not None and has_events(plan) else None

    def of(
        self, servers: Sequence[str], services: Sequence[str | None], span: Span
    ) -> list[list[Mark]]:
        """Return what is known of each server in some seconds, in order."""
        del services  # the plan knows them
        out: list[list[Mark]] = [[] for _ in servers]
        known: dict[str, list[Mark]] = {}  # a service's events are those of all its servers
        for first, places in _runs([server_index_of(self._plan, name) for name in servers]):
            stop = first + len(places)
            for place, events in zip(places, of_each(self._plan, first, stop, span), strict=True):
                for event in events:
                    if event.event_id not in known:
                        known[event.event_id] = list(marks(event))
                    out[place] += known[event.event_id]
        return [in_order(each) for each in out]


class Together:
    """What several know."""

    def __init__(self, sources: Sequence[Known]) -> None:
        self._sources = sources

    def of(
        self, servers: Sequence[str], services: Sequence[str | None], span: Span
    ) -> list[list[Mark]]:
        """Return what is known of each server in some seconds, in order."""
        found = [source.of(servers, services, span) for source in self._sources]
        return [
            in_order({mark for each in of_one for mark in each})
            for of_one in zip(*found, strict=True)
        ]


def in_order(found: Iterable[Mark]) -> list[Mark]:
    """Return marks by when they begin: the last change of a level is the one that counts."""
    return sorted(found, key=lambda mark: (mark.begin, mark))


def _runs(places: Sequence[int | None]) -> Iterator[tuple[int, list[int]]]:
    """Yield servers that follow each other in a plan: the first, and where each stands here."""
    order = sorted((index, place) for place, index in enumerate(places) if index is not None)
    run: list[int] = []
    first = 0
    for index, place in order:
        if run and index != first + len(run):
            yield first, run
            run = []
        if not run:
            first = index
        run.append(place)
    if run:
        yield first, run


def marks(event: Event) -> Iterator[Mark]:
    """Yield what an event is for a history: a step, two of them, a window, or nothing.

    Levels that one version of a service exchanges for the next are neither: they come and go all
    the time, and trends have to be seen through them.
    """
    name = event.event_id
    if event.entity:
        name = name.replace(f"-{event.entity}", "")
    yield from marks_of(name, event.kind, (event.begin, event.end, event.ramp), metrics_of(event))


def marks_of(
    name: str, kind: str, times: tuple[int, int | None, int], stems: tuple[str, ...]
) -> Iterator[Mark]:
    """Yield what something is for a history.

    Args:
        name: what to call it.
        kind: a kind of event, or any other word.
        times: begin, end (None where it lasts) and ramp, in seconds.
        stems: of the metrics that it acts on.
    """
    begin, end, ramp = times
    of = KINDS.get(kind)
    if not stems or (of is not None and of.drawn and of.lasts and end is not None):
        return
    if of is not None and of.course and end is not None:
        yield from _turns(name, of.course, begin, end, stems)
    elif end is None:
        yield Mark(name, begin, begin + ramp, lasts=True, stems=stems)
    elif (of is None or of.lasts) and end - begin > LONGEST:
        yield Mark(name, begin, begin + ramp, lasts=True, stems=stems)
        yield Mark(f"the end of {name}", end - ramp, end, lasts=True, stems=stems)
    else:
        yield Mark(name, begin, end, lasts=False, stems=stems)


def _turns(
    name: str, course: Course, begin: int, end: int, stems: tuple[str, ...]
) -> Iterator[Mark]:
    """Yield the steps in the course of a story, at its begin and its end.

    What comes, or goes, more slowly is what trends and seasons are there to find.
    """
    coming, going = (int(at * (end - begin)) for at in (course[1][0], 1 - course[-2][0]))
    if course[1][1] == 1.0 and coming <= LONGEST:
        yield Mark(name, begin, begin + coming, lasts=True, stems=stems)
    if going <= LONGEST:
        yield Mark(f"the end of {name}", end - going, end, lasts=True, stems=stems)


def stems_of(kind: str, metrics: str) -> tuple[str, ...]:
    """Return the stems of the metrics that something acts on.

    Args:
        kind: a kind of event, or any other word.
        metrics: stems, with commas in between; empty for those of its kind, or for all.
    """
    if metrics:
        return tuple(stem.strip() for stem in metrics.split(","))
    of = KINDS.get(kind)
    if of is None:
        return _ALL
    if of.through:
        return CHANNELS[of.through].metrics
    if of.effects is None:
        return _ALL if of.is_told else ()
    return tuple(dict.fromkeys(s for e in of.effects(of.size) for s in CHANNELS[e.channel].metrics))


def ramp_of(effect: str) -> int:
    """Return the seconds within which an effect comes, as the table of events words it."""
    found = _WITHIN.search(effect)
    return int(found[1]) * _UNITS[found[2]] if found else 0
