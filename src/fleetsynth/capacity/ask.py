"""What is asked of the table: levels, horizon, network and orders, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, isfinite

from fleetsynth.capacity.look import PERCENTILE
from fleetsynth.capacity.rows import NETWORK, PERCENT
from fleetsynth.errors import UsageError, did_you_mean

USABLE = 90.0
FARTHEST = ceil(3 * 365.25)
"""Days ahead beyond which nobody is given a date: three years."""
METRICS = (*PERCENT, *NETWORK)
_FIXED = (80.0, 100.0)
_MOST_LEVELS = 20
_LONGEST_LEAD = 36_525


@dataclass(frozen=True)
class Ask:
    """What is asked.

    Attributes:
        usable: usable capacity in percent, for all metrics or by metric; those that are not named
            have 90.
        thresholds: more levels to date, in percent, beside 80, the usable capacity and 100.
        horizon: days ahead beyond which no date is given; up to three years; None for these, or as
            many as the history has.
        link: of the network, in Mbps; without it network is not judged.
        lead_time: days that an order takes.
        percentile: of the last 93 days' values, by which a server could be smaller.

    Raises:
        UsageError: if one of them cannot be.
    """

    usable: float | Mapping[str, float] = USABLE
    thresholds: tuple[float, ...] = ()
    horizon: int | None = None
    link: float | None = None
    lead_time: int | None = None
    percentile: float = PERCENTILE
    by_metric: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        said = self.usable if isinstance(self.usable, Mapping) else {}
        rest = USABLE if isinstance(self.usable, Mapping) else self.usable
        for metric in said:
            if metric not in METRICS:
                raise UsageError(f"usable: no metric {metric!r}{did_you_mean(metric, METRICS)}")
        self.by_metric.update({metric: float(said.get(metric, rest)) for metric in METRICS})
        for metric, level in self.by_metric.items():
            _percent(f"usable {metric}", level)
        for level in self.thresholds:
            _percent("threshold", level)
        if len(self.levels) > _MOST_LEVELS:
            raise UsageError(f"{len(self.levels)} thresholds are too many: {_MOST_LEVELS} at most")
        _percent("percentile", self.percentile)
        for name, value, most in (
            ("horizon", self.horizon, FARTHEST),
            ("lead_time", self.lead_time, _LONGEST_LEAD),
        ):
            if value is not None and not 0 < value <= most:
                raise UsageError(f"{name}={value}: expected days, from 1 to {most:,}")
        if self.link is not None and not (isfinite(self.link) and self.link > 0):
            raise UsageError(f"link={self.link}: expected Mbps above 0, such as 1000")

    @property
    def levels(self) -> list[str]:
        """The names of all levels, the usable capacity among them."""
        more = sorted({*_FIXED, *map(float, self.thresholds)})
        names = [f"{level:g}" for level in more]
        names.insert(names.index("100"), "usable")
        return names

    def values(self, metric: str) -> list[float]:
        """Return the level behind each name, for one metric."""
        usable = self.by_metric[metric]
        return [usable if name == "usable" else float(name) for name in self.levels]


def _percent(name: str, value: float) -> None:
    if not 0 < value <= 100:
        raise UsageError(f"{name}={value:g}: expected percent, above 0 and up to 100")
