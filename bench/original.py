"""The loop of the documented original, transcribed from its description.

One server after the other, one timestamp after the other, and for each a correlation matrix,
its Cholesky factor, a draw and five clips; then a DataFrame, the metadata and the calendar.
Where the description leaves a figure out, docs/model.md says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import holidays
import numpy as np
import pandas as pd

from tests import twin

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = ["Retail", "Investment", "Wealth", "Corporate"]
_CRITICALITIES = ["High", "Medium", "Low"]
_REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"]


class _Server:
    """A server's profile and its own generator."""

    def __init__(self, archetype: str, server_id: str) -> None:
        self.profile = twin.PROFILES[archetype]
        self.seed = hash(server_id) % 2**32
        self.rng = np.random.RandomState(self.seed)

    def time_factor(self, timestamp: pd.Timestamp) -> float:
        """Business hours times weekend."""
        business = self.profile.business_hours_factor if 9 <= timestamp.hour <= 17 else 1.0
        return business * (self.profile.weekend_factor if timestamp.dayofweek >= 5 else 1.0)

    def metrics(
        self, timestamp: pd.Timestamp, time_factor: float, trend_factor: float
    ) -> dict[str, Any]:
        """One row's values."""
        p = self.profile
        correlation = np.array(
            [
                [1.0, p.cpu_memory_correlation, 0.1, p.cpu_network_correlation],
                [p.cpu_memory_correlation, 1.0, p.memory_disk_correlation, 0.2],
                [0.1, p.memory_disk_correlation, 1.0, 0.3],
                [p.cpu_network_correlation, 0.2, 0.3, 1.0],
            ]
        )
        noise = np.linalg.cholesky(correlation) @ self.rng.randn(4)
        growth = 1 + trend_factor * p.monthly_growth_rate / 100
        cpu = p.base_cpu * time_factor * growth + noise[0] * p.cpu_variance
        memory = p.base_memory * time_factor * growth + noise[1] * p.memory_variance
        disk = p.base_disk * growth + noise[2] * p.disk_variance
        network = p.base_network * time_factor + noise[3] * p.network_variance
        if self.rng.rand() < p.spike_probability:
            cpu *= p.spike_magnitude
            memory *= p.spike_magnitude * 0.7
            network *= p.spike_magnitude * 0.8
        return {
            "timestamp": timestamp,
            "cpu_p95": np.clip(cpu, 0, 100),
            "mem_p95": np.clip(memory, 0, 100),
            "disk_p95": np.clip(disk, 0, 100),
            "net_in_p95": np.clip(network, 0, 1000),
            "net_out_p95": np.clip(network * 0.6, 0, 600),
        }


def full_dataset(servers: Mapping[str, str], start: str, end: str) -> pd.DataFrame:
    """Build the daily dataset of some servers, given by id and archetype."""
    dates = pd.date_range(start=start, end=end, freq="D")
    rows = []
    for server_id, archetype in servers.items():
        server = _Server(archetype, server_id)
        for idx, timestamp in enumerate(dates):
            factor = server.time_factor(timestamp)
            factor *= _quarterly_peak_factor(timestamp)
            factor *= _holiday_factor(timestamp)
            row = server.metrics(timestamp, factor, idx / len(dates))
            row["server_id"] = server_id
            row["server_type"] = archetype
            rows.append(row)
    frame = pd.DataFrame(rows).merge(_metadata(list(servers)), on="server_id")
    return _with_calendar(frame)


def _quarterly_peak_factor(timestamp: pd.Timestamp) -> float:
    if timestamp.month not in (3, 6, 9, 12):
        return 1.0
    days = pd.Timestamp(timestamp.year, timestamp.month, 1).days_in_month
    left = days - timestamp.day
    return 1.0 + 0.3 * (5 - left) / 5 if left <= 4 else 1.0


def _holiday_factor(timestamp: pd.Timestamp) -> float:
    date = (timestamp.month, timestamp.day)
    if date == (1, 1):
        return 0.5
    if date in ((7, 4), (12, 24)) or (11, 22) <= date <= (11, 28):
        return 0.7
    return 0.6 if date >= (12, 25) else 1.0


def _metadata(server_ids: list[str]) -> pd.DataFrame:
    rng = np.random.RandomState(42)
    return pd.DataFrame(
        {
            "server_id": server_ids,
            "business_unit": rng.choice(_UNITS, len(server_ids)),
            "criticality": rng.choice(_CRITICALITIES, len(server_ids), p=[0.2, 0.5, 0.3]),
            "region": rng.choice(_REGIONS, len(server_ids)),
        }
    )


def _with_calendar(frame: pd.DataFrame) -> pd.DataFrame:
    times = frame["timestamp"].dt
    years = range(times.year.min(), times.year.max() + 1)
    official = pd.to_datetime(list(holidays.country_holidays("US", years=years)))
    return frame.assign(
        year=times.year,
        month=times.month,
        quarter=times.quarter,
        dayofweek=times.dayofweek,
        is_weekend=(times.dayofweek >= 5).astype(int),
        is_eoq=times.is_quarter_end.astype(int),
        is_holiday=times.normalize().isin(official).astype(int),
    )
