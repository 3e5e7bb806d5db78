"""One scenario, served and read by a Prometheus, for all tests that ask questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window
from tests.serve.servers import prometheus, reading, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from tests.serve.servers import Queries, Served

SCENARIO = """\
preset: realistic
num_servers: 16
start_date: 2024-01-01
end_date: 2024-03-31
granularity: 5min
fleet_growth: {steps: [{date: 2024-02-10, servers: 4}]}
retire: {mean_years: 0.6}
events:
- {kind: blackout, at: 2024-02-20 01:02, for: 3h, servers: [server_003, server_004]}
- {kind: change, at: 2024-02-22 05:00, for: 45min, archetype: web, down: true}
"""


class Asked(NamedTuple):
    """A plan, what serves it, and a Prometheus that reads it.

    Attributes:
        plan: the plan.
        values: published ones, shape (metrics, servers, ticks); NaN where a server does not live.
        seconds: of its ticks.
        served: what serves it.
        queries: the Prometheus.
    """

    plan: Plan
    values: NDArray[np.float64]
    seconds: NDArray[np.int64]
    served: Served
    queries: Queries

    def server(self, series: dict[str, Any]) -> int:
        """The server that a series of an answer is of."""
        return int(series["metric"]["server_id"].removeprefix("server_"))


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The scenario above."""
    folder: Path = tmp_path_factory.mktemp("served")
    scenario = folder / "fleet.yaml"
    scenario.write_text(SCENARIO)
    plan = as_plan(scenario)
    clock = plan.clock
    block = simulate(plan, Window(0, plan.fleet.size, clock.first, clock.stop))
    with serving(scenario) as served, prometheus(folder / "p", reading(served.url)) as queries:
        seconds = clock.seconds(clock.first, clock.stop)
        yield Asked(plan, block.grid(), seconds, served, queries)
