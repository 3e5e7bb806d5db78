"""Demand, noise, activities and stocks to what a collector would see; and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models import limits
from fleetsynth.models.realistic.noise import at_step
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.realistic.parameters import Figures

    Floats = NDArray[np.float64]

FULL = 100.0
LEAST = 0.01
"""CPU percent that a running server shows at least."""

_GIVEN, _TAKEN = 0.5, 0.9
"""Shares of the memory that is held, and of what is free, that activities move at most."""
USUAL_STEP = 300
"""Seconds from sample to sample at which figures of noise and counters are given."""


class Loads(NamedTuple):
    """Constants of some servers, from their figures and their services'; shape (servers,) each.

    Attributes:
        level: mean CPU demand in percent.
        per_level: its inverse; 0 where it is 0.
        sd: standard deviation of the CPU noise of a sample at that level, in percent.
        noise: the same relative to the level.
        shared: weight of the drift that a service's replicas have in common.
        own: weight of the server's.
        traffic: relative standard deviation of the noise of traffic.
        ahead: weight of the CPU noise in the noise of traffic in; `apart` of its own.
        out_ahead: weight of traffic in in the noise of traffic out; `out_apart` of its own.
        steps: of the CPU counter in a percent; 0 for none.
    """

    level: Floats
    per_level: Floats
    sd: Floats
    noise: Floats
    shared: Floats
    own: Floats
    traffic: Floats
    ahead: Floats
    apart: Floats
    out_ahead: Floats
    out_apart: Floats
    steps: Floats

    @classmethod
    def of(cls, server: Figures, service: Figures, step: int) -> Loads:
        """Work them out.

        Args:
            server: figures of the servers.
            service: figures of each one's service.
            step: seconds from sample to sample.
        """
        level = rounded(service["demand.level"] * server["spread"])
        noise = at_step(server["noise.size"], step)
        ahead, out_ahead = server["network.cpu_correlation"], server["network.out_correlation"]
        steps = np.maximum(np.rint(server["steps"] * (step / USUAL_STEP)), 1.0)
        return cls(
            level=level,
            per_level=rounded(np.where(level > 0, 1.0 / np.where(level > 0, level, 1.0), 0.0)),
            sd=rounded(server["noise.size"] * level),
            noise=noise,
            shared=rounded(np.sqrt(service["demand.shared"])),
            own=rounded(np.sqrt(1.0 - service["demand.shared"])),
            traffic=at_step(server["network.noise"], step),
            ahead=ahead,
            apart=rounded(np.sqrt(1.0 - ahead * ahead)),
            out_ahead=out_ahead,
            out_apart=rounded(np.sqrt(1.0 - out_ahead * out_ahead)),
            steps=np.where(server["steps"] > 0, steps, 0.0),
        )

    def take(self, rows: slice) -> Loads:
        """Return some of the servers."""
        return Loads(*(values[rows] for values in self))


def drifted(mean: Floats, drift: Floats) -> Floats:
    """Return a mean times what drifts: ``(1 + w / 2)^2``, about ``exp(w)`` and never negative."""
    out: Floats = drift * 0.5
    out += 1.0
    out *= out
    out *= mean
    return out


def flow(server: Figures, relative: Floats, more: Floats) -> Floats:
    """Return mean traffic in, in Mbps: what follows demand, what does not, and what else is sent.

    Args:
        server: figures of the servers.
        relative: demand relative to its level, shape (servers, samples).
        more: in mean traffics, same shape.
    """
    level = server["network.level"]
    follows = server["network.follows"] * level
    out: Floats = relative * follows[:, None]
    out += (level - follows)[:, None]
    out += more * level[:, None]
    return np.maximum(out, 0.0, out=out)


def following(server: Figures, relative: Floats) -> Floats:
    """Return memory points that follow demand, shape (servers, samples)."""
    return (relative - 1.0) * server["memory.follows"][:, None]


def within_reach(taken: Floats, held: Floats) -> None:
    """Let activities take what is free, but for a tenth, and give back half of what is held.

    Args:
        taken: memory points, changed in place, shape (servers, samples).
        held: what is held without them.
    """
    np.maximum(taken, held * -_GIVEN, out=taken)
    np.minimum(taken, np.maximum(FULL - held, 0.0) * _TAKEN, out=taken)


def counted(server: Figures, loads: Loads, cpu: Floats, out: NDArray[np.int32]) -> None:
    """Write what the CPU's counter shows, in hundredths; arrays of shape (servers, samples)."""
    work = cpu - server["floor"][:, None]
    # A server that runs is seen to run, unless the counter is too coarse for that.
    lowest = np.where((loads.level > 0) & (server["floor"] == 0), LEAST, 0.0)[:, None]
    np.clip(work, lowest, FULL, out=work)
    _to_steps(work, loads.steps)
    limits.hundredths(work, out=out)


def used(stock: Floats, out: NDArray[np.int32]) -> None:
    """Write a share that is used, of memory or of disk space, in hundredths."""
    limits.hundredths(np.clip(stock, 0.0, FULL), out=out)


def carried(server: Figures, cpu: Floats, flow: Floats, out: NDArray[np.int32]) -> None:
    """Write traffic in hundredths: no more than the CPU could serve, nor than the link carries."""
    work = np.maximum(cpu, FULL)
    np.divide(FULL, work, out=work)
    work *= flow
    np.clip(work, 0.0, server["network.link"][:, None], out=work)
    limits.hundredths(work, out=out)


def _to_steps(values: Floats, steps: Floats) -> None:
    """Round to what a counter can show, so many steps in a percent, in place."""
    coarse = steps > 0
    if coarse.any():
        each = steps[coarse][:, None]
        values[coarse] = np.rint(values[coarse] * each) / each
