"""A realistic scenario, resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetsynth.clock import Clock
from fleetsynth.metrics import published
from fleetsynth.models.realistic import usual
from fleetsynth.models.realistic.signals import SIGNALS
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of

if TYPE_CHECKING:
    from fleetsynth.models.realistic.profile import RealisticProfile
    from fleetsynth.models.realistic.scenario import RealisticScenario
    from fleetsynth.whom import Who

VERSION = "realistic-3"


@dataclass(frozen=True)
class RealisticArchetype(Archetype):
    """A kind of server of the realistic model."""

    profile: RealisticProfile


@dataclass(frozen=True, eq=False)
class RealisticPlan(Plan):
    """A plan of the realistic model.

    Attributes:
        growth_clock: the span over which growth is counted.
    """

    scenario: RealisticScenario
    archetypes: tuple[RealisticArchetype, ...]
    growth_clock: Clock

    def usual(self, who: Who, channel: str, second: int) -> float | None:
        """Return what servers of a service show on a busy day to which nothing happens."""
        return usual.of(self, who, channel, second)

    @property
    def samples_per_row(self) -> int:
        """Samples within a tick."""
        return self.clock.step // self.scenario.sample_seconds

    def countries(self, first: int, stop: int) -> list[str]:
        """Country whose holidays `is_holiday` marks, per server first..stop-1."""
        locations = self.scenario.locations
        by_code = [locations[region].country for region in self.fleet.odds["region"]]
        codes = self.fleet.metadata_codes("region", first, stop)
        return [by_code[code] for code in codes.tolist()]


def resolve(scenario: RealisticScenario) -> RealisticPlan:
    """Resolve a scenario without problems."""
    begin = scenario.origin
    content = scenario.to_dict()
    del content["estate"]  # which only says where figures are from
    content["locations"] = {region: content["locations"][region] for region in scenario.regions}
    content["growth_start"] = begin.isoformat()
    content["sample_interval"] = scenario.sample_seconds
    content["archetypes"] = {name: content["archetypes"][name] for name in scenario.distribution}
    replicas = {name: scenario.archetypes[name].replicas for name in scenario.distribution}
    return RealisticPlan(
        scenario=scenario,
        clock=clock_of(scenario),
        fleet=fleet_of(scenario, replicas),
        archetypes=tuple(RealisticArchetype(name, scenario.archetypes[name]) for name in replicas),
        metrics=published(scenario.statistics, (stem for s in SIGNALS for stem in s.published)),
        growth_clock=Clock(begin, max(begin, scenario.end_date), scenario.step_seconds),
        digest=digest_of(scenario, VERSION, content),
    )
