"""Names above the events of a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from fleetsynth.events.picture import _labels
from fleetsynth.preview.figure import Mark

DAY = 86_400


class Axes:
    """Takes what is written."""

    transAxes = None  # noqa: N815 - matplotlib's own

    def __init__(self) -> None:
        self.said: list[tuple[float, float, str]] = []

    def text(self, x: float, y: float, text: str, **_: Any) -> None:
        self.said.append((y, x, text))


def test_what_is_rare_is_named_before_what_comes_all_the_time() -> None:
    """However crowded: no name lies over another, and a migration is not left out."""
    usual = [Mark("failover", day * DAY, (day + 1) * DAY, ("cpu",)) for day in range(300)]
    marks = [*usual[:150], Mark("migration", 150 * DAY, None, ("cpu",)), *usual[150:]]
    span = (np.datetime64(0, "s"), np.datetime64(300 * DAY, "s"))
    axes = Axes()
    _labels(axes, marks, span)
    said = sorted(axes.said)
    assert [text for _, _, text in said].count("migration") == 1
    assert len(said) > 20
    for (row, at, text), (below, then, _) in pairwise(said):
        assert row != below or then >= at + 0.01 * len(text)
