"""The metrics as two tables: what is simulated, and what is published.

A *signal* is one of the correlated series that the model simulates; a *metric* is a column made
from a signal. Everything else (profile fields, correlations, schema, digests, plots) is derived
from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Signal:
    """A simulated series.

    Attributes:
        name: stem of the profile fields ``base_<name>``, ``<name>_variance`` and
            ``<a>_<b>_correlation``.
        follows_demand: whether the time factors multiply its base.
        grows: whether growth multiplies its base.
        spike_share: what a spike multiplies it by, as a share of the profile's
            ``spike_magnitude``; None where spikes leave it alone.
    """

    name: str
    follows_demand: bool
    grows: bool
    spike_share: float | None


@dataclass(frozen=True)
class Metric:
    """A published column: a statistic of a share of a signal, in hundredths of its unit.

    Attributes:
        stem: what is measured; the column is named ``<stem>_<statistic>``.
        label: what people call it.
        unit: its unit.
        signal: the classic model's signal behind it, and the share of it that is published.
        low: lower bound of a value.
        high: upper bound in the classic model; elsewhere traffic is bounded by the server's link.
        statistic: what the column says of the samples within a tick.
    """

    stem: str
    label: str
    unit: str
    signal: str
    share: float
    low: float
    high: float
    statistic: str = "p95"

    @property
    def column(self) -> str:
        """The column's name."""
        return f"{self.stem}_{self.statistic}"


SIGNALS = (
    Signal("cpu", follows_demand=True, grows=True, spike_share=1.0),
    Signal("memory", follows_demand=True, grows=True, spike_share=0.7),
    Signal("disk", follows_demand=False, grows=True, spike_share=None),
    Signal("network", follows_demand=True, grows=False, spike_share=0.8),
)

METRICS = (
    Metric("cpu", "CPU", "%", "cpu", 1.0, 0.0, 100.0),
    Metric("mem", "memory", "%", "memory", 1.0, 0.0, 100.0),
    Metric("disk", "disk", "%", "disk", 1.0, 0.0, 100.0),
    Metric("net_in", "network in", "Mbps", "network", 1.0, 0.0, 1000.0),
    Metric("net_out", "network out", "Mbps", "network", 0.6, 0.0, 600.0),
)

SIGNAL_INDEX = {signal.name: i for i, signal in enumerate(SIGNALS)}

CORRELATION_FIELDS = {
    (i, j): f"{SIGNALS[i].name}_{SIGNALS[j].name}_correlation"
    for i, j in combinations(range(len(SIGNALS)), 2)
}
"""The profile field that holds the correlation of signals i < j."""

STATISTIC_PATTERN = "^(p[1-9][0-9]?|mean|min|max)$"
STATISTICS = (*(f"p{q}" for q in range(1, 100)), "mean", "min", "max")
"""What can be published of the samples within a tick."""


def published(statistics: Iterable[str]) -> tuple[Metric, ...]:
    """Return a metric for each statistic of each row of `METRICS`, metric by metric."""
    names = tuple(statistics)
    return tuple(replace(metric, statistic=name) for metric in METRICS for name in names)
