"""What classic values are made of: parts in whole hundredths, from the draws of one simulation.

A value is base x factors (calendar) x growth, plus noise, times a spike, within limits
(docs/model.md). Each part is what its step adds to the one before, both rounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import Block
from fleetsynth.ledger.sources import sources_of
from fleetsynth.metrics import METRICS
from fleetsynth.models.classic.signals import PUBLISHED, SHOWN
from fleetsynth.models.classic.simulate import (
    Cut,
    Parameters,
    cuts,
    noisy,
    spiked,
    stages,
)
from fleetsynth.models.parts import GREATEST, Components, Part, Parts, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.classic.plan import ClassicPlan
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Hundredths = NDArray[np.int32]

OF_ARCHETYPE = ("base", "calendar", "growth")
OF_ROW = ("event", "noise", "spike", "incident", "limits")
_OF_EVENTS = ("event", "incident")
"""Parts that only plans with events have: what events do to demand, and to the server itself."""
_PLAIN = tuple(name for name in OF_ROW if name not in _OF_EVENTS)
_NOISIEST = 50.0


def make(plan: ClassicPlan, window: Window) -> Parts:
    """Return the published values of a window and their parts.

    `base`, `calendar` and `growth` have a row for each kind of server in the window.
    """
    numbers = plan.kinds(window.first_server, window.stop_server)
    kinds, kind = np.unique(numbers, return_inverse=True)
    span = window.first_tick, window.stop_tick
    steps, levels = _of_kinds(plan, tuple(kinds.tolist()), *span)
    highest = int(levels.max())
    out = np.empty((len(METRICS), *window.shape), dtype=np.int32)
    of_row = [name for name in names(plan) if name in OF_ROW]
    rows = np.empty((len(METRICS), len(of_row), *window.shape), dtype=np.int32)
    for cut in cuts(plan, window):
        of_kind, small = kind[cut.rows], _small(highest, cut.parameters)
        for signal, places in enumerate(PUBLISHED):
            values = noisy(cut, signal)
            for place in places:
                level = _rows(levels[place, :, cut.ticks], of_kind)
                here = rows[place, :, cut.rows, cut.ticks]
                published = _fill(here, cut, signal, values, level, place, small=small)
                out[place, cut.rows, cut.ticks] = published
    return Parts(
        block=Block.full(window, out),
        parts=tuple(
            {name: Part(steps[i, place], kind) for i, name in enumerate(OF_ARCHETYPE)}
            | {name: Part(rows[place, i]) for i, name in enumerate(of_row)}
            for place in range(len(METRICS))
        ),
        places=(None,) * len(METRICS),
    )


@lru_cache(maxsize=2)  # the next servers have the same
def _of_kinds(
    plan: ClassicPlan, kinds: tuple[int, ...], first_tick: int, stop_tick: int
) -> tuple[Hundredths, Hundredths]:
    """Return the parts of `OF_ARCHETYPE`, and their sum.

    Shapes (3, metrics, kinds, ticks) and (metrics, kinds, ticks).
    """
    sums = np.empty((3, len(METRICS), len(kinds), stop_tick - first_tick), dtype=np.int32)
    for row, kind in enumerate(kinds):
        made = stages(plan, kind, first_tick, stop_tick)
        for signal, places in enumerate(PUBLISHED):
            for place in places:
                sums[:, place, row] = whole(SHOWN[place][1] * made[:, signal])
    parts = np.diff(sums, axis=0, prepend=np.int32(0))
    parts.flags.writeable = False  # others get the same
    return parts, sums[-1].copy()


def _rows(values: Hundredths, kind: NDArray[np.integer]) -> Hundredths:
    """Return the row of each server; only to be read where all have the same."""
    same = (kind == kind[0]).all()
    return values[kind[0] : kind[0] + 1] if same else values[kind]


def _small(level: int, parameters: Parameters) -> bool:
    """Tell whether no value can be so large that a sum would be cut off.

    Noise is at most `_NOISIEST` standard deviations; normals end before.

    Args:
        level: the greatest, in hundredths.
        parameters: of the servers.
    """
    greatest = level + 100 * _NOISIEST * float(parameters.deviation.max())
    return greatest * max(1.0, float(parameters.spike_factor.max())) < GREATEST


def _fill(
    out: Hundredths,
    cut: Cut,
    signal: int,
    values: Floats,
    level: Hundredths,
    place: int,
    *,
    small: bool,
) -> Hundredths:
    """Write the parts of `OF_ROW` of one metric, shape (parts, servers, ticks).

    Args:
        out: where to; of three parts, where nothing happens, or of five.
        cut: the piece of the window.
        signal: what the metric is a share of.
        values: the signal before it spikes, shape (servers, ticks).
        level: the sum of the parts before, in hundredths.
        place: of the metric, among `METRICS`.
        small: what `_small` says.

    Returns:
        The published values.
    """
    metric, (_, share) = METRICS[place], SHOWN[place]
    *of_event, of_noise, of_spike = out[: 3 if len(out) > len(_PLAIN) else 2]
    for part in of_event:
        asked = whole(share * cut.level[signal], small=small).astype(np.int32)
        np.subtract(asked, level, out=part)
        level = asked
    plain = whole(share * values, small=small).astype(np.int32)
    np.subtract(plain, level, out=of_noise)
    high = plain.copy()
    spikes = whole(share * spiked(cut, signal, values), small=small)
    high.reshape(-1)[cut.spiking] = spikes
    np.subtract(high, plain, out=of_spike)
    if of_event:
        acted = values.copy()
        acted.reshape(-1)[cut.spiking] = spiked(cut, signal, values)
        cut.act(acted, signal)
        shown = whole(share * acted, small=small).astype(np.int32)
        np.subtract(shown, high, out=out[3])
        high = shown
    published = np.clip(high, round(100 * metric.low), round(100 * metric.high))
    cut.switch_off(published, signal)
    np.subtract(published, high, out=out[-1])
    return published


def names(plan: ClassicPlan) -> tuple[str, ...]:
    """Return the names of the parts of a metric, in the order in which they are added."""
    every = OF_ARCHETYPE + OF_ROW
    return every if sources_of(plan).any else tuple(n for n in every if n not in _OF_EVENTS)


COMPONENTS = Components(
    names=lambda plan: (names(plan),) * len(plan.metrics),
    placed=lambda plan: (False,) * len(plan.metrics),
    make=make,
)
