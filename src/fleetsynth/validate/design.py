"""Which parameter acts on which rows: from scores of rows to scores of parameters.

Ticks with the same factors and about the same growth form a group. Per archetype and group a
handful of sums is all that the parameters need to know of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import Calendar
from fleetsynth.metrics import CORRELATION_FIELDS, SIGNALS
from fleetsynth.models.classic import factors, simulate
from fleetsynth.validate.likelihood import (
    CORRELATION,
    MAGNITUDE,
    MEAN,
    PAIRS,
    PROBABILITY,
    SCORES,
    SD,
    SIZE,
    Law,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.classic.plan import ClassicPlan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SUMS = SCORES + 1
"""Per group: the scores, those of the means times factor and growth, and that of growth."""
GROWTH = SCORES

_BINS = 8
"""Parts of the span, within which growth counts as the same for the precision of estimates."""

HOLIDAYS = ("Jan 1", "Jul 4", "Nov 22–28", "Dec 24", "Dec 25–31")
"""What the rows of `factors.HOLIDAY_FACTORS` are called."""
QUARTER_END_DAYS = 5
_RADIX = (2, 2, QUARTER_END_DAYS + 1, len(HOLIDAYS) + 1)
CELLS = int(np.prod(_RADIX))

_DEMAND = np.array([signal.follows_demand for signal in SIGNALS])
_GROWS = np.array([signal.grows for signal in SIGNALS])


@dataclass(frozen=True)
class Parameter:
    """Something that the scenario says, and that the data can be asked about.

    Attributes:
        kind: base, sd, weekend, business hours, quarter end, holiday, correlation, spike
            probability, spike magnitude or growth.
        name: of the scenario's field, or the dates of a factor that all archetypes share.
        archetype: whose it is; None for a factor that all share.
        value: what the scenario says.
    """

    kind: str
    name: str
    archetype: str | None
    value: float


class Design:
    """The parameters of a plan, and how rows depend on them.

    Attributes:
        plan: whose.
        laws: per archetype; None for one without noise, which has no density.
        parameters: what can be estimated.
        group: of each tick of the clock, shape (ticks,).
        groups: how many.
    """

    def __init__(self, plan: ClassicPlan) -> None:
        self.plan = plan
        self.laws: list[Law | None] = []
        for archetype in plan.archetypes:
            law = Law.of(archetype, spikes=plan.scenario.spikes)
            self.laws.append(law if law.is_proper else None)
        clock = plan.clock
        self._calendar = Calendar(clock.seconds(clock.first, clock.stop))
        cell = _cells(self._calendar)
        bins = np.arange(clock.count) * _BINS // clock.count
        used, group = np.unique(cell * _BINS + bins, return_inverse=True)
        self.group: Ints = group.astype(np.int64)
        self.groups = len(used)
        self._cell_of_group = used // _BINS
        self._parts = np.array(np.unravel_index(self._cell_of_group, _RADIX))
        self.parameters: list[Parameter] = []
        self._places: list[dict[int, Floats]] = [{} for _ in plan.archetypes]
        self._declare()

    @property
    def grows(self) -> NDArray[np.bool_]:
        """Which signals grow."""
        return _GROWS

    @cached_property
    def base(self) -> Floats:
        """Base per archetype and signal."""
        return np.array(
            [
                [getattr(a.profile, f"base_{signal.name}") for signal in SIGNALS]
                for a in self.plan.archetypes
            ]
        )

    @cached_property
    def demand(self) -> Floats:
        """Product of the factors, shape (archetypes, groups)."""
        return np.array([np.prod(self._factors(i), axis=0) for i in range(len(self.laws))])

    @cached_property
    def growth(self) -> Floats:
        """Growth g and its derivative by the rate, shape (2, archetypes, ticks)."""
        seconds, small = self._calendar.seconds, 1e-2
        out = np.empty((2, len(self.laws), len(seconds)))
        for i, archetype in enumerate(self.plan.archetypes):
            rate = archetype.profile.monthly_growth_rate
            up, down = (simulate.growth(self.plan, rate + s, seconds) for s in (small, -small))
            out[0, i] = simulate.growth(self.plan, rate, seconds)
            out[1, i] = (up - down) / (2 * small)
        return out

    def group_growth(self) -> Floats:
        """Return `growth` averaged per group, shape (2, archetypes, groups)."""
        counts = np.bincount(self.group, minlength=self.groups)
        flat = self.growth.reshape(-1, len(self.group))
        sums = [np.bincount(self.group, row, minlength=self.groups) for row in flat]
        out: Floats = (np.array(sums) / counts).reshape(*self.growth.shape[:2], self.groups)
        return out

    def scale(self, demand: Floats, growth: Floats) -> Floats:
        """Return what multiplies each signal's base, shape (signals, ...)."""
        out = np.ones((SIZE, *demand.shape))
        out[_DEMAND] *= demand
        out[_GROWS] *= growth
        return out

    def steepness(self, archetype: int, demand: Floats, slope: Floats) -> Floats:
        """Return how each signal's mean changes with the rate of growth, shape (signals, ...)."""
        out = np.zeros((SIZE, *demand.shape))
        out[_GROWS] = slope
        out[_DEMAND] *= demand
        out *= self.base[archetype][:, None]
        return out

    def by_group(self, archetype: int) -> tuple[Floats, Floats]:
        """Return what takes an archetype's sums to parameters.

        Returns:
            matrix: shape (parameters, groups, SUMS): score of a parameter per unit of a sum.
            spread: shape (groups, SUMS, SCORES): expected sum per unit of a row's scores.
        """
        matrix = np.zeros((len(self.parameters), self.groups, SUMS))
        for place, coefficients in self._places[archetype].items():
            matrix[place] = coefficients
        g, slope = self.group_growth()[:, archetype]
        spread = np.zeros((self.groups, SUMS, SCORES))
        spread[:, range(SCORES), range(SCORES)] = 1.0
        scale = self.scale(self.demand[archetype], g)
        spread[:, range(SIZE), range(SIZE)] = scale.T
        spread[:, GROWTH, MEAN] = self.steepness(archetype, self.demand[archetype], slope).T
        return matrix, spread

    def _factors(self, archetype: int) -> Floats:
        """Factor of each kind per group, shape (4, groups)."""
        profile, scenario = self.plan.archetypes[archetype].profile, self.plan.scenario
        weekend, business, quarter, holiday = self._parts
        steps = 1.0 + 0.3 * np.arange(QUARTER_END_DAYS + 1) / 5
        dates = np.array([1.0, *(row[3] for row in factors.HOLIDAY_FACTORS)])
        return np.array(
            [
                np.where(weekend, profile.weekend_factor, 1.0),
                np.where(business, profile.business_hours_factor, 1.0),
                steps[quarter] if scenario.quarterly_peaks else np.ones(self.groups),
                dates[holiday] if scenario.holiday_effect else np.ones(self.groups),
            ]
        )

    def _declare(self) -> None:
        """List the parameters, each with the sums that it takes its score from."""
        for i, archetype in enumerate(self.plan.archetypes):
            if self.laws[i] is not None:
                self._declare_archetype(i, archetype.name)
        proper = [i for i, law in enumerate(self.laws) if law is not None]
        for kind, axis, names in (
            ("quarter end", 2, [f"{n} days left" for n in (4, 3, 2, 1, 0)]),
            ("holiday", 3, HOLIDAYS),
        ):
            for number, name in enumerate(names, start=1):
                at = self._parts[axis] == number
                if at.any() and proper:
                    value = float(self._factors(proper[0])[axis][at][0])
                    self._add(Parameter(kind, name, None, value), dict.fromkeys(proper, at))

    def _declare_archetype(self, i: int, name: str) -> None:
        archetype = self.plan.archetypes[i]
        profile = archetype.profile
        for k, signal in enumerate(SIGNALS):
            field = f"base_{signal.name}"
            self._add_sum(i, "base", field, getattr(profile, field), k)
        for k, signal in enumerate(SIGNALS):
            field = f"{signal.name}_variance"
            self._add_sum(i, "sd", field, getattr(profile, field), SD.start + k)
        for kind, axis, field in (
            ("weekend", 0, "weekend_factor"),
            ("business hours", 1, "business_hours_factor"),
        ):
            at = self._parts[axis] == 1
            value = getattr(profile, field)
            if at.any() and value > 0:
                self._add(Parameter(kind, field, name, value), {i: at})
        for k, pair in enumerate(PAIRS):
            field = CORRELATION_FIELDS[pair]
            value = archetype.correlations[field]
            self._add_sum(i, "correlation", field, value, CORRELATION.start + k)
        law = self.laws[i]
        if law is not None and 0 < law.probability < 1:
            self._add_sum(i, "spike probability", "spike_probability", law.probability, PROBABILITY)
            self._add_sum(i, "spike magnitude", "spike_magnitude", law.magnitude, MAGNITUDE)
        self._add_sum(i, "growth", "monthly_growth_rate", profile.monthly_growth_rate, GROWTH)

    def _add_sum(self, i: int, kind: str, name: str, value: float, column: int) -> None:
        """Add a parameter of one archetype whose score is one of the sums."""
        coefficients = np.zeros((self.groups, SUMS))
        coefficients[:, column] = 1.0
        self._places[i][len(self.parameters)] = coefficients
        self.parameters.append(Parameter(kind, name, self.plan.archetypes[i].name, value))

    def _add(self, parameter: Parameter, where: dict[int, NDArray[np.bool_]]) -> None:
        """Add a factor: it multiplies the mean of what follows demand, in some groups."""
        for i, at in where.items():
            coefficients = np.zeros((self.groups, SUMS))
            coefficients[np.ix_(at, _DEMAND.nonzero()[0])] = self.base[i][_DEMAND] / parameter.value
            self._places[i][len(self.parameters)] = coefficients
        self.parameters.append(parameter)


def _cells(calendar: Calendar) -> Ints:
    """Which factors act at each tick, as one number below `CELLS`."""
    days = calendar.days
    quarter = np.where(days.is_quarter_end, QUARTER_END_DAYS - days.days_to_month_end, 0)
    holiday = np.zeros(len(days.index), dtype=np.int64)
    for number, (month, first, last, _) in enumerate(factors.HOLIDAY_FACTORS, start=1):
        holiday[(days.month == month) & (days.day >= first) & (days.day <= last)] = number
    business = (calendar.hour >= 9) & (calendar.hour <= 17)
    weekend = calendar.per_tick(days.is_weekend)
    parts = (weekend, business, calendar.per_tick(quarter), calendar.per_tick(holiday))
    return np.ravel_multi_index([p.astype(np.int64) for p in parts], _RADIX)
