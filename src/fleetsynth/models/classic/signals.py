"""What the model simulates, what that is published as, and what a profile calls it."""

from __future__ import annotations

from itertools import combinations

from fleetsynth.metrics import METRICS
from fleetsynth.models.base import Signal

SIGNALS = (
    Signal("cpu", {"cpu": 1.0}, follows_demand=True, grows=True, spike_share=1.0),
    Signal("memory", {"mem": 1.0}, follows_demand=True, grows=True, spike_share=0.7),
    Signal("disk", {"disk": 1.0}, grows=True),
    Signal("network", {"net_in": 1.0, "net_out": 0.6}, follows_demand=True, spike_share=0.8),
)
"""A signal's name is the stem of the profile's fields ``base_<name>`` and ``<name>_variance``."""

CORRELATION_FIELDS = {
    (i, j): f"{SIGNALS[i].name}_{SIGNALS[j].name}_correlation"
    for i, j in combinations(range(len(SIGNALS)), 2)
}
"""The profile's field with the correlation of signals i < j."""

BASE_FIELDS = tuple(f"base_{signal.name}" for signal in SIGNALS)
SD_FIELDS = tuple(f"{signal.name}_variance" for signal in SIGNALS)

PUBLISHED = [
    [i for i, metric in enumerate(METRICS) if metric.stem in signal.published] for signal in SIGNALS
]
"""Places of the metrics that each signal is published as."""

SHOWN = [
    next((i, s.published[metric.stem]) for i, s in enumerate(SIGNALS) if metric.stem in s.published)
    for metric in METRICS
]
"""The signal behind each metric, by its place, and the share of it that is published."""
