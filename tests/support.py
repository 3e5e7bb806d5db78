"""What the tests share: short ways to plans, windows, bits and digests.

It imports no more than the package's core, so that any test can be run with that alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsynth import pipeline
from fleetsynth.fleet import server_id
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.plan import Plan
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.scenario import Scenario
from fleetsynth.tables.frame import plain
from fleetsynth.window import Window

ARCHETYPES = ("web", "application", "database", "batch")
COLUMNS = ("cpu_p95", "mem_p95", "disk_p95", "net_in_p95", "net_out_p95")

CACHE = {
    "name": "Cache Server",
    "base_cpu": 22.5,
    "base_memory": 81.3,
    "base_disk": 7.7,
    "base_network": 410.0,
    "cpu_variance": 6.1,
    "memory_variance": 9.9,
    "disk_variance": 2.3,
    "network_variance": 120.0,
    "cpu_memory_correlation": -0.35,
    "cpu_network_correlation": 0.55,
    "memory_disk_correlation": 0.15,
    "cpu_disk_correlation": 0.05,
    "memory_network_correlation": -0.1,
    "disk_network_correlation": 0.25,
    "business_hours_factor": 1.37,
    "weekend_factor": 0.83,
    "spike_probability": 0.11,
    "spike_magnitude": 1.9,
    "monthly_growth_rate": -0.7,
}
"""An archetype that the package does not know."""


def classic(scenario: Scenario) -> ClassicScenario:
    """A scenario that has to be of the classic model."""
    assert isinstance(scenario, ClassicScenario)
    return scenario


def scenario_of(overrides: Mapping[str, Any] | None = None, **keys: Any) -> ClassicScenario:
    """The packaged scenario with some values changed: dotted keys, then plain ones."""
    return classic(load_scenario(overrides={**(overrides or {}), **keys}))


def plan_of(overrides: Mapping[str, Any] | None = None, **keys: Any) -> ClassicPlan:
    """The plan of the packaged scenario with some values changed."""
    plan = resolve(scenario_of(overrides, **keys))
    assert isinstance(plan, ClassicPlan)
    return plan


def whole(plan: Plan) -> Window:
    """All servers, all ticks."""
    return Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop)


def bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bit patterns of floats, minus zero taken as zero."""
    return (np.asarray(values, dtype=np.float64) + 0.0).view(np.int64)


def differing(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """In how many places two arrays of floats differ in any bit."""
    assert one.shape == other.shape
    return int(np.count_nonzero(bits(one) != bits(other)))


def ids(plan: Plan) -> list[str]:
    """The server ids of a plan, in order."""
    return [server_id(i) for i in range(plan.fleet.size)]


class NullSink:
    """A destination that counts the rows it forgets."""

    def __init__(self) -> None:
        self.rows = 0
        self.batches = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Count."""
        self.rows += batch.num_rows
        self.batches += 1

    def finish(self) -> None:
        pass

    def withdraw(self) -> None:
        pass

    def commit(self) -> int:
        """There is nothing to publish."""
        return 0

    def abort(self) -> None:
        """There is nothing to remove."""


def digest_of(plan: Plan, batch_rows: int = pipeline.BATCH_ROWS) -> str:
    """The content digest of a plan's dataset."""
    return pipeline.run(plan, NullSink(), batch_rows=batch_rows).digest


def plain_table(plan: Plan) -> pa.Table:
    """A plan's dataset with its text as plain strings."""
    return plain(pa.Table.from_batches(pipeline.batches(plan)))
