"""A model whose servers are born, die and skip ticks, with rows that come twice or late."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fleetsynth.block import NULL_HUNDREDTHS, Block
from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import Problem
from fleetsynth.metrics import METRICS
from fleetsynth.models.base import Model, Signal
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of
from fleetsynth.scenario import Scenario
from fleetsynth.scenario.fields import Key, Name, NonNegative, Strict
from fleetsynth.streams import uniform
from fleetsynth.window import Window

FIRST_BIRTH = 19_280 * DAY_SECONDS
"""15 October 2022."""


class Life(Strict):
    name: Name
    level: NonNegative
    days: NonNegative


class LivesScenario(Scenario):
    preset: Literal["lives"]
    archetypes: dict[Key, Life]


@dataclass(frozen=True, eq=False)
class LivesPlan(Plan):
    @property
    def is_full(self) -> bool:
        return False


def problems(scenario: LivesScenario) -> Iterator[tuple[frozenset[str], Problem]]:  # noqa: ARG001
    yield from ()


def resolve(scenario: LivesScenario) -> LivesPlan:
    return LivesPlan(
        scenario=scenario,
        clock=clock_of(scenario),
        fleet=fleet_of(scenario, replicas=None),
        archetypes=tuple(Archetype(n, scenario.archetypes[n]) for n in scenario.distribution),
        metrics=METRICS,
        digest=digest_of(scenario, "lives-1", scenario.to_dict()),
    )


def life_of(plan: Plan, server: int) -> tuple[int, int]:
    """Seconds since the epoch at which a server is born and at which it is no more."""
    (code,) = plan.fleet.archetype_codes(server, server + 1)
    (name,) = plan.fleet.server_ids(server, server + 1)
    u = [uniform(plan.scenario.seed, what, name) for what in ("birth", "life")]
    birth = FIRST_BIRTH + int(u[0] * 120) * DAY_SECONDS
    return birth, birth + int(plan.archetypes[code].profile.days * (0.5 + u[1])) * DAY_SECONDS


def simulate(plan: Plan, window: Window) -> Block:
    """One row in 16 is not there, one in 32 comes twice, one in 8 last; values are missing."""
    seconds = plan.clock.seconds(window.first_tick, window.stop_tick)
    codes = plan.fleet.archetype_codes(window.first_server, window.stop_server)
    server, tick, values = [], [], []
    for row, name in enumerate(plan.fleet.server_ids(window.first_server, window.stop_server)):
        birth, death = life_of(plan, window.first_server + row)
        draws = _draws(uniform(plan.scenario.seed, "rows", name), seconds)
        lives = (seconds >= birth) & (seconds < death) & (draws[0] % 16 != 0)
        for copy, made in enumerate((lives, lives & (draws[0] % 32 == 1))):
            at = np.flatnonzero(made)
            drawn = plan.archetypes[codes[row]].profile.level * 100 + draws[1:, at] % 1000
            tick.append(at)
            server.append(np.full(len(at), row))
            values.append(np.where(draws[1:, at] % 61 == copy, NULL_HUNDREDTHS, drawn))
    late = np.concatenate(tick) % 8 == 5
    order = np.argsort(late, kind="stable")
    return Block(
        window,
        np.concatenate(values, axis=1)[:, order].astype(np.int32),
        np.concatenate(server)[order],
        np.concatenate(tick)[order],
    )


def _draws(key: float, seconds: NDArray[np.int64]) -> NDArray[Any]:
    """Whole numbers of each tick and purpose, shape (1 + metrics, ticks)."""
    mixed = (seconds + int(key * 2**31)).astype(np.uint64) * np.arange(1, 7, dtype=np.uint64)[
        :, None
    ]
    for odd in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(odd)
    return (mixed >> np.uint64(33)).astype(np.int64)


MODEL = Model(
    version="lives-1",
    package=__name__,
    scenario=LivesScenario,
    problems=problems,
    resolve=resolve,
    simulate=simulate,
    signals=tuple(Signal(metric.stem, {metric.stem: 1.0}) for metric in METRICS),
)
