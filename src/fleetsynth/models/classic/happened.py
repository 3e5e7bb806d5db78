"""What events do to classic signals: to demand before noise, and to servers after spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.ledger import effects, find
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.models.classic.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.ledger.effects import Felt, Ticks
    from fleetsynth.models.classic.plan import ClassicPlan
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Events = Sequence[tuple[Event, ...]]

_ON = {
    "cpu": (("cpu", effects.add), ("cores", effects.divide), ("capacity", effects.divide)),
    "memory": (
        ("memory", effects.add),
        ("capacity", effects.divide),
        ("memory_size", effects.divide),
    ),
    "disk": (("disk", effects.add), ("disk_size", effects.divide)),
    "network": (("network", effects.multiply),),
}
"""By the name of a signal: channels that act on it, and how, in the order in which they act."""

_STAYS = "disk"
"""What is there as well when a server is down."""


def happened(plan: ClassicPlan, window: Window) -> Events | None:
    """Return the events of each server that touch a window; None if there can be none."""
    if not sources_of(plan).any:
        return None
    step = plan.clock.step
    span = Span(window.first_tick * step, window.stop_tick * step)
    return find.of_servers(plan, window.first_server, window.stop_server, span)


def felt_at(events: Events, grid: Ticks) -> Felt | None:
    """Return what events do in some of the window's ticks; None if nothing."""
    span = grid.first * grid.step, grid.stop * grid.step
    touching = ([event for event in theirs if event.touches(*span)] for theirs in events)
    return effects.felt(touching, grid) or None


def on_level(level: Floats, felt: Felt) -> Floats:
    """Return levels with what events make of demand, shape (signals, servers, ticks)."""
    found = felt.get("demand", ())
    if not found:
        return level
    level = level.copy()
    for index, signal in enumerate(SIGNALS):
        if signal.follows_demand:
            effects.multiply(level[index], found)
    return level


def on_signal(values: Floats, signal: int, felt: Felt) -> None:
    """Do to a signal, after spikes, what events do to servers, in place, shape (servers, ticks)."""
    for channel, act in _ON[SIGNALS[signal].name]:
        act(values, felt.get(channel, ()))
    switch_off(values, signal, felt)


def switch_off(values: NDArray[np.generic], signal: int, felt: Felt) -> None:
    """Make values of a signal 0 where servers are down, in place, shape (servers, ticks)."""
    if SIGNALS[signal].name != _STAYS:
        effects.switch_off(values, felt.get("down", ()))
