"""The realistic model: windows to whole tiles of samples, samples to the statistics of a tick.

Equations and their sources: docs/realism.md.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import Block
from fleetsynth.models.realistic.aggregate import aggregate
from fleetsynth.models.realistic.members import Members, members_of
from fleetsynth.models.realistic.samples import Samples
from fleetsynth.models.realistic.spans import Shared, Span, shared_of
from fleetsynth.streams import stream_of_thread
from fleetsynth.window import BLOCK, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.plan import RealisticPlan

_ROWS = 64
"""Servers whose services are worked out together. No value needs it."""
_SPAN = 1 << 16
"""Samples worked on at a time, about. No value needs it."""
_CELLS = 1 << 17
"""Servers times samples worked on at a time, about. No value needs it."""


def simulate(plan: RealisticPlan, window: Window) -> Block:
    """Return the published values of a window in hundredths: a full rectangle.

    Of a plan with fewer metrics, such as `Plan.only` returns, no other ones are worked out.

    Pure: any way of cutting a dataset into windows gives the same values.
    """
    out = np.empty((len(plan.metrics), *window.shape), dtype=np.int32)
    stems = dict.fromkeys(metric.stem for metric in plan.metrics)
    by_stem = out.reshape(len(stems), -1, *window.shape)
    for rows, ticks, members, span in pieces(plan, window):
        for group, made in grouped(members, shared_of(members, span), span):
            there = slice(rows.start + group.start, rows.start + group.stop)
            for stem, values in zip(stems, by_stem, strict=True):
                _publish(made, stem, plan, values[:, there, ticks])
    return Block.full(window, out)


def pieces(plan: RealisticPlan, window: Window) -> Iterator[tuple[slice, slice, Members, Span]]:
    """Cut a window into servers and ticks worked on together; yield their places in it, too."""
    per_tick = plan.samples_per_row
    whole = lcm(BLOCK, per_tick)
    step = max(1, _SPAN // whole) * whole // per_tick
    stream = stream_of_thread()
    for row in range(window.first_server, window.stop_server, _ROWS):
        members = members_of(plan, row, min(row + _ROWS, window.stop_server))
        rows = slice(row - window.first_server, row - window.first_server + len(members.names))
        for begin in range(window.first_tick // step * step, window.stop_tick, step):
            tick, stop = max(begin, window.first_tick), min(begin + step, window.stop_tick)
            ticks = slice(tick - window.first_tick, stop - window.first_tick)
            yield rows, ticks, members, Span(plan, tick * per_tick, stop * per_tick, stream)


def grouped(members: Members, shared: Shared, span: Span) -> Iterator[tuple[slice, Samples]]:
    """Yield the samples of so many servers at a time as fit the cache, with their places."""
    group = max(1, _CELLS // (span.stop - span.first))
    for place in range(0, len(members.names), group):
        rows = slice(place, min(place + group, len(members.names)))
        yield rows, Samples(members.take(rows), shared, span)


def statistics(hundredths: NDArray[np.int32], plan: RealisticPlan) -> NDArray[np.int32]:
    """Return what is published of samples, shape (metrics, servers, ticks)."""
    return aggregate(hundredths, plan.samples_per_row, plan.scenario.statistics)


def _publish(made: Samples, stem: str, plan: RealisticPlan, out: NDArray[np.int32]) -> None:
    """Write the statistics of one metric, shape (statistics, servers, ticks)."""
    if plan.samples_per_row == 1 and len(out) == 1:
        made.publish(stem, out[0])
    else:
        hundredths = np.empty(made.shape, np.int32)
        made.publish(stem, hundredths)
        out[:] = statistics(hundredths[None], plan)


def samples(plan: RealisticPlan, window: Window) -> Samples:
    """Return everything that a window of *samples* is made of; its ticks count samples."""
    members = members_of(plan, window.first_server, window.stop_server)
    span = Span(plan, window.first_tick, window.stop_tick, stream_of_thread())
    return Samples(members, shared_of(members, span), span)
