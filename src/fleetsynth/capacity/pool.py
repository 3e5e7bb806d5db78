"""What series that belong together say together: how alike they are, and their trends.

Replicas of a service share its demand, and servers of an archetype often grow alike. What one
server's noise hides, several show: each trend is drawn towards that of its pool. How much trends
of a pool differ is measured too (random effects, as DerSimonian and Laird do it): the more they
differ, the less they are drawn, and who clearly differs goes by itself. Replicas share noise as
well, and of that ten show no more than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity import trend
from fleetsynth.capacity.weekly import week_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

_APART = 3.0
"""Standard deviations from its pool's trend beyond which a series goes by itself."""
_CAUTION = 0.25
"""Standard errors by which trends of a pool are taken to differ more than was measured: of a few,
hardly more can be told than that they may differ."""
_MOST_ALIKE = 0.95


def pools(service: Sequence[Ints], kind: Sequence[Ints]) -> list[Ints]:
    """Return the number of each series' pool: those of its service, or else of its archetype.

    Args:
        service: codes of services, -1 where there is none, part by part.
        kind: the same of archetypes; servers of several in one service are pools apart.

    Returns:
        Numbers, part by part, and -1 of those that have neither.
    """
    services, kinds = (np.concatenate(list(each)) + 1 for each in (service, kind))
    both = services * (kinds.max(initial=0) + 1) + kinds
    number = np.unique(both, return_inverse=True)[1].astype(np.int64)
    number[both == 0] = -1
    return np.split(number, np.cumsum([len(each) for each in kind])[:-1])


def alike(lines: Sequence[Line], numbers: Sequence[Ints]) -> Floats:
    """Return how much what is left of each series' pool is correlated, 0 to nearly 1.

    By the signs of it: outages and load tests count no more than other weeks.

    Args:
        lines: the trends.
        numbers: of pools, for each of `lines`.

    Returns:
        One for each series of all lines, the same for all of a pool.
    """
    number = np.concatenate(list(numbers))
    together, pairs = np.zeros((2, number.max(initial=-1) + 1))
    for line, own in zip(lines, numbers, strict=True):
        order = np.argsort(own, kind="stable")
        order = order[own[order] >= 0]
        if not order.size:
            continue
        sign = np.sign(np.nan_to_num(line.residuals[order])).astype(np.int8)
        begins = np.flatnonzero(np.diff(own[order], prepend=-1))
        total = np.add.reduceat(sign, begins, axis=0, dtype=np.int64)
        count = np.add.reduceat(np.abs(sign), begins, axis=0, dtype=np.int64)
        together[own[order][begins]] += (total**2 - count).sum(axis=1)
        pairs[own[order][begins]] += (count * (count - 1)).sum(axis=1)
    share = np.clip(together / np.maximum(pairs, 1), 0, 1)
    of_pool = np.minimum(np.sin(np.pi / 2 * share), _MOST_ALIKE)
    return np.where(number >= 0, of_pool[number], 0.0) if of_pool.size else np.zeros(len(number))


def shares(numbers: Ints, alike: Floats, votes: Flags) -> Floats:
    """Return for how many of its own each series counts: less where others say the same.

    Args:
        numbers: of each one's pool.
        alike: as `alike` returns it.
        votes: which have something to say.
    """
    count = np.bincount(numbers[votes] + 1, minlength=numbers.max(initial=-1) + 2)[numbers + 1]
    return np.where(numbers >= 0, 1 / (1 + np.maximum(count - 1, 0) * alike), 1.0)


def draw(lines: Sequence[Line], numbers: Sequence[Ints], alike: Floats) -> None:
    """Draw the slopes of lines towards those of their pools.

    Args:
        lines: they are changed.
        numbers: of pools, for each of `lines`; those of one have to be comparable.
        alike: as `alike` returns it.
    """
    slope, variance = (
        np.concatenate([getattr(line, name) for line in lines]) for name in ("slope", "of_slope")
    )
    some = np.flatnonzero(np.concatenate(list(numbers)) >= 0)
    number = np.unique(np.concatenate(list(numbers))[some], return_inverse=True)[1]
    drawn = _drawn(slope[some], variance[some] / trend.INFLATION, number, alike[some])
    begin = 0
    for line in lines:
        first, last = np.searchsorted(some, [begin, begin + len(line.slope)])
        mine = np.flatnonzero(drawn.less[first:last]) + first
        _turn(line, some[mine] - begin, drawn.slope[mine], drawn.variance[mine] * trend.INFLATION)
        begin += len(line.slope)


class _Drawn(NamedTuple):
    """Slopes that were drawn, their variances, and which are other than before."""

    slope: Floats
    variance: Floats
    less: Flags


def _drawn(slope: Floats, own: Floats, number: Ints, alike: Floats) -> _Drawn:
    """Draw slopes towards those of their pools.

    Args:
        slope: of each series.
        own: its variance.
        number: of its pool, from 0 on.
        alike: the share of the variance that a pool has in common: it is not drawn.
    """
    apart = own * (1 - alike)
    inside = np.ones(len(slope), np.bool_)
    for _ in range(2):
        between = _between(slope, apart, number, inside)
        weight = np.where(np.isinf(between), 0.0, inside / (apart + between))
        total = np.maximum(np.bincount(number, weight), 1e-300)
        middle = (np.bincount(number, weight * slope) / total)[number]
        inside = (slope - middle) ** 2 <= _APART**2 * (apart + between)
    less = inside & ~np.isinf(between)
    kept = np.ones(len(slope))
    kept[less] = between[less] / (between[less] + apart[less])
    of_middle = np.where(less, 1 / total[number], 0.0)
    variance = own * alike + kept * apart + (1 - kept) ** 2 * of_middle
    return _Drawn(np.where(less, middle + kept * (slope - middle), slope), variance, less)


def _between(slope: Floats, apart: Floats, number: Ints, inside: Flags) -> Floats:
    """Return the variance of the true slopes of each series' pool, infinity for one alone."""
    weight = inside / apart
    total = np.maximum(np.bincount(number, weight), 1e-300)
    middle = (np.bincount(number, weight * slope) / total)[number]
    degrees = np.bincount(number, inside) - 1.0
    squares = np.bincount(number, weight * (slope - middle) ** 2)
    free = np.maximum(total - np.bincount(number, weight**2) / total, 1e-300)
    out = np.where(degrees > 0, np.maximum(squares - degrees, 0) / free, np.inf)[number]
    caution: Floats = out + _CAUTION * apart * np.sqrt(2 / np.maximum(degrees, 1))[number]
    return caution


def _turn(line: Line, rows: Ints, slope: Floats, of_slope: Floats) -> None:
    """Give lines other slopes, turning them about the middle of their weeks."""
    centre = -line.of_both[rows] / line.of_slope[rows]
    turned = slope - line.slope[rows]
    at_centre = line.of_level[rows] - line.of_slope[rows] * centre**2
    times = week_times(line.residuals.shape[1])
    line.residuals[rows] -= turned[:, None] * (times - centre[:, None])
    line.level[rows] -= turned * centre
    line.slope[rows], line.of_slope[rows] = slope, of_slope
    line.of_both[rows] = -of_slope * centre
    line.of_level[rows] = at_centre + of_slope * centre**2
    line.clearness[rows] = slope / np.sqrt(of_slope)
