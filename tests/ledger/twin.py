"""A blind twin of what events do: one number at a time, from docs/events.md alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    ramp = event.ramp
    if event.end is not None:
        whole = event.end - event.begin
        ramp = min(ramp, whole if event.stays else whole // 2)
    if ramp and second < event.begin + ramp:
        return (second - event.begin) / ramp
    if ramp and event.end is not None and not event.stays and second >= event.end - ramp:
        return 1.0 - (second - (event.end - ramp)) / ramp
    return 1.0


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
