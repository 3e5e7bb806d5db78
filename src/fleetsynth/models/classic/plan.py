"""A classic scenario, resolved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import Clock
from fleetsynth.metrics import METRICS
from fleetsynth.models.classic import correlation
from fleetsynth.models.closed import closed_of
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario
    from fleetsynth.scenario.holidays import Closed
    from fleetsynth.whom import Who

VERSION = "classic-1"
_BASES = {"demand": "base_cpu", "memory": "base_memory", "disk": "base_disk"}
"""Field of the profile by the channel of events."""


@dataclass(frozen=True)
class ClassicArchetype(Archetype):
    """A classic profile with its correlations factored.

    Attributes:
        correlations: the correlations in force, repaired if the scenario asked for that.
        lower: their lower Cholesky factor, shape (signals, signals).
    """

    profile: ArchetypeProfile
    correlations: dict[str, float]
    lower: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassicPlan(Plan):
    """A plan of the classic model.

    Attributes:
        growth_clock: the span over which growth is counted.
    """

    scenario: ClassicScenario
    archetypes: tuple[ClassicArchetype, ...]
    growth_clock: Clock

    @cached_property
    def closings(self) -> tuple[Closed | None, ...]:
        """The ways in which business units are closed; the first is never."""
        closed, units = self.scenario.closed, self.scenario.business_units
        ways: list[Closed | None] = [None]
        for unit in units:
            if (days := closed_of(closed, unit)) not in ways:
                ways.append(days)
        return tuple(ways)

    def usual(self, who: Who, channel: str, second: int) -> float | None:
        """Return the base of a server: what it shows before factors, growth and noise."""
        del second
        field = _BASES.get(channel)
        codes = {entry.name: entry.profile for entry in self.archetypes}
        return getattr(codes[who.archetype], field) if field else None

    def kinds(self, first: int, stop: int) -> NDArray[np.int64]:
        """Tell servers apart by their demand: archetype + archetypes x place in `closings`.

        Shape (stop - first,).
        """
        codes = self.fleet.archetype_codes(first, stop)
        if not self.scenario.closed:
            return codes
        closed, units = self.scenario.closed, self.scenario.business_units
        place = np.array([self.closings.index(closed_of(closed, unit)) for unit in units])
        unit_codes = self.fleet.metadata_codes("business_unit", first, stop)
        kinds: NDArray[np.int64] = codes + len(self.archetypes) * place[unit_codes]
        return kinds


def resolve(scenario: ClassicScenario) -> ClassicPlan:
    """Resolve a scenario without problems."""
    span = scenario.growth.span or (scenario.start_date, scenario.end_date)
    archetypes = tuple(factored(name, scenario.archetypes[name]) for name in scenario.distribution)
    content = scenario.to_dict()
    del content["preset"], content["correlation_repair"]
    content["growth"]["span"] = [day.isoformat() for day in span]
    content["archetypes"] = {
        entry.name: entry.profile.model_dump() | entry.correlations for entry in archetypes
    }
    return ClassicPlan(
        scenario=scenario,
        clock=clock_of(scenario),
        fleet=fleet_of(scenario, replicas=None),
        archetypes=archetypes,
        metrics=METRICS,
        growth_clock=Clock(*span, scenario.step_seconds),
        digest=digest_of(scenario, VERSION, content),
    )


def factored(name: str, profile: ArchetypeProfile) -> ClassicArchetype:
    """Factor a profile's correlations; those that cannot be are replaced by the nearest."""
    matrix = correlation.matrix(profile.correlations)
    lower = correlation.cholesky(matrix)
    if lower is None:
        matrix = correlation.nearest(matrix)
        lower = correlation.cholesky(matrix)
        if lower is None:
            raise AssertionError(f"the repaired correlations of {name} cannot be factored")
    return ClassicArchetype(name, profile, correlation.fields(matrix), lower)
