"""What is looked up in some series' daily values, before any of them is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity import sawtooth, steps
from fleetsynth.capacity.weekly import WEEK, weekly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.past import Past, Step
    from fleetsynth.capacity.sawtooth import Saw

    Values = NDArray[np.float32]
    Ints = NDArray[np.int64]

CONSTANT = 0.05
"""Standard deviation of daily values, in points, below which a series is constant."""
LOOKBACK = 93
"""Days whose values say whether a server could be smaller."""
PERCENTILE = 99.5


@dataclass(frozen=True)
class Looked:
    """What was found of series, an entry each.

    Attributes:
        last: the day that the last week ends with, counted from the epoch.
        figures: weekly figures, shape (series, weeks).
        saws: those that are saw-tooths, by their place.
        step: the first week on the level that a series has now, 0 where there was no step.
        constant: which never move.
        first_day: of the first value, counted from the epoch; -1 where there is none.
        last_day: of the last value.
        used: the percentile of the last months' values that right-sizing goes by.
        value: the mean of the last months' values.
        told: what made the last step of a series, where that is known.
        left_out: days of each series that are left out of its figures, for what happened on them.
    """

    last: int
    figures: Values
    saws: dict[int, Saw]
    step: Ints
    constant: NDArray[np.bool_]
    first_day: Ints
    last_day: Ints
    used: Values
    value: Values
    told: dict[int, Step]
    left_out: Ints

    def __len__(self) -> int:
        return len(self.constant)


def look(
    daily: Values, last: int, percentile: float = PERCENTILE, past: Past | None = None
) -> Looked:
    """Look at a value a day, shape (series, days), that ends with the day `last`.

    Args:
        daily: the values.
        last: counted from the epoch.
        percentile: of the last months' values, for right-sizing.
        past: what is known to have happened, if anything.
    """
    days = daily.shape[1]
    known = ~np.isnan(daily)
    some = known.any(axis=1)
    calm = past.calm(daily) if past else daily
    figures = weekly(_of_a_week(calm))
    saws = sawtooth.floors(past.lately(calm) if past else calm)
    step = steps.last_steps(figures.astype(np.float64))
    step[list(saws)] = 0
    told = past.apply(figures, step, max(days, WEEK)) if past else {}
    begin = last - days + 1
    recent = daily[:, max(0, days - LOOKBACK) :]
    count = np.maximum((~np.isnan(recent)).sum(axis=1), 1)
    return Looked(
        last=last,
        figures=figures,
        saws=saws,
        step=step,
        constant=_spread(daily, known) < CONSTANT,
        first_day=np.where(some, begin + known.argmax(axis=1), -1),
        last_day=np.where(some, last - known[:, ::-1].argmax(axis=1), -1),
        used=_percentile(recent, percentile),
        value=np.nansum(recent, axis=1) / count.astype(np.float32),
        told=told,
        left_out=(past.out & known).sum(axis=1) if past else np.zeros(len(daily), np.int64),
    )


def _of_a_week(daily: Values) -> Values:
    """Take less than a week to be one of which the beginning is not known."""
    before = WEEK - daily.shape[1]
    return np.pad(daily, ((0, 0), (before, 0)), constant_values=np.nan) if before > 0 else daily


def joined(parts: list[Looked]) -> Looked:
    """Put what was found of several blocks that end alike together."""
    weeks = max(part.figures.shape[1] for part in parts)
    saws: dict[int, Saw] = {}
    told: dict[int, Step] = {}
    figures = np.full((sum(map(len, parts)), weeks), np.nan, np.float32)
    before = 0
    for part in parts:
        saws |= {before + row: saw for row, saw in part.saws.items()}
        told |= {before + row: step for row, step in part.told.items()}
        rows = slice(before, before + len(part))
        figures[rows, weeks - part.figures.shape[1] :] = part.figures
        before += len(part)
    begins = [np.where(p.step, p.step + weeks - p.figures.shape[1], 0) for p in parts]
    return Looked(
        last=parts[0].last,
        figures=figures,
        saws=saws,
        step=np.concatenate(begins),
        constant=np.concatenate([part.constant for part in parts]),
        first_day=np.concatenate([part.first_day for part in parts]),
        last_day=np.concatenate([part.last_day for part in parts]),
        used=np.concatenate([part.used for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        told=told,
        left_out=np.concatenate([part.left_out for part in parts]),
    )


def _spread(daily: Values, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return standard deviations of what is there; infinity where nothing is."""
    count = known.sum(axis=1)
    some = np.maximum(count, 1)
    total = np.where(known, daily, 0).sum(axis=1, dtype=np.float64)
    away = np.where(known, daily - (total / some)[:, None].astype(np.float32), 0)
    squares = np.einsum("ij,ij->i", away, away, dtype=np.float64)
    return np.where(count > 0, np.sqrt(squares / some), np.inf)


def _percentile(values: Values, percentile: float) -> Values:
    """Return a percentile of each row by nearest rank, of what is there."""
    if not values.shape[1]:
        return np.full(len(values), np.nan, np.float32)
    ordered = np.sort(values, axis=1)  # NaN last
    count = (~np.isnan(values)).sum(axis=1)
    place = np.ceil(count * percentile / 100).astype(np.int64) - 1
    out: Values = ordered[np.arange(len(values)), np.maximum(place, 0)]
    return out
