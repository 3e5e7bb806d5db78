"""How well what was learned from one dataset forecasts the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.compare.two_sample import halved
from fleetsynth.compare.view import LEAST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.reader.grid import Series

    Model = Callable[[Series], Series]
    Learner = Callable[[Series, Series], Model]

NAIVE = "seasonal naive"
"""What is the same as a season before: a day, or at daily steps a week."""
_RECENT = 12
"""Steps before the origin that a forecast sees."""
_ORIGINS = 40
"""Origins that are taken of a stretch, evenly spread."""
_PENALTY = 1e-3
_ROUNDS, _LEAST_ERROR = 8, 0.02
_CLIP = 10.0


def forecasts(
    a: Sequence[Stretch], b: Sequence[Stretch], role: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Return scaled errors by horizon, by who learned, and by who is forecast.

    What learns is a linear autoregression, pooled over all stretches. Who is forecast was not
    learned from: one half of the servers is, for the other half of either dataset.

    Returns:
        By horizon (``1 step``, ``1 hour``, ``1 day`` …), then ``A``, ``B`` or ``seasonal naive``
        for who learned, then ``A`` or ``B`` for who is forecast: MASE, the mean absolute error over
        that of the seasonal naive forecast, see `mase`.
    """
    halves = {"A": halved(a, 0), "B": halved(b, 0)}
    out: dict[str, dict[str, dict[str, float]]] = {}
    for name, steps in horizons(a[0].step).items():
        errors: dict[str, dict[str, float]] = {NAIVE: {}}
        for tested, sides in halves.items():
            errors[NAIVE][tested] = mase(_naive, [*sides[0], *sides[1]], role, steps)
        for learned, (one, two) in halves.items():
            models = [learn(half, role, steps) for half in (one, two)]
            errors[learned] = {
                tested: _mean(
                    mase(model, half, role, steps)
                    for model, half in zip(models, sides[::-1], strict=True)
                )
                for tested, sides in halves.items()
            }
        out[name] = errors
    return out


def horizons(step: int) -> dict[str, int]:
    """Return how many steps ahead is forecast, by their words, at a step in seconds."""
    named = {"1 step": 1, "1 hour": HOUR_SECONDS // step, "1 day": DAY_SECONDS // step}
    return {name: steps for name, steps in named.items() if name == "1 step" or steps > 1}


def learn(
    stretches: Sequence[Stretch], role: str, steps: int, learner: Learner | None = None
) -> Model:
    """Learn to forecast so many steps ahead from all stretches together."""
    cases = [case for stretch in stretches if (case := _cases(stretch, role, steps))]
    if not cases:
        return _naive
    seen, wanted = (np.concatenate([case[part] for case in cases]) for part in (0, 1))
    return (learner or linear)(seen, wanted)


def linear(seen: Series, wanted: Series) -> Model:
    """Learn a linear forecast of the least absolute error, by reweighted ridges.

    Squares would follow the spikes, and be worse than the naive forecast in between.
    """
    rows = np.column_stack((seen, np.ones(len(seen))))
    weights = np.ones(len(rows))
    for _ in range(_ROUNDS):
        weighted = rows * weights[:, None]
        square = rows.T @ weighted + _PENALTY * weights.sum() * np.eye(rows.shape[1])
        slopes = np.linalg.solve(square, weighted.T @ wanted)
        weights = 1 / np.maximum(np.abs(rows @ slopes - wanted), _LEAST_ERROR)
    return lambda asked: np.asarray(np.column_stack((asked, np.ones(len(asked)))) @ slopes)


def mase(model: Model, stretches: Sequence[Stretch], role: str, steps: int) -> float:
    """Return a model's mean absolute scaled error over stretches; NaN where none varies.

    Errors, and those of the naive forecast, are each in units of a stretch's own deviation, and
    summed before they are divided: weeks that are nearly still do not decide.
    """
    errors = naives = 0.0
    for stretch in stretches:
        case = _cases(stretch, role, steps)
        if case:
            seen, wanted, naive = case
            errors += float(np.abs(model(seen) - wanted).mean())
            naives += naive
    return round(errors / naives, 4) if naives else np.nan


def _naive(seen: Series) -> Series:
    return seen[:, -1]


def season_of(step: int) -> int:
    """Return the steps of a season: a day, or a week where a day is one step."""
    return DAY_SECONDS // step if step < DAY_SECONDS else 7


def _cases(stretch: Stretch, role: str, steps: int) -> tuple[Series, Series, float] | None:
    """Return what is seen at each origin, what comes, and the error of the naive forecast.

    All are less the stretch's mean, over its mean deviation. None where it does not vary.

    Returns:
        What is seen, shape (origins, features), whose last column is the value a season before
        what is wanted; what is wanted, shape (origins,); a number.
    """
    values = stretch.series[role]
    season = season_of(stretch.step)
    seasons = -(-steps // season)
    first = max(seasons * season + season - steps, _RECENT)
    origins = np.linspace(first, len(values) - steps - 1, _ORIGINS).astype(np.int64)
    size = float(np.abs(values - values.mean()).mean())
    if size < LEAST / 5:
        return None
    x = np.clip((values - values.mean()) / size, -_CLIP, _CLIP)
    recent = x[origins[:, None] - np.arange(_RECENT)]
    before = origins + steps - seasons * season
    means = _mean_of_season(x, season)[origins]
    seen = np.column_stack((recent, means, x[before - season], x[before]))
    wanted = x[origins + steps]
    apart = np.abs(x[season:] - x[:-season])
    return seen, wanted, float(apart.mean()) + LEAST / 5


def _mean_of_season(x: Series, season: int) -> Series:
    """Return the mean of the season that ends with each value; of what there is at first."""
    sums = np.concatenate(([0.0], np.cumsum(x)))
    at: NDArray[np.int64] = np.arange(1, len(sums))
    first = np.maximum(at - season, 0)
    return np.asarray((sums[at] - sums[first]) / (at - first))


def _mean(errors: Iterable[float]) -> float:
    known = [error for error in errors if not np.isnan(error)]
    return round(float(np.mean(known)), 4) if known else float("nan")
