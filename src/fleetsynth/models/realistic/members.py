"""Servers and their services, looked up once for all the time they are simulated."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models.closed import closed_of
from fleetsynth.models.realistic import parameters
from fleetsynth.models.realistic.compose import Loads
from fleetsynth.models.realistic.cycles import Cycles, cycles_of
from fleetsynth.models.realistic.demand import Services
from fleetsynth.models.realistic.jobs import Jobs, jobs_of
from fleetsynth.streams import address, encode, words_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.parameters import Figures
    from fleetsynth.models.realistic.plan import RealisticPlan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Members(NamedTuple):
    """Some servers and their services.

    Attributes:
        names: of the servers.
        figures: of the servers, shape (servers,) each.
        loads: constants of the servers.
        of_service: figures of each one's service, shape (servers,) each.
        jobs: of the servers.
        cycle: of their CPU.
        traffic_cycle: of their traffic.
        service: each one's place among the services.
        services: the services.
        first: index of the first server in the plan's fleet.
    """

    names: list[str]
    figures: Figures
    loads: Loads
    of_service: Figures
    jobs: Jobs
    cycle: Cycles
    traffic_cycle: Cycles
    service: Ints
    services: Services
    first: int

    def take(self, rows: slice) -> Members:
        """Return some of the servers, with all services."""
        if rows == slice(0, len(self.names)):
            return self
        return Members(
            names=self.names[rows],
            figures=self.figures.take(rows),
            loads=self.loads.take(rows),
            of_service=self.of_service.take(rows),
            jobs=self.jobs.of_rows(rows),
            cycle=self.cycle.take(rows),
            traffic_cycle=self.traffic_cycle.take(rows),
            service=self.service[rows],
            services=self.services,
            first=self.first + rows.start,
        )


@lru_cache(maxsize=16)  # of windows one after the other, the next has the same servers
def members_of(plan: RealisticPlan, first: int, stop: int) -> Members:
    """Look up servers first..stop-1 and their services; only to be read."""
    fleet, step = plan.fleet, plan.scenario.sample_seconds
    names, codes = fleet.server_ids(first, stop), fleet.archetype_codes(first, stop).tolist()
    metadata = fleet.metadata(first, stop)
    services, begins, service = np.unique(
        metadata["service"], return_index=True, return_inverse=True
    )
    figures = parameters.draw(plan, names, codes, of="server")
    theirs = parameters.draw(plan, services.tolist(), [codes[at] for at in begins], of="service")
    of_service = theirs.take(service)
    loads = Loads.of(figures, of_service, step)
    seed = plan.scenario.seed

    def cycle(purpose: str, group: str, size: Floats) -> Cycles:
        lengths = figures[f"{group}.samples"]
        return cycles_of(seed, purpose, names, lengths, size * figures[f"{group}.size"])

    return Members(
        names=names,
        figures=figures,
        loads=loads,
        of_service=of_service,
        jobs=jobs_of(plan, names, codes, figures["jobs.count"]),
        cycle=cycle("cycle", "cycle", figures["noise.size"]),
        traffic_cycle=cycle("traffic cycle", "network.cycle", figures["network.noise"]),
        service=service,
        services=_services(
            plan,
            services.tolist(),
            metadata,
            begins.tolist(),
            {path: theirs[path] for path in parameters.paths(plan, "service")},
        ),
        first=first,
    )


def _services(
    plan: RealisticPlan,
    names: list[str],
    metadata: Mapping[str, list[str]],
    begins: list[int],
    figures: Mapping[str, Floats],
) -> Services:
    """Look up services by the metadata of a server of each."""
    scenario = plan.scenario
    units, regions = (
        [metadata[column][at] for at in begins] for column in ("business_unit", "region")
    )
    return Services(
        names=names,
        figures=figures,
        words=words_after(address(scenario.seed, "day"), map(encode, names)),
        locations=[scenario.locations[region] for region in regions],
        closes=[scenario.closes.get(unit) or scenario.closes["default"] for unit in units],
        closed=[closed_of(scenario.closed, unit) for unit in units],
        own=plan.own_dates,
    )
