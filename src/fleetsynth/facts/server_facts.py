"""All that is measured on one server, gathered from its series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.facts import levels, measures, quiet
from fleetsynth.facts.measures import LAGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Grid, Series, Server


@dataclass(frozen=True)
class Measured:
    """What was measured on one server.

    Attributes:
        numbers: by name; NaN where it is not defined.
        rest: the CPU less its calendar means, shape (ticks,); None without CPU.
        lengths: samples of each burst of the CPU, shape (bursts,).
    """

    numbers: dict[str, float]
    rest: Series | None = None
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def measure(server: Server) -> Measured:
    """Measure everything that a server's series allow."""
    numbers: dict[str, float] = {}
    cpu = server.series.get("cpu")
    for role, other in (("memory", _memory), ("network", _network)):
        if role in server.series:
            numbers |= other(server.series[role], cpu, server.grid)
    if cpu is None:
        return Measured(numbers)
    rest = measures.residual(cpu, server.grid.slots())
    numbers |= _shape(cpu, rest, server.grid)
    if server.grid.step == quiet.STEP:
        numbers |= quiet.quiet(cpu)
    more, lengths = _bursts(cpu, rest, server.grid)
    return Measured(numbers | more, rest, lengths)


def _shape(cpu: Series, rest: Series, grid: Grid) -> dict[str, float]:
    step = grid.step
    lags = {f"lag_{name}": _lag(cpu, seconds, step) for name, seconds in LAGS.items()}
    return {
        "mean": float(np.nanmean(cpu)),
        "lag_step": measures.autocorrelation(cpu, 1),
        **lags,
        "residual_lag": measures.autocorrelation(rest, 1),
        "hour_r2": measures.explained(cpu, grid.hours()) if step <= HOUR_SECONDS else np.nan,
        "daily_p95": measures.daily(cpu, grid.days(), step, "p95"),
        "skewness": measures.moment(cpu, 3),
        "kurtosis": measures.moment(rest, 4) - 3,
        "hourly_share": measures.hourly_share(cpu, grid),
        "residual_sd": float(np.nanstd(rest)),
    }


def _bursts(cpu: Series, rest: Series, grid: Grid) -> tuple[dict[str, float], NDArray[np.int64]]:
    """Level shifts, and bursts outside their windows."""
    days = grid.days()
    level = rest + np.nanmean(cpu)
    medians = levels.daily_medians(level, days)
    judged = len(medians) >= levels.LEAST_DAYS
    shifted = bool(len(levels.shifts(medians)))
    numbers = {"shifted": float(shifted) if judged else np.nan, "beyond": np.nan}
    shut = levels.windows(medians, float(np.nanmedian(level)))[days] if shifted else days < 0
    found = levels.bursts(rest, shut)
    if found is None:
        return numbers, np.zeros(0, np.int64)
    numbers["beyond"] = 100 * found.share
    if found.points:
        numbers["bursts_per_day"] = len(found.lengths) * DAY_SECONDS / grid.step / found.points
    if len(found.lengths):
        numbers["burst_length"] = float(np.median(found.lengths))
        numbers["burst_length_p90"] = float(np.percentile(found.lengths, 90))
        for name in ("burst_length", "burst_length_p90"):
            numbers[name.replace("length", "minutes")] = numbers[name] * grid.step / 60
    return numbers, found.lengths


def _memory(memory: Series, cpu: Series | None, grid: Grid) -> dict[str, float]:
    return {
        "memory_lag": measures.autocorrelation(memory, 1),
        "memory_hour_r2": (
            measures.explained(memory, grid.hours()) if grid.step <= HOUR_SECONDS else np.nan
        ),
        "memory_turns": quiet.turns(memory) if grid.step == quiet.STEP else np.nan,
        "memory_cpu_r": np.nan if cpu is None else measures.correlation(memory, cpu),
    }


def _network(network: Series, cpu: Series | None, grid: Grid) -> dict[str, float]:
    return {
        "cpu_network_r": np.nan if cpu is None else measures.correlation(network, cpu),
        "network_repeats": quiet.repeats(network) if grid.step == quiet.STEP else np.nan,
        "network_skewness": measures.moment(network, 3),
        "network_daily_max": measures.daily(network, grid.days(), grid.step, "max"),
    }


def _lag(series: Series, seconds: int, step: int) -> float:
    """Return the autocorrelation at a lag in seconds, where that is a whole number of steps."""
    return measures.autocorrelation(series, seconds // step) if seconds % step == 0 else np.nan
