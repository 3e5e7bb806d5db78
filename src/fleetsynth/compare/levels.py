"""Features of a stretch's values, whatever their order, and of how they repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.compare.view import LEAST, runs

if TYPE_CHECKING:
    from fleetsynth.compare.view import View
    from fleetsynth.reader.grid import Series

_SHARES = (5, 25, 75, 95, 99)


def levels(view: View) -> dict[str, float]:
    """Return how high the values are, and how they spread."""
    x, level = view.values, view.level
    low, quarter, three_quarters, high, highest = np.percentile(x, _SHARES).tolist()
    mean, top = float(x.mean()), float(x.max())
    return {
        "level": level,
        "mean": mean,
        "low": low,
        "high": high,
        "top": top,
        "floor": float(x.min()),
        "top_to_mean": (top + LEAST) / (mean + LEAST),
        "p99_to_level": (highest + LEAST) / (level + LEAST),
        "level_to_floor": (level + LEAST) / (float(x.min()) + LEAST),
        "spread": (three_quarters - quarter) / (level + LEAST),
        "variation": view.sd / (mean + LEAST),
        "zeros": float((x == 0).mean()),
        "full": float((x >= 99).mean()),
        "skew": _moment(view.centred, 3),
        "tails": np.log(_moment(view.centred, 4)),
        "step_skew": _moment(view.differences, 3),
        "step_tails": np.log(_moment(view.differences, 4)),
    }


def repeats(view: View) -> dict[str, float]:
    """Return how values come again, and on what grid they lie."""
    x, count = view.values, len(view.values)
    values, counts = np.unique(x, return_counts=True)
    held = np.diff(runs(view.differences == 0), axis=1).ravel() + 1
    gaps = np.diff(values)
    return {
        "repeats": float((view.differences == 0).mean()),
        "repeats_second": float((x[2:] == x[:-2]).mean()),
        "distinct": len(values) / count,
        "commonest": float(counts.max()) / count,
        "five_commonest": float(np.sort(counts)[-5:].sum()) / count,
        "at_floor": float((x <= x.min() + 0.011).mean()),
        "at_top": float((x >= x.max() - max(0.02 * x.max(), 0.011)).mean()),
        "held_longest": float(held.max(initial=1)) * view.step / HOUR_SECONDS,
        "held": float(held.mean()) if len(held) else 1.0,
        "grain": float(np.percentile(gaps, 5)) if len(gaps) else np.nan,
    }


def _moment(series: Series, order: int) -> float:
    """Return the standardised central moment; NaN where there is no variance."""
    away = series - series.mean()
    sd = float(away.std())
    return float((away**order).mean()) / sd**order if sd > 1e-6 else np.nan
