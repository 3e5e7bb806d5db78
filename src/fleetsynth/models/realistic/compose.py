"""Demand, noise, bursts and stocks to what a collector would see; and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models import limits
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.realistic.parameters import Figures

    Floats = NDArray[np.float64]

FULL = 100.0
LEAST = 0.01
"""CPU percent that a running server shows at least."""

_LARGEST_RELATIVE_SD = 1.35
"""Just below the square root of 2, where the square of a normal has its own relative sd."""


class Samples(NamedTuple):
    """What servers did at every sample, and what it is made of; shape (servers, samples) each.

    Attributes:
        relative: demand relative to its level, with what events do to it.
        demand: CPU demand in percent of the server's capacity, before noise and bursts.
        shared: the service's part of the noise, in standard deviations of the whole.
        own: the server's part of it.
        burst: the server's bursts and its service's shocks, in percent.
        cpu: demand with noise and bursts.
        net_in: traffic in Mbps before the link's limit.
        net_out: same, out.
        noise_in: the noise of traffic in, standard normal.
        noise_out: same, out.
        held: memory without what follows demand.
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
    demand: Floats
    shared: Floats
    own: Floats
    burst: Floats
    cpu: Floats
    net_in: Floats
    net_out: Floats
    noise_in: Floats
    noise_out: Floats
    held: Floats
    memory: Floats
    disk: Floats
    shown_cpu: Floats
    shown_memory: Floats
    shown_disk: Floats
    shown_in: Floats
    shown_out: Floats
    hundredths: NDArray[np.int32]


class Squared(NamedTuple):
    """Positive noise of mean 1: ``(1 + a n)^2 / (1 + a^2)`` of a standard normal n.

    Attributes:
        slope: a, shape (servers,).
        scale: 1 / (1 + a^2), rounded.
    """

    slope: Floats
    scale: Floats

    @classmethod
    def of(cls, relative_sd: Floats) -> Squared:
        """Find the slope for a relative standard deviation, which is capped at 1.35.

        From sd^2 = (4 a^2 + 2 a^4) / (1 + a^2)^2 follows a^2 = sqrt(2 / (2 - sd^2)) - 1.
        """
        r = np.minimum(relative_sd, _LARGEST_RELATIVE_SD)
        slope = rounded(np.sqrt(np.sqrt(2 / (2 - r * r)) - 1))
        return cls(slope, rounded(1 / (1 + slope * slope)))

    def times(self, n: Floats, mean: Floats) -> Floats:
        """Return mean times the noise."""
        out: Floats = n * self.slope[:, None]
        out += 1.0
        out *= out
        out *= self.scale[:, None]
        out *= mean
        return out


class Loads(NamedTuple):
    """Constants of some servers, from their figures and their services'; shape (servers,) each.

    Attributes:
        level: mean CPU demand in percent.
        per_level: its inverse; 0 where it is 0.
        sd: standard deviation of the CPU noise at that level, in percent.
        noise: of the CPU.
        shared: weight of the service's noise.
        own: weight of the server's.
        traffic: noise of the network.
        ahead: weight of the CPU noise in the noise of traffic in; `apart` of its own.
        out_ahead: weight of traffic in in the noise of traffic out; `out_apart` of its own.
    """

    level: Floats
    per_level: Floats
    sd: Floats
    noise: Squared
    shared: Floats
    own: Floats
    traffic: Squared
    ahead: Floats
    apart: Floats
    out_ahead: Floats
    out_apart: Floats

    @classmethod
    def of(cls, server: Figures, service: Figures) -> Loads:
        """Work them out.

        Args:
            server: figures of the servers.
            service: figures of each one's service.
        """
        level = rounded(service["demand.level"] * server["spread"])
        power = np.power(np.where(level > 0, level, 1.0), server["noise.exponent"] - 1.0)
        relative = np.where(level > 0, server["noise.size"] * power, 0.0)
        ahead, out_ahead = server["network.cpu_correlation"], server["network.out_correlation"]
        return cls(
            level=level,
            per_level=rounded(np.where(level > 0, 1.0 / np.where(level > 0, level, 1.0), 0.0)),
            sd=rounded(np.minimum(relative, _LARGEST_RELATIVE_SD) * level),
            noise=Squared.of(relative),
            shared=rounded(np.sqrt(service["demand.shared"])),
            own=rounded(np.sqrt(1.0 - service["demand.shared"])),
            traffic=Squared.of(server["network.size"]),
            ahead=ahead,
            apart=rounded(np.sqrt(1.0 - ahead * ahead)),
            out_ahead=out_ahead,
            out_apart=rounded(np.sqrt(1.0 - out_ahead * out_ahead)),
        )

    def take(self, rows: slice) -> Loads:
        """Return some of the servers."""
        of = self._asdict()
        noise, traffic = (Squared(*(v[rows] for v in of.pop(k))) for k in ("noise", "traffic"))
        return Loads(**{k: v[rows] for k, v in of.items()}, noise=noise, traffic=traffic)


def flow(server: Figures, loads: Loads, relative: Floats, burst: Floats) -> Floats:
    """Return mean traffic in, in Mbps: what follows demand, what does not, and what bursts carry.

    Args:
        server: figures of the servers.
        loads: their constants.
        relative: demand relative to its level, shape (servers, samples).
        burst: CPU bursts in percent, same shape.
    """
    level = server["network.level"]
    follows = server["network.follows"] * level
    out: Floats = relative * follows[:, None]
    out += (level - follows)[:, None]
    out += burst * (level * server["network.per_burst"] * loads.per_level)[:, None]
    return out


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
    limits.hundredths(np.clip(work, lowest, FULL, out=work), out=out[0])
    for place, stock in enumerate((memory, disk), start=1):
        limits.hundredths(np.clip(stock, 0.0, FULL, out=work), out=out[place])
    for place, flow in enumerate((net_in, net_out), start=3):
        np.multiply(flow, carried, out=work)
        limits.hundredths(np.clip(work, 0.0, link, out=work), out=out[place])
    return out
