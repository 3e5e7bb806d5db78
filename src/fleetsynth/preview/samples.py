"""One server of each archetype, for pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.fleet import server_id
from fleetsynth.kinds import metrics_of
from fleetsynth.ledger.table import has_events, of_one
from fleetsynth.presets import simulate
from fleetsynth.preview.figure import Mark
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.plan import Archetype, Plan

MAX_TICKS = 5_000_000
_LOOKED_AT = 1_000


@dataclass(frozen=True)
class Sample:
    """One server's published series.

    Attributes:
        archetype: its archetype.
        server: its id.
        country: whose public holidays its `is_holiday` marks.
        values: series by column, shape (ticks,) each; NaN where there is no value.
        marks: what befalls it, or its service, for pictures.
    """

    archetype: Archetype
    server: str
    country: str
    values: dict[str, NDArray[np.float64]]
    marks: list[Mark] = field(default_factory=list)


def highest(values: NDArray[np.float64]) -> float:
    """Return the highest value that is there, or 0."""
    return float(np.max(values, initial=0.0, where=~np.isnan(values)))


def samples(plan: Plan) -> list[Sample]:
    """Return the first server of each archetype that has any.

    Where servers come and go, it is the one of the first thousand that lives longest in the span.

    Raises:
        UsageError: if a series is too long to look at.
    """
    clock = plan.clock
    if clock.count > MAX_TICKS:
        raise UsageError(
            f"{clock.count:,} points per series are too many to look at: narrow the span with "
            "start_date=... and end_date=..."
        )
    out = []
    for archetype, first in zip(plan.archetypes, _first_servers(plan), strict=True):
        if first is None:
            continue
        window = Window(first, first + 1, clock.first, clock.stop)
        values = simulate(plan, window).grid()[:, 0]
        (country,) = plan.countries(first, first + 1)
        series = {metric.column: row for metric, row in zip(plan.metrics, values, strict=True)}
        out.append(Sample(archetype, server_id(first), country, series, marks_of(plan, first)))
    return out


def marks_of(plan: Plan, server: int) -> list[Mark]:
    """Return what befalls a server, or its service, in order of begin."""
    found = of_one(plan, server) if has_events(plan) else []
    return [Mark(each.kind, each.begin, each.end, metrics_of(each)) for each in found]


def _first_servers(plan: Plan) -> list[int | None]:
    """Index of the server of each archetype that is shown."""
    return [_longest(plan, servers) if len(servers) else None for servers in _servers(plan)]


def _longest(plan: Plan, servers: NDArray[np.int64]) -> int:
    """Return the server that lives longest in the span, the first of them."""
    lives = replace(plan, fleet=plan.fleet.select(servers)).lives(0, len(servers))
    return int(servers[0 if lives is None else np.argmax(lives[:, 1] - lives[:, 0])])


def _servers(plan: Plan) -> Iterator[NDArray[np.int64]]:
    """Yield the first servers of each archetype."""
    fleet, position = plan.fleet, 0
    if fleet.assignment == "blocks":
        for count in fleet.counts().values():
            yield np.arange(position, position + min(count, _LOOKED_AT))
            position += count
        return
    codes = fleet.archetype_codes(0, min(fleet.size, 100_000))
    for code in range(len(fleet.archetypes)):
        yield np.flatnonzero(codes == code)[:_LOOKED_AT]
