"""Where series are heading: trends in points or in per cent, and when they reach a level."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity import growth, passage, pool, season, steps, trend
from fleetsynth.capacity.trend import Line
from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.sawtooth import Saw
    from fleetsynth.capacity.season import Season

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

LOADS = ("cpu", "network", "net_out")
"""Metrics of load: what replicas share. Memory and disk hold what each server needs for itself."""
_FAR = 4.0
"""Standard deviations above the highest residual beyond which no week is looked for."""


@dataclass(frozen=True)
class Course:
    """Where series are heading.

    Attributes:
        figures: weekly figures, on the level of today, shape (series, weeks).
        line: their trends; of those that grow in per cent, of the logarithms.
        curved: which grow in per cent.
        saws: those that are saw-tooths, by their place.
        season: what they have beside their lines.
        last: the day that the last week ends with, counted from the epoch.
    """

    figures: Values
    line: Line
    curved: Flags
    saws: dict[int, Saw]
    season: Season
    last: int

    def chance(
        self,
        rows: Ints,
        level: Floats,
        until: Floats,
        line: Line | None = None,
        *,
        likely: bool = False,
    ) -> Values:
        """Return the chance that some series have reached a level by the ends of coming weeks.

        Args:
            rows: which series.
            level: of each, in percent.
            until: the weeks, of `passage.ends`.
            line: their trends, if others than their own.
            likely: whether it is enough to know it of series that may get as far as even.
        """
        weeks = int(until[-1])
        reach = np.where(self.curved[rows], np.log(np.maximum(level, 1e-3)), level)
        own = line or self.line.rows(rows)
        out = np.zeros((len(rows), len(until)), np.float32)
        left = reach - self.season.most(weeks * WEEK)[rows]
        near = np.flatnonzero(_may_reach(own, left, weeks, likely=likely))
        there = self.season.there[rows[near]]
        plain, near = near[~there], near[there]
        out[plain] = passage.chance(own.rows(plain), reach[plain], until)
        if near.size:
            every = np.arange(1.0, weeks + 1)
            beside = self.season.at(rows[near], self.last + WEEK * np.arange(1, weeks + 1))
            chances = passage.chance(own.rows(near), reach[near], every, beside)
            out[near] = chances[:, until.astype(np.int64) - 1]
        return out

    def slopes(self) -> tuple[Floats, Floats]:
        """Return slopes in points a day, today, and their standard errors."""
        size = np.where(self.curved, np.exp(np.where(self.curved, self.line.level, 0)), 1.0)
        return self.line.slope * size, np.sqrt(self.line.of_slope) * size

    def peaks(self, share: float) -> Floats:
        """Return a quantile of how far weekly figures stand above their trend, in points."""
        rest = trend.quantile(self.line.residuals, share).astype(np.float64)
        level = np.exp(np.where(self.curved, self.line.level, 0.0))
        return np.where(self.curved, level * np.expm1(np.where(self.curved, rest, 0.0)), rest)


def courses(
    looked: Sequence[Looked],
    groups: Sequence[Ints],
    metric: str = "disk",
    pools: Sequence[Ints] | None = None,
) -> list[Course]:
    """Find out where series are heading; those of a group grow alike, wherever they stand.

    Args:
        looked: what was looked up, of one metric.
        groups: number of each series' group, for each of `looked`.
        metric: which.
        pools: number of the series that each shares more with, as `pool.pools` says; None for none.
    """
    figures = [steps.cut(each.figures, each.step) for each in looked]
    lines = [trend.fit(each) for each in figures]
    votes, low = [], []
    for each, line, values in zip(looked, lines, figures, strict=True):
        low.append(trend.quantile(values, 0.1))
        votes.append(growth.votes(values, line, low[-1]))
        votes[-1][list(each.saws)] = 0
        trend.follow_floors(line, values, each.saws)
    voted = np.concatenate(votes)
    pooled = np.concatenate(list(pools)) if pools else np.full(len(voted), -1)
    alike = pool.alike(lines, pools) if pools else np.zeros(len(voted))
    curved = growth.compounding(
        voted,
        np.concatenate(low),
        np.concatenate(list(groups)),
        growth.DEMAND if metric in LOADS else 0.0,
        pool.shares(pooled, alike, voted != 0),
    )
    out, before = [], 0
    for each, line, values in zip(looked, lines, figures, strict=True):
        mine = curved[before : before + len(values)]
        before += len(values)
        mine[list(each.saws)] = False
        out.append(_course(each, line, values, mine))
    if pools:
        comparable = [_comparable(each, own) for each, own in zip(out, pools, strict=True)]
        pool.draw([each.line for each in out], comparable, alike)
    return out


def _comparable(course: Course, pools: Ints) -> Ints:
    """Return numbers of pools whose trends are of one unit, and none for saw-tooths."""
    out = np.where(pools >= 0, 2 * pools + course.curved, -1)
    out[list(course.saws)] = -1
    return out


def _course(looked: Looked, line: Line, figures: Values, curved: Flags) -> Course:
    """Fit anew what grows in per cent, and what has a season."""
    of_logs = np.flatnonzero(curved)
    _put(line, of_logs, trend.fit(_logs(figures[of_logs])))
    found = season.find(line, looked.last, curved)
    none = list(looked.saws)
    found.quarter[none], found.year[none] = 0.0, 0.0
    there = np.flatnonzero(found.there)
    own = figures[there]
    own[curved[there]] = _logs(own[curved[there]])
    ends = looked.last - WEEK * np.arange(figures.shape[1] - 1, -1, -1)
    _put(line, there, trend.fit(own - found.at(there, ends).astype(np.float32)))
    return Course(figures, line, curved, looked.saws, found, looked.last)


def _put(line: Line, rows: Ints, fitted: Line) -> None:
    for field in fields(Line):
        getattr(line, field.name)[rows] = getattr(fitted, field.name)


def _logs(figures: Values) -> Values:
    out: Values = np.log(np.maximum(figures, np.float32(growth.LEAST)))
    return out


def oftener(course: Course, rows: Ints, shares: Floats) -> Line:
    """Return the trends of saw-tooths that are set back after a share of the time they are now."""
    line = course.line.rows(rows)
    floor = np.array([course.saws[row].floor for row in rows.tolist()])
    above = np.maximum(line.level - floor, 0.0)
    return replace(
        line,
        level=line.level - above * (1 - shares),
        residuals=line.residuals * shares[:, None].astype(np.float32),
    )


def _may_reach(line: Line, level: Floats, weeks: int, *, likely: bool) -> Flags:
    """Tell which series may come near a level at all, or are as likely as not to reach it."""
    days = weeks * WEEK
    variance = line.of_level + 2 * line.of_both * days + line.of_slope * days * days
    doubt = 2 * np.sqrt(np.maximum(np.maximum(variance, line.of_level), 0))
    highest = line.level + np.maximum(line.slope * days, 0) + doubt
    known = ~np.isnan(line.residuals)
    count = np.maximum(known.sum(axis=1), 1)
    rest = np.where(known, line.residuals, 0.0)
    spread = np.sqrt(np.einsum("ij,ij->i", rest, rest) / count)
    far: Floats | float = _FAR
    if likely:  # the tail's mean excess is no greater than that of all squares in a tenth of weeks
        far = np.clip(10**0.5 * np.log(weeks / (count + 1) / np.log(2.0)), 0.1, _FAR)
    out: Flags = highest + rest.max(axis=1, initial=0.0) + far * spread >= level
    return out
