"""Runs the scalar twin of the realistic model over a window of samples, and counts differences.

From the plan come the scenario and the archetype of each server; all else the twin works out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetsynth.models.realistic.plan import RealisticPlan
from fleetsynth.models.realistic.simulate import samples
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.window import Window
from tests import realistic_twin as twin
from tests.support import differing

MIXED = {
    "web": 0.16,
    "application": 0.16,
    "database": 0.16,
    "batch": 0.12,
    "idle": 0.16,
    "instance": 0.08,
    "pinned": 0.08,
    "off": 0.08,
}
"""Shares that put every archetype into a small fleet."""

REGIONS = ["us-east-1", "eu-west-1", "ap-south-1", "ap-southeast-2"]
"""Summer time on three continents, and a zone half an hour off."""

STAGES = (
    "relative",
    "common",
    "base",
    "spikes",
    "runs",
    "cpu",
    "noise_in",
    "noise_out",
    "sent",
    "net_in",
    "net_out",
    "taken",
    "held",
    "memory",
    "disk",
)


def realistic(overrides: Mapping[str, Any] | None = None, **keys: Any) -> RealisticPlan:
    """A plan of the realistic model: a small mixed fleet, with some values changed."""
    small: dict[str, Any] = {
        "preset": "realistic",
        "num_servers": 14,
        "distribution": MIXED,
        "regions": REGIONS,
    }
    small["assignment"] = "interleaved"
    small["stories.share"] = 0
    small["incidents.intensity"] = 0  # what happens has a twin of its own: tests/ledger
    plan = resolve(load_scenario(overrides={**small, **(overrides or {}), **keys}))
    assert isinstance(plan, RealisticPlan)
    return plan


def servers_of(plan: RealisticPlan) -> list[twin.Server]:
    """The twin's servers of a plan."""
    names = plan.fleet.archetypes
    codes = plan.fleet.archetype_codes(0, plan.fleet.size).tolist()
    return twin.fleet(plan.scenario.to_dict(), [names[code] for code in codes])


def run_twin(plan: RealisticPlan, window: Window) -> list[list[twin.Sample]]:
    """Every sample of a window whose ticks count samples, server by server."""
    servers = servers_of(plan)[window.first_server : window.stop_server]
    ticks = range(window.first_tick, window.stop_tick)
    return [[server.sample(t) for t in ticks] for server in servers]


def disagreements(plan: RealisticPlan, window: Window) -> dict[str, int]:
    """In how many values engine and twin differ in any bit, by stage; empty where they agree."""
    engine, rows = samples(plan, window), run_twin(plan, window)
    counts = {name: differing(getattr(engine, name), _stage(rows, name)) for name in STAGES}
    hundredths = np.array([[sample.hundredths for sample in row] for row in rows])
    counts["hundredths"] = int(np.count_nonzero(np.moveaxis(hundredths, 2, 0) != engine.hundredths))
    return {stage: count for stage, count in counts.items() if count}


def published_by_twin(
    plan: RealisticPlan, window: Window, statistics: Sequence[str]
) -> NDArray[np.int32]:
    """The published hundredths of a window of ticks, shape (metrics x statistics, ...)."""
    per_tick = plan.clock.step // plan.scenario.sample_seconds
    span = Window(
        window.first_server,
        window.stop_server,
        window.first_tick * per_tick,
        window.stop_tick * per_tick,
    )
    rows = run_twin(plan, span)
    ticks = range(0, span.shape[1], per_tick)
    out = [
        [
            [
                twin.statistic(name, [each.hundredths[metric] for each in row[at : at + per_tick]])
                for at in ticks
            ]
            for row in rows
        ]
        for metric in range(5)
        for name in statistics
    ]
    return np.array(out, dtype=np.int32)


def _stage(rows: Sequence[Sequence[twin.Sample]], name: str) -> NDArray[np.float64]:
    return np.array([[getattr(sample, name) for sample in row] for row in rows])
