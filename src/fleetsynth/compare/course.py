"""Features of how a stretch goes from value to value: memory, roughness, day and wander."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.compare.view import LEAST, block_medians, lagged

if TYPE_CHECKING:
    from fleetsynth.compare.view import View
    from fleetsynth.reader.grid import Series

_LEAST_PAIRS = 30


def memory(view: View) -> dict[str, float]:
    """Return autocorrelations of values, of differences, and of the quiet between happenings."""
    x, steps = view.centred, view.differences
    steps = steps - steps.mean()
    within = _daily_lags(view)
    return {
        "lag_1": lagged(x, 1),
        "lag_2": lagged(x, 2),
        "lag_hour": lagged(x, view.hour) if view.hour > 1 else np.nan,
        "lag_3_hours": lagged(x, 3 * view.hour),
        "lag_day": lagged(x, view.day) if view.day > 1 else np.nan,
        "step_lag_1": lagged(steps, 1),
        "step_lag_2": lagged(steps, 2),
        "rest_lag_1": lagged(view.rest - view.rest.mean(), 1),
        "quiet_lag_1": _quiet_lag(view),
        "lag_within_day": float(np.median(within)) if len(within) else np.nan,
        "lag_spread": float(np.std(within)) if len(within) > 2 else np.nan,
    }


def roughness(view: View) -> dict[str, float]:
    """Return how rough the course is: differences, signs, order and spectrum."""
    steps = view.differences
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    moved = max(up + down, 1)
    size = float(steps.std())
    return {
        "step_size": size / view.sd if view.sd else np.nan,
        "step_median": float(np.median(np.abs(steps))) / size if size > 1e-6 else np.nan,
        "turns": float((steps[1:] * steps[:-1] < 0).mean()),
        "more_ups": (up - down) / moved,
        "order": _order_entropy(view.values),
        "quiet_size": view.mad / (view.level + LEAST),
        **_spectrum(view),
    }


def day(view: View) -> dict[str, float]:
    """Return the shape of the day, and how days and slow levels differ."""
    days = len(view.values) // view.day
    by_day = view.values[: days * view.day].reshape(days, view.day)
    means = by_day.mean(axis=1)
    mean = float(means.mean()) + LEAST
    lowest = float(np.sort(means)[:2].mean()) + LEAST
    out = {
        "days_differ": float(means.std()) / mean,
        "lowest_days": lowest / mean,
        **_slow(view),
    }
    if view.day < 24:
        return out
    hourly = by_day.reshape(days, -1, view.day // 24 if view.day >= 24 else 1).mean(axis=2)
    profile = hourly.mean(axis=0)
    waves = np.abs(np.fft.rfft(profile))
    variance = float(view.values.var())
    return out | {
        "hour_share": float(profile.var()) / variance if view.sd else np.nan,
        "day_peak": (float(profile.max()) + LEAST) / (float(profile.mean()) + LEAST),
        "day_trough": (float(profile.min()) + LEAST) / (float(profile.mean()) + LEAST),
        "half_day_wave": float(waves[2] / waves[1]) if waves[1] > 1e-9 else np.nan,
        "third_day_wave": float(waves[3] / waves[1]) if waves[1] > 1e-9 else np.nan,
        "days_alike": _alike(hourly),
        "hourly_share": float(hourly.var()) / variance if view.sd else np.nan,
    }


def _slow(view: View) -> dict[str, float]:
    level = view.level + LEAST
    blocks = block_medians(view.above_day, 8 * view.hour)
    half = len(view.values) // 2
    moved = float(np.median(view.values[:half]) - np.median(view.values[half:]))
    return {
        "wander": float(np.median(np.abs(blocks - np.median(blocks)))) / level,
        "shift": float(np.abs(np.diff(block_medians(view.values, 4 * view.hour))).max()) / level,
        "halves_differ": abs(moved) / level,
    }


def _quiet_lag(view: View) -> float:
    """Return the lag-1 autocorrelation of the rest, over neighbours that are both quiet."""
    both = view.quiet[1:] & view.quiet[:-1]
    if both.sum() < _LEAST_PAIRS:
        return np.nan
    rest = view.rest - view.rest[view.quiet].mean()
    one, two = rest[:-1][both], rest[1:][both]
    size = float((one * one).mean() + (two * two).mean()) / 2
    return float((one * two).mean()) / size if size > 1e-9 else np.nan


def _daily_lags(view: View) -> Series:
    """Return the lag-1 autocorrelation of each day by itself, where it is defined."""
    days = len(view.values) // view.day
    lags = [
        lagged(part - part.mean(), 1)
        for part in view.values[: days * view.day].reshape(days, view.day)
        if view.day > 40
    ]
    found = np.array(lags)
    return np.asarray(found[~np.isnan(found)])


def _alike(hourly: Series) -> float:
    """Return the mean correlation of each day's hours with those of the day after."""
    away = hourly - hourly.mean(axis=1, keepdims=True)
    size = np.sqrt((away * away).sum(axis=1))
    good = (size[1:] > 1e-9) & (size[:-1] > 1e-9)
    if not good.any():
        return np.nan
    return float(((away[1:] * away[:-1]).sum(axis=1)[good] / (size[1:] * size[:-1])[good]).mean())


def _order_entropy(x: Series) -> float:
    """Return the entropy of the order of three values in a row, from 0 to 1; ties by time."""
    one, two, three = x[:-2], x[1:-1], x[2:]
    code = (one > two) * 4 + (two > three) * 2 + (one > three)
    share = np.bincount(code.astype(np.int64), minlength=8) / len(code)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum() / np.log(6))


def _spectrum(view: View) -> dict[str, float]:
    """Return the shares of the variance by period, the slope, and the sharpest line."""
    count = len(view.values)
    power = np.abs(np.fft.rfft(view.centred * np.hanning(count)))[1:] ** 2
    hours = count * view.step / HOUR_SECONDS / np.arange(1, len(power) + 1)
    total = float(power.sum())
    if not view.sd or not total:
        return dict.fromkeys(("fast", "hours_2_6", "hours_6_30", "slope", "line"), np.nan)

    def share(low: float, high: float) -> float:
        return float(power[(hours >= low) & (hours < high)].sum()) / total

    quick = hours <= 12
    bands = np.array_split(np.flatnonzero(quick), 8) if quick.sum() > 64 else []
    means = np.array([power[band].mean() for band in bands])
    middles = np.array([hours[band].mean() for band in bands])
    slope = np.polyfit(np.log(1 / middles), np.log(means + 1e-12), 1)[0] if len(bands) else np.nan
    around = np.array([power[band].max() / (np.median(power[band]) + 1e-12) for band in bands])
    return {
        "fast": share(0, 1),
        "hours_2_6": share(2, 6),
        "hours_6_30": share(6, 30),
        "slope": float(slope),
        "line": float(np.log10(around.max())) if len(around) else np.nan,
    }
