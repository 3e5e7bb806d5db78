"""Correlations and autocorrelations of a sample of servers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.presets import simulate
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PER_ARCHETYPE = 24
TICKS = 8_192
_ANOTHER_SEED = 1_000_003
_LEAST = 3


def choose(codes: Ints, count: int) -> Ints:
    """Return evenly spread servers of one archetype, at most `count`."""
    if codes.size <= count:
        return codes
    return codes[np.linspace(0, codes.size - 1, count).round().astype(np.int64)]


def correlations(values: NDArray[np.float32]) -> Floats:
    """Correlate metrics, each value taken from the mean of all servers at its tick.

    What servers of one archetype have in common - the calendar, growth - drops out.

    Args:
        values: shape (metrics, servers, ticks).
    """
    x = values.astype(np.float64)
    there = ~np.isnan(x.sum(axis=0))
    ticks = there.sum(axis=0) >= _LEAST
    x, there = x[:, :, ticks], there[:, ticks]
    x = np.where(there, x, 0.0)
    x = np.where(there, x - x.sum(axis=1, keepdims=True) / there.sum(axis=0), 0.0)
    m = len(x)
    flat = x.reshape(m, -1)
    out = np.full((m, m), np.nan)
    squares = (flat * flat).sum(axis=1)
    for i in range(m):
        for j in range(m):
            scale = np.sqrt(squares[i] * squares[j])
            if scale:
                out[i, j] = (flat[i] * flat[j]).sum() / scale
    return out


def autocorrelations(
    values: NDArray[np.float32], seconds: Ints, lags: Ints, *, residual: bool
) -> Floats:
    """Return the mean autocorrelation over servers, shape (metrics, lags).

    Args:
        values: shape (metrics, servers, ticks).
        seconds: time of each tick.
        lags: in ticks.
        residual: take each value from its server's mean at that hour, on weekdays or weekends.
    """
    x = values.astype(np.float64)
    there = ~np.isnan(x)
    cell = np.zeros(seconds.size, dtype=np.int64)
    if residual:
        weekend = (seconds // DAY_SECONDS + 3) % 7 >= 5
        cell = seconds % DAY_SECONDS // HOUR_SECONDS + 24 * weekend
    for c in np.unique(cell):
        at = cell == c
        count = there[:, :, at].sum(axis=2, keepdims=True)
        mean = np.where(there[:, :, at], x[:, :, at], 0).sum(axis=2, keepdims=True)
        x[:, :, at] -= mean / np.maximum(count, 1)
    x = np.where(there, x, 0.0)
    size = 1 << (2 * seconds.size - 1).bit_length()
    out = np.full((len(x), lags.size), np.nan)
    for m, series in enumerate(x):
        spectrum = np.fft.rfft(series, size)
        products = np.fft.irfft(spectrum * spectrum.conj(), size)[:, lags]
        known = np.fft.rfft(there[m].astype(np.float64), size)
        pairs = np.fft.irfft(known * known.conj(), size)[:, lags]
        power = (series * series).sum(axis=1) / np.maximum(there[m].sum(axis=1), 1)
        alive = power > 0
        if alive.any():
            r = products[alive] / np.maximum(pairs[alive].round(), 1) / power[alive, None]
            out[m] = r.mean(axis=0)
    return out


def lags_of(step: int, ticks: int) -> Ints:
    """Return lags in ticks: all of the first days, then fewer; up to eight days or 60 ticks."""
    longest = min(ticks // 3, max(60, 8 * DAY_SECONDS // step))
    if longest <= 200:
        return np.arange(longest + 1, dtype=np.int64)
    first = np.arange(0, 24, dtype=np.int64)
    later = np.linspace(24, longest, 160).round().astype(np.int64)
    return np.unique(np.concatenate([first, later]))


def twin(plan: Plan, counts: Sequence[int], ticks: int) -> list[NDArray[np.float32]]:
    """Generate servers of each archetype anew with another seed, as many as were sampled.

    What they show is what the scenario leads one to expect after spikes and bounds.
    """
    scenario = plan.scenario.model_copy(update={"seed": plan.scenario.seed + _ANOTHER_SEED})
    codes = plan.fleet.archetype_codes(0, min(plan.fleet.size, 1_000_000))
    out = []
    for code, count in enumerate(counts):
        members = choose(np.flatnonzero(codes == code), count)
        if not members.size:
            out.append(np.zeros((len(plan.metrics), 0, ticks), dtype=np.float32))
            continue
        other = replace(plan, scenario=scenario, fleet=plan.fleet.select(members))
        first = plan.clock.first
        window = Window(0, len(members), first, first + min(ticks, plan.clock.count))
        out.append(simulate(other, window).grid().astype(np.float32))
    return out
