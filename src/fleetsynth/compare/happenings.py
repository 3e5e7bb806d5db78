"""Features of what happens in a stretch: spikes, dips, episodes and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.compare.view import LEAST, SPIKE_MADS, runs

if TYPE_CHECKING:
    from fleetsynth.compare.view import View
    from fleetsynth.reader.grid import Series

_EPISODE_SECONDS = 1_800
_EPISODE_MADS, _EPISODE_SHARE = 8.0, 0.25
_JOB_PERIODS = {
    "day": (DAY_SECONDS,),
    "hours": tuple(hours * HOUR_SECONDS for hours in (12, 6, 4, 2)),
    "hour": (HOUR_SECONDS,),
    "minutes": tuple(minutes * 60 for minutes in (30, 20, 15)),
}
"""Periods in seconds of jobs, by what they are called."""
_LEAST_RUNS = 7
_CLEAR = {"day": 3.6, "hours": 2.0, "hour": 0.6, "minutes": 0.4}
"""MADs that the median over a job's runs is above the rest, where there is a job."""


def spikes(view: View) -> dict[str, float]:
    """Return how often spikes come, how long and how high they are."""
    found = view.spikes
    days = len(view.values) / view.day
    dips = runs(view.rest < -SPIKE_MADS * max(view.mad, LEAST))
    out = {"spikes": len(found) / days, "dips": len(dips) / days}
    names = ("spike_single", "spike_second", "spike_length", "spike_height", "spike_heights")
    if not len(found):
        return out | dict.fromkeys(names, np.nan)
    lengths = np.diff(found, axis=1).ravel()
    heights = np.maximum.reduceat(view.rest, found[:, 0])  # a run is higher than what follows it
    first = found[:, 0]
    second = np.minimum(first + 1, len(view.rest) - 1)
    return out | {
        "spike_single": float((lengths == 1).mean()),
        "spike_second": float(np.median(view.rest[second] / view.rest[first])),
        "spike_length": float(lengths.mean()),
        "spike_height": float(np.median(heights)),
        "spike_heights": float(np.percentile(heights, 90) / np.median(heights)),
    }


def episodes(view: View) -> dict[str, float]:
    """Return how often something lasts half an hour or longer, how long, and how flat it is."""
    middle = float(np.median(np.abs(view.above_day)))
    high = view.above_day > max(_EPISODE_MADS * middle, 20 * LEAST, _EPISODE_SHARE * view.level)
    found = runs(_closed(high))
    lasting = found[np.diff(found, axis=1).ravel() * view.step >= _EPISODE_SECONDS]
    weeks = len(view.values) / view.day / 7
    flat = [
        float(part.std() / (part.mean() + LEAST))
        for first, stop in lasting
        for part in [view.values[first:stop]]
    ]
    return {
        "episodes": len(lasting) / weeks,
        "in_episodes": float(np.diff(lasting, axis=1).sum()) / len(view.values),
        "episode_rough": float(np.median(flat)) if flat else np.nan,
    }


def jobs(view: View) -> dict[str, float]:
    """Return how clearly something comes again at fixed periods, in MADs of the rest."""
    out: dict[str, float] = {}
    clear = False
    for name, periods in _JOB_PERIODS.items():
        marks = [mark for period in periods if (mark := _mark(view, period)) is not None]
        out[f"job_{name}"] = max(marks) if marks else np.nan
        clear |= bool(marks) and max(marks) > _CLEAR[name]
    known = any(not np.isnan(mark) for mark in out.values())
    return out | {"has_job": float(clear) if known else np.nan}


def _mark(view: View, seconds: int) -> float | None:
    """Return the highest median over runs at one phase, less the middle phase; None if too few."""
    period = seconds // view.step
    if seconds % view.step or period < 3 or DAY_SECONDS % seconds:
        return None
    times = len(view.rest) // period
    if times < _LEAST_RUNS:
        return None
    folded = np.median(view.rest[: times * period].reshape(times, period), axis=0)
    return float(folded.max() - np.median(folded)) / max(view.mad, LEAST)


def _closed(hit: Series | np.ndarray) -> np.ndarray:
    """Return where something is on, with gaps of one tick closed."""
    out = np.array(hit, bool)
    out[1:-1] |= out[:-2] & out[2:]
    return out
