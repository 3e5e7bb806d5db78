"""Events that nobody told, as their kinds make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.kinds.kind import Event
from fleetsynth.ledger.told import stamp

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind


def event_of(
    kind: Kind, entity: str, begin: int, end: int, size: float, cause: str = "", name: str = ""
) -> Event:
    """Return an event of a kind.

    Args:
        kind: of the event.
        entity: id of the server or service.
        begin: seconds since the Unix epoch.
        end: same, one past the last.
        size: as its kind counts.
        cause: id of the event that brought it about.
        name: its id; by default kind, entity and begin.
    """
    return Event(  # by place: there are many
        name or f"{kind.name}-{entity}-{stamp(begin)}",
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
        course=kind.course,
    )
