"""What the calendar does: quarter ends and holidays against ordinary days near them."""

from __future__ import annotations

from math import erf
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.calendars import NO_DATES
from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, Calendar, Days
from fleetsynth.models.base import product_of
from fleetsynth.presets import model_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.metrics import Metric
    from fleetsynth.models.base import Factor, Law, RowLaw, Signal
    from fleetsynth.plan import Plan

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
GENERAL = (*QUARTER_END, "Public holidays", "24–31 December")
"""Days that are looked at where no model declares any."""
_MOST_SERVERS = 100_000
"""Servers by which the shares of business units are told."""
_REACH = 28
"""Days before and after within which ordinary days of the same weekday are compared with."""


def by_date(plan: Plan | None) -> list[Factor]:
    """Return a model's factors that act on all archetypes alike, on days that charts can name."""
    factors = model_of(plan).factors_of(plan) if plan else ()
    return [f for f in factors if f.cases and not f.hourly and f.field is None]


def declared_kinds(factors: Sequence[Factor], days: Days) -> tuple[list[str], Ints]:
    """Return the names of the days that factors act on, and the place of each day among them.

    Where two act, the later one names the day; `ORDINARY` where none does.
    """
    names: list[str] = []
    out = np.full(days.index.shape, ORDINARY, dtype=np.int64)
    for factor in factors:
        if factor.case_of is not None:
            case = factor.case_of(days)
            out = np.where(case > 0, case + (len(names) - 1), out)
        names += [case.title for case in factor.cases]
    return names, out


def general_kinds(days: Days, country: str, own: OwnDates = NO_DATES) -> Ints:
    """Return the place of each day in `GENERAL`, or `ORDINARY`; arguments as of `is_holiday`."""
    out = np.full(days.index.shape, ORDINARY, dtype=np.int64)
    out[days.is_quarter_end] = (4 - days.days_to_month_end)[days.is_quarter_end]
    out[days.is_holiday(country, own)] = len(QUARTER_END)
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


def expected_days(plan: Plan, law: Law, days: Ints, metrics: Sequence[Metric]) -> Floats:
    """Return the mean that a law gives each day, shape (metrics, archetypes, days).

    Exact for the noise, the spikes and the bounds: the mean of a clipped normal, mixed with that
    of a spiking one.
    """
    factors = [f for f in model_of(plan).factors_of(plan) if f.is_on(plan.scenario)]
    out = np.zeros((len(metrics), len(plan.archetypes), days.size))
    hourly = [f for f in factors if f.hourly]
    for unit, part in _units(plan, factors).items():
        acting = [f for f in factors if f.unit in (None, unit)]
        for hour, share in _parts_of_day(hourly, plan.clock.step):
            calendar = Calendar(days * DAY_SECONDS + hour * HOUR_SECONDS)
            out += part[:, None] * share * _expected(plan, law, acting, calendar, metrics)
    return out


def _units(plan: Plan, factors: Sequence[Factor]) -> dict[str, Floats]:
    """Return each business unit with its share of each archetype's servers, shape (archetypes,).

    One stands for all where no factor tells them apart.
    """
    units = list(plan.scenario.business_units)
    if all(f.unit is None for f in factors):
        return {units[0]: np.ones(len(plan.archetypes))}
    stop = min(plan.fleet.size, _MOST_SERVERS)
    counts = np.zeros((len(units), len(plan.archetypes)))
    codes = plan.fleet.metadata_codes("business_unit", 0, stop)
    np.add.at(counts, (codes, plan.fleet.archetype_codes(0, stop)), 1.0)
    return dict(zip(units, counts / np.maximum(counts.sum(axis=0), 1.0), strict=True))


def _expected(
    plan: Plan, law: Law, factors: Sequence[Factor], calendar: Calendar, metrics: Sequence[Metric]
) -> Floats:
    """Return the mean at each tick of servers that some factors act on."""
    model = model_of(plan)
    out = np.zeros((len(metrics), len(plan.archetypes), len(calendar.seconds)))
    for a, (archetype, rows) in enumerate(zip(plan.archetypes, law.rows, strict=True)):
        f = product_of(factors, calendar, archetype.profile)
        g = law.growth(rows.rate, calendar.seconds)
        for m, metric in enumerate(metrics):
            shown = model.shows(metric.stem)
            if shown is not None:
                signal = model.signals[shown[0]]
                level = rows.base[shown[0]] * np.where(signal.follows_demand, f, 1.0)
                level = level * np.where(signal.grows, g, 1.0)
                out[m, a] = _mean(level, metric, rows, signal, shown)
    return out


def _parts_of_day(hourly: Sequence[Factor], step: int) -> list[tuple[int, float]]:
    """Return an hour of each part of the day in which the factors of hours stay the same.

    Beside it, the share of the day's ticks that lie there.
    """
    hours = np.arange(0, DAY_SECONDS, step) // HOUR_SECONDS
    cases = [f.case_of(hours) if f.case_of else hours for f in hourly]
    _, first, count = np.unique(
        np.array([*cases, np.zeros_like(hours)]), axis=1, return_index=True, return_counts=True
    )
    return list(zip(hours[first].tolist(), (count / len(hours)).tolist(), strict=True))


def demand_factors(plan: Plan, days: Days, metrics: Sequence[Metric]) -> Floats:
    """Return what the factors of `by_date` multiply each day by, shape (metrics, days)."""
    model = model_of(plan)
    f = np.ones(days.index.size)
    for factor in by_date(plan):
        if factor.is_on(plan.scenario):
            f = f * factor.function(days, None)
    shown = [model.shows(metric.stem) for metric in metrics]
    follows = [at is not None and model.signals[at[0]].follows_demand for at in shown]
    return np.array([f if follow else np.ones_like(f) for follow in follows])


def _mean(
    level: Floats, metric: Metric, rows: RowLaw, signal: Signal, shown: tuple[int, float]
) -> Floats:
    place, share = shown
    sd = float(rows.sd[place])
    calm = _clipped(level, sd, share, metric)
    if not rows.probability or signal.spike_share is None:
        return calm
    times = float(rows.factor[place])
    spiking = _clipped(level * times, sd * times, share, metric)
    return calm + rows.probability * (spiking - calm)


def _clipped(mean: Floats, sd: float, share: float, metric: Metric) -> Floats:
    """Return the mean of share x N(mean, sd), clipped to a metric's bounds."""
    mean, sd = mean * share, sd * share
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
