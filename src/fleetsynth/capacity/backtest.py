"""How far such dates were off: made as they would have been earlier, held against what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity import pool
from fleetsynth.capacity.course import courses
from fleetsynth.capacity.estimate import FULL, outlook
from fleetsynth.capacity.look import joined, look
from fleetsynth.capacity.weekly import WEEK, first_breach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.ask import Ask
    from fleetsynth.capacity.daily import Block
    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.past import Past

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Ints = NDArray[np.int64]

CUTS = (52, 39, 26, 13)
"""Weeks before the last at which dates are made."""
HORIZONS = (91, 182, 364)
"""Days ahead for which they are held against what came."""
LEAST_DAYS = 364
"""Days of history that a cut has to leave."""
LEVELS = (50.0, 60.0, 70.0, 80.0, 90.0)
"""Levels that are tried beside the usable capacity: few servers reach that within a year, and a
method that dates 70 % well dates 90 % as well."""


@dataclass
class _Cut:
    """What was found up to a date, and what came after it, by last day of the blocks.

    Codes of services and archetypes are kept beside it: some blocks are too young for a cut.
    """

    looked: dict[int, list[Looked]] = field(default_factory=dict)
    came: dict[int, list[Floats]] = field(default_factory=dict)
    service: dict[int, list[Ints]] = field(default_factory=dict)
    kind: dict[int, list[Ints]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Held:
    """Dates held against what came, an entry for each series and level."""

    came: Floats
    days: Floats
    early: Floats
    late: Floats


class Backtest:
    """Watches daily values as they are gathered, and makes dates at earlier dates.

    Args:
        ask: what is asked of the table.
        farthest: of the horizons try the farthest alone that the history allows.
    """

    def __init__(self, ask: Ask, *, farthest: bool = False) -> None:
        self._ask, self._farthest = ask, farthest
        self._cuts: dict[str, dict[int, _Cut]] = {}

    def begin(self) -> None:
        """Forget what was watched: blocks come from the beginning."""
        self._cuts = {}

    def levels(self, metric: str) -> list[float]:
        """Return the levels that are tried."""
        return sorted({*LEVELS, self._ask.by_metric[metric]})

    def watch(self, block: Block, metric: str, values: Values, past: Past | None = None) -> None:
        """Look at daily values up to each cut, and at what came.

        Of what is known to have happened, that alone counts which had begun by then.
        """
        days = values.shape[1]
        cuts = [weeks for weeks in CUTS if days - weeks * WEEK >= LEAST_DAYS]
        if self._farthest:
            least = max((h for h in HORIZONS if h <= max(cuts, default=0) * WEEK), default=0)
            cuts = [weeks for weeks in cuts if weeks * WEEK >= least]
        for weeks in cuts:
            kept = days - weeks * WEEK
            cut = self._cuts.setdefault(metric, {}).setdefault(weeks, _Cut())
            end, then = block.last - weeks * WEEK, past.until(kept) if past else None
            found = look(values[:, :kept], end, self._ask.percentile, then)
            cut.looked.setdefault(block.last, []).append(found)
            came = [first_breach(values, kept, level) for level in self.levels(metric)]
            cut.came.setdefault(block.last, []).append(np.array(came))
            cut.service.setdefault(block.last, []).append(_codes(block, "service"))
            cut.kind.setdefault(block.last, []).append(_codes(block, "type"))

    def results(self) -> list[dict[str, Any]]:
        """Return a row for each metric and horizon.

        Breaches that came within the horizon are those of series that were not above the level
        already; alarms are dates within it.
        """
        out = []
        for metric, cuts in self._cuts.items():
            held = {weeks: self._held(metric, cut) for weeks, cut in cuts.items()}
            for horizon in HORIZONS:
                fitting = {weeks: each for weeks, each in held.items() if weeks * WEEK >= horizon}
                if fitting:
                    out.append(
                        {"metric": metric, "horizon_days": horizon} | _score(fitting, horizon)
                    )
        return out

    def _held(self, metric: str, cut: _Cut) -> _Held:
        edges = sorted(cut.looked)
        looked = [joined(cut.looked[edge]) for edge in edges]
        service, kind = (
            [np.concatenate(codes[edge]) for edge in edges] for codes in (cut.service, cut.kind)
        )
        pools = pool.pools(service, kind)
        found_courses = courses(looked, [each + 1 for each in kind], metric, pools)
        parts = []
        for edge, found, course in zip(edges, looked, found_courses, strict=True):
            came = np.concatenate(cut.came[edge], axis=1)
            for number, level in enumerate(self.levels(metric)):
                levels = np.full((1, len(found)), level)
                said = outlook(found, course, levels, 0, found.last, self._ask.horizon)
                open_ = (found.last_day >= 0) & ~np.isin(said.status, FULL)
                numbers = (came[number], said.days[0], said.early[0], said.late[0])
                parts.append(np.array([each[open_] for each in numbers]))
        return _Held(*np.concatenate(parts, axis=1))


def _codes(block: Block, role: str) -> Ints:
    """Return the codes of a label of a block's servers, -1 where there is none."""
    codes = block.labels.get(role)
    none = np.full(len(block.servers), -1, np.int64)
    return none if codes is None else codes.astype(np.int64)


def _score(held: dict[int, _Held], horizon: int) -> dict[str, Any]:
    came, days, early, late = (
        np.concatenate([getattr(each, name) for each in held.values()])
        for name in ("came", "days", "early", "late")
    )
    breach = came <= horizon
    alarm = np.nan_to_num(days, nan=np.inf) <= horizon
    dated = breach & ~np.isnan(days)
    off = days[dated] - came[dated]
    inside = (early[dated] <= came[dated]) & (came[dated] <= np.nan_to_num(late, nan=np.inf)[dated])
    false = alarm & ~breach
    return {
        "cuts": len(held),
        "series": len(came),
        "breaches": int(breach.sum()),
        "dated": int(dated.sum()),
        "median_error_days": _round(np.median(np.abs(off))) if len(off) else None,
        "median_bias_days": _round(np.median(off)) if len(off) else None,
        "coverage": round(float(inside.mean()), 3) if len(off) else None,
        "alarms": int(alarm.sum()),
        "false_alarms": int(false.sum()),
        "false_alarm_share": round(float(false.sum() / alarm.sum()), 3) if alarm.any() else None,
        "false_alarm_rate": round(float(false.sum() / max(int((~breach).sum()), 1)), 4),
    }


def _round(value: float) -> float:
    return round(float(value), 1)
