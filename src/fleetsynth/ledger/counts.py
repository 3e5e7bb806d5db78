"""How many events of each kind a plan has, or, of a large one, how often they come."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.kinds import KINDS
from fleetsynth.ledger.table import events, has_events, span_of

if TYPE_CHECKING:
    from fleetsynth.plan import Plan

MOST = 200_000
"""Servers times days whose events are counted; they take some tenths of a second."""
_YEAR_DAYS = 365.25


class Counts(NamedTuple):
    """Events by the name of their kind, in the order of `KINDS`.

    Attributes:
        of_all: how many there are; None of a plan that is too large.
        per_server_year: how many a server and year, by the first servers; None of a small one.
    """

    of_all: dict[str, int] | None = None
    per_server_year: dict[str, float] | None = None


def counts(plan: Plan) -> Counts:
    """Count the events of a plan, or those of its first servers."""
    first, stop = span_of(plan)
    days = (stop - first) / DAY_SECONDS
    servers = min(plan.fleet.size, max(1, int(MOST / days)))
    found = Counter(event.kind for event in events(plan, 0, servers)) if has_events(plan) else {}
    number = {kind: found[kind] for kind in KINDS if kind in found}
    if servers == plan.fleet.size:
        return Counts(of_all=number)
    years = servers * days / _YEAR_DAYS
    return Counts(per_server_year={kind: count / years for kind, count in number.items()})
