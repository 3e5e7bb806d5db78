"""What a fleet is like: its servers' numbers, one server at a time, summed up."""

from __future__ import annotations

from math import isnan, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.facts.cross import CrossSample
from fleetsynth.facts.server_facts import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Series, Server

    Value = float | str | None

SATURATED = 99.0
SKEWED, KURTOTIC = 2.0, 10.0
EXPONENT_MEANS = (1.0, 90.0)

_MEDIANS = {
    "lag_step": "lag_step",
    "lag_hour": "lag_1h",
    "lag_day": "lag_1d",
    "lag_week": "lag_7d",
    "residual_lag": "residual_lag",
    "hour_r2": "hour_r2",
    "bursts_per_day_median": "bursts_per_day",
    "burst_length": "burst_length",
    "burst_length_p90": "burst_length_p90",
    "burst_minutes": "burst_minutes",
    "burst_minutes_p90": "burst_minutes_p90",
    "daily_p95": "daily_p95",
    "skewness": "skewness",
    "kurtosis": "kurtosis",
    "hourly_share": "hourly_share",
    "memory_lag": "memory_lag",
    "memory_hour_r2": "memory_hour_r2",
    "cpu_network_r": "cpu_network_r",
    "network_skewness": "network_skewness",
    "network_daily_max": "network_daily_max",
    "quiet_lag": "quiet_lag",
    "quiet_mad": "quiet_mad",
    "day_lag_spread": "day_lag_spread",
    "one_sample": "one_sample",
    "second_sample": "second_sample",
    "frequent": "frequent",
    "skew_of_differences": "skew_of_differences",
    "week_over_day": "week_over_day",
    "memory_turns": "memory_turns",
    "network_repeats": "network_repeats",
}
"""Facts that are the median over servers of one of their numbers."""


class Pool:
    """All points of the CPU together: moments, percentiles, zeros and saturation."""

    _HIGHEST = 100_000  # hundredths

    def __init__(self) -> None:
        self._count = self._zeros = self._full = 0
        self._mean = self._squares = 0.0
        self._hundredths = np.zeros(self._HIGHEST + 1, np.int64)

    def add(self, series: Series) -> int:
        """Take a server's CPU, shape (ticks,) with at least one point; return its exact zeros."""
        there = series[~np.isnan(series)]
        zeros = int((there == 0).sum())
        self._zeros += zeros
        self._full += int((there >= SATURATED).sum())
        mean, count = float(there.mean()), len(there)
        away = mean - self._mean
        total = self._count + count
        self._squares += float(np.square(there - mean).sum())
        self._squares += away * away * self._count * count / total
        self._mean += away * count / total
        self._count = total
        hundredths = np.rint(np.clip(there * 100, 0, self._HIGHEST)).astype(np.int64)
        self._hundredths += np.bincount(hundredths, minlength=self._HIGHEST + 1)
        return zeros

    def facts(self) -> dict[str, Value]:
        """Return the facts; percentiles are nearest-rank, to a hundredth and up to 1000."""
        if not self._count:
            return {}
        ranks = np.cumsum(self._hundredths)

        def percentile(q: int) -> float:
            return int(np.searchsorted(ranks, -(-q * self._count // 100))) / 100

        return {
            "mean": self._mean,
            "sd": sqrt(self._squares / self._count),
            "p50": percentile(50),
            "p95": percentile(95),
            "p99": percentile(99),
            "zeros": 100 * self._zeros / self._count,
            "saturated": 100 * self._full / self._count,
        }


class FleetFacts:
    """Takes servers one by one; what it keeps of each is a few numbers.

    Attributes:
        servers: how many there were.
        points: how many points of CPU there were.
        repeated: how many points came more than once.
    """

    def __init__(self) -> None:
        self.servers = self.points = self.repeated = 0
        self._pool, self._cross = Pool(), CrossSample()
        self._numbers: dict[str, list[float]] = {}
        self._by_kind: dict[str, list[float]] = {}
        self._kinds = False
        self._zero_kinds: set[str] = set()
        self._lengths = np.zeros(1, np.int64)

    def add(self, server: Server) -> None:
        """Take a server."""
        self.servers += 1
        self.repeated += server.repeated
        self._kinds |= server.kind is not None
        measured = measure(server)
        for name, number in measured.numbers.items():
            self._numbers.setdefault(name, []).append(number)
        if "cpu_network_r" in measured.numbers and server.kind is not None:
            rs = self._by_kind.setdefault(server.kind, [])
            rs.append(measured.numbers["cpu_network_r"])
        if measured.rest is None:
            return
        cpu = server.series["cpu"]
        points = server.every.get("cpu", cpu)
        self.points += int((~np.isnan(points)).sum())
        if self._pool.add(points) and server.kind is not None and _has_zeros(server, points):
            self._zero_kinds.add(server.kind)
        counts = np.bincount(measured.lengths, minlength=len(self._lengths))
        counts[: len(self._lengths)] += self._lengths
        self._lengths = counts
        self._cross.add(server.name, server.service, server.grid, cpu, measured.rest)

    def network_by_type(self) -> dict[str, float]:
        """Return the median CPU-network correlation by server type, where it is defined."""
        medians = {kind: _median(np.array(rs)) for kind, rs in sorted(self._by_kind.items())}
        return {kind: r for kind, r in medians.items() if not isnan(r)}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return on how many servers each number is defined, and on how many it is not."""
        return {
            name: (len(values) - undefined, undefined)
            for name, values in self._numbers.items()
            for undefined in [sum(map(isnan, values))]
        }

    def values(self) -> dict[str, Value]:
        """Return every fact that the data allow, by name."""
        out: dict[str, Value] = {
            fact: _median(self._of(number)) for fact, number in _MEDIANS.items()
        }
        out |= self._pool.facts() | self._cross.facts() | self._shares()
        hour = self._of("hour_r2")
        out["hour_r2_p10"], out["hour_r2_p90"] = _percentile(hour, 10), _percentile(hour, 90)
        out["beyond"], out["bursts_per_day"] = _mean(self._of("beyond")), self._bursts_per_day()
        out |= self._pooled_bursts()
        quiet = self._of("quiet_lag")
        out["quiet_lag_p10"], out["quiet_lag_p90"] = _percentile(quiet, 10), _percentile(quiet, 90)
        out |= {name: _mean(self._of(name)) for name in ("periodic", "episodes")}
        out["exponent"] = exponent(
            self._of("mean", whole=True), self._of("residual_sd", whole=True)
        )
        memory = self._of("memory_cpu_r")
        out["memory_cpu_r"] = _median(np.abs(memory))
        out["memory_cpu_r_p10"] = _percentile(memory, 10)
        out["memory_cpu_r_p90"] = _percentile(memory, 90)
        out["cpu_network_r_web"] = self.network_by_type().get("web", np.nan)
        kinds = ", ".join(sorted(self._zero_kinds)) or "none"
        out["zero_types"] = kinds if self._kinds and self.points else None
        return {
            name: None if isinstance(value, float) and isnan(value) else value
            for name, value in out.items()
        }

    def _of(self, number: str, *, whole: bool = False) -> NDArray[np.float64]:
        """Return one number of all servers; without the undefined ones, unless `whole`."""
        values = np.array(self._numbers.get(number, []))
        return values if whole else values[~np.isnan(values)]

    def _bursts_per_day(self) -> float:
        return _mean(self._of("bursts_per_day"))

    def _shares(self) -> dict[str, Value]:
        within: dict[str, tuple[str, Callable[[Series], NDArray[np.bool_]]]] = {
            "skewed_share": ("skewness", lambda values: values > SKEWED),
            "kurtotic_share": ("kurtosis", lambda values: values > KURTOTIC),
            "shifted_share": ("shifted", lambda values: values > 0),
        }
        return {
            fact: 100 * _mean(test(self._of(number)).astype(np.float64))
            for fact, (number, test) in within.items()
        }

    def _pooled_bursts(self) -> dict[str, Value]:
        """Lengths over all bursts of the fleet."""
        out: dict[str, Value] = {}
        ranks = np.cumsum(self._lengths)
        if ranks[-1]:
            for fact, q in (("burst_pooled", 50), ("burst_pooled_p90", 90)):
                out[fact] = float(np.searchsorted(ranks, -(-q * ranks[-1] // 100)))
        return out


def _has_zeros(server: Server, points: Series) -> bool:
    """Tell whether a CPU is ever at exactly 0 while its server is on.

    A server whose memory is 0 as well is down.
    """
    memory = server.every.get("memory", server.series.get("memory"))
    on = True if memory is None or memory.shape != points.shape else memory != 0
    return bool(((points == 0) & on).any())


def exponent(means: Series, deviations: Series) -> float:
    """Return the exponent b of deviation ~ mean^b, by least squares of the logarithms.

    Args:
        means: mean CPU of each server in percent; those below 1 or above 90 are left out.
        deviations: standard deviation of each server's residual, same shape.
    """
    low, high = EXPONENT_MEANS
    pairs = [
        (log(mean), log(sd))
        for mean, sd in zip(means.tolist(), deviations.tolist(), strict=True)
        if low <= mean <= high and sd > 0
    ]
    x, y = np.array(pairs).reshape(-1, 2).T
    if len(x) < 3:
        return np.nan
    x = x - x.mean()
    square = float((x * x).sum())
    return float((x * y).sum()) / square if square > 0 else np.nan


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _median(values: NDArray[np.float64]) -> float:
    return _percentile(values, 50)


def _percentile(values: NDArray[np.float64], q: float) -> float:
    values = values[~np.isnan(values)]
    return float(np.percentile(values, q)) if len(values) else np.nan
