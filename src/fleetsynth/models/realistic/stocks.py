"""Memory and disk space: stocks that fill and are set back, as functions of the time since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, MONTH_SECONDS
from fleetsynth.models.realistic import parameters
from fleetsynth.models.resets import Resets
from fleetsynth.numeric import normal_quantile, rounded
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.parameters import Figures
    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.models.resets import Epoch

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_MEMORY = ("level", "cache", "leak", "jump")
MEMORY = tuple(f"memory.{name}" for name in (*_MEMORY, "warmup", "restart_days"))
DISK = tuple(
    f"disk.{name}"
    for name in ("level", "fill", "trend", "cleanup_days", "rotation.size", "rotation.days")
)
"""Figures by which the two fill and are set back."""


def restarts_of(plan: RealisticPlan, server: int) -> Resets:
    """Return when a server restarts, in samples; its place among the plan's servers is given."""
    (name,) = plan.fleet.server_ids(server, server + 1)
    code = int(plan.fleet.archetype_codes(server, server + 1)[0])
    days = float(parameters.draw_one(plan, "memory.restart_days", [name], code)[0])
    seed, step = plan.scenario.seed, plan.scenario.sample_seconds
    return Resets(seed, "restart", name, days, step)


def add_memory(
    out: Floats, seed: int, names: Sequence[str], figures: Figures, grid: tuple[int, int]
) -> None:
    """Add used memory of servers, but for its noise, in place, shape (servers, ticks).

    Args:
        out: in percent.
        seed: of the scenario.
        names: of the servers.
        figures: of the servers.
        grid: first tick, and seconds from tick to tick.
    """
    (first, step), stock = grid, np.empty(out.shape[1])
    for row, (name, of) in enumerate(each(names, figures, MEMORY)):
        resets = Resets(seed, "restart", name, of["memory.restart_days"], step)
        memory(stock, first, resets, of)
        out[row] += stock


def add_disk(
    out: Floats,
    seed: int,
    names: Sequence[str],
    figures: Figures,
    grid: tuple[int, int],
    origin: int,
) -> None:
    """Add used space likewise; months are counted from the tick `origin`."""
    (first, step), stock = grid, np.empty(out.shape[1])
    for row, (name, of) in enumerate(each(names, figures, DISK)):
        resets = Resets(seed, "clean-up", name, of["disk.cleanup_days"], step)
        disk(stock, first, resets, origin, of)
        out[row] += stock
        out[row] += rotated(seed, name, first, first + len(stock), step, of)


def each(
    names: Sequence[str], figures: Figures, paths: Sequence[str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each server's name, and some of its figures."""
    listed = {path: figures[path].tolist() for path in paths}
    for row, name in enumerate(names):
        yield name, {path: values[row] for path, values in listed.items()}


def memory(out: Floats, first: int, resets: Resets, figures: Mapping[str, float]) -> None:
    """Write used memory without its noise: level + jump + leak * age + cache * age / (age + warm).

    Args:
        out: in percent, shape (ticks,), written in place.
        first: first tick.
        resets: restarts.
        figures: of the server.
    """
    level, cache, leak, jump = (figures[f"memory.{name}"] for name in _MEMORY)
    warm = figures["memory.warmup"] / 24
    for age, here, epoch in _ages(out, first, resets):
        np.add(age, warm, out=here)
        np.divide(age, here, out=here)
        here *= cache
        here += _base(level, jump, resets, epoch)
        if leak:
            age *= leak
            here += age


def disk(
    out: Floats, first: int, resets: Resets, origin: int, figures: Mapping[str, float]
) -> None:
    """Write used space without its noise: level + trend * months + fill * (1/2 + u) * age.

    Args:
        out: in percent, shape (ticks,), written in place.
        first: first tick.
        resets: clean-ups.
        origin: tick from which months are counted.
        figures: of the server.
    """
    level, fill = figures["disk.level"], figures["disk.fill"]
    daily = figures["disk.trend"] / (MONTH_SECONDS / DAY_SECONDS)
    day = resets.step / DAY_SECONDS
    for age, here, epoch in _ages(out, first, resets):
        pace = fill * (0.5 + resets.uniform("pace", epoch.slot))
        np.multiply(age, pace + daily, out=here)
        here += level + daily * ((epoch.start - origin) * day)


def rotated(
    seed: int, name: str, first: int, stop: int, step: int, figures: Mapping[str, float]
) -> Floats | float:
    """Return what logs take until they are rotated, in percent, at ticks first..stop-1.

    They grow by a straight line; how much a rotation frees is the same each time.
    """
    size, days = figures["disk.rotation.size"], figures["disk.rotation.days"]
    if not size:
        return 0.0
    period = round(days * DAY_SECONDS)
    seconds = np.arange(first, stop, dtype=np.int64) * step
    seconds += int(uniform(seed, "rotation", name) * period)
    seconds -= seconds // period * period  # the remainder itself takes longer
    out: Floats = seconds.astype(np.float64) * (size / period)
    return out


def memory_sums(
    at: Ints, span: tuple[int, int], resets: Resets, figures: Mapping[str, float]
) -> Iterator[Floats]:
    """Yield what `memory` adds up, up to level, jump, cache and leak; shape like `at` each.

    Args:
        at: ticks, within `span`.
        span: first tick, and one past the last.
        resets: restarts.
        figures: of the server.
    """
    level, cache, leak, jump = (figures[f"memory.{name}"] for name in _MEMORY)
    warm = figures["memory.warmup"] / 24
    age, (base,) = _at(at, span, resets, lambda epoch: (_base(level, jump, resets, epoch),))
    yield np.full(at.shape, level)
    yield base.copy()
    out: Floats = age / (age + warm)
    out *= cache
    out += base
    yield out.copy()
    yield out + age * leak


def disk_sums(
    at: Ints, span: tuple[int, int], resets: Resets, origin: int, figures: Mapping[str, float]
) -> Iterator[Floats]:
    """Yield what `disk` adds up, up to level, trend and fill; arguments as for `memory_sums`."""
    level, fill = figures["disk.level"], figures["disk.fill"]
    daily = figures["disk.trend"] / (MONTH_SECONDS / DAY_SECONDS)
    day = resets.step / DAY_SECONDS

    def paces(epoch: Epoch) -> tuple[float, float]:
        pace = fill * (0.5 + resets.uniform("pace", epoch.slot))
        return pace + daily, level + daily * ((epoch.start - origin) * day)

    age, (pace, base) = _at(at, span, resets, paces)
    yield np.full(at.shape, level)
    yield age * daily + base
    yield age * pace + base


def _at(
    at: Ints, span: tuple[int, int], resets: Resets, of: Callable[[Epoch], tuple[float, ...]]
) -> tuple[Floats, list[Floats]]:
    """Return days since the last reset, and figures of each tick's epoch."""
    epochs = list(resets.epochs(*span))
    starts = np.array([epoch.start for epoch in epochs])
    which = np.searchsorted(starts, at, side="right") - 1
    age = (at - starts[which]).astype(np.float64) * (resets.step / DAY_SECONDS)
    return age, [np.array(figure)[which] for figure in zip(*map(of, epochs), strict=True)]


def _base(level: float, jump: float, resets: Resets, epoch: Epoch) -> float:
    """Return the working set of an epoch: level and jump."""
    if not jump:
        return level
    return level + rounded(jump * normal_quantile(resets.uniform("jump", epoch.slot)))


def _ages(out: Floats, first: int, resets: Resets) -> Iterator[tuple[Floats, Floats, Epoch]]:
    """Yield, for each epoch, days since its reset and the piece of `out` that belongs to it."""
    stop = first + len(out)
    day = resets.step / DAY_SECONDS
    for epoch in resets.epochs(first, stop):
        begin, end = max(epoch.start, first), min(epoch.stop, stop)
        since = np.arange(begin - epoch.start, end - epoch.start, dtype=np.float64)
        yield since * day, out[begin - first : end - first], epoch
