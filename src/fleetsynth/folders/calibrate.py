"""How fast this machine generates a plan, measured on a sample of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth import pipeline
from fleetsynth.clock import HOUR_SECONDS, Clock
from fleetsynth.formats import open_sink
from fleetsynth.presets import as_plan
from fleetsynth.size import tiles_per_server
from fleetsynth.tables.frame import schema

if TYPE_CHECKING:
    from fleetsynth.plan import Plan
    from fleetsynth.presets import ScenarioLike

SAMPLE_ROWS = 2_000_000
ROWS_PER_TILE = 20
"""As many rows as take about as long as drawing a tile."""


@dataclass(frozen=True)
class Rate:
    """A measurement.

    Attributes:
        rows: rows generated into Parquet.
        cpu_seconds: processor time that they took, in this process.
    """

    rows: int
    cpu_seconds: float

    @property
    def rows_per_cpu_second(self) -> float:
        """What one core does."""
        return self.rows / self.cpu_seconds

    def core_hours(self, rows: int) -> float:
        """Hours of one core that so many rows take."""
        return rows / self.rows_per_cpu_second / HOUR_SECONDS


def calibrate(scenario: ScenarioLike = None, rows: int = SAMPLE_ROWS) -> Rate:
    """Generate a sample of a dataset to a temporary Parquet file and time it.

    Args:
        scenario: a Plan or Scenario, a YAML file, a mapping, or None for the packaged scenario.
        rows: about how many to generate.
    """
    plan = as_plan(scenario)
    measured = sample(plan, rows)
    _generate(sample(plan, rows // 20))  # imports, tables and the allocator warm up
    begun = time.process_time()
    _generate(measured)
    return Rate(measured.cells, time.process_time() - begun)


def sample(plan: Plan, rows: int) -> Plan:
    """Return the beginning of a plan: about so many rows, spread over its servers."""
    days = (plan.clock.end - plan.clock.start).days + 1
    wanted = max(1, min(days, rows // plan.clock.ticks_per_day))
    end = plan.clock.start + timedelta(days=wanted - 1)
    clock = Clock(plan.clock.start, end, plan.clock.step)
    short = replace(plan, clock=clock)
    # A tile costs a short span as much as a long one: two million rows could take minutes.
    most = min(rows // clock.count, rows // ROWS_PER_TILE // tiles_per_server(short))
    servers = max(1, min(plan.fleet.size, most))
    members = np.linspace(0, plan.fleet.size - 1, servers).astype(np.int64)
    fleet = replace(plan.fleet, lives=None)  # the rate is that of servers that live
    return replace(plan, clock=clock, fleet=fleet.select(np.unique(members)))


def _generate(plan: Plan) -> None:
    with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
        sink = open_sink(Path(folder) / "sample.parquet", schema(plan), {}, overwrite=True)
        pipeline.run(plan, sink)
