"""What realistic values add up to at every sample of a tile: the sums of `sums`, the short way.

From the server's own noise on, a sum differs from what is published only where there is a burst, a
transfer or a limit. So it is what is published, and is worked out anew at those few samples.
"""

from __future__ import annotations

from itertools import islice, pairwise
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
"""Sums of CPU and traffic up to the server's own noise."""


class Change(NamedTuple):
    """A part that is 0 but at some samples; only such parts follow it.

    Attributes:
        at: which samples, counted through shape (servers, samples).
        by: what is added there, in whole hundredths.
    """

    at: Ints
    by: Floats


def steps(stem: str, seen: Seen, made: Samples, busy: Marks) -> Iterator[Step]:
    """Yield the sums of one metric in whole hundredths, up to each part and the limits.

    Args:
        stem: of the metric.
        seen: servers at every sample of a span.
        made: their samples.
        busy: as `marked` says.

    Yields:
        Sums of shape (servers, samples), or (servers, 1) where samples do not differ; then parts.
    """
    return _STEPS[stem](seen, made, busy)


def marked(seen: Seen, made: Samples) -> Marks:
    """Return where there is a burst or a full CPU, shape (servers, samples)."""
    out: Marks = made.burst != 0
    out |= made.cpu > FULL
    return out


def _cpu(seen: Seen, made: Samples, busy: Marks) -> Iterator[Step]:
    floor, level = seen.members.figures["floor"], seen.members.loads.level
    odd = busy
    if floor.any():
        odd = odd | (floor > 0)[:, None]
    odd = odd | (made.cpu < np.where((level > 0) & (floor == 0), LEAST, 0.0)[:, None])
    return _shortened(sums.cpu, seen, odd, made.hundredths[0], ("shared", "own", "cpu"))


def _traffic(way: str, metric: int) -> Callable[[Seen, Samples, Marks], Iterator[Step]]:
    of = sums.traffic_in if way == "in" else sums.traffic_out
    series = ("shared", f"noise_{way}", "burst", f"net_{way}", "cpu")

    def steps_of(seen: Seen, made: Samples, busy: Marks) -> Iterator[Step]:
        published = made.hundredths[metric]
        link = np.rint(seen.members.figures["network.link"] * 100)
        odd = busy.copy()
        odd |= published >= np.minimum(link, 2**31 - 1).astype(np.int32)[:, None]
        bursts.mark(odd, seen.span.first, made.transfers)
        if seen.of[f"net_{way}"].min() < 0:
            odd |= seen.of[f"net_{way}"] < 0
        return _shortened(of, seen, odd, published, series)

    return steps_of


def _shortened(
    of: Callable[[Seen], Iterator[Floats]],
    seen: Seen,
    odd: Marks,
    published: Hundredths,
    series: tuple[str, ...],
) -> Iterator[Step]:
    """Yield the sums up to the shared noise, and what the odd samples make of the others."""
    at = np.flatnonzero(odd)
    if at.size * _FEW > odd.size:
        yield from map(whole, of(seen))
        yield published
        return
    yield from map(whole, islice(of(seen), _OWN))
    there = [whole(values)[:, 0] for values in islice(of(_alone(seen, at, series)), _OWN, None)]
    yield from _changes(at, there, published)


def _changes(at: Ints, there: list[Floats], published: Hundredths) -> Iterator[Step]:
    """Yield the first sum at all samples, of what it is where it is not what is published."""
    out = published.copy()
    flat = out.reshape(-1)
    last = flat[at].astype(np.float64)
    flat[at] = there[0]
    yield out
    for before, now in pairwise([*there, last]):
        yield Change(at, now - before)


def _alone(seen: Seen, at: Ints, series: tuple[str, ...]) -> Seen:
    """Return some samples, each as if it were of a server of its own."""
    samples = seen.at.shape[1]
    row = at // samples
    figures = seen.members.figures
    members = seen.members._replace(
        figures={name: v[row] for name, v in figures.items() if name.startswith("network.")},
        loads=seen.members.loads.take(row),
    )
    stages = seen.relative()
    relative = stages.reshape(len(stages), -1)[:, at, None]
    of = {name: seen.of[name].take(at)[:, None] for name in series}
    return seen._replace(
        members=members, at=at[:, None] % samples, relative=lambda: relative, of=of
    )


def _memory(seen: Seen, made: Samples, busy: Marks) -> Iterator[Step]:
    def write(out: Floats, resets: stocks.Resets, of: dict[str, float]) -> None:
        stocks.memory_stages(out, seen.span.first, resets, of)

    yield from _stock(seen, 3, "restart", "memory", write)
    yield whole(made.held.copy())
    yield from _within(made.memory, made.hundredths[1])


def _disk(seen: Seen, made: Samples, busy: Marks) -> Iterator[Step]:
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


_STEPS: dict[str, Callable[[Seen, Samples, Marks], Iterator[Step]]] = {
    "cpu": _cpu,
    "mem": _memory,
    "disk": _disk,
    "net_in": _traffic("in", 3),
    "net_out": _traffic("out", 4),
}
