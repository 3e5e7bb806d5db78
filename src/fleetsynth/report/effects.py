"""What the calendar does: quarter ends and holidays against ordinary days near them."""

from __future__ import annotations

from math import erf
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, Calendar, Days
from fleetsynth.metrics import SIGNAL_INDEX, SIGNALS
from fleetsynth.models.classic import factors, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.models.classic.plan import ClassicPlan
    from fleetsynth.models.classic.scenario import ArchetypeProfile

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ORDINARY = -1
QUARTER_END = (
    "Quarter end, 4 days to go",
    "Quarter end, 3 days to go",
    "Quarter end, 2 days to go",
    "Quarter end, 1 day to go",
    "Quarter end, last day",
)
CLASSIC = (
    *QUARTER_END,
    "New Year's Day",
    "Independence Day",
    "22–28 November",
    "24 December",
    "25–26 December",
    "27–31 December",
)
GENERAL = (*QUARTER_END, "Public holidays", "24–31 December")
_REACH = 28
"""Days before and after within which ordinary days of the same weekday are compared with."""


def classic_kinds(days: Days) -> Ints:
    """Return the place of each day in `CLASSIC`, or `ORDINARY`."""
    month, day = days.month, days.day
    out = np.full(days.index.shape, ORDINARY, dtype=np.int64)
    out[days.is_quarter_end] = (4 - days.days_to_month_end)[days.is_quarter_end]
    for kind, (m, first, last) in enumerate(
        [(1, 1, 1), (7, 4, 4), (11, 22, 28), (12, 24, 24), (12, 25, 26), (12, 27, 31)],
        start=len(QUARTER_END),
    ):
        out[(month == m) & (day >= first) & (day <= last)] = kind
    return out


def general_kinds(days: Days, country: str) -> Ints:
    """Return the place of each day in `GENERAL`, or `ORDINARY`."""
    out = np.full(days.index.shape, ORDINARY, dtype=np.int64)
    out[days.is_quarter_end] = (4 - days.days_to_month_end)[days.is_quarter_end]
    out[days.is_holiday(country)] = len(QUARTER_END)
    out[(days.month == 12) & (days.day >= 24)] = len(QUARTER_END) + 1
    return out


def compare(sums: Floats, counts: Ints, kinds: Ints) -> tuple[Ints, Floats, Floats]:
    """Compare special days with ordinary days of the same weekday within four weeks.

    Args:
        sums: sums of values, shape (..., days).
        counts: numbers of values, same shape.
        kinds: what each day is.

    Returns:
        Places of the special days that have something to be compared with; the mean of each; the
        mean of its ordinary days. NaN where there is no value.
    """
    steps = [7 * week for week in range(-_REACH // 7, _REACH // 7 + 1) if week]
    special = np.flatnonzero(kinds != ORDINARY)
    around = special[:, None] + np.array(steps)
    inside = (around >= 0) & (around < kinds.size)
    around = np.where(inside, around, 0)
    usable = inside & (kinds[around] == ORDINARY)
    kept = usable.any(axis=1)
    special, around, usable = special[kept], around[kept], usable[kept]
    with np.errstate(invalid="ignore"):
        seen = sums[..., special] / counts[..., special]
        base = (sums[..., around] * usable).sum(axis=-1) / (counts[..., around] * usable).sum(-1)
    return special, seen, base


def expected_days(plan: ClassicPlan, days: Ints, metrics: Sequence[Metric]) -> Floats:
    """Return the mean that the classic model gives each day, shape (metrics, archetypes, days).

    Exact for the noise, the spikes and the bounds: the mean of a clipped normal, mixed with that
    of a spiking one.
    """
    step = plan.clock.step
    office = np.isin(np.arange(0, DAY_SECONDS, step) // HOUR_SECONDS, np.arange(9, 18)).mean()
    out = np.zeros((len(metrics), len(plan.archetypes), days.size))
    for hour, share in ((0, 1 - office), (12, office)):
        if not share:
            continue
        calendar = Calendar(days * DAY_SECONDS + hour * HOUR_SECONDS)
        for a, archetype in enumerate(plan.archetypes):
            f = factors.demand(
                calendar,
                archetype.profile,
                quarterly_peaks=plan.scenario.quarterly_peaks,
                holiday_effect=plan.scenario.holiday_effect,
            )
            g = simulate.growth(plan, archetype.profile.monthly_growth_rate, calendar.seconds)
            level = simulate.level(archetype.profile, f, g)
            for m, metric in enumerate(metrics):
                signal = level[SIGNAL_INDEX[metric.signal]]
                out[m, a] += share * _mean(
                    signal, metric, archetype.profile, spikes=plan.scenario.spikes
                )
    return out


def demand_factors(plan: ClassicPlan, days: Days, metrics: Sequence[Metric]) -> Floats:
    """Return what quarter ends and holidays multiply each day by, shape (metrics, days)."""
    f = np.ones(days.index.size)
    if plan.scenario.quarterly_peaks:
        f = f * factors.quarter_end(days)
    if plan.scenario.holiday_effect:
        f = f * factors.holiday(days)
    follows = [SIGNALS[SIGNAL_INDEX[metric.signal]].follows_demand for metric in metrics]
    return np.array([f if follow else np.ones_like(f) for follow in follows])


def _mean(level: Floats, metric: Metric, profile: ArchetypeProfile, *, spikes: bool) -> Floats:
    signal = SIGNALS[SIGNAL_INDEX[metric.signal]]
    sd = float(getattr(profile, f"{signal.name}_variance"))
    calm = _clipped(level, sd, metric)
    if not spikes or signal.spike_share is None:
        return calm
    times = signal.spike_share * profile.spike_magnitude
    spiking = _clipped(level * times, sd * times, metric)
    return calm + profile.spike_probability * (spiking - calm)


def _clipped(mean: Floats, sd: float, metric: Metric) -> Floats:
    """Return the mean of share x N(mean, sd), clipped to a metric's bounds."""
    mean, sd = mean * metric.share, sd * metric.share
    if sd == 0:
        return np.clip(mean, metric.low, metric.high)
    a, b = (metric.low - mean) / sd, (metric.high - mean) / sd
    below, above = _cumulative(a), _cumulative(b)
    inside = mean * (above - below) + sd * (_density(a) - _density(b))
    out: Floats = metric.low * below + inside + metric.high * (1 - above)
    return out


def _cumulative(z: Floats) -> Floats:
    # Days share a few hundred levels, growth aside: six digits are plenty for a chart.
    keys, places = np.unique(np.round(z, 6), return_inverse=True)
    return np.array([0.5 * (1 + erf(key / 2**0.5)) for key in keys.tolist()])[places]


def _density(z: Floats) -> Floats:
    out: Floats = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return out
