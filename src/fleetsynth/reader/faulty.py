"""Faults of collectors in a whole dataset: those of each server, and what befell all at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.reader.faults import Seen, Spotted, spot
from fleetsynth.reader.roles import ARRIVAL_ROLE, ROLES
from fleetsynth.reader.rows import MISSING
from fleetsynth.reader.series import ScatteredError, step_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.dataset import Dataset

KINDS = (
    "gap", "agent_outage", "collector_outage", "missing_value", "duplicate", "late",
    "out_of_order", "clock_skew", "stuck", "unit_slip", "quantised",
)  # fmt: skip
"""What can be found, in the order in which people read it."""

_ALL = 0.8
"""Share of servers that a hole of the collector takes with it."""
_FEWEST = 4
"""Servers below which nobody can tell an agent's hole from the collector's."""
_PLACES = 3


class FoundFaults:
    """Counts faults, server by server.

    Attributes:
        counts: how many there are of each kind.
        places: the first few of each kind, as (server, time in microseconds, metric).
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.places: dict[str, list[tuple[str, int, str]]] = {}
        self._servers = 0
        self._holes: list[tuple[str, int, int]] = []

    def take(self, server: str, rows: NDArray[np.void]) -> None:
        """Take the rows of one server, in the order in which they stand."""
        names = rows.dtype.names or ()
        known = rows["time"] != MISSING
        if not known.all():
            rows = rows[known]
        times = np.unique(rows["time"])
        if len(times) < 3:
            return
        self._servers += 1
        arrival = None
        if ARRIVAL_ROLE in names and (rows[ARRIVAL_ROLE] != MISSING).all():
            arrival = rows[ARRIVAL_ROLE]
        roles = [name for name in names if name in ROLES and ROLES[name].kind == "number"]
        seen = Seen(rows["time"], arrival, {role: rows[role] for role in roles})
        for each in spot(seen, step_of(times)):
            if each.kind == "agent_outage":
                self._holes.append((server, each.begin, each.end))
            else:
                self._note(server, each)

    def finish(self) -> FoundFaults:
        """Tell holes of the collector from those of single servers; return itself."""
        common = _common(self._holes, self._servers)
        for begin, end in common:
            self._note("", Spotted("collector_outage", begin, end))
        for server, begin, end in self._holes:
            inside = sum(max(0, min(end, last) - max(begin, first)) for first, last in common)
            if inside < 0.5 * (end - begin) or not common:
                self._note(server, Spotted("agent_outage", begin, end))
        self._holes = []
        return self

    def _note(self, server: str, found: Spotted) -> None:
        self.counts[found.kind] += 1
        places = self.places.setdefault(found.kind, [])
        if len(places) < _PLACES:
            places.append((server, found.begin, found.role))

    def to_dict(self) -> dict[str, Any]:
        """Return how many there are of each kind that was found, and the first few, for JSON."""
        return {
            kind: {
                "count": self.counts[kind],
                "first": [place_text(*place) for place in self.places[kind]],
            }
            for kind in KINDS
            if self.counts[kind]
        }


def find_faults(dataset: Dataset) -> FoundFaults:
    """Find the faults of all metrics of a dataset, in a pass of its own.

    Raises:
        InputError: if it cannot be read.
    """
    columns: dict[str, str] = {}
    for role, column in dataset.roles.items():
        if role == ARRIVAL_ROLE or (ROLES[role].stem and role in dataset.roles):
            columns.setdefault(column.name, role)
    found = FoundFaults()
    servers = dataset.servers(columns.values(), lenient=True, watch=lambda *of: found.take(*of))
    try:
        for _ in servers.in_order():
            pass
    except ScatteredError:
        found = FoundFaults()
        for _ in servers.sorted():
            pass
    return found.finish()


def place_text(server: str, micros: int, role: str) -> str:
    """Write where a fault is: ``server_004 2024-01-03 10:25 (cpu)``."""
    when = np.datetime_as_string(np.datetime64(micros // SECOND_MICROS, "s"), unit="m")
    told = when.replace("T", " ")
    return " ".join(filter(None, (server or "all servers", told, role and f"({role})")))


def _common(holes: list[tuple[str, int, int]], servers: int) -> list[tuple[int, int]]:
    """Return when nearly all servers are absent at once."""
    if servers < _FEWEST or len(holes) < _ALL * servers:
        return []
    begins = np.sort(np.array([begin for _, begin, _ in holes]))
    ends = np.sort(np.array([end for _, _, end in holes]))
    times = np.unique(np.concatenate([begins, ends]))
    absent = np.searchsorted(begins, times, side="right") - np.searchsorted(ends, times)
    all_gone = absent >= _ALL * servers
    edges = np.flatnonzero(np.diff(np.concatenate(([False], all_gone, [False])).astype(np.int8)))
    return [(int(times[a]), int(times[b - 1])) for a, b in edges.reshape(-1, 2).tolist()]
