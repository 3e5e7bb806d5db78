"""What a CPU does from sample to sample: its quiet noise, its spikes, jobs, repeats and days.

All of it is defined at five minutes, on the grid of a server; at another step the same server has
other figures. Definitions in words: docs/facts.md.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.facts import measures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Series

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

STEP = 300
"""Seconds from point to point at which all of it is defined."""
HOUR, DAY, WEEK = 12, 288, 2016
"""In samples of five minutes."""
QUIET_MADS, SPIKE_MADS = 3.0, 5.0
LEAST_SPIKE = 0.05
"""CPU points that a spike rises at least."""
PERIODS = (6, 12, 24, 48, 72, 144, 288)
"""Samples from run to run of the jobs that are looked for: half an hour to a day."""
EPISODE = 6
"""Samples that an episode lasts at least."""
_RUNS, _SIGMAS = 0.6, 4.0
"""Share of a job's runs that are seen, and how far beyond chance that is."""
_FREQUENT = 5
_FLAT = 1e-9


def quiet(cpu: Series) -> dict[str, float]:
    """Measure a server's CPU at five minutes, shape (ticks,); NaN where a point is missing."""
    there = ~np.isnan(cpu)
    if there.sum() < WEEK:
        return {}
    known = (
        cpu if there.all() else np.interp(np.arange(len(cpu)), np.flatnonzero(there), cpu[there])
    )
    rest = known - level(known)
    mad = float(np.median(np.abs(rest - np.median(rest))))
    up = rest > max(SPIKE_MADS * mad, LEAST_SPIKE)
    return {
        "quiet_mad": mad / max(float(np.median(known)), LEAST_SPIKE),
        "quiet_lag": _quiet_lag(rest, mad),
        "day_lag_spread": _spread_of_days(known),
        **_spikes(rest, up),
        "periodic": _periodic(up),
        "episodes": _episodes(known),
        "frequent": 100 * _share_of_frequent(known),
        "skew_of_differences": measures.moment(np.diff(known), 3),
        "week_over_day": _week_over_day(known),
    }


def level(known: Series) -> Series:
    """Return the median over the three hours around each hour, joined by straight lines."""
    hours = len(known) // HOUR
    by_hour = known[: hours * HOUR].reshape(hours, HOUR)
    padded = np.concatenate((by_hour[:1], by_hour, by_hour[-1:]))
    around = np.concatenate((padded[:-2], padded[1:-1], padded[2:]), axis=1)
    middles = np.arange(hours) * HOUR + (HOUR - 1) / 2
    return np.interp(np.arange(len(known)), middles, np.median(around, axis=1))


def _quiet_lag(rest: Series, mad: float) -> float:
    still = np.abs(rest) <= QUIET_MADS * mad
    pairs = still[:-1] & still[1:]
    return measures.correlation(rest[:-1][pairs], rest[1:][pairs])


def _spread_of_days(known: Series) -> float:
    """Return the tenth to the ninetieth percentile of each day's lag 1, as a width."""
    days = known[: len(known) // DAY * DAY].reshape(-1, DAY)
    away = days - days.mean(axis=1, keepdims=True)
    squares = (away * away).sum(axis=1)
    good = squares > _FLAT
    if good.sum() < WEEK // DAY:
        return np.nan
    lags = (away[good, :-1] * away[good, 1:]).sum(axis=1) / squares[good]
    low, high = np.percentile(lags, [10, 90])
    return float(high - low)


def _spikes(rest: Series, up: Flags) -> dict[str, float]:
    found = measures.runs(up)
    if not len(found):
        return {}
    first, stop = found.T
    inside = first[first + 1 < len(rest)]
    second = np.maximum(rest[inside + 1], 0.0) / rest[inside]
    return {
        "one_sample": 100 * float((stop - first == 1).mean()),
        "second_sample": float(np.median(second)) if len(second) else np.nan,
    }


def _periodic(up: Flags) -> float:
    """Return the share of weeks with a job: spikes that begin at the same place of a period."""
    weeks = len(up) // WEEK
    begins = np.flatnonzero(up & ~np.concatenate(([False], up[:-1])))
    by_week = [begins[begins // WEEK == week] % WEEK for week in range(weeks)]
    return 100 * float(np.mean([any(_has(week, p) for p in PERIODS) for week in by_week]))


def _has(begins: Ints, period: int) -> bool:
    """Tell whether spikes begin at one place of a period, or beside it, beyond chance."""
    slots = WEEK // period
    hit = np.zeros((slots, period), np.bool_)
    hit[begins // period, begins % period] = True
    near = hit | np.roll(hit, 1, axis=1) | np.roll(hit, -1, axis=1)
    chance = min(1.0, 3 * len(begins) / WEEK)
    usual = slots * chance + _SIGMAS * sqrt(slots * chance * (1 - chance)) + 1
    return bool(near.sum(axis=0).max() >= max(_RUNS * slots, usual))


def _episodes(known: Series) -> float:
    """Return the share of weeks with half an hour or more above median + 5 MAD."""
    found = []
    for week in known[: len(known) // WEEK * WEEK].reshape(-1, WEEK):
        middle = np.median(week)
        mad = max(float(np.median(np.abs(week - middle))), LEAST_SPIKE)
        first, stop = measures.runs(week > middle + SPIKE_MADS * mad).T
        found.append(bool((stop - first >= EPISODE).any()))
    return 100 * float(np.mean(found))


def _share_of_frequent(known: Series) -> float:
    _, counts = np.unique(known, return_counts=True)
    return float(np.sort(counts)[-_FREQUENT:].sum() / len(known))


def _week_over_day(known: Series) -> float:
    """Return the error of last week's values over that of yesterday's, at the same points."""
    by_week = np.abs(known[WEEK:] - known[:-WEEK])
    by_day = np.abs(known[WEEK:] - known[WEEK - DAY : -DAY])
    if len(by_week) < WEEK or not by_day.mean() > 0:
        return np.nan
    return float(by_week.mean() / by_day.mean())


def repeats(series: Series) -> float:
    """Return the share of points that equal the one before, in percent."""
    there = series[~np.isnan(series)]
    return 100 * float((np.diff(there) == 0).mean()) if len(there) > 1 else np.nan


def turns(series: Series) -> float:
    """Return the share of changes that go the other way than the one before."""
    there = series[~np.isnan(series)]
    change = np.diff(there)
    change = change[change != 0]
    return float((change[1:] * change[:-1] < 0).mean()) if len(change) > 1 else np.nan
