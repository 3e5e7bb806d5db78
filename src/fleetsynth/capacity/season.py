"""What comes back with the calendar: the year's ups and downs, and the ends of quarters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity import trend
from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

LEAST_WEEKS = 102
"""Weeks of history in which a year can be told from a trend."""
_LEAST_QUARTERS = 5
_CLEAR_QUARTER, _CLEAR_YEAR = 3.0, 10.0
"""Standard errors, and the F ratio, from which a season is believed."""
_YEAR = 365.25
_FASTEST = 1 / 365
"""The share per day by which closes grow at most."""
_LEAST_LEVEL, _LEAST_GROWN = 1.0, 0.1
_ROWS = 512
_BEFORE, _AFTER = 2, 3
"""Days before a quarter's last and after its end in which the third-highest of seven days is of
its close."""


class Season(NamedTuple):
    """What series have beside their lines, an entry each; zeros for those without.

    Attributes:
        quarter: how much higher the weeks are in which a quarter closes, shape (series,).
        growth: by what share of that it grows per day, from the last day on.
        phase: the month in which quarters end, modulo three.
        year: of cosine and sine of the time of the year, and of half of it, (series, 4).
        last: the last day, counted from the epoch.
    """

    quarter: Floats
    growth: Floats
    phase: Ints
    year: Floats
    last: int

    @property
    def there(self) -> Flags:
        """Which series have a season."""
        out: Flags = (self.quarter > 0) | (self.year != 0).any(axis=1)
        return out

    def most(self, days: int) -> Floats:
        """Return what weeks have beside their lines at most, until some days ahead."""
        grown = 1 + np.maximum(self.growth, 0) * days
        out: Floats = np.abs(self.year).sum(axis=1) + self.quarter * grown
        return out

    def at(self, rows: Ints, week_ends: Ints) -> Floats:
        """Return what the weeks that end on some days have, shape (rows, weeks)."""
        out: Floats = self.year[rows] @ _waves(week_ends).T
        grown = 1 + self.growth[rows, None] * (week_ends - self.last)
        out += (
            self.quarter[rows, None] * np.maximum(grown, 0) * _closes(week_ends)[self.phase[rows]]
        )
        return out


def find(line: Line, last: int, logs: Flags, *, year: bool = True, quarter: bool = True) -> Season:
    """Find the seasons in what is left of lines.

    Args:
        line: the lines, of logarithms for some.
        last: the day that the last week ends with.
        logs: for which.
        year: whether to look for the year's.
        quarter: whether to look for that of closing quarters.
    """
    size, weeks = line.residuals.shape
    closing, growth = np.zeros((2, size))
    out = Season(closing, growth, np.zeros(size, np.int64), np.zeros((size, 4)), last)
    week_ends = last - WEEK * np.arange(weeks - 1, -1, -1)
    for first in range(0, size, _ROWS):
        some = np.arange(first, min(first + _ROWS, size))
        rest = line.residuals[some].astype(np.float64)
        known = ~np.isnan(rest)
        if year:
            out.year[some] = _year(rest, known, week_ends)
            rest -= out.year[some] @ _waves(week_ends).T
        if quarter:
            # Where demand grows, its peaks do, too; logarithms have that in them.
            share = np.where(
                logs[some], 0.0, line.slope[some] / np.maximum(line.level[some], _LEAST_LEVEL)
            )
            share = np.clip(share, -_FASTEST, _FASTEST)
            found = _quarter(rest, known, week_ends, share)
            out.quarter[some], out.growth[some], out.phase[some] = found
    return out


def _year(rest: Floats, known: Flags, week_ends: Ints) -> Floats:
    """Return the coefficients of the year's waves, zeros where they explain too little."""
    waves = _waves(week_ends)
    out = np.zeros((len(rest), waves.shape[1]))
    enough = np.flatnonzero(known.sum(axis=1) >= LEAST_WEEKS)
    if not enough.size:
        return out
    known = known[enough]
    values: Floats = np.where(known, rest[enough], 0.0)
    t = np.linspace(-1, 1, values.shape[1])
    design = np.column_stack([np.ones_like(t), t, waves])
    scale = 1.4826 * trend.median(np.where(known, np.abs(values), np.nan))[:, None]
    weight = known / np.maximum(np.abs(values) / np.maximum(4 * scale, 1e-6), 1.0)
    coefficients = _solve(design, weight, values)
    left = values - coefficients @ design.T
    base = _solve(design[:, :2], weight, values)
    before = values - base @ design[:, :2].T
    count = known.sum(axis=1)
    squares = (weight * left**2).sum(axis=1)
    alike = trend.long_run(np.where(known, left, np.nan))
    error = squares * alike / np.maximum(count - design.shape[1], 1)
    ratio = ((weight * before**2).sum(axis=1) - squares) / waves.shape[1] / np.maximum(error, 1e-9)
    out[enough] = np.where((ratio >= _CLEAR_YEAR)[:, None], coefficients[:, 2:], 0.0)
    return out


def _solve(design: Floats, weight: Floats, values: Floats) -> Floats:
    """Return weighted least squares, shape (series, columns)."""
    size = design.shape[1]
    pairs = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    normal = (weight @ pairs).reshape(-1, size, size) + 1e-9 * np.eye(size)
    solved = np.linalg.solve(normal, ((weight * values) @ design)[:, :, None])
    return solved[:, :, 0].astype(np.float64)


def _quarter(
    rest: Floats, known: Flags, week_ends: Ints, share: Floats
) -> tuple[Floats, Floats, Ints]:
    """Return how much higher closing weeks are, zero where that is not clear, growth and phase."""
    out, growth, phases = np.zeros(len(rest)), np.zeros(len(rest)), np.zeros(len(rest), np.int64)
    some = np.flatnonzero(_may_close(rest, known, _closes(week_ends)))
    if some.size:
        found = _clear_quarter(rest[some], known[some], week_ends, share[some])
        out[some], growth[some], phases[some] = found
    return out, growth, phases


def _may_close(rest: Floats, known: Flags, closes: Floats) -> Flags:
    """Tell by their means which series may be higher when some quarters close."""
    y = np.where(known, rest, 0.0)
    count, total, square = known.sum(axis=1), y.sum(axis=1), (y * y).sum(axis=1)
    inside, high = known @ closes.T, y @ closes.T
    outside = np.maximum(count[:, None] - inside, 1)
    height = high / np.maximum(inside, 1) - (total[:, None] - high) / outside
    error = np.sqrt(square / np.maximum(count, 1))[:, None] / np.sqrt(np.maximum(inside, 1))
    out: Flags = (height > error).any(axis=1)
    return out


def _clear_quarter(
    rest: Floats, known: Flags, week_ends: Ints, share: Floats
) -> tuple[Floats, Floats, Ints]:
    grown = 1 + share[:, None] * (week_ends - week_ends[-1])
    grown = np.maximum(grown, _LEAST_GROWN)
    found = [_close(rest, known, flags, grown) for flags in _closes(week_ends) > 0]
    rows = np.arange(len(rest))
    scores = np.array([score for _, score, _ in found])
    phase = scores.argmax(axis=0)
    score = scores[phase, rows]
    height, height_even = (np.array([each[0][i] for each in found])[phase, rows] for i in (0, 1))
    left, left_even = (np.array([each[2][i] for each in found])[phase, rows] for i in (0, 1))
    grows = left <= left_even
    out = np.where(score >= _CLEAR_QUARTER, np.where(grows, height, height_even), 0.0)
    return out, np.where(grows, share, 0.0), phase


def _close(
    rest: Floats, known: Flags, flags: Flags, grown: Floats
) -> tuple[list[Floats], Floats, list[Floats]]:
    """Return the heights of closing weeks on the last day, their clearness, and what is left there.

    The first of two heights grows, the second does not; clearness is that of the first.
    """
    outside = np.where(known[:, ~flags], rest[:, ~flags], np.nan)
    usual = trend.median(outside)[:, None]
    inside = np.where(known[:, flags], rest[:, flags] - usual, np.nan)
    spread = 1.4826 * trend.median(np.abs(outside - usual))
    begins = np.diff(flags.astype(np.int8), prepend=0) == 1
    count = known[:, begins].sum(axis=1)
    error = 1.25 * np.maximum(spread, 1e-6) / np.sqrt(np.maximum(count, 1))
    heights, left = [], []
    for times in (grown[:, flags], np.ones(1)):
        heights.append(trend.median(inside / times))
        left.append(trend.median(np.abs(inside / times - heights[-1][:, None]) * times))
    return heights, np.where(count >= _LEAST_QUARTERS, heights[0] / error, 0.0), left


def _waves(week_ends: Ints) -> Floats:
    angle = 2 * np.pi * (week_ends - WEEK // 2) / _YEAR
    return np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])


def _closes(week_ends: Ints) -> Floats:
    """Return, by phase, 1 for the weeks in which a quarter closes, shape (3, weeks)."""
    days = (week_ends[:, None] - np.arange(WEEK)).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    to_end = ((months + 1).astype("datetime64[D]") - days).astype(np.int64) - 1
    since = (days - months.astype("datetime64[D]")).astype(np.int64)
    number = months.astype(np.int64) % 12 + 1
    number = np.where(since <= _AFTER, number - 1, number)
    near = (to_end <= _BEFORE) | (since <= _AFTER)
    return np.array([(near & (number % 3 == p)).any(axis=1) for p in range(3)], dtype=np.float64)
