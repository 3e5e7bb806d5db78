"""Bounds: from signals to the metrics that they are published as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.metrics import METRICS
from fleetsynth.models.classic.signals import SHOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGNAL = [signal for signal, _ in SHOWN]
_SHARE = np.array([share for _, share in SHOWN])[:, None, None]
_LOW, _HIGH = (
    np.array([getattr(metric, figure) for metric in METRICS])[:, None, None]
    for figure in ("low", "high")
)


def clip(signal: NDArray[np.float64], metric: int, out: NDArray[np.float64]) -> None:
    """Write a metric's share of its signal, within the metric's bounds, to `out`.

    Args:
        signal: the one behind the metric.
        metric: its place among `METRICS`.
        out: of the shape of `signal`.
    """
    _, share = SHOWN[metric]
    shown = signal if share == 1.0 else np.multiply(share, signal, out=out)
    np.clip(shown, METRICS[metric].low, METRICS[metric].high, out=out)


def clip_all(signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `clip` makes of every metric, shape (metrics, servers, ticks).

    In few calls instead of in little memory, which is what counts for a handful of ticks.
    """
    out: NDArray[np.float64] = _SHARE * signals[_SIGNAL]
    np.maximum(out, _LOW, out=out)
    np.minimum(out, _HIGH, out=out)
    return out
