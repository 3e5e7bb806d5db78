"""Daily series of which it is known how they go on: all are continued beyond what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Random = np.random.Generator

YEAR = 365
LAST = 19_000
"""The last day that is shown, counted from the epoch: 8 January 2022."""
SERIES = 240


def ramps(r: Random, shown: int, days: int) -> Floats:  # noqa: ARG001 - as its siblings
    """Straight ramps, a third of them flat, under white, slow, weekly and spiky noise."""
    size = SERIES
    kind = (np.arange(size) % 4)[:, None]
    base = _lines(r, size, days, (5, 25), (10, 40))
    sd = r.choice([0.3, 2, 5], size)[:, None]
    white = r.standard_normal((size, days))
    noise = np.where(kind == 1, _slow(white), white)
    weekly = np.where(np.arange(days) % 7 >= 5, 0.65, 1.0)
    x = np.where(kind == 2, base * weekly, base) + sd * noise
    return _bounded(np.where((kind == 3) & (r.random((size, days)) < 0.03), x * 1.8, x))


def saws(r: Random, shown: int, days: int) -> Floats:  # noqa: ARG001 - as its siblings
    """Disks that are cleaned up every 7 to 45 days, memory that is freed every 40 to 150."""
    out = np.empty((SERIES, days))
    for row in range(SERIES):
        every = r.uniform(7, 45) if row % 2 else r.uniform(40, 150)
        height = r.uniform(4, 18)
        y, age, until, pace = np.empty(days), r.uniform(0, every), 0.0, 0.0
        for day in range(days):
            if age >= until:
                age = 0.0 if until else age
                until, pace = every * r.uniform(0.6, 1.4), height / every * r.uniform(0.5, 1.5)
            y[day] = pace * age
            age += 1
        rate = 0.0 if row % 6 < 2 else r.uniform(3, 14) / YEAR
        noise = r.standard_normal(days) * r.uniform(0.1, 0.8)
        out[row] = r.uniform(25, 50) + rate * np.arange(days) + y + noise
    return _bounded(out)


def steps(r: Random, shown: int, days: int) -> Floats:
    """Lines whose level changes once by 40 to 60 %, half a year or more before the end."""
    base = _lines(r, SERIES, days, (5, 18), (25, 50))
    at = r.integers(60, shown - 200, SERIES)[:, None]
    factor = r.choice([0.5, 0.6, 1.4, 1.6], SERIES)[:, None]
    sd = r.choice([0.5, 1.5], SERIES)[:, None]
    x = np.where(np.arange(days) >= at, base * factor, base)
    return _bounded(x + sd * r.standard_normal((SERIES, days)))


def seasons(r: Random, shown: int, days: int) -> Floats:
    """Lines under a yearly wave, and others that rise when a quarter closes."""
    t = np.arange(days)
    dates = (LAST - shown + 1 + t).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    left = ((months + 1).astype("datetime64[D]") - dates).astype(int)
    closing = (left <= 5) & ((months.astype(int) % 12 + 1) % 3 == 0)
    wave = np.sin(2 * np.pi * (t / 365.25 + r.random(SERIES)[:, None]))
    base = _lines(r, SERIES, days, (4, 15), (25, 50))
    yearly = base + r.uniform(4, 12, SERIES)[:, None] * wave
    quarterly = base * (1 + r.uniform(0.1, 0.3, SERIES)[:, None] * closing)
    sd = r.choice([0.5, 1.5], SERIES)[:, None]
    both = np.where((np.arange(SERIES) % 2 == 0)[:, None], yearly, quarterly)
    return _bounded(both + sd * r.standard_normal((SERIES, days)))


def outages(r: Random, shown: int, days: int) -> Floats:
    """Ramps with up to three outages of up to a month, and a load test, in what is shown."""
    out = ramps(r, shown, days)
    for row in out:
        for _ in range(r.integers(1, 4)):
            begin = r.integers(0, shown - 40)
            row[begin : begin + r.integers(2, 30)] = r.choice([0.0, np.nan, 1.0])
        begin = r.integers(0, shown - 20)
        row[begin : begin + r.integers(1, 5)] = 98
    return out


def quiet(r: Random, shown: int, days: int) -> Floats:  # noqa: ARG001 - as its siblings
    """Series that go nowhere: level, slow noise, spikes, weekends, a wave, some of them high."""
    size = SERIES
    kind = (np.arange(size) % 5)[:, None]
    base = r.uniform(10, 75, size)[:, None] + np.zeros(days)
    white = r.standard_normal((size, days))
    t = np.arange(days)
    x = base + r.choice([0.3, 1, 3], size)[:, None] * np.where(kind == 1, _slow(white), white)
    x = np.where((kind == 2) & (r.random((size, days)) < 0.02), x * 1.6, x)
    x = np.where(kind == 3, x * np.where(t % 7 >= 5, 0.7, 1.0), x)
    wave = 4 * np.sin(2 * np.pi * (t / 365.25 + r.random(size)[:, None]))
    return _bounded(np.where(kind == 4, x + wave, x))


KINDS: dict[str, Callable[[Random, int, int], Floats]] = {
    "ramps": ramps,
    "saw-tooths": saws,
    "steps": steps,
    "seasons": seasons,
    "outages": outages,
    "quiet": quiet,
}
SHOWN = {"ramps": 3 * YEAR}
"""Days that are shown, where it is not two years; as many or one year more go on."""
AHEAD = {"ramps": 3 * YEAR, "saw-tooths": 2 * YEAR}


def known(kind: str, seed: int) -> tuple[Floats, int]:
    """Return series of a kind, shape (series, days), and how many days of them are shown."""
    shown = SHOWN.get(kind, 2 * YEAR)
    ahead = AHEAD.get(kind, YEAR)
    r = np.random.default_rng([seed, list(KINDS).index(kind)])
    return KINDS[kind](r, shown, shown + ahead), shown


def _lines(
    r: Random, size: int, days: int, rates: tuple[float, float], starts: tuple[float, float]
) -> Floats:
    """Return lines, points a year and starts from ranges; every third is flat."""
    rate = np.where(np.arange(size) % 3 == 0, 0.0, r.uniform(*rates, size)) / YEAR
    out: Floats = r.uniform(*starts, size)[:, None] + rate[:, None] * np.arange(days)
    return out


def _slow(white: Floats) -> Floats:
    out = white.copy()
    for day in range(1, white.shape[1]):
        out[:, day] = 0.9 * out[:, day - 1] + np.sqrt(1 - 0.81) * white[:, day]
    return out


def _bounded(values: Floats) -> Floats:
    out: Floats = np.clip(values, 0, 100)
    return out
