"""What follows from events: what they bring about, who carries whose load, what nobody serves."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from fleetsynth.kinds import KINDS
from fleetsynth.kinds.kind import Event
from fleetsynth.ledger.make import event_of
from fleetsynth.ledger.sources import FOREVER
from fleetsynth.numeric import rounded
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.kinds.kind import Consequence
    from fleetsynth.ledger.sources import Sources, Span
    from fleetsynth.whom import Who


def consequences(sources: Sources, cause: Event, who: Who, span: Span) -> Iterator[Event]:
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
    return event_of(KINDS[follows.kind], who.name, begin, end, size, cause.event_id, name)


def longest_tail() -> int:
    """Return how many seconds after its cause an event ends, at most."""
    return max(follows.tail[1] for kind in KINDS.values() for follows in kind.follows)


def downs_of(events: Iterable[Event]) -> tuple[tuple[int, int], ...]:
    """Return when a server is down: begins and ends, apart and in order."""
    out: list[tuple[int, int]] = []
    for event in sorted(events, key=lambda event: event.begin):
        if not event.has("down"):
            continue
        end = FOREVER if event.end is None else event.end
        if out and event.begin <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((event.begin, end))
    return tuple(out)


def carried(
    cause: Event, who: Who, span: Span, downs: tuple[tuple[tuple[int, int], ...], ...]
) -> Iterator[Event]:
    """Yield that others carry the load of a server that is down, if any of them is up meanwhile."""
    if not cause.touches(*span):
        return
    end = FOREVER if cause.end is None else cause.end
    if any(_is_up(theirs, cause.begin, end) for theirs in downs):
        kind, name = KINDS["failover"], f"failover-{cause.event_id}"
        yield Event(
            name,
            kind.name,
            who.name,
            cause.begin,
            cause.end,
            planned=cause.planned,
            cause=cause.event_id,
            severity=kind.severity,
        )


def _is_up(downs: tuple[tuple[int, int], ...], begin: int, end: int) -> bool:
    """Tell whether a server is up at any time of an interval."""
    return not any(first <= begin and last >= end for first, last in downs)


def unserved(
    who: Who, span: Span, downs: tuple[tuple[tuple[int, int], ...], ...]
) -> Iterator[Event]:
    """Yield when no server of a service is up."""
    if not all(downs):
        return  # there is one that is never down
    edges = sorted({edge for theirs in downs for pair in theirs for edge in pair})
    spans: list[tuple[int, int]] = []
    for begin, end in pairwise(edges):
        if all(not _is_up(theirs, begin, end) for theirs in downs):
            if spans and spans[-1][1] == begin:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((begin, end))
    for begin, end in spans:
        if begin < span.stop and end > span.first:
            event = event_of(KINDS["unserved"], who.name, begin, end, 0.0)
            yield event._replace(end=None) if end == FOREVER else event
