"""Which server is of which archetype and service: in blocks, interleaved or drawn."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from fleetsynth import drawn
from fleetsynth.errors import UsageError
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Shares = tuple[tuple[str, float], ...]
    Replicas = tuple[tuple[int, int], ...]

SERVICE_BLOCK = 64
"""Servers of an archetype that are cut into services together, where they can be counted."""
MOST_COUNTED = 1 << 20
"""Drawn servers of a fleet that are counted by archetype; of a larger fleet counts are expected."""
_LONGEST_PATTERN = 2_000_000


class Assignment(Protocol):
    """A way to give servers their archetypes; all servers go by their index in the whole fleet."""

    def counts(self) -> list[int]:
        """Servers of each archetype."""

    def codes(self, index: Ints) -> Ints:
        """Archetype of each server."""

    def services(self, index: Ints, replicas: Replicas) -> Ints:
        """The number in the name of each server's service, given the sizes of services."""

    def members(self, code: int, number: int, replicas: Replicas) -> Ints:
        """The servers of a service, ascending; none if there is no such service."""


class Drawn(NamedTuple):
    """Archetypes drawn for each server; see `drawn`."""

    total: int
    seed: int
    distribution: Shares

    def counts(self) -> list[int]:
        """Servers of each archetype, or if there are too many what is expected."""
        if self.total > MOST_COUNTED:
            return list(allocate(self.total, dict(self.distribution)).values())
        codes = self.codes(np.arange(self.total))
        counts: list[int] = np.bincount(codes, minlength=len(self.distribution)).tolist()
        return counts

    def codes(self, index: Ints) -> Ints:
        """Archetype of each server."""
        return drawn.look_up(index, lambda block: drawn.codes(self.seed, self._exact, block))

    def services(self, index: Ints, replicas: Replicas) -> Ints:
        """The index of the first server of each server's service."""
        return drawn.look_up(
            index, lambda block: drawn.services(self.seed, self._exact, replicas, block)
        )

    def members(self, code: int, number: int, replicas: Replicas) -> Ints:
        """The servers of a service."""
        first = np.array([number])
        if self.codes(first)[0] != code:
            return first[:0]
        block = number // drawn.BLOCK
        of_block = drawn.services(self.seed, self._exact, replicas, block)
        return np.flatnonzero(of_block == number) + block * drawn.BLOCK

    @property
    def _exact(self) -> Shares:
        return _floats(self.distribution)


class _Counted:
    """Where servers of an archetype can be counted: services are cut 64 of these at a time."""

    def __init__(self, total: int, seed: int, distribution: Shares) -> None:
        self._total, self._seed, self._distribution = total, seed, distribution

    def codes(self, index: Ints) -> Ints:
        raise NotImplementedError

    def ranks(self, index: Ints) -> Ints:
        """Index of servers among those of their archetype."""
        raise NotImplementedError

    def at(self, code: int, ranks: Ints) -> Ints:
        """The servers of an archetype with these ranks, as far as they are."""
        raise NotImplementedError

    def services(self, index: Ints, replicas: Replicas) -> Ints:
        """The rank of the first server of each server's service."""
        out = []
        for code, rank in zip(self.codes(index).tolist(), self.ranks(index).tolist(), strict=True):
            block, place = divmod(rank, SERVICE_BLOCK)
            starts = self._starts(code, block, replicas)
            out.append(block * SERVICE_BLOCK + starts[bisect_right(starts, place) - 1])
        return np.array(out, dtype=np.int64)

    def members(self, code: int, number: int, replicas: Replicas) -> Ints:
        """The servers of a service."""
        block, begin = divmod(number, SERVICE_BLOCK)
        starts = (*self._starts(code, block, replicas), SERVICE_BLOCK)
        if begin not in starts or not self._distribution[code][1]:
            return np.empty(0, dtype=np.int64)
        stop = starts[starts.index(begin) + 1]
        return self.at(code, block * SERVICE_BLOCK + np.arange(begin, stop))

    def _starts(self, code: int, block: int, replicas: Replicas) -> tuple[int, ...]:
        return service_starts(self._seed, self._distribution[code][0], block, *replicas[code])


class Blocks(_Counted):
    """One archetype after the other."""

    def __init__(self, total: int, seed: int, distribution: Shares) -> None:
        super().__init__(total, seed, distribution)
        self._counts = list(allocate(total, dict(distribution)).values())
        self._borders = np.cumsum(self._counts, dtype=np.int64)

    def counts(self) -> list[int]:
        """Servers of each archetype."""
        return self._counts

    def codes(self, index: Ints) -> Ints:
        """Archetype of each server."""
        return np.searchsorted(self._borders, index, side="right")

    def ranks(self, index: Ints) -> Ints:
        """Index of servers among those of their archetype."""
        return index - np.concatenate(([0], self._borders))[self.codes(index)]

    def at(self, code: int, ranks: Ints) -> Ints:
        """The servers of an archetype with these ranks, of this fleet alone."""
        out: Ints = self._borders[code] - self._counts[code] + ranks[ranks < self._counts[code]]
        return out


class Interleaved(_Counted):
    """Archetypes mixed, in an order that a larger fleet keeps."""

    def counts(self) -> list[int]:
        """Servers of each archetype."""
        pattern = self._pattern(self._total)
        whole, rest = divmod(self._total, len(pattern))
        kinds = len(self._distribution)
        counts = np.bincount(pattern, minlength=kinds) * whole
        counts += np.bincount(pattern[:rest], minlength=kinds)
        out: list[int] = counts.tolist()
        return out

    def codes(self, index: Ints) -> Ints:
        """Archetype of each server."""
        pattern = self._pattern_of(index)
        return pattern[index % len(pattern)]

    def ranks(self, index: Ints) -> Ints:
        """Index of servers among those of their archetype."""
        pattern = self._pattern_of(index)
        whole, rest = np.divmod(index, len(pattern))
        per_period = np.bincount(pattern, minlength=len(self._distribution))
        return whole * per_period[pattern[rest]] + _ranks_in(self._distribution, len(pattern))[rest]

    def at(self, code: int, ranks: Ints) -> Ints:
        """The servers of an archetype with these ranks, those of a larger fleet included."""
        size = self._total
        while True:
            pattern = self._pattern(size)
            places = np.flatnonzero(pattern == code)
            if len(pattern) < size or len(places) > ranks[-1]:
                break
            size = self._longer(size)
        whole, rest = np.divmod(ranks, len(places))
        return whole * len(pattern) + places[rest]

    def _pattern_of(self, index: Ints) -> Ints:
        """The period, or as much of it as the fleet and these servers need."""
        size = self._total
        last = int(index.max(initial=0))
        while len(pattern := self._pattern(size)) == size <= last:
            size = self._longer(size)
        return pattern

    def _pattern(self, size: int) -> Ints:
        return _interleaved(self._distribution, size)

    @staticmethod
    def _longer(size: int) -> int:
        """Return a larger fleet's size; more servers than a scenario may ask for are refused."""
        if size > _LONGEST_PATTERN:
            raise UsageError(
                "the servers of a service lie too far apart to be looked up: give the shares of "
                "the distribution fewer decimals, or take assignment: drawn"
            )
        return 2 * size


KINDS: dict[str, Callable[[int, int, Shares], Assignment]] = {
    "blocks": Blocks,
    "interleaved": Interleaved,
    "drawn": Drawn,
}
"""The ways to assign archetypes, made of total, seed and distribution."""


@lru_cache(maxsize=1 << 16)
def service_starts(seed: int, archetype: str, block: int, least: int, most: int) -> tuple[int, ...]:
    """Cut a block of servers of one archetype into services; return the index of each one's first.

    Sizes are drawn evenly from least..most; the last of a block takes what is left.
    """
    starts = [0]
    while True:
        u = uniform(seed, "service size", archetype, block, len(starts))
        begin = starts[-1] + least + int(u * (most - least + 1))
        if begin >= SERVICE_BLOCK:
            return tuple(starts)
        starts.append(begin)


def exact_shares(shares: Mapping[str, float]) -> dict[str, Fraction]:
    """Return the shares as the decimals that were written, scaled to add up to exactly 1."""
    exact = {name: Fraction(Decimal(str(share))) for name, share in shares.items()}
    total = sum(exact.values())
    return {name: share / total for name, share in exact.items()}


def allocate(size: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Split `size` by largest remainders: the counts add up and are within 1 of exact shares.

    Equal remainders go to the name that is listed first.
    """
    quotas = {name: size * share for name, share in exact_shares(shares).items()}
    counts = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: counts[name] - quotas[name])
    for name in by_remainder[: size - sum(counts.values())]:
        counts[name] += 1
    return counts


def interleave(shares: Mapping[str, float], size: int) -> NDArray[np.int64]:
    """Mix archetypes so that every prefix has each share to within one server.

    Returns the indices of the names in `shares`, one period of them or `size` if that is
    less: the sequence repeats after the common denominator of the shares. It is Tijdeman's
    solution of the chairman assignment problem (Discrete Mathematics 32, 1980), in exact
    integers.
    """
    exact = list(exact_shares(shares).values())
    period = lcm(*(share.denominator for share in exact))
    weights = [int(share * period) for share in exact]
    used = [i for i, weight in enumerate(weights) if weight]
    if len(used) == 1:
        return np.array(used, dtype=np.int64)
    # Deficits are kept times `scale`, so that the slack of 1 / (2k - 2) is a whole number.
    scale = 2 * len(used) - 2
    slack = period
    deficit = dict.fromkeys(used, 0)
    out = np.empty(min(period, size), dtype=np.int64)
    for index in range(len(out)):
        for i in used:
            deficit[i] += scale * weights[i]
        due = [i for i in used if deficit[i] >= slack]
        chosen = min(due, key=lambda i: Fraction(scale * period - slack - deficit[i], weights[i]))
        deficit[chosen] -= scale * period
        out[index] = chosen
    return out


@lru_cache(maxsize=16)
def _interleaved(shares: Shares, size: int) -> Ints:
    return interleave(dict(shares), size)


@lru_cache(maxsize=16)
def _ranks_in(shares: Shares, size: int) -> Ints:
    pattern = _interleaved(shares, size)
    out = np.empty_like(pattern)
    for code in range(len(shares)):
        indices = np.flatnonzero(pattern == code)
        out[indices] = np.arange(len(indices))
    return out


@lru_cache(maxsize=64)
def _floats(shares: Shares) -> Shares:
    exact = exact_shares(dict(shares))
    return tuple((name, float(share)) for name, share in exact.items())
