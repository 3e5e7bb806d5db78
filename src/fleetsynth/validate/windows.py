"""Rows on which something happened: left out of estimates, or reckoned with where it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.ledger import effects
from fleetsynth.ledger.each import of_each
from fleetsynth.ledger.sources import Span
from fleetsynth.ledger.table import has_events
from fleetsynth.validate.rows import MISSING
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.ledger.effects import Ticks
    from fleetsynth.plan import Plan
    from fleetsynth.validate.rows import Rows

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

LEAST, MOST = 0.75, 4 / 3
"""Levels beyond these are left out: what such rows tell of the noise is not what others tell."""


class Windows:
    """Knows of each row what the ledger of a plan says of its demand.

    A level that lasts, of a deploy or a launch, multiplies what the scenario expects, exactly.
    Whatever else happens takes its rows out of the estimates.

    Attributes:
        rows: rows that were asked for.
        left_out: rows that are not to be estimated from.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.rows = self.left_out = 0

    @classmethod
    def of(cls, plan: Plan) -> Windows | None:
        """Return those of a plan; None if nothing can happen."""
        return cls(plan) if has_events(plan) else None

    def demand(self, rows: Rows, in_plan: Ints) -> Floats:
        """Return what demand is multiplied by in each row; NaN where it is to be left out.

        Args:
            rows: each server's together.
            in_plan: index in the plan of each server; negative for those that it does not know.
        """
        out = np.ones(len(rows))
        step = self._plan.clock.step
        tick = rows.micros // (step * SECOND_MICROS)
        edges = np.flatnonzero(np.diff(rows.server, prepend=-1, append=-1))
        for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            at = int(in_plan[rows.server[first]])
            timed = np.flatnonzero(rows.micros[first:stop] != MISSING) + first
            low, high = self._plan.clock.first, self._plan.clock.stop
            timed = timed[(tick[timed] >= low) & (tick[timed] < high)]
            if at < 0 or not len(timed):
                continue
            grid = effects.Ticks(int(tick[timed].min()), int(tick[timed].max()) + 1, step)
            span = Span(grid.first * step, grid.stop * step)
            (events,) = of_each(self._plan, at, at + 1, span)
            if events:
                out[timed] = _demand(events, grid)[tick[timed] - grid.first]
        self.rows += len(rows)
        self.left_out += int(np.isnan(out).sum())
        return out

    def verdict(self) -> Verdict:
        """Say how many rows were left out."""
        found = (
            f"{self.left_out:,} of {self.rows:,} rows lie in windows of events: left out of the "
            "estimates"
        )
        return Verdict("events", "ok", found)


def lasts(event: Event) -> bool:
    """Tell whether an event is a level of demand, and not something with an end."""
    level = event.stays or event.end is None
    return level and all(effect.channel == "demand" for effect in event.effects)


def _demand(events: Iterable[Event], grid: Ticks) -> Floats:
    """Return what demand is multiplied by at some ticks, NaN where they are to be left out."""
    out = np.ones(grid.stop - grid.first)
    acting = [event for event in events if event.effects]
    levels = effects.felt([filter(lasts, acting)], grid).get("demand", ())
    effects.multiply(out[None], levels)
    out[(out < LEAST) | (out > MOST)] = np.nan
    for event in acting:
        if not lasts(event):
            begin, end = effects.within(event.begin, event.end, grid)
            out[begin:end] = np.nan
    return out
