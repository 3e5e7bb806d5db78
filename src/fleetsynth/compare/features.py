"""The features of a stretch: what each is, and how a difference in it is said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.compare.course import day, memory, roughness
from fleetsynth.compare.happenings import episodes, jobs, spikes
from fleetsynth.compare.levels import levels, repeats
from fleetsynth.compare.view import View
from fleetsynth.scenario import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.reader.grid import Series

PERCENT = ("cpu", "memory", "disk")
"""Metrics in percent."""
_PARTS = (levels, repeats, memory, roughness, day, spikes, episodes, jobs)


@dataclass(frozen=True)
class Feature:
    """What is known of a feature before any data are looked at.

    Attributes:
        name: in `--json`.
        family: which features say much the same; of each, people see the clearest.
        label: what is measured.
        more: how it is said that {high} has more of it than {low}.
        never: how it is said where {low} has none at all; empty for the same words.
        unit: of the figures: `share` (shown in percent), `value` (the metric's own), `stretches`
            (share of them), or words.
        is_shape: whether it is the same whatever the level and the rounding.
        percent: whether only metrics in percent have it.
    """

    name: str
    family: str
    label: str
    more: str
    never: str = ""
    unit: str = ""
    is_shape: bool = True
    percent: bool = False


@cache
def features() -> tuple[Feature, ...]:
    """Return every feature of one metric, in the order of the columns of `measured`."""
    return _table("features")


@cache
def pairs() -> tuple[Feature, ...]:
    """Return every feature of two metrics, in the order of the columns of `coupled`."""
    return _table("pairs")


def _table(part: str) -> tuple[Feature, ...]:
    path = resources.files("fleetsynth.compare") / "features.yaml"
    rows = text.parse(path.read_text("utf-8"), "features.yaml")[part]
    return tuple(Feature(name, **row) for name, row in rows.items())


def measured(stretches: Sequence[Stretch], role: str) -> Series:
    """Return the features of one metric of each stretch, shape (stretches, features).

    NaN where one is not defined, or the stretch has no such metric.
    """
    out = np.full((len(stretches), len(features())), np.nan)
    for row, stretch in enumerate(stretches):
        if role in stretch.series:
            found = measure(stretch.series[role], stretch.step, stretch.start)
            out[row] = [found.get(feature.name, np.nan) for feature in features()]
    if role not in PERCENT:
        out[:, [feature.percent for feature in features()]] = np.nan
    return out


def measure(values: Series, step: int, start: int) -> dict[str, float]:
    """Return every feature of one series that is defined, by name.

    Args:
        values: without gaps, shape (ticks,), at least a day of them.
        step: seconds from tick to tick.
        start: seconds of the first tick, by the clock whose hours count.
    """
    view = View(values, step, start)
    found: dict[str, float] = {}
    for part in _PARTS:
        found |= part(view)
    return found


def coupled(stretches: Sequence[Stretch], one: str, two: str) -> Series:
    """Return the features of two metrics of each stretch, shape (stretches, 2)."""
    out = np.full((len(stretches), len(pairs())), np.nan)
    for row, stretch in enumerate(stretches):
        if one in stretch.series and two in stretch.series:
            x, y = stretch.series[one], stretch.series[two]
            out[row] = [correlation(x, y), correlation(np.diff(x), np.diff(y))]
    return out


def correlation(x: Series, y: Series) -> float:
    """Return Pearson's r; NaN where one does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = float((x * x).sum() * (y * y).sum()) ** 0.5
    return float((x * y).sum()) / size if size > 1e-9 else np.nan
