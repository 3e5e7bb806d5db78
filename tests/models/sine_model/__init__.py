"""A model of one screen: a daily wave, of a phase that each server draws."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from fleetsynth.block import Block
from fleetsynth.clock import DAY_SECONDS, Calendar
from fleetsynth.errors import Problem
from fleetsynth.metrics import METRICS
from fleetsynth.models.base import Factor, Model, Signal, product_of
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of
from fleetsynth.scenario import Scenario
from fleetsynth.scenario.fields import Key, Name, NonNegative, Strict
from fleetsynth.streams import uniform
from fleetsynth.window import Window


class Wave(Strict):
    name: Name
    level: NonNegative
    swing: NonNegative
    weekend: NonNegative


class SineScenario(Scenario):
    preset: Literal["sine"]
    archetypes: dict[Key, Wave]


SIGNALS = (Signal("load", {"cpu": 1.0, "mem": 0.5}, follows_demand=True),)
WEEKEND = Factor.of_cases(
    "weekend", "Saturdays and Sundays", lambda days: days.is_weekend.astype(int), field="weekend"
)
SHOWN = [(m, s.published[m.stem]) for s in SIGNALS for m in METRICS if m.stem in s.published]


def problems(scenario: SineScenario) -> Iterator[tuple[frozenset[str], Problem]]:
    for name, wave in scenario.archetypes.items():
        if wave.swing > wave.level:
            message = f"a swing of {wave.swing:g} goes below 0"
            yield frozenset({"archetypes"}), Problem(message, f"archetypes.{name}.swing")


def resolve(scenario: SineScenario) -> Plan:
    return Plan(
        scenario=scenario,
        clock=clock_of(scenario),
        fleet=fleet_of(scenario, replicas=None),
        archetypes=tuple(Archetype(n, scenario.archetypes[n]) for n in scenario.distribution),
        metrics=tuple(metric for metric, _ in SHOWN),
        digest=digest_of(scenario, "sine-1", scenario.to_dict()),
    )


def simulate(plan: Plan, window: Window) -> Block:
    calendar = Calendar(plan.clock.seconds(window.first_tick, window.stop_tick))
    names = plan.fleet.server_ids(window.first_server, window.stop_server)
    codes = plan.fleet.archetype_codes(window.first_server, window.stop_server).tolist()
    load = np.empty(window.shape)
    for row, (name, code) in enumerate(zip(names, codes, strict=True)):
        wave = plan.archetypes[code].profile
        turns = calendar.seconds / DAY_SECONDS + uniform(plan.scenario.seed, "phase", name)
        load[row] = wave.level + wave.swing * np.sin(2 * np.pi * turns)
        load[row] *= product_of([WEEKEND], calendar, wave)
    published = [np.clip(share * load, metric.low, metric.high) for metric, share in SHOWN]
    return Block.full(window, np.rint(np.array(published) * 100).astype(np.int32))


MODEL = Model(
    version="sine-1",
    package=__name__,
    scenario=SineScenario,
    problems=problems,
    resolve=resolve,
    simulate=simulate,
    signals=SIGNALS,
    factors=(WEEKEND,),
)
