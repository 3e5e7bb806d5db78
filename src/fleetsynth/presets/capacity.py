"""What servers have and what they use of it: columns that a layer over every model adds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.ledger import effects, find
from fleetsynth.ledger.effects import Ticks
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.metrics import CAPACITY, USED, used
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.instances import Instances
    from fleetsynth.kinds.kind import Event
    from fleetsynth.metrics import Metric
    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Hundredths = NDArray[np.int32]

_ON = {"cores": (0,), "capacity": (0, 1), "memory_size": (1,), "disk_size": (2,)}
"""Which of `CAPACITY` a channel multiplies."""
_MOST = float(np.iinfo(np.int32).max)
_CELLS = 1 << 15
"""Values worked on at a time, to fit the cache; none depends on it."""


def with_capacity(plan: Plan, scenario: Scenario) -> Plan:
    """Return a plan that also has the columns which its scenario asks for."""
    own = plan.metrics
    more: tuple[Metric, ...] = CAPACITY if scenario.capacity_columns else ()
    if scenario.absolute:
        more += used(own)
    return replace(plan, metrics=(*own, *more)) if more else plan


def block_of_capacity(make: Callable[[Plan, Window], Block], plan: Plan, window: Window) -> Block:
    """Return the rows that a model makes of a window, with what servers have and use.

    What is used is the published percentage of what there is at the tick, rounded to hundredths,
    ties to even.
    """
    return add_capacity(plan, make(plan.of_model, window))


def add_capacity(plan: Plan, block: Block) -> Block:
    """Return the rows of a plan's model with the columns that the plan has besides."""
    own = plan.of_model.metrics
    if len(own) == len(plan.metrics):
        return block
    there = capacities(plan, block.window)
    out = np.empty((len(plan.metrics), *block.values.shape[1:]), np.int32)
    out[: len(own)] = block.values
    places = {metric.column: i for i, metric in enumerate(own)}
    names = [metric.column for metric in CAPACITY]
    percents = [metric for metric in own if metric.stem in USED]
    of_used = dict(zip((metric.column for metric in used(own)), percents, strict=True))
    for place, metric in enumerate(plan.metrics[len(own) :], len(own)):
        if metric.column in names:
            out[place] = _of_rows(there[names.index(metric.column)], block)
            continue
        percent = of_used[metric.column]
        has = there[USED[percent.stem][1]]
        share = block.values[places[percent.column]]
        gone = share == NULL_HUNDREDTHS if block.has_nulls else None
        _use(share if gone is None else np.where(gone, 0, share), _of_rows(has, block), out[place])
        if gone is not None:
            out[place][gone] = NULL_HUNDREDTHS
    return replace(block, values=out)


def _of_rows(there: Hundredths, block: Block) -> Hundredths:
    """Return a capacity for each row of a block, or what spreads to it, given that of servers."""
    if block.server is None or block.tick is None:
        return there
    out: Hundredths = there[block.server, block.tick if there.shape[1] > 1 else 0]
    return out


def _use(percent: Hundredths, there: Hundredths, out: Hundredths) -> None:
    """Write what is used to `out`, all in hundredths: no more than there is."""
    rows = max(1, _CELLS // max(1, percent[0].size)) if percent.ndim > 1 else _CELLS
    for first in range(0, len(percent), rows):
        some = slice(first, first + rows)
        # Products of hundredths are exact below 2**53, and so is where their ties lie.
        share: Floats = there[some].astype(np.float64) * percent[some]
        share /= 10_000
        out[some] = np.rint(share, out=share)


def capacities(plan: Plan, window: Window) -> Hundredths:
    """Return what the servers of a window have, in hundredths.

    Shape (4, servers, ticks), or (4, servers, 1) where nothing changes it.
    """
    types, fleet = plan.fleet.types, plan.fleet
    if types is None:
        raise AssertionError("no types, no capacities")
    of_type = np.array([each.capacities for each in types.types]).T
    base = of_type[:, fleet.type_codes(window.first_server, window.stop_server)][:, :, None]
    sources = sources_of(plan.of_model)
    if sources.owning or sources.sizes:
        step = plan.clock.step
        span = Span(window.first_tick * step, window.stop_tick * step)
        servers = servers_of(fleet, window.first_server, window.stop_server)
        found = [find.of_capacity(sources, who, span) for who in servers]
        if any(found):
            base = np.repeat(base, window.shape[1], axis=2)
            _change(base, found, Ticks(window.first_tick, window.stop_tick, step), types)
    out: Hundredths = np.minimum(np.rint(base * 100), _MOST).astype(np.int32)
    return out


def _change(
    base: Floats, found: Sequence[tuple[Event, ...]], grid: Ticks, types: Instances
) -> None:
    """Do to capacities what events do, in place, shape (4, servers, ticks)."""
    for row, events in enumerate(found):
        for event in events:
            if event.types is not None:
                begin, stop = effects.within(event.begin, event.end, grid)
                base[:, row, begin:stop] = np.array(types.by_name[event.types[1]].capacities)[
                    :, None
                ]
    others = [[event for event in events if event.types is None] for events in found]
    felt = effects.felt(others, grid)
    for channel, places in _ON.items():
        for place in places:
            effects.multiply(base[place], felt.get(channel, ()))
