"""What services are asked for: daily curve, weekend, holidays and closes in local time, growth.

Demand is worked out at full UTC hours and joined by straight lines.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.calendars import NO_DATES
from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, Days, elapsed_months, utc_offsets
from fleetsynth.models.realistic.activities import normals
from fleetsynth.models.realistic.factors import FACTORS, Local
from fleetsynth.models.realistic.wander import straight
from fleetsynth.numeric import rounded
from fleetsynth.streams import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.models.realistic.scenario import Close, Location
    from fleetsynth.scenario.holidays import Closed

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_QUARTER = 900
_PER_DAY = DAY_SECONDS // _QUARTER
_HARMONICS = ("second", "third", "fourth")
OF_DAYS = (
    "demand.seasonality",
    "demand.peak_hour",
    *(f"demand.harmonics.{name}{part}" for name in _HARMONICS for part in ("", "_turn")),
)
"""Figures of a service that make its daily curve."""
_RAMP = 6.0
"""Hours around local midnight over which one day's factor becomes the next one's."""
_DAYS = 5
"""Days over which what a day has of its own is averaged, so that days resemble those before."""
_FACTOR, _DEPTH = 0, 1
"""Places of the normals of a day's own factor and depth."""
_LEAST = 0.06
"""Share of the mean at the lowest of a deep day, at least."""


class Services(NamedTuple):
    """Some services.

    Attributes:
        names: theirs.
        figures: shape (services,) each.
        words: key what each of their days has of its own, shape (services,).
        locations: where each is.
        closes: how each one's business unit closes its books.
        closed: when each one's business unit does not work.
        own: what the scenario adds to holidays and removes.
    """

    names: list[str]
    figures: Mapping[str, Floats]
    words: NDArray[np.uint64]
    locations: Sequence[Location]
    closes: Sequence[Close]
    closed: Sequence[Closed | None]
    own: OwnDates = NO_DATES


def at_hours(services: Services, first: int, stop: int, growth_start: date) -> Floats:
    """Return demand relative to the level at UTC hours first..stop-1, in three stages.

    First the daily curve alone, each day of its own depth, then with weekends, holidays and
    closes, then with growth, which is the demand; shape (3, services, hours).

    Rounded to 2**-20, since cosines, exponentials and powers differ in their last bits between
    machines.
    """
    months = elapsed_months(np.arange(first, stop, dtype=np.int64) * HOUR_SECONDS, growth_start)
    figures = {path: values.tolist() for path, values in services.figures.items()}
    out = np.empty((3, len(services.locations), stop - first))
    for row, location in enumerate(services.locations):
        of_row = {path: values[row] for path, values in figures.items()}
        days, place, quarter = _local(location.zone, first, stop)
        own = rounded(_own(services.words[row], days.index))
        depth = np.square(1.0 + of_row["demand.depth_spread"] / 2 * own[_DEPTH])
        wave = (daily_curve(of_row)[quarter] - 1.0) * _blended(depth, place, quarter)
        out[0, row] = np.maximum(1.0 + wave, _LEAST)
        calendar = services.closes[row], services.own, services.closed[row]
        factor = day_factor(days, Local(of_row, location.country, *calendar))
        factor *= np.square(1.0 + of_row["demand.day_spread"] / 2 * own[_FACTOR])
        np.multiply(out[0, row], _blended(factor, place, quarter), out=out[1, row])
        growth = np.power(1.0 + of_row["demand.growth"] / 100, months)
        np.multiply(out[1, row], growth, out=out[2, row])
    return rounded(out)


@lru_cache(maxsize=32)  # services of a few places, one after the other
def _local(zone: str, first: int, stop: int) -> tuple[Days, Ints, Ints]:
    """Return local days around UTC hours first..stop-1, and where in them each hour begins.

    That is the place of its day, which is neither the first nor the last, and the quarter of an
    hour. Only to be read.
    """
    local = np.arange(first, stop, dtype=np.int64) * HOUR_SECONDS + utc_offsets(zone, first, stop)
    day, quarter = np.divmod(local // _QUARTER, _PER_DAY)
    days = Days(int(day.min()) - 1, int(day.max()) + 1)  # clocks may go back to yesterday
    return days, day - days.index[0], quarter


def daily_curve(figures: Mapping[str, float]) -> Floats:
    """Return a day's curve per quarter of an hour, with mean 1 over the day, shape (96,).

    ``1 + s f(a) / -min f`` with ``f(a) = cos a + sum of r cos(n a + p)`` over the second to the
    fourth harmonic, a the angle of the hour from the peak and s the seasonality, so that the
    lowest quarter of an hour is ``1 - s``.

    Args:
        figures: of the service.
    """
    angle = 2 * np.pi * (np.arange(_PER_DAY) / 4 - figures["demand.peak_hour"]) / 24
    wave = np.cos(angle)
    for number, name in enumerate(_HARMONICS, start=2):
        turn = 2 * np.pi * figures[f"demand.harmonics.{name}_turn"]
        wave += figures[f"demand.harmonics.{name}"] * np.cos(number * angle + turn)
    out: Floats = 1.0 + figures["demand.seasonality"] * rounded(wave / -wave.min())
    return out


def day_factor(days: Days, local: Local) -> Floats:
    """Return the product of the factors for each local day, shape (days,)."""
    out = np.ones(len(days.index))
    for factor in FACTORS:
        out = out * factor.function(days, local)
    return out


def to_samples(hourly: Floats, first_hour: int, first: int, stop: int, per_hour: int) -> Floats:
    """Join hours by straight lines at samples first..stop-1, shape (services, samples).

    Args:
        hourly: shape (services, hours); the last hour is not before the last sample.
        first_hour: of `hourly`.
        first: first sample.
        stop: one past the last.
        per_hour: samples an hour.
    """
    if per_hour == 1:
        return hourly[:, first - first_hour : stop - first_hour]
    out = straight(hourly[:, :-1], hourly[:, 1:], per_hour)
    begin = first - first_hour * per_hour
    return out.reshape(len(out), -1)[:, begin : begin + stop - first]


def at_places(hourly: Floats, row: Ints, first_hour: int, at: Ints, per_hour: int) -> Floats:
    """Return what `to_samples` says at some samples, shape (stages, *at.shape).

    Args:
        hourly: shape (stages, services, hours).
        row: which service, broadcast with `at`.
        first_hour: of `hourly`.
        at: samples, counted from the Unix epoch.
        per_hour: samples an hour.
    """
    hour, place = np.divmod(at, per_hour)
    hour += row * hourly.shape[2] - first_hour
    flat = hourly.reshape(len(hourly), -1)  # in one dimension to look up is twice as fast
    now = flat.take(hour, axis=1)
    hour += 1
    out: Floats = flat.take(hour, axis=1)
    out -= now
    out /= per_hour
    out *= place
    out += now
    return out


def _blended(of_days: Floats, place: Ints, quarter: Ints) -> Floats:
    """Blend what belongs to each day into the next one's around local midnight, per hour.

    Args:
        of_days: shape (days,).
        place: which of them each hour belongs to; not the first, nor the last.
        quarter: of an hour, of the local day.
    """
    before, after = _ramp()
    today = of_days[place]
    out: Floats = today + before[quarter] * (of_days[place - 1] - today)
    out += after[quarter] * (of_days[place + 1] - today)
    return out


def _own(word: np.uint64, days: Ints) -> Floats:
    """Return normals of each day, each the mean of several days', scaled; shape (2, days)."""
    with_past = np.arange(days[0] - _DAYS + 1, days[-1] + 1)
    words = mixed(np.array([word]), with_past)
    drawn = np.stack([normals(words, place) for place in (_FACTOR, _DEPTH)])
    sums = sum(drawn[:, back : back + len(days)] for back in range(_DAYS))
    out: Floats = sums / np.sqrt(_DAYS)
    return out


@lru_cache(maxsize=1)
def _ramp() -> tuple[Floats, Floats]:
    """Weight of yesterday's and of tomorrow's factor per quarter of an hour, shape (96,) each."""
    hour = np.arange(_PER_DAY) / 4
    before = np.clip(0.5 - hour / _RAMP, 0.0, 1.0)
    after = np.clip(0.5 + (hour - 24) / _RAMP, 0.0, 1.0)
    return _smooth(before), _smooth(after)


def _smooth(x: Floats) -> Floats:
    out: Floats = x * x * (3.0 - 2.0 * x)
    return out
