"""The facts of any dataset, out of core."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.facts.facts_table import Facts, known_facts
from fleetsynth.facts.fleet_facts import FleetFacts
from fleetsynth.reader import ReadOptions, ScatteredError, open_dataset
from fleetsynth.reader.faulty import FoundFaults
from fleetsynth.reader.roles import ARRIVAL_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetsynth.reader import Dataset
    from fleetsynth.reader.grid import Server
    from fleetsynth.reader.series import Servers

_ROLES = ("timestamp", "date", "server", "cpu", "memory", "network", "type", "service")
_READ = (*_ROLES, ARRIVAL_ROLE)


def facts(
    data: Any,
    columns: Mapping[str, str] | None = None,
    *,
    options: ReadOptions | None = None,
) -> Facts:
    """Measure what a dataset is like, fact by fact, by the definitions of the realism table.

    Rows in order of server, as fleetsynth writes them, are read in constant memory; others go
    through temporary files of about their size first. Each server has the step that its own points
    have.

    Args:
        data: a file or folder, of fleetsynth or of anything else, or a table of Arrow, pandas or
            polars; CPU and memory in percent.
        columns: columns by role: timestamp, server, cpu, memory, network, type, service; for a
            long dataset metric and value too, where cpu, memory and network name metrics. What is
            not said is found by name.
        options: how to read it, if more must be said; `columns` is added to its own.

    Raises:
        UsageError: if the path or a column is not there, or more must be said.
        InputError: if the dataset cannot be read, or no series can be made of it.
    """
    said = options or ReadOptions()
    dataset = open_dataset(data, replace(said, columns={**said.columns, **(columns or {})}))
    roles = [role for role in _READ if role in dataset.roles]
    faults = FoundFaults()
    servers = dataset.servers(roles, watch=lambda *of: faults.take(*of))
    try:
        fleet = _all(servers.in_order())
    except ScatteredError:
        faults = FoundFaults()
        fleet = _all(servers.sorted())
    if not fleet.servers:
        raise InputError(f"{dataset.name} has no server with two points or more")
    dataset.tell(servers)
    values = fleet.values()
    return Facts(
        path=dataset.name if dataset.source.files is None else str(data),
        columns={role: dataset.roles[role].name for role in _shown(dataset.roles)},
        servers=fleet.servers,
        left_out=servers.left_out,
        rows=_rows(dataset, servers),
        points=fleet.points,
        repeated=fleet.repeated,
        step=servers.step,
        values={name: values.get(name) for name in known_facts()},
        network_by_type=fleet.network_by_type(),
        undefined={name: without for name, (_, without) in fleet.counts().items() if without},
        understood=dataset.understood.to_dict(),
        faults=faults.finish().to_dict(),
    )


def _rows(dataset: Dataset, servers: Servers) -> int:
    """Return the number of rows of a server and time; a row a metric makes several of one."""
    return servers.whole if dataset.layout == "long" else servers.converter.rows


def _shown(roles: Iterable[str]) -> list[str]:
    known = (*_ROLES, "metric", "value", "statistic")
    return [role for role in roles if role in known]


def _all(servers: Iterable[Server]) -> FleetFacts:
    fleet = FleetFacts()
    for server in servers:
        fleet.add(server)
    return fleet
