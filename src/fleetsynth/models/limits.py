"""Bounds and rounding: from a signal to what a collector would publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.metrics import METRICS, SIGNAL_INDEX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric

_SIGNAL = [SIGNAL_INDEX[metric.signal] for metric in METRICS]
_SHARE, _LOW, _HIGH = (
    np.array([getattr(metric, figure) for metric in METRICS])[:, None, None]
    for figure in ("share", "low", "high")
)


def clip(signal: NDArray[np.float64], metric: Metric, out: NDArray[np.float64]) -> None:
    """Write a metric's share of its signal, within the metric's bounds, to `out`."""
    share = signal if metric.share == 1.0 else np.multiply(metric.share, signal, out=out)
    np.clip(share, metric.low, metric.high, out=out)


def clip_all(signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `clip` makes of every metric, shape (metrics, servers, ticks).

    In few calls instead of in little memory, which is what counts for a handful of ticks.
    """
    out: NDArray[np.float64] = _SHARE * signals[_SIGNAL]
    np.maximum(out, _LOW, out=out)
    np.minimum(out, _HIGH, out=out)
    return out


def hundredths(values: NDArray[np.float64], out: NDArray[np.int32]) -> None:
    """Round to two decimals, ties to even, and write whole hundredths to `out`.

    The published value is the quotient by 100, which is the same float as
    ``rint(x * 100) / 100``. It takes the memory of `values`, which are lost.
    """
    values *= 100
    out[...] = np.rint(values, out=values)
