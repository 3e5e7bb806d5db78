"""Estimates and verdicts from sums of scores.

An estimate is one step of Fisher scoring from the scenario's own figures, exact to first order,
with the figures that it might be confused with (its nuisances) estimated beside it. Its p-value
comes from the normal law, corrected for skewness and kurtosis (Cornish and Fisher).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.validate.likelihood import scores
from fleetsynth.validate.normal import quantile, two_sided
from fleetsynth.validate.precision import Samples, sample
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.validate.design import Design, Parameter
    from fleetsynth.validate.verdict import Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ERROR_RATE = 1e-3
"""Of a whole run: the chance that data of the scenario itself fail any test."""

_SHARES = {"spike probability": 0.4, "spike magnitude": 0.4, "holiday": 0.1}
_OTHERS = 0.1
"""How the error rate is shared out: spikes are rare, so their tests take four fifths of it, which
the others, with all rows behind them, hardly feel."""
_LEAST_INFORMATION = 1e-6
"""In squared standard errors per whole of a parameter: less is what rounding leaves of nothing."""
_WORST_CONDITION = 1e10
"""Of a matrix of information: beyond, its inverse has too few digits to test anything by."""
_KEPT = 8
"""Counts of rows whose precision is remembered: datasets of one scenario tend to have few."""

POWER = 0.99
_MOST_SKEWED, _MOST_PEAKED = 0.2, 0.15
"""Beyond this skewness or excess kurtosis the corrected p-value is no longer good far out: up to
here it is within a fifth of the saddlepoint approximation at one in 100,000."""


class Sums:
    """Scores of a dataset, summed by archetype and group while rows pass by."""

    def __init__(self, design: Design) -> None:
        self._design = design
        shape = (len(design.densities), design.groups)
        self.rows: Ints = np.zeros(shape, dtype=np.int64)
        self.sums: Floats = np.zeros((*shape, design.sums))

    def update(
        self, archetype: int, tick: Ints, values: Floats, events: Floats | None = None
    ) -> None:
        """Take rows of one archetype.

        Args:
            archetype: its index in the plan.
            tick: counted from the first of the clock, shape (rows,).
            values: of the signals, shape (signals, rows).
            events: what events multiply demand by, shape (rows,); None where there are none.
        """
        design = self._design
        density = design.densities[archetype]
        if density is None:
            return
        group = design.group[tick]
        g, slope = design.growth[:, archetype][:, tick]
        demand = design.demand[archetype][group]
        scale = design.scale(demand, g)
        base = design.base[archetype]
        # Scores are taken at the exact level, so that they are 0 on average; how steep a level is
        # counts without events, as in the information that they are divided by.
        exact = scale if events is None else design.scale(demand * events, g)
        found = scores(density, values, base[:, None] * exact)
        by_base = found[: len(base)] * scale
        by_rate = base[design.grows] @ by_base[design.grows] * (slope / g)
        weights = [*by_base, *found[len(base) :], by_rate]
        self.rows[archetype] += np.bincount(group, minlength=design.groups)
        for column, weight in enumerate(weights):
            self.sums[archetype, :, column] += np.bincount(group, weight, minlength=design.groups)


@dataclass(frozen=True)
class Estimate:
    """What the data say of a parameter, before any verdict.

    Attributes:
        parameter: which.
        difference: of the estimate from what the scenario says.
        error: its standard error under the scenario.
        skewness: of the estimate.
        kurtosis: its excess.
    """

    parameter: Parameter
    difference: float
    error: float
    skewness: float
    kurtosis: float

    @property
    def z(self) -> float:
        """The deviation as that of a standard normal."""
        return normalised(self.difference / self.error, self.skewness, self.kurtosis)


def normalised(z: float, skewness: float, kurtosis: float) -> float:
    """Turn a standardised deviation into that of a normal law (Cornish and Fisher, inverted)."""
    cut = 8.0  # the series is of no use beyond, and no verdict depends on it
    x = max(-cut, min(cut, z))
    out = x - skewness / 6 * (x * x - 1)
    out -= kurtosis / 24 * (x**3 - 3 * x) - skewness**2 / 36 * (4 * x**3 - 7 * x)
    return out + (z - x)


class _Precision(NamedTuple):
    """Weights that turn scores into estimates, and the estimates' second to fourth cumulants."""

    directions: Floats
    variance: Floats
    third: Floats
    fourth: Floats


class Estimator:
    """Turns the sums of a dataset of one plan into estimates and verdicts.

    It depends on the plan but not on its seed, and takes a second or two to make.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self._samples: dict[int, Samples] = {
            i: sample(design, i)
            for i, density in enumerate(design.densities)
            if density is not None
        }
        self._maps = {i: self._map(i) for i in self._samples}
        self._known: dict[bytes, _Precision] = {}

    def verdicts(self, sums: Sums) -> list[Verdict]:
        """Return a verdict per parameter."""
        estimates = self.estimates(sums)
        told = {e.parameter: _verdict(e, level) for e, level in _levels(estimates)}
        return [told.get(p) or _unknown(p) for p in self.design.parameters]

    def estimates(self, sums: Sums) -> list[Estimate]:
        """Return what the data say of each parameter that they say anything of."""
        size = len(self.design.parameters)
        score = np.zeros(size)
        for i, (matrix, _) in self._maps.items():
            score += np.einsum("pgs,gs->p", matrix, sums.sums[i])
        precision = self._precision(sums.rows)
        return [
            Estimate(
                parameter,
                difference=float(direction @ score),
                error=sqrt(variance),
                skewness=float(third) / variance**1.5,
                kurtosis=float(fourth) / variance**2,
            )
            for parameter, direction, variance, third, fourth in zip(
                self.design.parameters, *precision, strict=True
            )
            if variance > 0
        ]

    def _precision(self, rows: Ints) -> _Precision:
        """Return what the counts of rows by archetype and group say of the estimates' errors."""
        key = rows.tobytes()
        if key not in self._known:
            size = len(self.design.parameters)
            information = np.zeros((size, size))
            for i, (_, whole) in self._maps.items():
                samples = self._samples[i]
                for node, part in enumerate(samples.scores):
                    second = part @ part.T / part.shape[1]
                    for group in np.flatnonzero(samples.node == node):
                        at = whole[:, group]
                        information += rows[i, group] * (at @ second @ at.T)
            directions = self._directions(information)
            variance = np.einsum("pi,ij,pj->p", directions, information, directions)
            if len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            third, fourth = self._cumulants(directions, rows)
            self._known[key] = _Precision(directions, variance, third, fourth)
        return self._known[key]

    def _map(self, archetype: int) -> tuple[Floats, Floats]:
        """Return the matrices from sums and from scores to parameters."""
        matrix, spread = self.design.by_group(archetype)
        return matrix, np.einsum("pgs,gst->pgt", matrix, spread)

    def _directions(self, information: Floats) -> Floats:
        """Return the weights that turn scores into estimates, shape (parameters, parameters)."""
        parameters = self.design.parameters
        out = np.zeros_like(information)
        known = self._told_apart(information)
        slow = self._without_growth(information)
        for place, parameter in enumerate(parameters):
            if not known[place]:
                continue
            free = [
                i
                for i, other in enumerate(parameters)
                if i == place or (known[i] and not slow[i] and _confused(parameter, other))
            ]
            block = information[np.ix_(free, free)]
            scale = 1.0 / np.sqrt(np.diag(block))
            row = np.zeros(len(free))
            row[free.index(place)] = 1.0
            correlation = block * np.outer(scale, scale)
            if np.linalg.cond(correlation) > _WORST_CONDITION:
                continue
            solved = np.linalg.solve(correlation, row) * scale
            out[place, free] = solved * scale[free.index(place)]
        return out

    def _told_apart(self, information: Floats) -> NDArray[np.bool_]:
        """Tell which parameters the data say anything of, beyond what rounding leaves.

        Where every value of a signal lies on a bound, scores are sums of rounding errors.
        """
        sizes = [
            1.0 if p.kind == "correlation" else abs(p.value) or 1.0 for p in self.design.parameters
        ]
        told: NDArray[np.bool_] = np.diag(information) * np.square(sizes) > _LEAST_INFORMATION
        return told

    def _without_growth(self, information: Floats) -> NDArray[np.bool_]:
        """Tell which parameters are growth so slow that nothing needs to be cleared of it."""
        out = []
        for i, parameter in enumerate(self.design.parameters):
            twice = 4.0  # what estimating the base beside it costs
            small = parameter.value**2 * information[i, i] < twice * 49.0
            out.append(parameter.kind == "growth" and small)
        return np.array(out, dtype=np.bool_)

    def _cumulants(self, directions: Floats, rows: Ints) -> tuple[Floats, Floats]:
        """Return the third and fourth cumulants of the estimates."""
        third, fourth = np.zeros(len(directions)), np.zeros(len(directions))
        for i, (_, whole) in self._maps.items():
            samples = self._samples[i]
            for group in np.flatnonzero(rows[i]):
                weights = directions @ whole[:, group]
                touched = np.flatnonzero(weights.any(axis=1))
                # Groups that share a sample take every eighth row of it, each another one.
                part = samples.scores[samples.node[group]][:, group % 8 :: 8]
                influence = weights[touched] @ part
                square = influence * influence
                third[touched] += rows[i, group] * (square * influence).mean(axis=1)
                moment = (square * square).mean(axis=1) - 3 * square.mean(axis=1) ** 2
                fourth[touched] += rows[i, group] * moment
        return third, fourth


def _confused(parameter: Parameter, other: Parameter) -> bool:
    """Tell whether one parameter is estimated beside another.

    Spikes are estimated given all the rest, else too little would be left: a wrong level or noise
    shows there as well.
    """
    if None not in (parameter.archetype, other.archetype) and (
        parameter.archetype != other.archetype
    ):
        return False
    return not parameter.kind.startswith("spike")


def _levels(estimates: list[Estimate]) -> list[tuple[Estimate, float]]:
    """Share the error rate out over the tests."""
    kinds = [e.parameter.kind if e.parameter.kind in _SHARES else "" for e in estimates]
    count = Counter(kinds)
    share = {kind: _SHARES.get(kind, _OTHERS) for kind in count}
    whole = sum(share.values())
    return [
        (estimate, ERROR_RATE * share[kind] / whole / count[kind])
        for estimate, kind in zip(estimates, kinds, strict=True)
    ]


def detectable(estimate: Estimate, level: float) -> float:
    """Return the smallest deviation, in either direction, that fails with probability `POWER`.

    With skewed estimates the error grows with the deviation, by third over second cumulant.
    """
    threshold, reserve = -quantile(level / 2), quantile(POWER)
    skewness = abs(estimate.skewness)
    critical = threshold + skewness / 6 * (threshold**2 - 1)
    out = critical + reserve
    for _ in range(20):
        out = critical + reserve * sqrt(1.0 + skewness * out)
    return out * estimate.error


def _verdict(estimate: Estimate, level: float) -> Verdict:
    parameter = estimate.parameter
    smallest = detectable(estimate, level)
    p_value = two_sided(estimate.z)
    status: Status = "ok"
    if _too_rare(estimate) or not isfinite(estimate.z):
        status, found = "untestable", "too few such rows"
    elif p_value < level:
        status, found = "fail", f"{estimate.z:+.1f} standard errors from the scenario"
    elif parameter.value and smallest > abs(parameter.value) and parameter.kind != "correlation":
        status, found = "untestable", "agrees, but so would no effect at all"
    else:
        found = "agrees with the scenario"
    value = parameter.value + estimate.difference
    reach = -quantile(level / 2) * estimate.error
    return Verdict(
        name=parameter.kind,
        subject=_subject(parameter),
        status=status,
        found=found,
        kind="statistics",
        expected=parameter.value,
        estimate=value,
        low=value - reach,
        high=value + reach,
        p_value=p_value,
        level=level,
        detectable=smallest,
        relative=parameter.kind != "correlation",
    )


def _unknown(parameter: Parameter) -> Verdict:
    """Return the verdict on a parameter that the data say nothing of."""
    return Verdict(
        name=parameter.kind,
        subject=_subject(parameter),
        status="untestable",
        found="the data say nothing about it",
        kind="statistics",
        expected=parameter.value,
    )


def _subject(parameter: Parameter) -> str:
    return " ".join(filter(None, (parameter.archetype, parameter.name)))


def _too_rare(estimate: Estimate) -> bool:
    return abs(estimate.skewness) > _MOST_SKEWED or abs(estimate.kurtosis) > _MOST_PEAKED
