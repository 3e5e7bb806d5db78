"""The truth behind the series, as series: what happens to a server, and what is anomalous."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import Block
from fleetsynth.kinds import KINDS
from fleetsynth.kinds.kind import Faults
from fleetsynth.ledger.table import of_one
from fleetsynth.metrics import LABEL
from fleetsynth.series.families import Family
from fleetsynth.series.tiles import Memory, Tiles
from fleetsynth.tables.labels import block_of_labels, plan_of_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan
    from fleetsynth.series.select import Catalog
    from fleetsynth.series.values import Moments
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]

KINDS_TOLD = tuple(
    name for name, kind in KINDS.items() if name != "life" and not isinstance(kind.drawn, Faults)
)
"""Kinds that have a series; what a collector does to rows has none, and lives show as they are."""
_KEPT = 1 << 12
_CACHE_BYTES = 64 << 20


def add_events(catalog: Catalog) -> None:
    """Add a series for each kind of event that ever befalls a server: 1 while one lasts, or else 0.

    A tick counts if one of its samples lies in the event.
    """
    family = Family(
        f"{catalog.convention.prefix}event", "gauge",
        "1 while an event of the kind befalls the server, or else 0.",
        "", "event", None, tuple({"kind": kind} for kind in KINDS_TOLD), is_fine=False,
    )  # fmt: skip
    plan = catalog.plan

    @lru_cache(maxsize=_KEPT)
    def told(server: int) -> list[Event]:
        return of_one(plan, server)

    def values(server: int, when: Moments) -> list[Floats]:
        ticks = when.ticks(plan.clock.step)
        none = np.full(len(ticks), np.nan)
        out = dict.fromkeys(KINDS_TOLD, none)
        for event in told(server):
            if event.kind in out:
                if out[event.kind] is none:
                    out[event.kind] = np.zeros(len(ticks))
                first, stop = _ticks_of(plan, event)
                out[event.kind][(ticks >= first) & (ticks < stop)] = 1.0
        return list(out.values())

    catalog.add(family, values)


def _ticks_of(plan: Plan, event: Event) -> tuple[int, int]:
    """Return the first tick of an event, and one past the last that the plan has."""
    per_tick, step = plan.samples_per_row, plan.clock.step // plan.samples_per_row
    first = -(-event.begin // step)
    stop = plan.clock.stop * per_tick if event.end is None else -(-event.end // step)
    return first // per_tick, first // per_tick if stop <= first else (stop - 1) // per_tick + 1


def add_labels(catalog: Catalog) -> None:
    """Add a series for each metric of a server: 1 where its value is in an anomaly, or else 0."""
    plan = plan_of_labels(catalog.plan)
    columns = [metric.column for metric in catalog.plan.of_model.metrics]
    places = [at for at, metric in enumerate(plan.metrics) if metric.statistic == LABEL]
    family = Family(
        f"{catalog.convention.prefix}label", "gauge",
        "1 where the metric's value is in an anomaly, or else 0.",
        "", "label", None, tuple({"metric": column} for column in columns), is_fine=False,
    )  # fmt: skip

    def made(_: Plan, window: Window) -> Block:
        return block_of_labels(catalog.plan, Block(window, np.empty((0, *window.shape), np.int32)))

    tiles = Tiles(plan, made, Memory(_CACHE_BYTES))

    def values(server: int, when: Moments) -> list[Floats]:
        ticks = when.ticks(plan.clock.step)
        found = tiles.values(np.array([server]), int(ticks[0]), int(ticks[-1]) + 1)[:, 0]
        return [found[place].astype(np.float64) for place in places]

    catalog.add(family, values)
