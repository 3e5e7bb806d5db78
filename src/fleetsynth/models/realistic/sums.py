"""What adds up to the values of each metric: sums up to each part, at samples of some servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.models.realistic import stocks
from fleetsynth.models.realistic.compose import FULL, flow, following
from fleetsynth.models.resets import Resets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.spans import Span

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_ASKED = ("level", "season", "calendar", "growth", "event", "shared", "own")
_DONE = ("spikes", "jobs", "episodes")


class Seen(NamedTuple):
    """What is known of some servers at some samples of theirs.

    Attributes:
        members: the servers.
        span: what the samples lie in.
        at: the samples, counted from the Unix epoch, shape (servers, places).
        relative: returns demand relative to its level, in the stages of `demand.at_hours`, shape
            (3, servers, places).
        of: series of `Samples` by name, shape (servers, places) each; only to be read.
        events: whether there can be any.
    """

    members: Members
    span: Span
    at: Ints
    relative: Callable[[], Floats]
    of: Mapping[str, Floats]
    events: bool

    def stages(self) -> list[Floats]:
        """Return demand relative to its level, stage by stage, shape (servers, places) each."""
        return [*self.relative(), *([self.of["relative"]] if self.events else [])]

    def shown(self, name: str) -> Iterator[Floats]:
        """Yield a series with what events do to the server, if there can be any."""
        if self.events:
            yield self.of[f"shown_{name}"].copy()


def _cpu(seen: Seen) -> Iterator[Floats]:
    """Yield the CPU before its limits, up to each part of `_ASKED` and `_DONE`."""
    level, of = seen.members.loads.level[:, None], seen.of
    yield np.repeat(level, seen.at.shape[1], axis=1)
    for stage in seen.stages():
        yield stage * level
    yield of["common"] * level
    yield of["base"].copy()
    busy = of["base"] + of["spikes"]
    yield busy.copy()
    yield busy + of["runs"]
    yield of["cpu"].copy()
    yield from seen.shown("cpu")


def _traffic(seen: Seen, way: str, ratio: Floats) -> Iterator[Floats]:
    """Yield traffic of one direction, up to each part of `_ASKED`, activities and transfers.

    Args:
        seen: servers and samples.
        way: "in" or "out".
        ratio: mean traffic over mean traffic in, shape (servers, 1).
    """
    server, noise = seen.members.figures, seen.of[f"noise_{way}"]
    nothing = np.zeros(seen.at.shape)
    yield flow(server, nothing + 1.0, nothing) * ratio
    for stage in [*seen.stages(), seen.of["common"]]:
        yield flow(server, stage, nothing) * ratio
    for sent in (nothing, seen.of["sent"]):
        yield flow(server, seen.of["common"], sent) * noise * ratio
    yield seen.of[f"net_{way}"].copy()
    yield from seen.shown(way)
    yield seen.of[f"shown_{way}"] * (FULL / np.maximum(seen.of["shown_cpu"], FULL))


def _traffic_in(seen: Seen) -> Iterator[Floats]:
    return _traffic(seen, "in", np.ones((1, 1)))


def _traffic_out(seen: Seen) -> Iterator[Floats]:
    return _traffic(seen, "out", seen.members.figures["network.out_ratio"][:, None])


def _memory(seen: Seen) -> Iterator[Floats]:
    """Yield memory up to level, restarts, caches, leaks, noise, demand and activities."""
    yield from _stock(seen, "restart", "memory.restart_days", stocks.memory_sums)
    yield seen.of["held"].copy()
    yield following(seen.members.figures, seen.of["common"]) + seen.of["held"]
    yield seen.of["memory"].copy()
    yield from seen.shown("memory")


def _disk(seen: Seen) -> Iterator[Floats]:
    """Yield disk space up to level, trend, fill, logs and noise."""
    origin = epoch_day(seen.span.plan.growth_clock.start) * (DAY_SECONDS // seen.span.step)
    yield from _stock(seen, "clean-up", "disk.cleanup_days", stocks.disk_sums, origin)
    yield seen.of["disk"].copy()
    yield from seen.shown("disk")


def _stock(
    seen: Seen,
    purpose: str,
    days: str,
    sums: Callable[..., Iterator[Floats]],
    *more: int,
) -> Iterator[Floats]:
    """Yield the sums of a stock, server by server put together."""
    seed, step = seen.span.plan.scenario.seed, seen.span.step
    paths = stocks.MEMORY if days in stocks.MEMORY else stocks.DISK
    span, made = (seen.span.first, seen.span.stop), []
    each = stocks.each(seen.members.names, seen.members.figures, paths)
    for (name, of), at in zip(each, seen.at, strict=True):
        resets = Resets(seed, purpose, name, of[days], step)
        made.append(sums(at, span, resets, *more, of))
    for rows in zip(*made, strict=True):
        yield np.stack(rows)


class Made(NamedTuple):
    """How the values of one metric are made.

    Attributes:
        names: of the parts up to the limits.
        sums: yields the sums up to each of them.
        series: of `Samples`, that this takes.
    """

    names: tuple[str, ...]
    sums: Callable[[Seen], Iterator[Floats]]
    series: tuple[str, ...]


_TRAFFIC = (*_ASKED, "activity", "transfer", "incident", "saturation")
MADE = {
    "cpu": Made(
        (*_ASKED, *_DONE, "incident"),
        _cpu,
        ("relative", "common", "base", "spikes", "runs", "cpu", "shown_cpu"),
    ),
    "mem": Made(
        ("level", "restart", "cache", "leak", "noise", "follows", "activity", "incident"),
        _memory,
        ("relative", "common", "held", "memory", "shown_memory"),
    ),
    "disk": Made(("level", "trend", "fill", "noise", "incident"), _disk, ("disk", "shown_disk")),
    "net_in": Made(
        _TRAFFIC,
        _traffic_in,
        ("relative", "common", "noise_in", "sent", "net_in", "shown_in", "shown_cpu"),
    ),
    "net_out": Made(
        _TRAFFIC,
        _traffic_out,
        ("relative", "common", "noise_out", "sent", "net_out", "shown_out", "shown_cpu"),
    ),
}
"""By the stem of a metric, in the order of `METRICS`."""
SERIES = {name for made in MADE.values() for name in made.series}
"""What of `Samples` any metric takes."""
