"""The facts of any dataset, out of core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.dataset.columns import assign, assign_metrics
from fleetsynth.dataset.rows import ScatteredError, Servers
from fleetsynth.dataset.source import open_source
from fleetsynth.errors import InputError
from fleetsynth.quality.facts_table import Facts, known_facts
from fleetsynth.quality.fleet_facts import FleetFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fleetsynth.quality.server_facts import Server


def facts(path: Path | str, columns: Mapping[str, str] | None = None) -> Facts:
    """Measure what a dataset is like, fact by fact, by the definitions of the realism table.

    Rows in order of server, as fleetsynth writes them, are read in constant memory; others go
    through temporary files of about their size first.

    Args:
        path: a file or folder, of fleetsynth or of anything else; CPU and memory in percent.
        columns: columns by role: timestamp, server, cpu, memory, network, type, service; for a
            long dataset metric and value too, where cpu, memory and network name metrics. What is
            not said is found by name.

    Raises:
        UsageError: if the path or a column is not there.
        InputError: if the dataset cannot be read, or no series can be made of it.
    """
    source = open_source(str(path))
    taken = assign(source.names(), columns or {}, source.name)
    if "metric" in taken:
        taken = assign_metrics(source.words(taken["metric"]), taken, source.name)
    servers = Servers(lambda converter: source.batches(converter.types()), taken)
    try:
        fleet = _all(servers.in_order())
    except ScatteredError:
        fleet = _all(servers.sorted())
    if not fleet.servers:
        raise InputError(f"{source.name} has no server with two points or more")
    values = fleet.values()
    return Facts(
        path=str(path),
        columns=taken,
        servers=fleet.servers,
        left_out=servers.left_out,
        rows=servers.converter.rows,
        points=fleet.points,
        repeated=fleet.repeated,
        step=servers.step,
        values={name: values.get(name) for name in known_facts()},
        network_by_type=fleet.network_by_type(),
        undefined={name: without for name, (_, without) in fleet.counts().items() if without},
    )


def _all(servers: Iterable[Server]) -> FleetFacts:
    fleet = FleetFacts()
    for server in servers:
        fleet.add(server)
    return fleet
