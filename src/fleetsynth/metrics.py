"""The metrics as a table: what can be published. Schema, digests, roles and plots follow from it.

Which signal of a model each is made from, the model says (`models.base.Signal`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


LABEL = "label"
"""The last word of a column that says 1 where a metric is in an anomaly, and otherwise 0."""


@dataclass(frozen=True)
class Metric:
    """A published column: a statistic of what is measured, in hundredths of its unit.

    Attributes:
        stem: what is measured; the column is named ``<stem>_<statistic>``, or as this alone where
            there is no statistic.
        label: what people call it.
        unit: its unit.
        low: lower bound of a value.
        high: upper bound, unless the model has one of its own, such as the speed of a link.
        statistic: what the column says of the samples within a tick.
        whole: whether values are whole numbers as they are, not hundredths.
        added: whether it follows from what else is published and from what servers are, and no
            model makes it.
        words: what values stand for, as text: they are codes, counted from 0. Nothing of numbers.
    """

    stem: str
    label: str
    unit: str
    low: float
    high: float
    statistic: str = "p95"
    whole: bool = False
    added: bool = False
    words: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The column's name."""
        return f"{self.stem}_{self.statistic}" if self.statistic else self.stem


METRICS = (
    Metric("cpu", "CPU", "%", 0.0, 100.0),
    Metric("mem", "memory", "%", 0.0, 100.0),
    Metric("disk", "disk", "%", 0.0, 100.0),
    Metric("net_in", "network in", "Mbps", 0.0, 1000.0),
    Metric("net_out", "network out", "Mbps", 0.0, 600.0),
)

STEMS = tuple(metric.stem for metric in METRICS)
"""What is measured, in order."""

MOST = 21_474_836.47
"""The largest value whose hundredths fit 32 bits."""

CAPACITY = (
    Metric("vcpus", "cores", "vCPU", 0.0, MOST, "", added=True),
    Metric("memory_gib", "memory size", "GiB", 0.0, MOST, "", added=True),
    Metric("disk_gb", "disk size", "GB", 0.0, MOST, "", added=True),
    Metric("network_mbps", "network speed", "Mbps", 0.0, MOST, "", added=True),
)
"""What servers have."""

USED = {
    "cpu": (Metric("cores_used", "used cores", "vCPU", 0.0, MOST, added=True), 0),
    "mem": (Metric("memory_used_gib", "used memory", "GiB", 0.0, MOST, added=True), 1),
    "disk": (Metric("disk_used_gb", "used disk", "GB", 0.0, MOST, added=True), 2),
}
"""What servers use: by the stem of the percentage, and of which of `CAPACITY` that is."""

STATISTIC_PATTERN = "^(p[1-9][0-9]?|mean|min|max)$"
STATISTICS = (*(f"p{q}" for q in range(1, 100)), "mean", "min", "max")
"""What can be published of the samples within a tick."""


def published(statistics: Iterable[str], stems: Iterable[str] | None = None) -> tuple[Metric, ...]:
    """Return a metric for each statistic of each row of `METRICS`, metric by metric.

    Args:
        statistics: names of `STATISTICS`.
        stems: what is measured; None for all there is.
    """
    names, known = tuple(statistics), None if stems is None else set(stems)
    rows = (metric for metric in METRICS if known is None or metric.stem in known)
    return tuple(replace(metric, statistic=name) for metric in rows for name in names)


def used(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return what is used of each percentage among some metrics, in their order."""
    return tuple(
        replace(USED[metric.stem][0], statistic=metric.statistic)
        for metric in metrics
        if metric.stem in USED and not metric.added
    )


def all_columns() -> dict[str, Metric]:
    """Return every metric that a dataset can have, by its column, in order."""
    every = published(STATISTICS)
    return {metric.column: metric for metric in (*every, *CAPACITY, *used(every))}
