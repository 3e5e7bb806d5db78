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


class Samples(NamedTuple):
    """What servers did at every sample, and what it is made of; shape (servers, samples) each.

    Attributes:
        relative: demand relative to its level, with what events do to it.
        common: the same with the drift that all replicas of a service have in common.
        base: CPU in percent of the server's capacity, with drift, noise, cycles and swings.
        spikes: CPU points of spikes, dips and the shocks of its service.
        runs: CPU points of jobs.
        cpu: all that, and episodes.
        noise_in: what traffic in is multiplied by, beside demand.
        noise_out: same, out.
        sent: mean traffics of spikes, jobs and episodes.
        net_in: traffic in Mbps before the link's limit.
        net_out: same, out.
        taken: memory points that jobs and episodes take, less what was released.
        held: memory without that, and without what follows demand.
        memory: used memory in percent, before its bounds.
        disk: used space in percent, before its bounds.
        shown_cpu: cpu with what events do to the server; beyond 100 it is not served.
        shown_memory: same, of memory; and so on.
        shown_disk: same.
        shown_in: same, of traffic in.
        shown_out: same, out.
        hundredths: what the collector sees, times 100, int32, shape (5, servers, samples).
    """

    relative: Floats
    common: Floats
    base: Floats
    spikes: Floats
    runs: Floats
    cpu: Floats
    noise_in: Floats
    noise_out: Floats
    sent: Floats
    net_in: Floats
    net_out: Floats
    taken: Floats
    held: Floats
    memory: Floats
    disk: Floats
    shown_cpu: Floats
    shown_memory: Floats
    shown_disk: Floats
    shown_in: Floats
    shown_out: Floats
    hundredths: NDArray[np.int32]


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


def published(
    server: Figures,
    loads: Loads,
    series: tuple[Floats, Floats, Floats, Floats, Floats],
) -> NDArray[np.int32]:
    """Bound and round what a collector sees, shape (5, servers, samples).

    Traffic beyond what the CPU could serve is not carried, nor is what exceeds the link.

    Args:
        server: figures of the servers.
        loads: their constants.
        series: cpu, memory, disk, traffic in, traffic out, shape (servers, samples) each.
    """
    cpu, memory, disk, net_in, net_out = series
    out = np.empty((5, *cpu.shape), dtype=np.int32)
    link = server["network.link"][:, None]
    carried = np.maximum(cpu, FULL)
    np.divide(FULL, carried, out=carried)
    work = np.empty_like(cpu)
    np.subtract(cpu, server["floor"][:, None], out=work)
    # A server that runs is seen to run, unless the counter is too coarse for that.
    lowest = np.where((loads.level > 0) & (server["floor"] == 0), LEAST, 0.0)[:, None]
    np.clip(work, lowest, FULL, out=work)
    _to_steps(work, loads.steps)
    limits.hundredths(work, out=out[0])
    for place, stock in enumerate((memory, disk), start=1):
        limits.hundredths(np.clip(stock, 0.0, FULL, out=work), out=out[place])
    for place, flow in enumerate((net_in, net_out), start=3):
        np.multiply(flow, carried, out=work)
        limits.hundredths(np.clip(work, 0.0, link, out=work), out=out[place])
    return out


def _to_steps(values: Floats, steps: Floats) -> None:
    """Round to what a counter can show, so many steps in a percent, in place."""
    coarse = steps > 0
    if coarse.any():
        each = steps[coarse][:, None]
        values[coarse] = np.rint(values[coarse] * each) / each
