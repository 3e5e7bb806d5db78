"""What events bring about at their service, of which they are the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.kinds import KINDS
from fleetsynth.ledger.make import event_of
from fleetsynth.numeric import rounded
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.kinds.kind import Consequence, Event
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
