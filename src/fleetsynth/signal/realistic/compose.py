"""Demand, noise, bursts and stocks to what a collector would see; and what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.signal import limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.signal.realistic.parameters import Figures

    Floats = NDArray[np.float64]

FULL = 100.0
_ROUNDING = 2.0**20
_LARGEST_RELATIVE_SD = 1.35
"""Just below the square root of 2, where the square of a normal has its own relative sd."""


class Samples(NamedTuple):
    """What servers did at every sample, and what it is made of; shape (servers, samples) each.

    Attributes:
        demand: CPU demand in percent of the server's capacity, before noise and bursts.
        shared: the service's part of the noise, in standard deviations of the whole.
        own: the server's part of it.
        burst: the server's bursts and its service's shocks, in percent.
        cpu: demand with noise and bursts; beyond 100 it is not served.
        net_in: traffic in Mbps before the link's limit.
        net_out: same, out.
        memory: used memory in percent, before its bounds.
        disk: used space in percent, before its bounds.
        hundredths: what the collector sees, times 100, int32, shape (5, servers, samples).
    """

    demand: Floats
    shared: Floats
    own: Floats
    burst: Floats
    cpu: Floats
    net_in: Floats
    net_out: Floats
    memory: Floats
    disk: Floats
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
        slope = np.rint(np.sqrt(np.sqrt(2 / (2 - r * r)) - 1) * _ROUNDING) / _ROUNDING
        return cls(slope, np.rint(_ROUNDING / (1 + slope * slope)) / _ROUNDING)

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
        sd: standard deviation of the CPU noise at that level, in percent.
        noise: of the CPU.
        shared: weight of the service's noise.
        own: weight of the server's.
        traffic: noise of the network.
        ahead: weight of the CPU noise in the noise of traffic in; `apart` of its own.
        out_ahead: weight of traffic in in the noise of traffic out; `out_apart` of its own.
    """

    level: Floats
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
        level = _rounded(service["demand.level"] * server["spread"])
        power = np.power(np.where(level > 0, level, 1.0), server["noise.exponent"] - 1.0)
        relative = np.where(level > 0, server["noise.size"] * power, 0.0)
        ahead, out_ahead = server["network.cpu_correlation"], server["network.out_correlation"]
        return cls(
            level=level,
            sd=_rounded(np.minimum(relative, _LARGEST_RELATIVE_SD) * level),
            noise=Squared.of(relative),
            shared=_rounded(np.sqrt(service["demand.shared"])),
            own=_rounded(np.sqrt(1.0 - service["demand.shared"])),
            traffic=Squared.of(server["network.size"]),
            ahead=ahead,
            apart=_rounded(np.sqrt(1.0 - ahead * ahead)),
            out_ahead=out_ahead,
            out_apart=_rounded(np.sqrt(1.0 - out_ahead * out_ahead)),
        )


def traffic(server: Figures, loads: Loads, relative: Floats, n: Floats) -> Floats:
    """Return traffic in, in Mbps, without transfers, shape (servers, samples).

    Args:
        server: figures of the servers.
        loads: their constants.
        relative: demand relative to its level, shape (servers, samples).
        n: noise of traffic in, standard normal, same shape.
    """
    follows = server["network.follows"] * server["network.level"]
    mean = relative * follows[:, None]
    mean += (server["network.level"] - follows)[:, None]
    return loads.traffic.times(n, mean)


def published(
    server: Figures, cpu: Floats, net_in: Floats, net_out: Floats, memory: Floats, disk: Floats
) -> NDArray[np.int32]:
    """Bound and round what a collector sees, shape (5, servers, samples).

    Traffic beyond what the CPU could serve is not carried, nor is what exceeds the link.
    """
    out = np.empty((5, *cpu.shape), dtype=np.int32)
    link = server["network.link"][:, None]
    carried = np.maximum(cpu, FULL)
    np.divide(FULL, carried, out=carried)
    seen = cpu - server["floor"][:, None]
    for place, (values, highest) in enumerate(
        (
            (seen, FULL),
            (memory, FULL),
            (disk, FULL),
            (net_in * carried, link),
            (net_out * carried, link),
        )
    ):
        bounded = np.clip(values, 0.0, highest)
        out[place] = limits.hundredths(bounded)
    return out


def _rounded(values: Floats) -> Floats:
    out: Floats = np.rint(values * _ROUNDING) / _ROUNDING
    return out
