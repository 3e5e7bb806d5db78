"""What follows for a service when its servers are down: who carries the load, and what nobody does.

Downs of a server that overlap are one. So what a span has of them depends on downs that lie beyond
it, and these are looked up as well.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from fleetsynth.kinds import KINDS
from fleetsynth.kinds.kind import Event
from fleetsynth.ledger.sources import FOREVER
from fleetsynth.ledger.told import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fleetsynth.ledger.sources import Span

    Downs = tuple[tuple[int, int], ...]
    Servers = Sequence[tuple[Event, ...]]

_MOST_ROUNDS = 16
"""Searches for what overlaps what was found; only servers that are hardly ever up need more."""


def downs_of(servers: Servers) -> tuple[Downs, ...]:
    """Return when each server is down: begins and ends, apart and in order."""
    return tuple(map(_downs, servers))


def downs_around(
    find: Callable[[Span], Servers], servers: Servers, span: Span, last: int
) -> tuple[Downs, ...]:
    """Return when each server is down in a span, and as far beyond it as what is down there lasts.

    Args:
        find: returns the events of the servers in a span.
        servers: what it returns for `span`.
        span: where to look.
        last: second from which on no server goes down for good.
    """
    events = [event for theirs in servers for event in theirs if event.has("down")]
    ends = (last if event.end is None else event.end for event in events)
    wide = _wider(span, zip((event.begin for event in events), ends, strict=True))
    if wide == span:  # so do the times at which nobody is up
        return downs_of(servers)
    downs = downs_of(find(wide))
    for _ in range(_MOST_ROUNDS):
        dark = (each for each in _nobody_up(downs) if each[0] < span.stop and each[1] > span.first)
        wider = _wider(wide, dark)
        if wider == wide:
            break
        wide, downs = wider, downs_of(find(wider))
    return downs


def _wider(span: Span, times: Iterable[tuple[int, int]]) -> Span:
    """Return a span that reaches beyond both ends of all times, those that have no end excepted."""
    for begin, end in times:
        span = span.around(begin - 1, span.stop if end == FOREVER else end + 1)
    return span


def _downs(events: Iterable[Event]) -> Downs:
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


def carried(cause: Event, service: str, downs: Sequence[Downs]) -> Iterator[Event]:
    """Yield that others carry the load of a server that is down, if any of them is up meanwhile."""
    end = FOREVER if cause.end is None else cause.end
    if any(_is_up(theirs, cause.begin, end) for theirs in downs):
        kind, name = KINDS["failover"], f"failover-{cause.event_id}"
        yield Event(
            name,
            kind.name,
            service,
            cause.begin,
            cause.end,
            planned=cause.planned,
            cause=cause.event_id,
            severity=kind.severity,
        )


def unserved(service: str, downs: Sequence[Downs]) -> Iterator[Event]:
    """Yield when no server of a service is up."""
    kind = KINDS["unserved"]
    for begin, end in _nobody_up(downs):
        yield Event(
            f"{kind.name}-{service}-{stamp(begin)}",
            kind.name,
            service,
            begin,
            None if end == FOREVER else end,
            severity=kind.severity,
        )


def _nobody_up(downs: Sequence[Downs]) -> list[tuple[int, int]]:
    """Return begins and ends, apart and in order, of the times at which all are down."""
    spans: list[tuple[int, int]] = []
    if not all(downs):
        return spans  # there is one that is never down
    edges = sorted({edge for theirs in downs for pair in theirs for edge in pair})
    for begin, end in pairwise(edges):
        if not any(_is_up(theirs, begin, end) for theirs in downs):
            if spans and spans[-1][1] == begin:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((begin, end))
    return spans


def _is_up(downs: Downs, begin: int, end: int) -> bool:
    """Tell whether a server is up at any time of an interval."""
    return not any(first <= begin and last >= end for first, last in downs)
