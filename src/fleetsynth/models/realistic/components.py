"""What realistic values are made of: parts in whole hundredths, from one simulation.

Each part is what one step of docs/realism.md adds to the one before, both rounded, at the sample
that is published. Of `mean`, which no sample is, a part is the mean of that part of all samples,
and the remainder is `rounding`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import Block
from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.ledger.sources import sources_of
from fleetsynth.models.parts import Components, Part, Parts, whole
from fleetsynth.models.realistic import demand
from fleetsynth.models.realistic.simulate import grouped, pieces, statistics
from fleetsynth.models.realistic.spans import shared_of
from fleetsynth.models.realistic.sums import MADE, SERIES, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.models.realistic.samples import Samples
    from fleetsynth.models.realistic.spans import Shared, Span
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Hundredths = NDArray[np.int32]

_OF_EVENTS = ("event", "incident")
"""Parts that only plans with events have: what events do to demand, and to the server itself."""
_LIMITS, _ROUNDING = "limits", "rounding"


def names(plan: RealisticPlan) -> tuple[tuple[str, ...], ...]:
    """Return the names of the parts of each metric, in the order in which they are added."""
    left_out = () if sources_of(plan).any else _OF_EVENTS
    return tuple(
        (
            *(name for name in MADE[metric.stem].names if name not in left_out),
            _LIMITS,
            *([_ROUNDING] if metric.statistic == "mean" else []),
        )
        for metric in plan.metrics
    )


def placed(plan: RealisticPlan) -> tuple[bool, ...]:
    """Tell of each metric whether it is one of several samples of a tick."""
    return tuple(plan.samples_per_row > 1 and metric.statistic != "mean" for metric in plan.metrics)


def make(plan: RealisticPlan, window: Window) -> Parts:
    """Return the published values of a window and their parts."""
    out = np.empty((len(plan.metrics), *window.shape), dtype=np.int32)
    parts = [np.empty((len(each), *window.shape), dtype=np.int32) for each in names(plan)]
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
    relative = _everywhere(shared, span) if others else None
    for group, made in grouped(members, shared, span):
        out[:, group] = statistics(made.hundredths, span.plan)
        for i, choice in chosen.items():
            choice.take(group, made, out[i, group])
        if relative is not None:
            seen = _all_of(members, group, span, relative, made)
            for i in others:
                _add_up(parts[i][:, group], metrics[i], seen, made, out[i, group])
    for i, choice in chosen.items():
        seen = choice.seen(members, span, shared.hourly)
        _telescope(parts[i], MADE[metrics[i].stem].sums(seen), out[i])


class _Chosen:
    """The samples of one metric that are published, one a tick, with what they are made of.

    Args:
        metric: which.
        places: is filled with their places within their ticks, shape (servers, ticks).
    """

    def __init__(self, metric: Metric, places: Hundredths) -> None:
        self._places = places
        self._metric = list(MADE).index(metric.stem)
        self._series = {name: np.empty(places.shape) for name in MADE[metric.stem].series}

    def take(self, rows: slice, made: Samples, published: Hundredths) -> None:
        """Look up some servers' samples; of several with the published value, the first."""
        samples = made.hundredths[self._metric].reshape(*published.shape, -1)
        places = (samples == published[:, :, None]).argmax(axis=2)
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

        return Seen(members, span, at, relative, self._series, sources_of(span.plan).any)


def _everywhere(shared: Shared, span: Span) -> Floats:
    """Demand of services at every sample, in the stages of `demand.at_hours`."""
    per_hour = HOUR_SECONDS // span.step
    span_of = span.first // per_hour, span.first, span.stop, per_hour
    return np.stack([demand.to_samples(hourly, *span_of) for hourly in shared.hourly])


def _all_of(members: Members, rows: slice, span: Span, relative: Floats, made: Samples) -> Seen:
    """Return some servers at every sample."""
    of_rows = members.take(rows)
    at = np.broadcast_to(np.arange(span.first, span.stop), made.shape)
    stages = relative[:, of_rows.service]
    events = sources_of(span.plan).any
    of = {name: getattr(made, name) for name in SERIES}
    return Seen(of_rows, span, at, lambda: stages, of, events)


def _add_up(
    out: Hundredths, metric: Metric, seen: Seen, made: Samples, published: Hundredths
) -> None:
    """Write the parts of one metric, given all samples, shape (parts, servers, ticks)."""
    sums = MADE[metric.stem].sums(seen)
    if published.shape == seen.at.shape:
        _telescope(out, sums, published)
    else:
        _means(out, sums, made.hundredths[list(MADE).index(metric.stem)], published)


def _telescope(out: Hundredths, sums: Iterator[Floats], published: Hundredths) -> None:
    """Write what each sum adds to the one before, the limits last, and 0 for any rounding."""
    before: Hundredths | int = 0
    place = 0
    for place, values in enumerate(sums):
        now = whole(values).astype(np.int32)
        np.subtract(now, before, out=out[place])
        before = now
    np.subtract(published, before, out=out[place + 1])
    out[place + 2 :] = 0


def _means(
    out: Hundredths, sums: Iterator[Floats], samples: Hundredths, published: Hundredths
) -> None:
    """Write the mean over each tick of what `_telescope` says of each sample, and the remainder."""
    before: Floats | int = 0
    out[-1] = published
    last = samples.astype(np.float64)
    for place, values in enumerate(chain(map(whole, sums), [last])):
        # Exact whatever the order, since they are whole numbers far below 2**53.
        now = values.reshape(*published.shape, -1).sum(axis=2)
        out[place] = np.rint((now - before) / (values.shape[1] // published.shape[1]))
        out[-1] -= out[place]
        before = now


COMPONENTS = Components(names, placed, make)
