"""What realistic values add up to at every sample of a tile: the sums of `sums`, the short way.

From the server's own noise on, a sum differs from what is published only where there is a burst, a
transfer or a limit. So it is what is published, and is worked out anew at those few samples.
"""

from __future__ import annotations

from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.models.parts import whole
from fleetsynth.models.realistic import bursts, stocks, sums
from fleetsynth.models.realistic.compose import FULL, LEAST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.compose import Samples
    from fleetsynth.models.realistic.sums import Seen

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Hundredths = NDArray[np.int32]
    Marks = NDArray[np.bool_]
    Step: TypeAlias = "Floats | Hundredths | Change"

_FEW = 4
"""Samples are few if they are less than one in so many."""
_OWN = 5
"""Sums of CPU and traffic before the server's own noise."""
_OF_CPU = 7
"""Sums of CPU before its limits."""
_MOST = 2.0**31 - 1
_SERIES = ("shared", "own", "cpu", "burst", "noise_in", "noise_out", "net_in", "net_out")
_FIGURES = tuple(f"network.{name}" for name in ("level", "follows", "per_burst", "out_ratio"))


class Change(NamedTuple):
    """A part that is 0 but at some samples.

    Attributes:
        at: which samples, counted through shape (servers, samples).
        by: what is added there, in whole hundredths.
    """

    at: Ints
    by: Floats


class Tile(NamedTuple):
    """Servers at every sample of a span.

    Attributes:
        seen: the servers.
        made: their samples.
        odd: samples, counted through all, at which there is a burst, a transfer or a limit.
        alone: the same, each as if it were of a server of its own.
    """

    seen: Seen
    made: Samples
    odd: Ints
    alone: Seen

    @classmethod
    def of(cls, seen: Seen, made: Samples) -> Tile:
        """Look for odd samples."""
        loads, figures = seen.members.loads, seen.members.figures
        odd: Marks = made.burst != 0
        lowest = np.where((loads.level > 0) & (figures["floor"] == 0), LEAST, 0.0)[:, None]
        for marks in (made.cpu > FULL, made.cpu < lowest):
            odd |= marks
        link = np.minimum(np.rint(figures["network.link"] * 100), _MOST).astype(np.int32)[:, None]
        for total, published in zip((made.net_in, made.net_out), made.hundredths[3:], strict=True):
            odd |= published >= link
            if total.min() < 0:
                odd |= total < 0
        bursts.mark(odd, seen.span.first, made.transfers)
        at = np.flatnonzero(odd)
        return cls(seen, made, at, _alone(seen, at))


def steps(stem: str, tile: Tile) -> Iterator[Step]:
    """Yield the sums of one metric in whole hundredths, up to each part and the limits.

    Args:
        stem: of the metric.
        tile: servers and samples.

    Yields:
        Sums of shape (servers, samples), or (servers, 1) where samples do not differ; or what is
        added to the sum before.
    """
    return _STEPS[stem](tile)


def _cpu(tile: Tile) -> Iterator[Step]:
    made, published = tile.made, tile.made.hundredths[0]
    if not tile.seen.members.figures["floor"].any():
        return _shortened(sums.cpu, tile, published)
    unbounded = whole(made.cpu.copy()).astype(np.int32)
    return chain(islice(_shortened(sums.cpu, tile, unbounded), _OF_CPU), [published])


def _traffic(way: str, metric: int) -> Callable[[Tile], Iterator[Step]]:
    of = sums.traffic_in if way == "in" else sums.traffic_out
    return lambda tile: _shortened(of, tile, tile.made.hundredths[metric])


def _shortened(
    of: Callable[[Seen], Iterator[Floats]], tile: Tile, published: Hundredths
) -> Iterator[Step]:
    """Yield the sums up to the shared noise, and what the odd samples make of the others."""
    if tile.odd.size * _FEW > published.size:
        yield from map(whole, of(tile.seen))
        yield published
        return
    yield from map(whole, islice(of(tile.seen), _OWN))
    there = [whole(values)[:, 0] for values in islice(of(tile.alone), _OWN, None)]
    yield from _changes(tile.odd, there, published)


def _changes(at: Ints, there: list[Floats], published: Hundredths) -> Iterator[Step]:
    """Yield the first sum at all samples, of what it is where it is not what is published."""
    out = published.copy()
    flat = out.reshape(-1)
    last = flat[at].astype(np.float64)
    flat[at] = there[0]
    yield out
    for before, now in pairwise([*there, last]):
        yield Change(at, now - before)


def _alone(seen: Seen, at: Ints) -> Seen:
    """Return some samples, each as if it were of a server of its own."""
    row, place = np.divmod(at, seen.at.shape[1])
    figures = seen.members.figures
    members = seen.members._replace(
        figures={name: figures[name][row] for name in _FIGURES},
        loads=seen.members.loads.take(row),
    )
    stages = seen.relative()
    relative = stages.reshape(len(stages), -1)[:, at, None]
    of = {name: seen.of[name][row, place][:, None] for name in _SERIES}
    return seen._replace(members=members, at=place[:, None], relative=lambda: relative, of=of)


def _memory(tile: Tile) -> Iterator[Step]:
    seen, made = tile.seen, tile.made

    def write(out: Floats, resets: stocks.Resets, of: dict[str, float]) -> None:
        stocks.memory_stages(out, seen.span.first, resets, of)

    yield from _stock(seen, 3, "restart", "memory", write)
    yield whole(made.held.copy())
    yield from _within(made.memory, made.hundredths[1])


def _disk(tile: Tile) -> Iterator[Step]:
    seen, made = tile.seen, tile.made
    origin = epoch_day(seen.span.plan.growth_clock.start) * (DAY_SECONDS // seen.span.step)

    def write(out: Floats, resets: stocks.Resets, of: dict[str, float]) -> None:
        stocks.disk_stages(out, seen.span.first, resets, origin, of)

    yield from _stock(seen, 2, "clean-up", "disk", write)
    yield from _within(made.disk, made.hundredths[2])


_DAYS = {"memory": "memory.restart_days", "disk": "disk.cleanup_days"}


def _stock(
    seen: Seen,
    stages: int,
    purpose: str,
    group: str,
    write: Callable[[Floats, stocks.Resets, dict[str, float]], None],
) -> Iterator[Floats]:
    """Yield the level of a stock and its stages."""
    seed, step, members = seen.span.plan.scenario.seed, seen.span.step, seen.members
    out = np.empty((stages, *seen.at.shape))
    figures = {k: v.tolist() for k, v in members.figures.items() if k.startswith(f"{group}.")}
    for row, name in enumerate(members.names):
        of = {path: values[row] for path, values in figures.items()}
        write(out[:, row], stocks.Resets(seed, purpose, name, of[_DAYS[group]], step), of)
    yield whole(members.figures[f"{group}.level"][:, None].copy())
    yield from map(whole, out)


def _within(values: Floats, published: Hundredths) -> Iterator[Step]:
    """Yield the last sum of a stock and what its bounds take away."""
    odd = values < 0.0
    odd |= values > FULL
    at = np.flatnonzero(odd)
    yield from _changes(at, [whole(values.take(at))], published)


_STEPS: dict[str, Callable[[Tile], Iterator[Step]]] = {
    "cpu": _cpu,
    "mem": _memory,
    "disk": _disk,
    "net_in": _traffic("in", 3),
    "net_out": _traffic("out", 4),
}
