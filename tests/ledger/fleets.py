"""Fleets on which things happen, and what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.kinds import DRAWN, metrics_of
from fleetsynth.kinds.kind import Levels, Sizes
from fleetsynth.ledger import table
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan

SPRING: dict[str, Any] = {  # two months, over a change of clocks
    "num_servers": 24,
    "start_date": "2024-02-20",
    "end_date": "2024-04-10",
    "granularity": "5min",
}
PRESETS: dict[str, dict[str, Any]] = {
    "realistic": {"preset": "realistic", "sample_interval": "5min", "stories": {"share": 0}},
    "classic": {"assignment": "interleaved"},
}


def quiet(preset: str, **more: Any) -> dict[str, Any]:
    return SPRING | PRESETS[preset] | {"incidents": {"intensity": 0}} | more


def only(*kinds: str, **more: Any) -> dict[str, Any]:
    """Incidents of some kinds, often, and of no others."""
    rates: dict[str, Any] = {}
    for name, kind in DRAWN.items():
        if isinstance(kind.drawn, Levels):
            rates[name] = {"days": 9.0} if name in kinds else {"sigma": 0.0}
        elif isinstance(kind.drawn, Sizes):
            rates[name] = {"days": 9.0 if name in kinds else None}
        else:
            rates[name] = {"per_quarter": 9.0 if name in kinds else 0.0}
    return {"intensity": 1, **rates, **more}


def values_of(plan: Plan) -> NDArray[np.int32]:
    """All published values, shape (metrics, servers, ticks)."""
    window = Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop)
    return simulate(plan, window).values


def ledger_of(plan: Plan) -> list[Event]:
    return list(table.events(plan, 0, plan.fleet.size))


def inside(plan: Plan, events: list[Event]) -> NDArray[np.bool_]:
    """Cells in the windows of events, shape (metrics, servers, ticks)."""
    out = np.zeros((len(plan.metrics), plan.fleet.size, plan.clock.count), bool)
    seconds = plan.clock.seconds(plan.clock.first, plan.clock.stop)
    names = plan.fleet.server_ids(0, plan.fleet.size)
    services = plan.fleet.services(0, plan.fleet.size) if plan.fleet.replicas else names
    for event in events:
        ticks = (seconds >= event.begin) & (event.end is None or (seconds < event.end))
        rows = [event.entity in pair for pair in zip(names, services, strict=True)]
        metrics = [metric.stem in metrics_of(event) for metric in plan.metrics]
        out |= np.array(metrics)[:, None, None] & np.array(rows)[:, None] & ticks
    return out


def planned(preset: str, **more: Any) -> Plan:
    return as_plan(quiet(preset, **more))
