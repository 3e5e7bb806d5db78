"""What realistic values are made of: parts in whole hundredths, from one simulation.

Each part is what one step of docs/realism.md adds to the one before, both rounded, at the sample
that is published. Of `mean`, which no sample is, a part is the mean of that part of all samples,
and the remainder is `rounding`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import Block
from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.models.parts import Components, Part, Parts, whole
from fleetsynth.models.realistic import demand, everywhere, sums
from fleetsynth.models.realistic.everywhere import Change
from fleetsynth.models.realistic.simulate import (
    Span,
    grouped,
    pieces,
    shared_of,
    statistics,
)
from fleetsynth.models.realistic.sums import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.models.realistic.compose import Samples
    from fleetsynth.models.realistic.everywhere import Step
    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.models.realistic.simulate import Shared
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Hundredths = NDArray[np.int32]

_ASKED = ("level", "season", "calendar", "growth", "shared", "own", "burst")
_LIMITS, _ROUNDING = "limits", "rounding"
_SHORT = 24
"""Samples of a tick up to which they are gone through one by one: NumPy is slow on short axes."""


class _Made(NamedTuple):
    """How the values of one metric are made.

    Attributes:
        names: of the parts up to the limits.
        sums: yields the sums up to each of them.
        series: of `Samples`, that this takes.
    """

    names: tuple[str, ...]
    sums: Callable[[Seen], Iterator[Floats]]
    series: tuple[str, ...]


_TRAFFIC = (*_ASKED, "transfer", "saturation")
_MADE = {
    "cpu": _Made(_ASKED, sums.cpu, ("shared", "own", "cpu")),
    "mem": _Made(
        ("level", "restart", "cache", "leak", "noise", "follows"), sums.memory, ("held", "memory")
    ),
    "disk": _Made(("level", "trend", "fill", "noise"), sums.disk, ("disk",)),
    "net_in": _Made(_TRAFFIC, sums.traffic_in, ("shared", "noise_in", "burst", "net_in", "cpu")),
    "net_out": _Made(
        _TRAFFIC, sums.traffic_out, ("shared", "noise_out", "burst", "net_out", "cpu")
    ),
}
"""By the stem of a metric, in the order of `METRICS`."""


def names(plan: RealisticPlan) -> tuple[tuple[str, ...], ...]:
    """Return the names of the parts of each metric, in the order in which they are added."""
    return tuple(
        (*_MADE[metric.stem].names, _LIMITS, *([_ROUNDING] if metric.statistic == "mean" else []))
        for metric in plan.metrics
    )


def placed(plan: RealisticPlan) -> tuple[bool, ...]:
    """Tell of each metric whether it is one of several samples of a tick."""
    return tuple(plan.samples_per_row > 1 and metric.statistic != "mean" for metric in plan.metrics)


def make(plan: RealisticPlan, window: Window) -> Parts:
    """Return the published values of a window and their parts."""
    out = np.empty((len(plan.metrics), *window.shape), dtype=np.int32)
    parts = [np.zeros((len(each), *window.shape), dtype=np.int32) for each in names(plan)]
    places = [np.empty(window.shape, np.int32) if one else None for one in placed(plan)]
    for rows, ticks, members, span in pieces(plan, window):
        cut = [None if place is None else place[rows, ticks] for place in places]
        here = [values[:, rows, ticks] for values in parts]
        _fill(out[:, rows, ticks], here, cut, members, span)
    return Parts(
        block=Block.full(window, out),
        parts=tuple(
            {name: Part(part) for name, part in zip(of_metric, values, strict=True)}
            for of_metric, values in zip(names(plan), parts, strict=True)
        ),
        places=tuple(places),
    )


def _fill(
    out: Hundredths,
    parts: list[Hundredths],
    places: list[Hundredths | None],
    members: Members,
    span: Span,
) -> None:
    """Write the values of some servers over a span, their parts and places (as in `Parts`)."""
    metrics, shared = span.plan.metrics, shared_of(members, span)
    chosen = {i: _Chosen(metrics[i], place) for i, place in enumerate(places) if place is not None}
    others = [i for i in range(len(metrics)) if i not in chosen]
    relative = _relative(shared, span) if others else None
    for group, made in grouped(members, shared, span):
        out[:, group] = statistics(made, span.plan)
        for i, choice in chosen.items():
            choice.take(group, made, out[i, group])
        if relative is not None:
            seen = _all_of(members, group, span, relative, made)
            tile = everywhere.Tile.of(seen, made)
            for i in others:
                steps = everywhere.steps(metrics[i].stem, tile)
                _add_up(parts[i][:, group], steps, seen.at.shape, out[i, group])
    for i, choice in chosen.items():
        seen = choice.seen(members, span, shared.hourly)
        _telescope(parts[i], chain(map(whole, _MADE[metrics[i].stem].sums(seen)), [out[i]]))


class _Chosen:
    """The samples of one metric that are published, one a tick, with what they are made of.

    Args:
        metric: which.
        places: is filled with their places within their ticks, shape (servers, ticks).
    """

    def __init__(self, metric: Metric, places: Hundredths) -> None:
        self._places = places
        self._metric = list(_MADE).index(metric.stem)
        self._series = {name: np.empty(places.shape) for name in _MADE[metric.stem].series}

    def take(self, rows: slice, made: Samples, published: Hundredths) -> None:
        """Look up some servers' samples; of several with the published value, the first."""
        samples = made.hundredths[self._metric].reshape(*published.shape, -1)
        places = _first_places(samples, published)
        self._places[rows] = places
        at = places + self._first(samples.shape[2])
        row = np.arange(len(at))[:, None]
        for name, values in self._series.items():
            series = getattr(made, name)
            if series.flags.c_contiguous:  # to look up in one dimension is twice as fast
                values[rows] = series.reshape(-1).take(at + row * series.shape[1])
            else:
                values[rows] = series[row, at]

    def _first(self, per_tick: int) -> Ints:
        """Return the first sample of each tick, counted from that of the first."""
        return np.arange(self._places.shape[1]) * per_tick

    def seen(self, members: Members, span: Span, hourly: Floats) -> Seen:
        """Return all that were taken."""
        per_hour = HOUR_SECONDS // span.step
        row = members.service[:, None]
        at = span.first + self._first(span.plan.samples_per_row) + self._places

        def relative() -> Floats:
            return demand.at_places(hourly, row, span.first // per_hour, at, per_hour)

        return Seen(members, span, at, relative, self._series)


def _first_places(samples: Hundredths, published: Hundredths) -> Ints:
    """Return the first place in each tick of what is published."""
    if samples.shape[2] > _SHORT:
        found: Ints = (samples == published[:, :, None]).argmax(axis=2)
        return found
    out = np.zeros(published.shape, dtype=np.int64)
    for place in reversed(range(samples.shape[2])):
        out[samples[:, :, place] == published] = place
    return out


def _relative(shared: Shared, span: Span) -> list[Floats]:
    """Demand of services at every sample, in the stages of `demand.at_hours`."""
    per_hour = HOUR_SECONDS // span.step
    span_of = span.first // per_hour, span.first, span.stop, per_hour
    *others, _ = shared.hourly
    return [*(demand.to_samples(hourly, *span_of) for hourly in others), shared.relative]


def _all_of(
    members: Members, rows: slice, span: Span, relative: list[Floats], made: Samples
) -> Seen:
    """Return some servers at every sample."""
    of_rows = members.take(rows)
    at = np.broadcast_to(np.arange(span.first, span.stop), made.cpu.shape)
    stages = np.empty((len(relative), *at.shape))
    for stage, of_services in zip(stages, relative, strict=True):
        of_services.take(of_rows.service, axis=0, out=stage, mode="clip")
    return Seen(of_rows, span, at, lambda: stages, made._asdict())


def _add_up(
    out: Hundredths, steps: Iterator[Step], shape: tuple[int, ...], published: Hundredths
) -> None:
    """Write the parts of one metric, given all samples, shape (parts, servers, ticks)."""
    if published.shape == shape:
        _telescope(out, steps)
    else:
        _means(out, steps, shape[1] // published.shape[1], published)


def _telescope(out: Hundredths, steps: Iterator[Step]) -> None:
    """Write what each sum adds to the one before; what is not written is 0 already."""
    before = np.zeros(1, dtype=np.int32)
    for part, now in zip(out, steps, strict=False):
        if isinstance(now, Change):
            part[np.divmod(now.at, part.shape[1])] = now.by
            before.reshape(-1)[now.at] += now.by.astype(np.int32)
        else:
            sums = now.astype(np.int32, copy=False)
            np.subtract(sums, before, out=part)
            before = sums


def _means(out: Hundredths, steps: Iterator[Step], per_tick: int, published: Hundredths) -> None:
    """Write the mean over each tick of what `_telescope` says of each sample, and the remainder."""
    totals = np.zeros(out.shape)  # exact whatever the order, since far below 2**53
    for place, now in enumerate(steps, start=1):
        if isinstance(now, Change):
            added = np.bincount(now.at // per_tick, now.by, published.size)
            np.add(totals[place - 1], added.reshape(published.shape), out=totals[place])
        else:
            totals[place] = _totals(now, per_tick, published.shape)
    out[:-1] = np.rint(np.diff(totals, axis=0) / per_tick)
    np.subtract(published, out[:-1].sum(axis=0), out=out[-1], casting="same_kind")


def _totals(values: Floats | Hundredths, per_tick: int, shape: tuple[int, ...]) -> Floats:
    """Add up the samples of each tick."""
    if values.shape[1] == 1:
        return np.broadcast_to(values * float(per_tick), shape)
    samples = values.reshape(*shape, per_tick)
    if per_tick > _SHORT:
        total: Floats = samples.sum(axis=2, dtype=np.float64)
        return total
    out = samples[:, :, 0].astype(np.float64)
    for place in range(1, per_tick):
        out += samples[:, :, place]
    return out


COMPONENTS = Components(names, placed, make)
