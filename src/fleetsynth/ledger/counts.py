"""How many events of each kind a plan has, or, of a large one, how often they come."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.kinds import KINDS
from fleetsynth.ledger import faults
from fleetsynth.ledger.table import events, has_events, span_of
from fleetsynth.ledger.told import times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.plan import Plan

MOST = 200_000
"""Servers times days whose events are counted; they take some tenths of a second."""
_YEAR_DAYS = 365.25


class Counts(NamedTuple):
    """Events by the name of their kind, in the order of `KINDS`; faults of the collector apart.

    Attributes:
        of_all: how many there are; None of a plan that is too large.
        per_server_year: how many a server and year, by the first servers; None of a small one.
        nowhere: names of told events that befall nobody in the plan's span, as far as that is seen.
        faults: how many faults of the collector there are; of a large plan how many befall a
            server in a year, by the first servers; nothing where it has none.
    """

    of_all: dict[str, int] | None = None
    per_server_year: dict[str, float] | None = None
    nowhere: tuple[str, ...] = ()
    faults: Mapping[str, float] = MappingProxyType({})


def counts(plan: Plan) -> Counts:
    """Count the events of a plan, or those of its first servers."""
    first, stop = span_of(plan)
    days = (stop - first) / DAY_SECONDS
    servers = min(plan.fleet.size, max(1, int(MOST / days)))
    found, seen = Counter[str](), set[str]()
    waited = [each.label for each in plan.scenario.events]
    for event in events(plan, 0, servers) if has_events(plan) else ():
        found[event.kind] += 1
        seen.update(label for label in waited if event.event_id.startswith(f"{label}-"))
    number = {kind: found[kind] for kind in KINDS if kind in found}
    if servers == plan.fleet.size:
        nowhere = tuple(x for x in waited if x not in seen)
        return Counts(of_all=number, nowhere=nowhere, faults=_faults(plan, servers))
    years = servers * days / _YEAR_DAYS
    return Counts(
        per_server_year={kind: count / years for kind, count in number.items()},
        nowhere=tuple(x.label for x in plan.scenario.events if not any(times(x, first, stop))),
        faults={
            kind: count / (years if KINDS[kind].entity == "server" else days / _YEAR_DAYS)
            for kind, count in _faults(plan, servers).items()
        },
    )


def _faults(plan: Plan, servers: int) -> dict[str, int]:
    """Count the faults of the collector that spoil rows of the first servers."""
    if not plan.is_faulty:
        return {}
    number = Counter[str]()
    for kind, found in faults.find(plan, 0, servers, span_of(plan)):
        number[kind.name] += len(found)
    return {kind: number[kind] for kind in KINDS if kind in number}
