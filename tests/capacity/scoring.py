"""Dates held against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity.course import courses
from fleetsynth.capacity.estimate import FULL, outlook
from fleetsynth.capacity.look import look
from fleetsynth.capacity.pool import pools
from fleetsynth.capacity.weekly import first_breach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEVELS = (50.0, 60.0, 70.0, 80.0, 90.0)


class Score(NamedTuple):
    """How dates were off.

    Attributes:
        breaches: that came, of series and levels.
        dated: of those, the ones that had a date.
        error: median days between these dates and what came.
        coverage: share of them that came between early and late.
        false_share: of the dates within what was looked at, those of which nothing came.
        false_rate: of the series and levels of which nothing came, those that had such a date.
    """

    breaches: int
    dated: int
    error: float
    coverage: float
    false_share: float
    false_rate: float


def score(
    sets: Sequence[tuple[Floats, int]],
    last: int,
    groups: Sequence[Ints] | None = None,
    metric: str = "cpu",
    services: Sequence[Ints] | None = None,
) -> Score:
    """Date every level of every series by what is shown, and look at what came.

    Args:
        sets: series and how many of their days are shown.
        last: the last day that is shown, counted from the epoch.
        groups: archetype of each series, for each of `sets`.
        metric: which, as far as that matters.
        services: service of each series, -1 where there is none; without archetypes no series
            have to do with each other.
    """
    parts = []
    ahead = sets[0][0].shape[1] - sets[0][1]
    for number, (values, shown) in enumerate(sets):
        daily = values.astype(np.float32)
        looked = look(daily[:, :shown], last)
        kinds = groups[number] if groups else np.zeros(len(daily), np.int64)
        none = np.full(len(daily), -1)
        alike = pools([services[number] if services else none], [kinds if groups else none])
        (course,) = courses([looked], [kinds], metric, alike)
        for level in LEVELS:
            said = outlook(looked, course, np.full((1, len(daily)), level), 0, last, None)
            came = first_breach(daily, shown, level)
            open_ = ~np.isin(said.status, FULL)
            rows = np.array([came, said.days[0], said.early[0], said.late[0]])
            parts.append(rows[:, open_])
    came, days, early, late = np.concatenate(parts, axis=1)
    breach, alarm = np.isfinite(came), np.nan_to_num(days, nan=np.inf) <= ahead
    dated = breach & ~np.isnan(days)
    inside = (early <= came) & (came <= np.where(np.isnan(late), np.inf, late))
    false = alarm & ~breach
    return Score(
        breaches=int(breach.sum()),
        dated=int(dated.sum()),
        error=float(np.median(np.abs(days - came)[dated])) if dated.any() else np.nan,
        coverage=float(inside[dated].mean()) if dated.any() else np.nan,
        false_share=float(false.sum() / max(int(alarm.sum()), 1)),
        false_rate=float(false.sum() / max(int((~breach).sum()), 1)),
    )
