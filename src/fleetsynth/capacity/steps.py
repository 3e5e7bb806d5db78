"""Steps in level: what came before one is another history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity.trend import long_run, median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

LEAST_POINTS = 4.0
"""Points below which a change of level is no step."""
LEAST_WEEKS = 26
"""Weeks after a step that are a history by themselves."""
_AFTER, _BEFORE = 3, 6
"""Weeks that there have to be on either side."""
_SMOOTH = 9
"""Weeks of the running median, which no outage of a month gets through."""
_LEAST_SMOOTH = 5
_BESIDE = 4
_CLEAR = 6.0
"""Standard errors of the height of a step."""
_ABRUPT = 5.0
"""How much more than at other times the level changes within a few weeks."""
_TURNS = 3


def last_steps(figures: Floats) -> Ints:
    """Return the first week on the level that each series has now, 0 where there was no step.

    Args:
        figures: weekly figures, shape (series, weeks), NaN where there is none.
    """
    size, weeks = figures.shape
    begin = np.zeros(size, np.int64)
    if weeks < _BEFORE + _AFTER + _SMOOTH:
        return begin
    filled = _filled(figures)
    open_ = np.flatnonzero(_moved(filled))
    smooth = np.empty_like(filled)
    smooth[open_] = _running_median(filled[open_])
    for _ in range(_TURNS if open_.size else 0):
        found = _step(smooth[open_], begin[open_])
        begin[open_] = np.where(found > 0, found, begin[open_])
        open_ = open_[found > 0]
        if not open_.size:
            break
    return begin


def cut(figures: Values, begin: Ints) -> Values:
    """Return the history of each series on the level that it has now.

    Weeks before a step are left out; of a step less than half a year ago they are moved by its
    height instead, so that their trend is kept.
    """
    if not begin.any():
        return figures
    out = figures.copy()
    weeks = figures.shape[1]
    place = np.arange(weeks)
    for row in np.flatnonzero(begin).tolist():
        first = int(begin[row])
        if (~np.isnan(figures[row, first:])).sum() >= LEAST_WEEKS:
            out[row, :first] = np.nan
            continue
        out[row, place < first] += height(figures[row], first)
    return out


def height(figures: Values, first: int) -> np.float32:
    """Return by how much a series, shape (weeks,), is higher from a week on, a quarter each way.

    Where no week of that is known, the nearest ones that are; 0 where there are none.
    """
    span = min(13, first, len(figures) - first)
    before, after = figures[first - span : first], figures[first : first + span]
    if np.isnan(before).all() or np.isnan(after).all():
        before, after = (part[~np.isnan(part)] for part in (figures[:first], figures[first:]))
        span = min(13, len(before), len(after))
        before, after = before[len(before) - span :], after[:span]
    return np.float32(np.nanmedian(after) - np.nanmedian(before)) if span else np.float32(0)


def _moved(values: Floats) -> Flags:
    """Tell which series ever change by as much as a step within a few weeks."""
    far = _BESIDE + 1
    change = np.abs(values[:, far:] - values[:, :-far])
    usual = 1.4826 * median(change)
    out: Flags = change.max(axis=1) >= np.maximum(LEAST_POINTS, 2 * usual)
    return out


def _step(smooth: Floats, begin: Ints) -> Ints:
    """Return where the clearest step after `begin` is, 0 where there is none."""
    weeks = smooth.shape[1]
    place = np.arange(weeks)
    inside = place >= begin[:, None]
    count = inside.sum(axis=1).astype(np.float64)
    t = np.where(inside, place, 0.0)
    centre = t.sum(axis=1) / count
    t = np.where(inside, place - centre[:, None], 0.0)
    spread = np.maximum((t * t).sum(axis=1), 1e-9)
    mean = np.where(inside, smooth, 0.0).sum(axis=1) / count
    y = np.where(inside, smooth - mean[:, None], 0.0)
    y -= ((y * t).sum(axis=1) / spread)[:, None] * t
    # Height and gain of a step at every week, beside a line: sums from there to the end.
    after = np.cumsum(inside[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
    times = np.cumsum(t[:, ::-1], axis=1)[:, ::-1]
    rest = np.cumsum(y[:, ::-1], axis=1)[:, ::-1]
    own = after - after**2 / count[:, None] - times**2 / spread[:, None]
    allowed = (place >= begin[:, None] + _BEFORE) & (place <= weeks - _AFTER) & (own > 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(allowed, rest**2 / own, 0.0)
    best = gain.argmax(axis=1)
    rows = np.arange(len(smooth))
    won, size = gain[rows, best], np.maximum(own[rows, best], 0.5)
    height = rest[rows, best] / size
    best, local, usual = _abrupt(smooth, inside, best)
    left = y - height[:, None] * np.where(place >= best[:, None], 1.0, 0.0) * inside
    left -= left.sum(axis=1, keepdims=True) / count[:, None] * inside
    noise = np.maximum((y * y).sum(axis=1) - won, 1e-6) / np.maximum(count - 3, 1)
    error = np.sqrt(noise * np.minimum(long_run(np.where(inside, left, np.nan)), 9.0) / size)
    steep = np.abs(local) >= np.maximum(LEAST_POINTS, _ABRUPT * usual)
    alike = (np.sign(local) == np.sign(height)) & (np.abs(local) >= 0.6 * np.abs(height))
    clear = np.abs(height) >= np.maximum(_CLEAR * error, LEAST_POINTS)
    return np.where(clear & steep & alike & (won > 0), best, 0)


def _abrupt(smooth: Floats, inside: Flags, best: Ints) -> tuple[Ints, Floats, Floats]:
    """Return the steepest week near the best, the change there, and how much is usual."""
    weeks = smooth.shape[1]
    change = np.full(smooth.shape, np.nan)
    change[:, _BESIDE : weeks - 1] = smooth[:, _BESIDE + 1 :] - smooth[:, : weeks - 1 - _BESIDE]
    begin = weeks - inside.sum(axis=1)
    place = np.arange(weeks)
    change[place < begin[:, None] + _BESIDE] = np.nan
    near = np.abs(place - best[:, None]) <= _BESIDE
    there = np.where(near & ~np.isnan(change), np.abs(change), -1.0)
    steepest = there.argmax(axis=1)
    rows = np.arange(len(smooth))
    local = np.nan_to_num(change[rows, steepest])
    centre = median(change)
    usual = 1.4826 * median(np.abs(change - centre[:, None]))
    jump = np.zeros_like(smooth)
    jump[:, 1:] = np.abs(np.diff(smooth, axis=1))
    wide = np.abs(place - steepest[:, None]) <= _BESIDE
    at = np.where(wide & inside, jump, -1.0).argmax(axis=1)
    return at, local - centre, usual


def _running_median(values: Floats) -> Floats:
    half = _SMOOTH // 2
    out = values.copy()
    out[:, half:-half] = _median_of_nine(values)
    for edge in range(half):
        width = max(2 * edge + 1, _LEAST_SMOOTH)
        out[:, edge] = np.median(values[:, :width], axis=1)
        out[:, -edge - 1] = np.median(values[:, -width:], axis=1)
    return out


def _median_of_nine(values: Floats) -> Floats:
    """Return the median of any nine weeks, of three threes in order: windows have these alike."""
    one, two, three = values[:, :-2], values[:, 1:-1], values[:, 2:]
    high, low = np.maximum(one, two), np.minimum(one, two)
    between = np.minimum(high, three)
    highs, middles, lows = (
        [each[:, begin : begin + values.shape[1] - 8] for begin in (0, 3, 6)]
        for each in (np.maximum(high, three), np.maximum(low, between), np.minimum(low, between))
    )
    least, most = np.minimum.reduce(highs), np.maximum.reduce(lows)
    return _median_of_three(least, _median_of_three(*middles), most)


def _median_of_three(one: Floats, two: Floats, three: Floats) -> Floats:
    out: Floats = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    return out


def _filled(values: Floats) -> Floats:
    """Return values with what is missing taken from before, or else from after."""
    known = ~np.isnan(values)
    if known.all():
        return values
    weeks = np.arange(values.shape[1])
    before = np.maximum.accumulate(np.where(known, weeks, -1), axis=1)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)[:, None]
    out: Floats = np.take_along_axis(values, np.where(before < 0, first, before), axis=1)
    return np.nan_to_num(out)
