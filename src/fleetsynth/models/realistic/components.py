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
from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, epoch_day
from fleetsynth.ledger.sources import sources_of
from fleetsynth.models.parts import Components, Part, Parts, whole
from fleetsynth.models.realistic import demand, stocks
from fleetsynth.models.realistic.compose import FULL, flow, following
from fleetsynth.models.realistic.simulate import grouped, pieces, statistics
from fleetsynth.models.realistic.spans import Span, shared_of
from fleetsynth.models.resets import Resets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.models.realistic.samples import Samples
    from fleetsynth.models.realistic.spans import Shared
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Hundredths = NDArray[np.int32]

_ASKED = ("level", "season", "calendar", "growth", "event", "shared", "own")
_DONE = ("spikes", "jobs", "episodes")
_OF_EVENTS = ("event", "incident")
"""Parts that only plans with events have: what events do to demand, and to the server itself."""
_LIMITS, _ROUNDING = "limits", "rounding"


class Seen(NamedTuple):
    """What is known of some servers at some samples of theirs.

    Attributes:
        members: the servers.
        span: what the samples lie in.
        at: the samples, counted from the Unix epoch, shape (servers, places).
        relative: returns demand relative to its level, in the stages of `demand.at_hours`, shape
            (3, servers, places).
        of: series of `Samples` by name, shape (servers, places) each; only to be read.
        events: whether there can be any.
    """

    members: Members
    span: Span
    at: Ints
    relative: Callable[[], Floats]
    of: Mapping[str, Floats]
    events: bool

    def stages(self) -> list[Floats]:
        """Return demand relative to its level, stage by stage, shape (servers, places) each."""
        return [*self.relative(), *([self.of["relative"]] if self.events else [])]

    def shown(self, name: str) -> Iterator[Floats]:
        """Yield a series with what events do to the server, if there can be any."""
        if self.events:
            yield self.of[f"shown_{name}"].copy()


def _cpu(seen: Seen) -> Iterator[Floats]:
    """Yield the CPU before its limits, up to each part of `_ASKED` and `_DONE`."""
    level, of = seen.members.loads.level[:, None], seen.of
    yield np.repeat(level, seen.at.shape[1], axis=1)
    for stage in seen.stages():
        yield stage * level
    yield of["common"] * level
    yield of["base"].copy()
    busy = of["base"] + of["spikes"]
    yield busy.copy()
    yield busy + of["runs"]
    yield of["cpu"].copy()
    yield from seen.shown("cpu")


def _traffic(seen: Seen, way: str, ratio: Floats) -> Iterator[Floats]:
    """Yield traffic of one direction, up to each part of `_ASKED`, activities and transfers.

    Args:
        seen: servers and samples.
        way: "in" or "out".
        ratio: mean traffic over mean traffic in, shape (servers, 1).
    """
    server, noise = seen.members.figures, seen.of[f"noise_{way}"]
    nothing = np.zeros(seen.at.shape)
    yield flow(server, nothing + 1.0, nothing) * ratio
    for stage in [*seen.stages(), seen.of["common"]]:
        yield flow(server, stage, nothing) * ratio
    for sent in (nothing, seen.of["sent"]):
        yield flow(server, seen.of["common"], sent) * noise * ratio
    yield seen.of[f"net_{way}"].copy()
    yield from seen.shown(way)
    yield seen.of[f"shown_{way}"] * (FULL / np.maximum(seen.of["shown_cpu"], FULL))


def _traffic_in(seen: Seen) -> Iterator[Floats]:
    return _traffic(seen, "in", np.ones((1, 1)))


def _traffic_out(seen: Seen) -> Iterator[Floats]:
    return _traffic(seen, "out", seen.members.figures["network.out_ratio"][:, None])


def _memory(seen: Seen) -> Iterator[Floats]:
    """Yield memory up to level, restarts, caches, leaks, noise, demand and activities."""
    yield from _stock(seen, "restart", "memory.restart_days", stocks.memory_sums)
    yield seen.of["held"].copy()
    yield following(seen.members.figures, seen.of["common"]) + seen.of["held"]
    yield seen.of["memory"].copy()
    yield from seen.shown("memory")


def _disk(seen: Seen) -> Iterator[Floats]:
    """Yield disk space up to level, trend, fill, logs and noise."""
    origin = epoch_day(seen.span.plan.growth_clock.start) * (DAY_SECONDS // seen.span.step)
    yield from _stock(seen, "clean-up", "disk.cleanup_days", stocks.disk_sums, origin)
    yield seen.of["disk"].copy()
    yield from seen.shown("disk")


def _stock(
    seen: Seen,
    purpose: str,
    days: str,
    sums: Callable[..., Iterator[Floats]],
    *more: int,
) -> Iterator[Floats]:
    """Yield the sums of a stock, server by server put together."""
    seed, step = seen.span.plan.scenario.seed, seen.span.step
    paths = stocks.MEMORY if days in stocks.MEMORY else stocks.DISK
    span, made = (seen.span.first, seen.span.stop), []
    each = stocks.each(seen.members.names, seen.members.figures, paths)
    for (name, of), at in zip(each, seen.at, strict=True):
        resets = Resets(seed, purpose, name, of[days], step)
        made.append(sums(at, span, resets, *more, of))
    for rows in zip(*made, strict=True):
        yield np.stack(rows)


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


_TRAFFIC = (*_ASKED, "activity", "transfer", "incident", "saturation")
_MADE = {
    "cpu": _Made(
        (*_ASKED, *_DONE, "incident"),
        _cpu,
        ("relative", "common", "base", "spikes", "runs", "cpu", "shown_cpu"),
    ),
    "mem": _Made(
        ("level", "restart", "cache", "leak", "noise", "follows", "activity", "incident"),
        _memory,
        ("relative", "common", "held", "memory", "shown_memory"),
    ),
    "disk": _Made(("level", "trend", "fill", "noise", "incident"), _disk, ("disk", "shown_disk")),
    "net_in": _Made(
        _TRAFFIC,
        _traffic_in,
        ("relative", "common", "noise_in", "sent", "net_in", "shown_in", "shown_cpu"),
    ),
    "net_out": _Made(
        _TRAFFIC,
        _traffic_out,
        ("relative", "common", "noise_out", "sent", "net_out", "shown_out", "shown_cpu"),
    ),
}
"""By the stem of a metric, in the order of `METRICS`."""
_SERIES = {name for made in _MADE.values() for name in made.series}


def names(plan: RealisticPlan) -> tuple[tuple[str, ...], ...]:
    """Return the names of the parts of each metric, in the order in which they are added."""
    left_out = () if sources_of(plan).any else _OF_EVENTS
    return tuple(
        (
            *(name for name in _MADE[metric.stem].names if name not in left_out),
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
        _telescope(parts[i], _MADE[metrics[i].stem].sums(seen), out[i])


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
    of = {name: getattr(made, name) for name in _SERIES}
    return Seen(of_rows, span, at, lambda: stages, of, events)


def _add_up(
    out: Hundredths, metric: Metric, seen: Seen, made: Samples, published: Hundredths
) -> None:
    """Write the parts of one metric, given all samples, shape (parts, servers, ticks)."""
    sums = _MADE[metric.stem].sums(seen)
    if published.shape == seen.at.shape:
        _telescope(out, sums, published)
    else:
        _means(out, sums, made.hundredths[list(_MADE).index(metric.stem)], published)


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
