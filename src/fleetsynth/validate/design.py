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
from fleetsynth.presets import model_of
from fleetsynth.validate.likelihood import Density, Places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.base import Factor, Law
    from fleetsynth.plan import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_BINS = 8
"""Parts of the span, within which growth counts as the same for the precision of estimates."""


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
        law: of its values.
        observed: the metric that shows each signal whole.
        densities: per archetype; None for one without noise, which has none.
        places: where the scores of rows stand; `sums` has one more, of growth.
        parameters: what can be estimated.
        group: of each tick of the clock, shape (ticks,).
        groups: how many.
    """

    def __init__(self, plan: Plan, law: Law) -> None:
        self.plan, self.law, self.model = plan, law, model_of(plan)
        signals = self.model.signals
        self.observed = self.model.whole(plan.metrics)
        self._demand = np.array([signal.follows_demand for signal in signals])
        self.grows = np.array([signal.grows for signal in signals])
        self.places = Places.of(len(signals))
        self.sums = self.places.scores + 1
        self.densities = [self._density(i) for i in range(len(law.rows))]
        factors = self.model.factors_of(plan)
        self._factors = [f for f in factors if f.case_of and f.unit is None]
        self._of_units = [f for f in factors if f.unit is not None]
        clock = plan.clock
        self._calendar = Calendar(clock.seconds(clock.first, clock.stop))
        sizes = [1 + len(_labels(factor)) for factor in self._factors]
        cell = _cells(self._factors, sizes, self._calendar)
        bins = np.arange(clock.count) * _BINS // clock.count
        used, group = np.unique(cell * _BINS + bins, return_inverse=True)
        self.group: Ints = group.astype(np.int64)
        self.groups = len(used)
        self._case_of_group = np.array(np.unravel_index(used // _BINS, [*sizes, 1]))
        self.parameters: list[Parameter] = []
        self._coefficients: list[dict[int, Floats]] = [{} for _ in plan.archetypes]
        self._declare()

    def _density(self, archetype: int) -> Density | None:
        """Return the density of an archetype's rows, if they have one."""
        signals = enumerate(self.model.signals)
        density = Density(
            self.law.rows[archetype],
            low=np.array([metric.low for metric in self.observed]),
            high=np.array([metric.high for metric in self.observed]),
            spikes=tuple(i for i, signal in signals if signal.spike_share is not None),
        )
        return density if density.is_proper else None

    @cached_property
    def base(self) -> Floats:
        """Base per archetype and signal."""
        return np.array([rows.base for rows in self.law.rows])

    @cached_property
    def demand(self) -> Floats:
        """Product of the factors, shape (archetypes, groups)."""
        return np.array([np.prod(self._values(i), axis=0) for i in range(len(self.law.rows))])

    @cached_property
    def growth(self) -> Floats:
        """Growth g and its derivative by the rate, shape (2, archetypes, ticks)."""
        seconds, small = self._calendar.seconds, 1e-2
        out = np.empty((2, len(self.law.rows), len(seconds)))
        for i, rows in enumerate(self.law.rows):
            up, down = (self.law.growth(rows.rate + s, seconds) for s in (small, -small))
            out[0, i] = self.law.growth(rows.rate, seconds)
            out[1, i] = (up - down) / (2 * small)
        return out

    def is_ordinary(self, archetype: Ints, unit: Ints, tick: Ints) -> NDArray[np.bool_]:
        """Tell the rows on which no factor of a business unit alone acts, shape of each argument.

        Nothing is estimated of others: what is estimated, servers of all units have in common.

        Args:
            archetype: of each row's server, in the plan.
            unit: index of its business unit in the scenario; -1 if it is not known.
            tick: counted from the first of the clock.
        """
        day = tick // self.plan.clock.ticks_per_day
        out: NDArray[np.bool_] = ~self._acts[archetype, unit + 1, day]
        return out

    @cached_property
    def _acts(self) -> NDArray[np.bool_]:
        """Where a factor of a unit alone acts, shape (archetypes, 1 + units, days).

        The first of the units stands for one that is not known.
        """
        days, units = self._calendar.days, list(self.plan.scenario.business_units)
        out = np.zeros((len(self.plan.archetypes), 1 + len(units), len(days.index)), np.bool_)
        for factor in self._of_units:
            place = 1 + units.index(factor.unit or "")
            for row, kind in zip(out, self.plan.archetypes, strict=True):
                row[place] |= factor.function(days, kind.profile) != 1.0
        out[:, 0] = out.any(axis=1)
        return out

    @property
    def has_units(self) -> bool:
        """Whether there are factors that act on one business unit alone."""
        return bool(self._of_units)

    def group_growth(self) -> Floats:
        """Return `growth` averaged per group, shape (2, archetypes, groups)."""
        counts = np.bincount(self.group, minlength=self.groups)
        flat = self.growth.reshape(-1, len(self.group))
        sums = [np.bincount(self.group, row, minlength=self.groups) for row in flat]
        out: Floats = (np.array(sums) / counts).reshape(*self.growth.shape[:2], self.groups)
        return out

    def scale(self, demand: Floats, growth: Floats) -> Floats:
        """Return what multiplies each signal's base, shape (signals, ...)."""
        out = np.ones((self.places.size, *demand.shape))
        out[self._demand] *= demand
        out[self.grows] *= growth
        return out

    def steepness(self, archetype: int, demand: Floats, slope: Floats) -> Floats:
        """Return how each signal's mean changes with the rate of growth, shape (signals, ...)."""
        out = np.zeros((self.places.size, *demand.shape))
        out[self.grows] = slope
        out[self._demand] *= demand
        out *= self.base[archetype][:, None]
        return out

    def by_group(self, archetype: int) -> tuple[Floats, Floats]:
        """Return what takes an archetype's sums to parameters.

        Returns:
            matrix: shape (parameters, groups, sums): score of a parameter per unit of a sum.
            spread: shape (groups, sums, scores): expected sum per unit of a row's scores.
        """
        size, count = self.places.size, self.places.scores
        matrix = np.zeros((len(self.parameters), self.groups, self.sums))
        for place, coefficients in self._coefficients[archetype].items():
            matrix[place] = coefficients
        g, slope = self.group_growth()[:, archetype]
        spread = np.zeros((self.groups, self.sums, count))
        spread[:, range(count), range(count)] = 1.0
        scale = self.scale(self.demand[archetype], g)
        spread[:, range(size), range(size)] = scale.T
        spread[:, count, self.places.mean] = self.steepness(
            archetype, self.demand[archetype], slope
        ).T
        return matrix, spread

    def _values(self, archetype: int) -> Floats:
        """Value of each factor per group, shape (1 + factors, groups); the first of them is 1."""
        profile, scenario = self.plan.archetypes[archetype].profile, self.plan.scenario
        out = np.ones((1 + len(self._factors), self.groups))
        for row, factor, case in zip(out[1:], self._factors, self._case_of_group, strict=False):
            if factor.is_on(scenario):
                own = [1.0, *_labels(factor).values()] if factor.cases else factor.values(profile)
                row[:] = np.array(own)[case]
        return out

    def _declare(self) -> None:
        """List the parameters, each with the sums that it takes its score from."""
        proper = [i for i, density in enumerate(self.densities) if density is not None]
        for i in proper:
            self._declare_archetype(i)
        for row, factor in enumerate(self._factors):
            for number, label in enumerate(_labels(factor) if proper else (), start=1):
                at = self._case_of_group[row] == number
                value = float(self._values(proper[0])[1 + row][at][0]) if at.any() else 0.0
                if factor.field is None and value > 0:
                    self._add(Parameter(factor.name, label, None, value), dict.fromkeys(proper, at))

    def _declare_archetype(self, i: int) -> None:
        law, rows, places = self.law, self.law.rows[i], self.places
        for k, name in enumerate(law.base_fields):
            self._add_sum(i, "base", name, float(rows.base[k]), k)
        for k, name in enumerate(law.sd_fields):
            self._add_sum(i, "sd", name, float(rows.sd[k]), places.sd.start + k)
        archetype = self.plan.archetypes[i]
        for row, factor in enumerate(self._factors):
            if factor.field is not None:
                at = self._case_of_group[row] == 1
                value = float(factor.values(archetype.profile)[1])
                if at.any() and value > 0:
                    self._add(Parameter(factor.name, factor.field, archetype.name, value), {i: at})
        for k, pair in enumerate(places.pairs, start=places.correlation.start):
            name = law.correlation_fields[pair]
            self._add_sum(i, "correlation", name, float(rows.correlation[pair]), k)
        if 0 < rows.probability < 1:
            name, value = law.probability_field, rows.probability
            self._add_sum(i, "spike probability", name, value, places.probability)
            name, value = law.magnitude_field, rows.magnitude
            self._add_sum(i, "spike magnitude", name, value, places.magnitude)
        self._add_sum(i, "growth", law.rate_field, rows.rate, places.scores)

    def _add_sum(self, i: int, kind: str, name: str, value: float, column: int) -> None:
        """Add a parameter of one archetype whose score is one of the sums."""
        coefficients = np.zeros((self.groups, self.sums))
        coefficients[:, column] = 1.0
        self._coefficients[i][len(self.parameters)] = coefficients
        self.parameters.append(Parameter(kind, name, self.plan.archetypes[i].name, value))

    def _add(self, parameter: Parameter, where: dict[int, NDArray[np.bool_]]) -> None:
        """Add a factor: it multiplies the mean of what follows demand, in some groups."""
        follows = self._demand
        for i, at in where.items():
            coefficients = np.zeros((self.groups, self.sums))
            columns = np.ix_(at, follows.nonzero()[0])
            coefficients[columns] = self.base[i][follows] / parameter.value
            self._coefficients[i][len(self.parameters)] = coefficients
        self.parameters.append(parameter)


def _labels(factor: Factor) -> dict[str, float]:
    """Return what can be estimated of a factor: cases of one label have one value."""
    return {case.label: case.value for case in factor.cases} or {"": 1.0}


def _cells(factors: list[Factor], sizes: list[int], calendar: Calendar) -> Ints:
    """Which case of each factor holds at each tick, as one number."""
    out = np.zeros(len(calendar.seconds), dtype=np.int64)
    for factor, size in zip(factors, sizes, strict=True):
        if factor.case_of is None:
            continue
        case = factor.case_of(calendar.hour if factor.hourly else calendar.days)
        labels = list(_labels(factor))
        if factor.cases:
            case = np.array([0, *(1 + labels.index(c.label) for c in factor.cases)])[case]
        out = out * size + (case if factor.hourly else calendar.per_tick(case))
    return out
