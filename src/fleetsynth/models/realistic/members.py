"""Servers and their services, looked up once for all the time they are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models.closed import closed_of
from fleetsynth.models.realistic import noise, parameters
from fleetsynth.models.realistic.compose import Loads
from fleetsynth.models.realistic.demand import Services

if TYPE_CHECKING:
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
        amplitudes: of the octaves of each series of noise, shape (servers, octaves) each.
        service: each one's place among the services.
        services: the services.
        first: index of the first server in the plan's fleet.
    """

    names: list[str]
    figures: Figures
    loads: Loads
    amplitudes: dict[str, Floats]
    service: Ints
    services: Services
    first: int

    def take(self, rows: slice) -> Members:
        """Return some of the servers, with all services."""
        return Members(
            names=self.names[rows],
            figures={name: values[rows] for name, values in self.figures.items()},
            loads=self.loads.take(rows),
            amplitudes={name: values[rows] for name, values in self.amplitudes.items()},
            service=self.service[rows],
            services=self.services,
            first=self.first + rows.start,
        )


def members_of(plan: RealisticPlan, first: int, stop: int) -> Members:
    """Look up servers first..stop-1 and their services."""
    fleet, step = plan.fleet, plan.scenario.sample_seconds
    names, codes = fleet.server_ids(first, stop), fleet.archetype_codes(first, stop).tolist()
    services, begins, service = np.unique(
        fleet.services(first, stop), return_index=True, return_inverse=True
    )
    figures = parameters.draw(plan, names, codes, of_services=False)
    theirs = parameters.draw(
        plan, services.tolist(), [codes[at] for at in begins], of_services=True
    )
    loads = Loads.of(figures, {name: values[service] for name, values in theirs.items()})
    return Members(
        names=names,
        figures=figures,
        loads=loads,
        amplitudes=_amplitudes(figures, loads, step),
        service=service,
        services=_services(plan, services.tolist(), first, begins.tolist(), theirs),
        first=first,
    )


def _amplitudes(figures: Figures, loads: Loads, step: int) -> dict[str, Floats]:
    """Amplitudes of the servers' own noise, each with its weight in the whole."""

    def of(series: str, group: str, weight: Floats) -> Floats:
        spectrum = (figures[f"{group}.{part}"] for part in noise.SPECTRUM)
        return noise.amplitudes(noise.SERVER[series], step, *spectrum) * weight[:, None]

    return {
        "cpu": of("cpu", "noise.spectrum", loads.own),
        "net_in": of("net_in", "network.spectrum", loads.apart),
        "net_out": loads.out_apart[:, None],
        "memory": of("memory", "memory.spectrum", figures["memory.noise"]),
        "disk": of("disk", "disk.spectrum", figures["disk.noise"]),
    }


def _services(
    plan: RealisticPlan, names: list[str], first: int, begins: list[int], figures: Figures
) -> Services:
    """Look up services by a server of each, counted from `first`."""
    scenario, fleet = plan.scenario, plan.fleet
    metadata = [fleet.metadata(first + at, first + at + 1) for at in begins]
    units = [columns["business_unit"][0] for columns in metadata]
    regions = [columns["region"][0] for columns in metadata]
    spectrum = (figures[f"demand.noise.{part}"] for part in noise.SPECTRUM)
    step = scenario.sample_seconds
    return Services(
        names=names,
        figures=figures,
        amplitudes=noise.amplitudes(noise.SERVICE["demand"], step, *spectrum),
        locations=[scenario.locations[region] for region in regions],
        closes=[scenario.closes.get(unit) or scenario.closes["default"] for unit in units],
        closed=[closed_of(scenario.closed, unit) for unit in units],
        own=plan.own_dates,
    )
