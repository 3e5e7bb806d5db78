"""The seam between models and everything else: what a model has to say for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.clock import Calendar
    from fleetsynth.errors import Problem
    from fleetsynth.metrics import Metric
    from fleetsynth.models.parts import Components
    from fleetsynth.models.resets import Resets
    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


_HOURS = np.arange(24)
_ONE = np.ones((1, 1))


@dataclass(frozen=True)
class Signal:
    """A series that a model simulates.

    Attributes:
        name: what the model and the fields of its profiles call it.
        published: the share of it that each metric shows, by the metric's stem.
        follows_demand: whether the factors multiply it.
        grows: whether growth multiplies it.
        spike_share: what a spike multiplies it by, as a share of the magnitude of the spike; None
            where spikes leave it alone.
    """

    name: str
    published: Mapping[str, float]
    follows_demand: bool = False
    grows: bool = False
    spike_share: float | None = None


@dataclass(frozen=True)
class Case:
    """Days on which a factor has a value of its own.

    Attributes:
        label: what they are called as something to estimate; cases of one label have one value.
        value: of the factor.
        title: what a chart calls them.
    """

    label: str
    value: float
    title: str


@dataclass(frozen=True)
class Factor:
    """What the calendar multiplies demand by.

    Attributes:
        name: what it is called.
        label: when it acts, in words.
        function: returns its value for each of some `clock.Days`, or hours of a day from 0 to 23,
            given that and what the model knows of a server (a profile, say), shape (days,).
        field: of the profile, that says its value; None where that is the same for all archetypes.
        switch: the scenario's key that turns it off; None if nothing does.
        hourly: whether the hours of a day decide it, and not days.
        unit: the business unit on whose servers it acts; None for all.
        case_of: returns the place of each day or hour among `cases`, counted from 1, and 0 where
            the factor is 1. None where its values are not so few.
        cases: theirs; empty where there is but one and `field` says its value.
    """

    name: str
    label: str
    function: Callable[[Any, Any], Floats]
    field: str | None = None
    switch: str | None = None
    hourly: bool = False
    unit: str | None = None
    case_of: Callable[[Any], Ints] | None = None
    cases: tuple[Case, ...] = ()

    @classmethod
    def of_cases(
        cls, name: str, label: str, case_of: Callable[[Any], Ints], **others: Any
    ) -> Factor:
        """Return a factor whose values are those of its cases; arguments as the attributes."""

        def function(when: Any, profile: Any) -> Floats:
            values = out.values(profile) if fixed is None else fixed
            return values.take(case_of(when))

        out = cls(name, label, function, case_of=case_of, **others)
        fixed = out.values(None) if out.field is None else None
        return out

    def is_on(self, scenario: Any) -> bool:
        """Tell whether a scenario has it act."""
        return self.switch is None or bool(getattr(scenario, self.switch))

    def values(self, profile: Any) -> Floats:
        """Return 1 and the value of each case, shape (1 + cases,)."""
        own = (getattr(profile, self.field),) if self.field else (case.value for case in self.cases)
        return np.array([1.0, *own])


def product_of(factors: Iterable[Factor], calendar: Calendar, of: Any) -> Floats:
    """Multiply factors, one after the other, and return the product per tick.

    Args:
        factors: any, of hours and of days.
        calendar: of the ticks.
        of: what the factors take beside days and hours.
    """
    out = _ONE
    for factor in factors:
        if factor.hourly:
            out = out * factor.function(_HOURS, of)
        else:
            out = out * factor.function(calendar.days, of)[:, None]
    shape = (len(calendar.days.index), len(_HOURS))
    return calendar.per_hour(out if out.shape == shape else np.broadcast_to(out, shape))


@dataclass(frozen=True)
class RowLaw:
    """How the rows of an archetype vary about their level.

    Signals are base times factors times growth, plus correlated normal noise, times what a spike
    multiplies by; then clipped to the bounds of the metrics and rounded to hundredths.

    Attributes:
        base: of each signal, shape (signals,).
        sd: of each signal's noise, same shape.
        correlation: of the noise, shape (signals, signals).
        rate: of growth.
        probability: of a spike, per row.
        magnitude: of a spike.
        factor: what a spike multiplies each signal by, shape (signals,).
    """

    base: Floats
    sd: Floats
    correlation: Floats
    rate: float = 0.0
    probability: float = 0.0
    magnitude: float = 1.0
    factor: Floats = field(default_factory=lambda: np.ones(1))


@dataclass(frozen=True)
class Law:
    """The distribution of a plan's values, as far as data can be asked about it.

    Attributes:
        rows: of each archetype, in the order of the plan.
        growth: returns the multiplier of a rate at seconds since the Unix epoch.
        base_fields: of the profile, one per signal.
        sd_fields: same.
        correlation_fields: of the profile, by the indices of two signals, the lower first.
        probability_field: of the profile.
        magnitude_field: of the profile.
        rate_field: of the profile.
    """

    rows: tuple[RowLaw, ...]
    growth: Callable[[float, Ints], Floats]
    base_fields: tuple[str, ...]
    sd_fields: tuple[str, ...]
    correlation_fields: Mapping[tuple[int, int], str]
    probability_field: str
    magnitude_field: str
    rate_field: str


class Recurring(NamedTuple):
    """What some servers do again and again by a schedule; shape (jobs,) each.

    Attributes:
        server: which, counted from the first of those asked for.
        name: of each job, alike whatever the span and the size of the fleet.
        begin: second of a run, counted from the Unix epoch; others are whole periods away.
        period: seconds from run to run.
        size: CPU points of a run.
        stems: stems of the metrics that show it.
        effect: what a run does, and when, in words.
        runs: returns the runs of some jobs, given by their places, that go on at some second of
            first..stop-1: the place of each one's job, its begin and its end.
    """

    server: Ints
    name: list[str]
    begin: Ints
    period: Floats
    size: Floats
    stems: list[tuple[str, ...]]
    effect: list[str]
    runs: Callable[[Ints, int, int], tuple[Ints, Ints, Ints]]


def _as_it_is(values: dict[str, Any], packaged: Mapping[str, Any]) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Model:
    """How the values of a preset come about.

    Attributes:
        version: changes when the same scenario would give other values.
        package: where its folder `catalog` is: ``config.yaml``, the archetypes and, where people
            are shown how to write some, ``starter.yaml``, the end of the file to start from.
        scenario: what a person can say; the default scenario is in the catalogue.
        problems: yields each problem between the fields of a scenario, with the top-level keys that
            it was concluded from; what concerns any scenario is checked before.
        resolve: makes a plan of a scenario without problems.
        simulate: returns the rows of a window, a `Block`. Pure: any way of cutting a dataset into
            windows gives the same rows.
        signals: what it simulates, and what metrics that is published as.
        factors: what the calendar multiplies demand by, in the order of the product.
        own_factors: returns the same as a plan has them, with days of its own among their cases;
            None if plans have no days of their own.
        components: says which named parts values add up to; None if it does not tell.
        law: returns the law of a plan's values, which `validate` estimates; None if there is no
            such law.
        events: whether `simulate` does what the events of a plan's ledger do.
        settle: changes the values of a scenario once they are laid over the packaged ones, which
            it is given as well, before they are checked.
        lacks: why there is no key that other presets have, by the key.
        same_scale: whether servers of all archetypes are of one size, so that pictures of them can
            share a scale.
        tile_seconds: CPU time of a tile and one row of it, on a core of 2020 or so, where that
            outweighs all else of a short span.
        restarts: returns when a server restarts, in samples, given a plan and the server's place in
            it; None if the model knows nothing of restarts.
        recurring: returns what servers first..stop-1 do by a schedule; None if they do nothing.
        apart: whether `simulate` returns the metrics of a plan that `Plan.only` made, with the same
            values in less time.
    """

    version: str
    package: str
    scenario: type[Scenario]
    problems: Callable[[Any], Iterator[tuple[frozenset[str], Problem]]]
    resolve: Callable[[Any], Plan]
    simulate: Callable[[Any, Window], Block]
    signals: tuple[Signal, ...]
    factors: tuple[Factor, ...] = ()
    own_factors: Callable[[Any], tuple[Factor, ...]] | None = None
    components: Components | None = None
    law: Callable[[Any], Law] | None = None
    events: bool = False
    settle: Callable[[dict[str, Any], Mapping[str, Any]], None] = _as_it_is
    lacks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    same_scale: bool = False
    tile_seconds: float | None = None
    restarts: Callable[[Any, int], Resets] | None = None
    recurring: Callable[[Any, int, int], Recurring] | None = None
    apart: bool = False

    def factors_of(self, plan: Plan) -> tuple[Factor, ...]:
        """Return what the calendar multiplies demand by, as a plan has it."""
        return self.factors if self.own_factors is None else self.own_factors(plan)

    def shows(self, stem: str) -> tuple[int, float] | None:
        """Return the index of the signal that a metric shows, and its share; None if none."""
        for index, signal in enumerate(self.signals):
            if stem in signal.published:
                return index, signal.published[stem]
        return None

    def whole(self, metrics: tuple[Metric, ...]) -> list[Metric]:
        """Return, of some metrics, the first that shows each signal whole."""
        return [
            next(metric for metric in metrics if signal.published.get(metric.stem) == 1.0)
            for signal in self.signals
        ]
