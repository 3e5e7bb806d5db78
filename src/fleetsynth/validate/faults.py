"""Faults of a collector: how many the ledger has, and how many are seen in the rows alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from fleetsynth.kinds import FAULTS
from fleetsynth.ledger.faults import find
from fleetsynth.ledger.table import span_of
from fleetsynth.reader.faulty import place_text
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.plan import Plan
    from fleetsynth.reader.faulty import FoundFaults

_TOGETHER = 1 << 10
_SPOILT = ("timestamps", "range", "rounding", "piles", "stuck", "network out")
"""What faults spoil of the form of data, beside all that is estimated."""


def of_faults(plan: Plan, found: FoundFaults) -> Iterator[Verdict]:
    """Yield what was found of each kind of fault that the plan's collector has.

    None of it is wrong: the plan says that there are such faults.
    """
    of_ledger = planted(plan)
    for kind in FAULTS:
        if of_ledger[kind] or found.counts[kind]:
            told = f"{found.counts[kind]:,} seen in the rows, {of_ledger[kind]:,} in the ledger"
            places = tuple(place_text(*place) for place in found.places.get(kind, ()))
            yield Verdict("fault", "ok", told, subject=kind, places=places)


def excused(verdict: Verdict) -> Verdict:
    """Return a verdict on data with faults that are meant: what they spoil cannot be told."""
    if verdict.status != "fail":
        return verdict
    if verdict.kind != "statistics" and verdict.name not in _SPOILT:
        return verdict
    told = f"{verdict.found}: so faults of the collector would have it"
    return replace(verdict, status="untestable", found=told)


def planted(plan: Plan) -> Counter[str]:
    """Return how many faults of each kind the ledger of a plan has."""
    out: Counter[str] = Counter()
    whole: set[tuple[str, int]] = set()
    for first in range(0, plan.fleet.size, _TOGETHER):
        stop = min(first + _TOGETHER, plan.fleet.size)
        for kind, faults in find(plan, first, stop, span_of(plan)):
            everywhere = faults.server < 0
            out[kind.name] += int((~everywhere).sum())
            whole.update((kind.name, int(begin)) for begin in faults.begin[everywhere])
    out.update(name for name, _ in whole)
    return out
