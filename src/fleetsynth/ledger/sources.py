"""What the events of a plan come from."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.kinds import DRAWN, STORIES
from fleetsynth.kinds.kind import CHANNELS, Levels, Sizes, Spells
from fleetsynth.ledger import levels, spells, stories
from fleetsynth.ledger.difficulty import rates_at
from fleetsynth.numeric import rounded
from fleetsynth.scenario.events import DECOMMISSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetsynth.instances import Instances, InstanceType
    from fleetsynth.kinds.kind import Kind
    from fleetsynth.lives import Lives
    from fleetsynth.plan import Plan
    from fleetsynth.scenario.events import Told
    from fleetsynth.scenario.model import Scenario
    from fleetsynth.whom import Who

FOREVER = 1 << 60
"""Second at which ends what has no end."""


class Span(NamedTuple):
    """Seconds first..stop-1 since the Unix epoch."""

    first: int
    stop: int

    def around(self, first: int, stop: int) -> Span:
        """Return the least span that holds this one and another."""
        return Span(min(self.first, first), max(self.stop, stop))


class Sources(NamedTuple):
    """What events of a plan come from.

    Attributes:
        seed: of the scenario.
        services: whether servers belong to services.
        spells: kinds that come and go by themselves: kind, its rates by archetype.
        changes: kinds that replace each other, likewise.
        sizes: kinds that make servers larger or smaller, likewise.
        stories: by archetype, the kinds of story that its services may have.
        story_share: of the services that have one.
        usual: returns how full servers of a service usually are, as `Plan.usual` does.
        told: what planners tell.
        owning: those of them that change what capacity servers have.
        freezes: those of them in which nothing is changed.
        without: ids of events that shall not happen.
        lives: when servers come and go, but for decommissions; None if all are always there.
        ends: decommissions that planners tell.
        last_end: second from which on no server goes down for good.
        types: the instance types that there are; None where servers have none.
    """

    seed: int
    services: bool
    spells: tuple[tuple[Kind, dict[str, spells.Rates]], ...]
    changes: tuple[tuple[Kind, dict[str, levels.Changes]], ...]
    sizes: tuple[tuple[Kind, dict[str, levels.Changes]], ...]
    stories: dict[str, dict[str, stories.Figures]]
    story_share: float
    usual: Callable[[Who, str, int], float | None]
    told: tuple[Told, ...]
    owning: tuple[Told, ...]
    freezes: tuple[Told, ...]
    without: frozenset[str]
    lives: Lives | None
    ends: tuple[Told, ...]
    last_end: int
    types: Instances | None

    @property
    def any(self) -> bool:
        """Whether anything can happen at all."""
        return bool(
            self.spells or self.changes or self.sizes or self.stories or self.told or self.lives
        )

    @property
    def of_capacity(self) -> Sources:
        """The same without what leaves the capacity of servers as it is."""
        return self._replace(spells=(), changes=(), stories={}, told=self.owning)

    def type_of(self, name: str) -> InstanceType:
        """Return a type by its name."""
        return self.resized(name, 0)

    def resized(self, name: str, steps: int) -> InstanceType:
        """Return the type so many sizes above one."""
        if self.types is None:
            raise AssertionError(f"no types, no {name}")
        return self.types.resized(name, steps)


@lru_cache(maxsize=16)
def sources_of(plan: Plan) -> Sources:
    """Return what events of a plan come from."""
    scenario = plan.scenario
    incidents, stories_ = scenario.incidents, scenario.stories
    names = list(scenario.distribution)
    spelled, changed, sized = [], [], []
    origin = epoch_day(plan.origin) * DAY_SECONDS
    for name, kind in DRAWN.items() if incidents.intensity else ():
        rates = getattr(incidents, name)
        of = {a: rates.archetypes.get(a, 1.0) for a in names}
        if isinstance(kind.drawn, Spells):
            if incidents.difficulty is not None:
                rates = rates_at(kind, kind.drawn, rates, incidents.difficulty)
            per = {a: rounded(rates.per_quarter * incidents.intensity * x) for a, x in of.items()}
            by = {a: spells.Rates(r, rates.hours, rates.size) for a, r in per.items() if r}
            spelled.append((kind, by))
        elif isinstance(kind.drawn, Levels):
            # A rate of changes moves their times; a level's size does not.
            size = {a: rates.sigma * x * min(1.0, incidents.intensity) for a, x in of.items()}
            changed.append(
                (kind, {a: levels.Changes(rates.days, s, origin) for a, s in size.items() if s})
            )
        elif isinstance(kind.drawn, Sizes) and rates.days is not None:
            often = {a: rounded(x * incidents.intensity) for a, x in of.items()}
            sized.append((kind, _sizes(rates, often, origin)))
    return Sources(
        seed=scenario.seed,
        services=plan.fleet.replicas is not None,
        spells=tuple((kind, by) for kind, by in spelled if by),
        changes=tuple((kind, by) for kind, by in changed if by),
        sizes=tuple((kind, by) for kind, by in sized if by),
        stories=_stories(scenario),
        story_share=stories_.share,
        usual=plan.usual,
        told=scenario.events,
        owning=tuple(each for each in scenario.events if _owns(each)),
        freezes=tuple(each for each in scenario.events if each.kind == "freeze"),
        without=frozenset((*incidents.without, *(stories_.without if stories_.share else ()))),
        lives=replace(plan.fleet.lives, told=None) if plan.fleet.lives else None,
        ends=tuple(each for each in scenario.events if each.kind == DECOMMISSION),
        last_end=max(
            (each.begin for each in scenario.events if each.lasts_seconds is None), default=0
        ),
        types=plan.fleet.types,
    )


def _sizes(rates: Any, often: dict[str, float], origin: int) -> dict[str, levels.Changes]:
    return {
        archetype: levels.Changes(rates.days / times, 0.0, origin, rates.up)
        for archetype, times in often.items()
        if times
    }


def _owns(told: Told) -> bool:
    """Tell whether an event changes what capacity servers have."""
    kind, said = told.of, told.strengths
    usual = kind.effects(kind.size) if kind.effects and not said else ()
    channels = {*said, *(effect.channel for effect in usual)}
    over = any(CHANNELS[channel].how == "over" for channel in channels)
    return kind.owns and (told.to_type is not None or over)


def _stories(scenario: Scenario) -> dict[str, dict[str, stories.Figures]]:
    """Return the kinds of story that services of each archetype may have."""
    out: dict[str, dict[str, stories.Figures]] = {}
    for archetype in scenario.distribution if scenario.stories.share else ():
        said = {kind: getattr(scenario.stories, kind) for kind in STORIES}
        of = {
            kind: stories.Figures(
                each.weight * each.archetypes.get(archetype, 1.0), each.months, each.reach
            )
            for kind, each in said.items()
        }
        kept = {kind: figures for kind, figures in of.items() if figures.weight}
        if kept:
            out[archetype] = kept
    return out
