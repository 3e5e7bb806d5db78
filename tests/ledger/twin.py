"""A blind twin of what events do: one number at a time, from docs/events.md alone."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Any

from fleetsynth.numeric import rounded
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetsynth.kinds.kind import Effect, Event


def share(event: Event, second: int) -> float:
    """How much of an event is felt at a second: 0 outside of it, 1 at its full strength."""
    if second < event.begin or (event.end is not None and second >= event.end):
        return 0.0
    if event.rises:
        assert event.end is not None
        return (second - event.begin) / (event.end - event.begin)
    if event.course:
        assert event.end is not None
        return on_course(event, event.end, second)
    ramp = event.ramp
    if event.end is not None:
        whole = event.end - event.begin
        ramp = min(ramp, whole if event.stays else whole // 2)
    if ramp and second < event.begin + ramp:
        return (second - event.begin) / ramp
    if ramp and event.end is not None and not event.stays and second >= event.end - ramp:
        return 1.0 - (second - (event.end - ramp)) / ramp
    return 1.0


def on_course(event: Event, end: int, second: int) -> float:
    """The line between the two points of the course that a second lies between."""
    points = [(event.begin + int(at * (end - event.begin)), f) for at, f in event.course]
    before = max(point for point in enumerate(points) if point[1][0] <= second)[0]
    (left, low), (right, high) = points[before : before + 2]
    return low + (second - left) / (right - left) * (high - low)


def story(seed: int, service: str, second: int, kinds: dict[str, Any]) -> tuple[Any, ...] | None:
    """Kind, begin, end and reach of the story that is or was the last of a service's at a second.

    Args:
        seed: of the scenario.
        service: its id.
        second: since the epoch.
        kinds: weight, months and reach by kind, for the service's archetype.
    """
    u = {kind: uniform(seed, "story", "kind", kind, service) for kind in kinds}
    kind = min(kinds, key=lambda kind: rounded(-log(1 - u[kind])) / kinds[kind][0])
    _, (shortest, longest), (least, greatest) = kinds[kind]
    phase = 60 * int(uniform(seed, "story", "begin", service) * 1096 * 1440)
    number = (second - phase) // (1096 * 86400)
    begin = number * 1096 * 86400 + phase
    x, y = (uniform(seed, "story", what, kind, service, number) for what in ("length", "reach"))
    months = rounded(shortest * exp(x * log(longest / shortest)))
    end = begin + 60 * int(months * 30.436875 * 1440)
    return kind, begin, end, rounded(least + (greatest - least) * y)


def strength(event: Event, effect: Effect, second: int) -> float:
    return effect.start + share(event, second) * (effect.size - effect.start)


def felt(events: Iterable[Event], channel: str, second: int) -> list[float]:
    """What events are worth on a channel at a second, in order of begin and id."""
    return [
        strength(event, effect, second)
        for event in sorted(events, key=lambda event: (event.begin, event.event_id))
        if event.begin <= second and (event.end is None or second < event.end)
        for effect in event.effects
        if effect.channel == channel
    ]


def is_down(events: Iterable[Event], second: int) -> bool:
    return any(
        effect.channel == "down"
        for event in events
        if event.begin <= second and (event.end is None or second < event.end)
        for effect in event.effects
    )
