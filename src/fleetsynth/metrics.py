"""The metrics as two tables: what is simulated, and what is published.

A *signal* is one of the correlated series that the model simulates; a *metric* is a column made
from a signal. Everything else (profile fields, correlations, schema, digests, plots) is derived
from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations


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
    """A published column: a share of a signal, clipped to bounds, in hundredths of its unit."""

    column: str
    label: str
    unit: str
    signal: str
    share: float
    low: float
    high: float


SIGNALS = (
    Signal("cpu", follows_demand=True, grows=True, spike_share=1.0),
    Signal("memory", follows_demand=True, grows=True, spike_share=0.7),
    Signal("disk", follows_demand=False, grows=True, spike_share=None),
    Signal("network", follows_demand=True, grows=False, spike_share=0.8),
)

METRICS = (
    Metric("cpu_p95", "CPU", "%", "cpu", 1.0, 0.0, 100.0),
    Metric("mem_p95", "memory", "%", "memory", 1.0, 0.0, 100.0),
    Metric("disk_p95", "disk", "%", "disk", 1.0, 0.0, 100.0),
    Metric("net_in_p95", "network in", "Mbps", "network", 1.0, 0.0, 1000.0),
    Metric("net_out_p95", "network out", "Mbps", "network", 0.6, 0.0, 600.0),
)

SIGNAL_INDEX = {signal.name: i for i, signal in enumerate(SIGNALS)}

CORRELATION_FIELDS = {
    (i, j): f"{SIGNALS[i].name}_{SIGNALS[j].name}_correlation"
    for i, j in combinations(range(len(SIGNALS)), 2)
}
"""The profile field that holds the correlation of signals i < j."""
