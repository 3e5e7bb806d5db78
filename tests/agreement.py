"""Runs the scalar twin over a window of a plan, on the plan's own draws, and counts differences.

From the plan come the scenario (what was asked for) and the draws; times, trends, archetypes and
every value are worked out by the twin.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetsynth.models.classic.draws import Draws, draw
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.models.classic.simulate import Components
from fleetsynth.scenario import Scenario
from fleetsynth.streams import Stream
from tests import twin
from tests.support import differing, whole

Floats = NDArray[np.float64]
Profiles = Mapping[str, twin.Profile]


class Twinned(NamedTuple):
    """What the twin makes of a plan; shapes as in `Components`."""

    level: Floats
    noise: Floats
    signal: Floats
    clipped: Floats
    published: Floats
    spike: NDArray[np.bool_]


def times_of(scenario: Scenario) -> list[datetime]:
    """The timestamps of a scenario, by Python's own calendar."""
    step = timedelta(seconds=scenario.step_seconds)
    first = datetime.combine(scenario.start_date, time())
    after = datetime.combine(scenario.end_date, time()) + timedelta(days=1)
    return [first + i * step for i in range((after - first) // step)]


def trends_of(scenario: ClassicScenario, times: Sequence[datetime]) -> list[float]:
    """How far the growth has come at each time: idx / n over its span."""
    start, end = scenario.growth.span or (scenario.start_date, scenario.end_date)
    step = timedelta(seconds=scenario.step_seconds)
    n = timedelta(days=(end - start).days + 1) // step
    origin = datetime.combine(start, time())
    return [twin.trend((ts - origin) // step, n) for ts in times]


def growths_of(
    scenario: ClassicScenario, profile: twin.Profile, times: Sequence[datetime]
) -> list[float] | None:
    """The growth multipliers of the monthly mode; None where the twin's trend decides."""
    if scenario.growth.mode == "span":
        return None
    start = (scenario.growth.span or (scenario.start_date,))[0]
    return [twin.monthly_growth(profile, ts, start) for ts in times]


class _Runner:
    """The twin with everything about a scenario that does not depend on the server."""

    def __init__(self, scenario: ClassicScenario, profiles: Profiles) -> None:
        self.times = times_of(scenario)
        self._trends = trends_of(scenario, self.times)
        self._profiles = profiles
        self._growths = {n: growths_of(scenario, p, self.times) for n, p in profiles.items()}
        self._lowers = {name: twin.cholesky(profile) for name, profile in profiles.items()}
        self._switches = {
            "quarterly_peaks": scenario.quarterly_peaks,
            "holiday_effect": scenario.holiday_effect,
        }

    def rows(self, name: str, z: Any, u: Any, *, spikes: bool) -> list[twin.Row]:
        """One server's rows, given z per tick (four numbers each) and u per tick."""
        profile, lower, growths = self._profiles[name], self._lowers[name], self._growths[name]
        return [
            twin.row(
                profile,
                lower,
                ts,
                self._trends[i],
                z[i],
                u[i],
                **self._switches,
                spikes=spikes,
                growth_value=None if growths is None else growths[i],
            )
            for i, ts in enumerate(self.times)
        ]

    def level(self, name: str) -> Floats:
        """A server's rows without noise or spikes, shape (signals, ticks)."""
        count = len(self.times)
        rows = self.rows(name, [(0.0,) * 4] * count, [1.0] * count, spikes=False)
        return np.array([row.unclipped for row in rows]).T

    def noise(self, name: str, z: Any) -> Floats:
        """A server's noise, shape (signals, ticks)."""
        p, lower = self._profiles[name], self._lowers[name]
        sds = (p.cpu_variance, p.memory_variance, p.disk_variance, p.network_variance)
        correlated = [twin.correlate(lower, each) for each in z]
        return np.array([[e * sd for e, sd in zip(es, sds, strict=True)] for es in correlated]).T


def archetypes_of(scenario: Scenario) -> list[str]:
    """The archetype of each server, in blocks."""
    counts = twin.allocate(scenario.num_servers, scenario.distribution)
    return [name for name, count in counts.items() for _ in range(count)]


def run_twin(plan: ClassicPlan, profiles: Profiles) -> Twinned:
    """Work a whole plan out with the twin, row by row."""
    scenario = plan.scenario
    names = archetypes_of(scenario)
    used = {name: profiles[name] for name in scenario.distribution}
    runner = _Runner(scenario, used)
    draws: Draws = draw(plan, whole(plan), Stream())
    z, u = draws.z.transpose(1, 2, 0).tolist(), draws.u.tolist()
    rows = [
        runner.rows(name, z[server], u[server], spikes=scenario.spikes)
        for server, name in enumerate(names)
    ]
    levels = {name: runner.level(name) for name in used}

    def stage(name: str) -> Floats:
        values = np.array([[getattr(row, name) for row in server] for server in rows])
        return values.transpose(2, 0, 1)

    return Twinned(
        level=np.stack([levels[name] for name in names], axis=1),
        noise=np.stack([runner.noise(name, z[i]) for i, name in enumerate(names)], axis=1),
        signal=stage("unclipped"),
        clipped=stage("clipped"),
        published=stage("rounded"),
        spike=np.array([[row.spike for row in server] for server in rows]),
    )


def disagreements(engine: Components, by_twin: Twinned) -> dict[str, int]:
    """In how many values the two differ in any bit, by stage; empty where they agree."""
    published = engine.hundredths / 100
    pairs = {
        "level": (engine.level, by_twin.level),
        "noise": (engine.noise, by_twin.noise),
        "signal": (engine.signal, by_twin.signal),
        "clipped": (engine.clipped, by_twin.clipped),
        "published": (published, by_twin.published),
    }
    counts = {stage: differing(*pair) for stage, pair in pairs.items()}
    counts["spike"] = int(np.count_nonzero(engine.spike != by_twin.spike))
    return {stage: count for stage, count in counts.items() if count}
