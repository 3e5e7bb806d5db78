"""What realistic values add up to, step by step, at any samples: the sums behind the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.models.realistic import stocks
from fleetsynth.models.realistic.compose import FULL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.simulate import Span

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Seen(NamedTuple):
    """What is known of some servers at some samples of theirs.

    Attributes:
        members: the servers.
        span: what the samples lie in.
        at: the samples, counted from the Unix epoch, shape (servers, places).
        relative: returns demand relative to its level, in the stages of `demand.at_hours`, shape
            (3, servers, places).
        of: series of `Samples` by name, shape (servers, places) each; only to be read.
    """

    members: Members
    span: Span
    at: Ints
    relative: Callable[[], Floats]
    of: Mapping[str, Floats]


def cpu(seen: Seen) -> Iterator[Floats]:
    """Yield the CPU up to level, season, calendar, growth, shared, own and burst."""
    loads, shared = seen.members.loads, seen.of["shared"]
    level, stages = loads.level[:, None], seen.relative()
    yield level.copy()
    for stage in stages:
        yield stage * level
    mean = stages[-1] * level
    yield loads.noise.times(shared, mean)
    yield loads.noise.times(shared + seen.of["own"], mean)
    yield seen.of["cpu"].copy()


def _traffic(seen: Seen, way: str, shared: Floats, ratio: Floats | None) -> Iterator[Floats]:
    """Yield traffic of one direction, up to the parts of `cpu`, transfers and saturation.

    Args:
        seen: servers and samples.
        way: "in" or "out".
        shared: the service's part of the noise, shape (servers, places).
        ratio: mean traffic over mean traffic in, shape (servers, 1); None for 1.
    """
    server, loads = seen.members.figures, seen.members.loads
    noise, total = seen.of[f"noise_{way}"], seen.of[f"net_{way}"]
    level = server["network.level"][:, None]
    follows = server["network.follows"][:, None] * level

    def flow(relative: Floats) -> Floats:
        out: Floats = relative * follows
        out += level - follows
        return out

    def scaled(values: Floats) -> Floats:
        if ratio is not None:
            values *= ratio
        return values

    yield scaled(flow(np.ones_like(level)))
    stages = seen.relative()
    for stage in stages:
        yield scaled(flow(stage))
    mean = flow(stages[-1])
    yield scaled(loads.traffic.times(shared, mean))
    yield scaled(loads.traffic.times(noise, mean))
    per_burst = level * server["network.per_burst"][:, None] * loads.per_level[:, None]
    mean += seen.of["burst"] * per_burst
    yield scaled(loads.traffic.times(noise, mean))
    yield total.copy()
    yield total * (FULL / np.maximum(seen.of["cpu"], FULL))


def traffic_in(seen: Seen) -> Iterator[Floats]:
    """Yield traffic in, up to the parts of `cpu`, transfers and saturation."""
    shared = seen.of["shared"] * seen.members.loads.ahead[:, None]
    return _traffic(seen, "in", shared, None)


def traffic_out(seen: Seen) -> Iterator[Floats]:
    """Yield traffic out, up to the parts of `cpu`, transfers and saturation."""
    loads, ratio = seen.members.loads, seen.members.figures["network.out_ratio"]
    shared = seen.of["shared"] * loads.ahead[:, None] * loads.out_ahead[:, None]
    return _traffic(seen, "out", shared, ratio[:, None])


def memory(seen: Seen) -> Iterator[Floats]:
    """Yield memory up to level, restarts, caches, leaks, noise and what follows demand."""
    yield from _stock(seen, "restart", "memory.restart_days", stocks.memory_sums)
    yield seen.of["held"].copy()
    yield seen.of["memory"].copy()


def disk(seen: Seen) -> Iterator[Floats]:
    """Yield disk space up to level, trend, fill and noise."""
    origin = epoch_day(seen.span.plan.growth_clock.start) * (DAY_SECONDS // seen.span.step)
    yield from _stock(seen, "clean-up", "disk.cleanup_days", stocks.disk_sums, origin)
    yield seen.of["disk"].copy()


def _stock(
    seen: Seen,
    purpose: str,
    days: str,
    sums: Callable[..., Iterator[Floats]],
    *more: int,
) -> Iterator[Floats]:
    """Yield the sums of a stock, server by server put together."""
    seed, step = seen.span.plan.scenario.seed, seen.span.step
    figures = {name: values.tolist() for name, values in seen.members.figures.items()}
    span, made = (seen.span.first, seen.span.stop), []
    for row, (name, at) in enumerate(zip(seen.members.names, seen.at, strict=True)):
        of = {path: values[row] for path, values in figures.items()}
        resets = stocks.Resets(seed, purpose, name, of[days], step)
        made.append(sums(at, span, resets, *more, of))
    for rows in zip(*made, strict=True):
        yield np.stack(rows)
