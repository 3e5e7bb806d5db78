"""Samples to the statistics of a tick, in whole hundredths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Hundredths = NDArray[np.int32]

_SAMPLES = 3
"""The axis of a tick's samples: (series, servers, ticks, samples)."""


def aggregate(samples: Hundredths, per_tick: int, statistics: Sequence[str]) -> Hundredths:
    """Return statistics of every `per_tick` samples.

    Args:
        samples: shape (series, servers, ticks * per_tick).
        per_tick: samples in a tick.
        statistics: names such as p95, mean, min, max.

    Returns:
        Shape (series * statistics, servers, ticks), series by series.
    """
    series, servers, count = samples.shape
    if per_tick == 1:
        return samples if len(statistics) == 1 else np.repeat(samples, len(statistics), axis=0)
    parts = samples.reshape(series, servers, count // per_tick, per_tick)
    ranks = {name: rank(name, per_tick) for name in statistics if name != "mean"}
    sums = parts.sum(axis=_SAMPLES, dtype=np.int64) if "mean" in statistics else None
    ordered = np.partition(parts, sorted(set(ranks.values())), axis=_SAMPLES) if ranks else parts
    out = np.empty((series, len(statistics), servers, count // per_tick), dtype=np.int32)
    for place, name in enumerate(statistics):
        if name == "mean" and sums is not None:
            out[:, place] = np.rint(sums / per_tick)
        else:
            out[:, place] = ordered[..., ranks[name]]
    return out.reshape(-1, servers, count // per_tick)


def rank(statistic: str, count: int) -> int:
    """Place of an order statistic among `count` ascending samples, from 0.

    A percentile q is the nearest rank: the ceil(q * count)-th smallest, never a mean of two.
    """
    if statistic == "min":
        return 0
    if statistic == "max":
        return count - 1
    return -(-int(statistic[1:]) * count // 100) - 1
