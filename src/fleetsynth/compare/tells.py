"""What gives a dataset away: features one by one, ranked, and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.compare.features import features, pairs
from fleetsynth.compare.pictures import histogram
from fleetsynth.compare.two_sample import auc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleetsynth.compare.features import Feature
    from fleetsynth.compare.pictures import Histogram
    from fleetsynth.reader.grid import Series

NAMES = {
    "cpu": "CPU",
    "memory": "memory",
    "disk": "disk",
    "network": "network in",
    "net_out": "network out",
}
"""Metrics as people read them, by role."""

_SURE, _LIKELY = 3.5, 2.0
"""Standard errors that a difference is away from none: one in 2,000 by chance, and one in 20."""
_LEAST_SERVERS = 4
_NONE = 0.001
_VALUE_UNITS = {"network": " Mbps", "net_out": " Mbps"}


@dataclass(frozen=True)
class Tell:
    """A feature in which two datasets differ.

    Attributes:
        metric: its role, such as ``cpu``; two with a plus between them for a coupling.
        feature: its name.
        family: which features say much the same.
        label: what is measured.
        unit: of the figures; a share is a number up to 1.
        auc: the chance that a stretch of B has more of it than one of A; .5 is no difference.
        a: median, 10th and 90th percentile over A's stretches; three times the share of stretches
            where that is the unit.
        b: the same of B's.
        sure: whether it is more than chance among servers explains; else it may be chance.
        sentence: it in words.
        histogram: how it is distributed; not in `to_dict`.
    """

    metric: str
    feature: str
    family: str
    label: str
    unit: str
    auc: float
    a: tuple[float, float, float]
    b: tuple[float, float, float]
    sure: bool
    sentence: str
    histogram: Histogram

    @property
    def clarity(self) -> float:
        """How well it tells alone: .5 not at all, 1 always."""
        return max(self.auc, 1 - self.auc)

    @property
    def rank(self) -> tuple[float, float]:
        """What tells are ordered by: clarity, then how far medians are apart for their spread."""
        spread = self.a[2] - self.a[1] + self.b[2] - self.b[1]
        apart = abs(self.a[0] - self.b[0])
        return -self.clarity, -apart / (spread + 0.01 * apart + 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        told = asdict(self) | {"clarity": self.clarity}
        del told["histogram"]
        return told


def tells(
    metric: str,
    looked_at: Sequence[Feature],
    rows: tuple[Series, Series],
    servers: tuple[Sequence[str], Sequence[str]],
    step: str,
) -> list[Tell]:
    """Return the features that differ by more than is likely by chance, clearest first.

    Args:
        metric: its role, or two with a plus.
        looked_at: the feature of each column.
        rows: of A and of B, shape (stretches, features), NaN where one is not defined.
        servers: of A and of B, the server of each stretch.
        step: from point to point, in words.
    """
    found = []
    for column, feature in enumerate(looked_at):
        values = [side[:, column] for side in rows]
        there = [~np.isnan(side) for side in values]
        counts = [
            len(set(np.array(names)[good])) for names, good in zip(servers, there, strict=True)
        ]
        if min(counts) < _LEAST_SERVERS:
            continue
        a, b = (side[good] for side, good in zip(values, there, strict=True))
        chance = auc(b, a)
        error = sqrt((sum(counts) + 1) / (12 * counts[0] * counts[1]))
        away = abs(chance - 0.5) / error
        if away > _LIKELY:
            found.append(_tell(metric, feature, chance, (a, b), step, sure=away > _SURE))
    return sorted(found, key=lambda tell: tell.rank)


def clearest(found: Iterable[Tell]) -> list[Tell]:
    """Return the clearest tell of each metric and family, clearest first.

    Of those of a family that tell equally well, to a hundredth, the plainest is taken, which is the
    first in the catalogue; of those that are left, metrics take turns.
    """
    plain = [feature.name for feature in (*features(), *pairs())]
    of_metric: dict[str, dict[str, Tell]] = {}
    for tell in sorted(
        found, key=lambda tell: (-round(tell.clarity, 2), plain.index(tell.feature))
    ):
        of_metric.setdefault(tell.metric, {}).setdefault(tell.family, tell)
    turns = [
        (-round(tell.clarity, 2), turn, _place(metric), tell)
        for metric, families in of_metric.items()
        for turn, tell in enumerate(sorted(families.values(), key=lambda tell: tell.rank))
    ]
    return [tell for *_, tell in sorted(turns, key=lambda entry: entry[:3])]


def _place(metric: str) -> int:
    """Return where a metric stands; couplings come last."""
    return list(NAMES).index(metric) if metric in NAMES else len(NAMES)


def _tell(
    metric: str,
    feature: Feature,
    chance: float,
    values: tuple[Series, Series],
    step: str,
    *,
    sure: bool,
) -> Tell:
    a, b = (_spread(side, feature.unit) for side in values)
    high, low = (("A", a), ("B", b)) if chance < 0.5 else (("B", b), ("A", a))
    one, _, two = metric.partition("+")
    words = feature.more
    if feature.never and low[1][2] <= _NONE < high[1][2]:
        words = feature.never
    said = words.format(high=high[0], low=low[0], step=step, one=NAMES[one], two=NAMES.get(two, ""))
    about = said if two else f"{NAMES[one]}: {said}"
    unit = _unit(feature.unit, one)
    scale = 100 if feature.unit in ("share", "stretches") else 1
    figures = " against ".join(_figures(side, unit, scale) for _, side in (high, low))
    sentence = f"{about} ({feature.label.format(one=NAMES[one], two=NAMES.get(two, ''))} {figures})"
    return Tell(
        metric,
        feature.name,
        feature.family,
        feature.label.format(one=NAMES[one], two=NAMES.get(two, "")),
        feature.unit,
        round(chance, 4),
        a,
        b,
        sure,
        sentence[0].upper() + sentence[1:],
        histogram(*values),
    )


def _spread(values: Series, unit: str) -> tuple[float, float, float]:
    if unit == "stretches":
        share = round(float(values.mean()), 4)
        return share, share, share
    middle, low, high = (float(f"{value:.4g}") for value in np.percentile(values, (50, 10, 90)))
    return middle, low, high


def _unit(unit: str, role: str) -> str:
    return {
        "share": " %",
        "stretches": " % of stretches",
        "value": _VALUE_UNITS.get(role, " %"),
        "": "",
    }.get(unit, f" {unit}")


def _figures(spread: tuple[float, float, float], unit: str, scale: int) -> str:
    """Return a median and its range, such as ``46 % [10–80]``."""
    middle, low, high = (value * scale for value in spread)
    if low == middle == high:
        return f"{figure(middle)}{unit}"
    return f"{figure(middle)}{unit} [{figure(low)}–{figure(high)}]"


def figure(value: float) -> str:
    """Return a number with two digits that count, and no exponent."""
    if isnan(value):
        return "–"
    size = abs(value)
    if size >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}" if size >= 0.005 else "0"
