"""What events do to classic signals: to demand before noise, and to servers after spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.ledger import effects, find
from fleetsynth.models.classic.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.ledger.effects import Ticks
    from fleetsynth.models.classic.plan import ClassicPlan
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Events = Sequence[tuple[Event, ...]]

_ON = {
    "cpu": (("cpu", effects.add), ("cores", effects.divide), ("capacity", effects.divide)),
    "memory": (("memory", effects.add), ("capacity", effects.divide)),
    "disk": (("disk", effects.add),),
    "network": (("network", effects.multiply),),
}
"""By the name of a signal: channels that act on it, and how, in the order in which they act."""

_STAYS = "disk"
"""What is there as well when a server is down."""


def happened(plan: ClassicPlan, window: Window) -> Events | None:
    """Return the events of each server that touch a window; None if there can be none."""
    if not find.sources_of(plan).any:
        return None
    step = plan.clock.step
    span = find.Span(window.first_tick * step, window.stop_tick * step)
    return find.of_servers(plan, window.first_server, window.stop_server, span)


def touching(events: Events, grid: Ticks) -> Events | None:
    """Return those that touch some of the window's ticks, per server; None if there are none."""
    span = grid.first * grid.step, grid.stop * grid.step
    found = [tuple(event for event in theirs if event.touches(*span)) for theirs in events]
    return found if any(found) else None


def on_level(level: Floats, events: Events, grid: Ticks) -> Floats:
    """Return levels with what events make of demand, shape (signals, servers, ticks)."""
    following = [index for index, signal in enumerate(SIGNALS) if signal.follows_demand]
    for row, theirs in enumerate(events):
        for piece in effects.pieces(theirs, "demand", grid):
            if not level.flags.owndata or not level.flags.writeable:
                level = level.copy()
            for index in following:
                effects.multiply(level[index, row], [piece])
    return level


def on_signal(values: Floats, signal: int, events: Events, grid: Ticks) -> None:
    """Do to a signal, after spikes, what events do to servers, in place, shape (servers, ticks)."""
    name = SIGNALS[signal].name
    for row, theirs in enumerate(events):
        for channel, act in _ON[name]:
            act(values[row], effects.pieces(theirs, channel, grid))
    if name != _STAYS:
        switch_off(values, events, grid)


def switch_off(values: NDArray[np.generic], events: Events, grid: Ticks) -> None:
    """Make values 0 where servers are down, in place, shape (servers, ticks)."""
    for row, theirs in enumerate(events):
        for begin, end in effects.down(theirs, grid):
            values[row, begin:end] = 0


def stays(signal: int) -> bool:
    """Tell whether a signal is there as well when a server is down."""
    return SIGNALS[signal].name == _STAYS
