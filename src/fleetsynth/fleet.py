"""The servers: how many of each archetype, which is which, and their business metadata."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import accumulate
from math import lcm
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fleetsynth.streams import address, encode, uniform, uniforms_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from fleetsynth.lives import Lives

_T = TypeVar("_T")

METADATA_COLUMNS = ("business_unit", "criticality", "region")
"""The metadata that is drawn per server or service, each from a stream of its own."""

SERVICE_BLOCK = 64
"""Servers of an archetype that are cut into services together."""


@dataclass(frozen=True)
class Fleet:
    """A fleet whose servers are worked out when asked for, so that any size is cheap to hold.

    Attributes:
        total: number of servers.
        seed: seed of the metadata draws.
        distribution: share of the fleet per archetype.
        interleaved: whether archetypes are mixed instead of one after the other.
        odds: the values of each metadata column with their odds.
        replicas: fewest and most servers of a service, per archetype; None where there are no
            services, and metadata belong to each server.
        members: the servers of a selection, ascending; None for all of them. Every method counts
            servers by their index among the members.
        lives: when servers come and go; None if all are always there.
    """

    total: int
    seed: int
    distribution: Mapping[str, float]
    interleaved: bool
    odds: Mapping[str, Mapping[str, float]]
    replicas: Mapping[str, tuple[int, int]] | None = None
    members: NDArray[np.int64] | None = field(default=None, compare=False)
    lives: Lives | None = None

    @property
    def size(self) -> int:
        """Number of servers, or of those selected."""
        return self.total if self.members is None else len(self.members)

    def select(self, members: NDArray[np.int64]) -> Fleet:
        """Return some of the servers, given by their indices in this fleet, ascending."""
        chosen = members if self.members is None else self.members[members]
        return replace(self, members=chosen)

    def index(self, first: int, stop: int) -> NDArray[np.int64]:
        """Index of servers first..stop-1 in the whole fleet, shape (servers,)."""
        if self.members is None:
            return np.arange(first, stop, dtype=np.int64)
        return self.members[first:stop]

    def server_ids(self, first: int, stop: int) -> list[str]:
        """Names of servers first..stop-1."""
        return [server_id(i) for i in self.index(first, stop).tolist()]

    def encoded_ids(self, first: int, stop: int) -> list[bytes]:
        """Names of servers first..stop-1 as parts of an address; only to be read."""
        return self._kept(
            "server_id", (first, stop), lambda: [encode(x) for x in self.server_ids(first, stop)]
        )

    def days_of_life(self, first: int, stop: int) -> tuple[NDArray[np.int64], ...] | None:
        """Return the days on which servers first..stop-1 come and on which they are no more.

        Days since 1970-01-01, shape (servers,) each; None if all are always there.
        """
        lives = self.lives
        if lives is None:
            return None
        return self._kept(
            "life", (first, stop),
            lambda: lives.days(self.index(first, stop), self.encoded_ids(first, stop)),
        )  # fmt: skip

    def _kept(self, what: str, span: tuple[int, int], make: Callable[[], _T]) -> _T:
        """Make what a span of servers has, unless it is what the last span asked for had.

        Drawing, hashing and writing a window need the same of it, one after the other.
        """
        last: dict[str, tuple[tuple[int, int], Any]] = self._last
        span_made = last.get(what)
        if span_made is None or span_made[0] != span:
            last.pop(what, None)  # frees the old before the new takes room
            span_made = last[what] = (span, make())
        out: _T = span_made[1]
        return out

    @cached_property
    def _last(self) -> dict[str, Any]:
        return {}

    @cached_property
    def archetypes(self) -> tuple[str, ...]:
        """Names of the archetypes; `archetype_codes` counts in this order."""
        return tuple(self.distribution)

    def counts(self) -> dict[str, int]:
        """Servers per archetype; they add up to the fleet."""
        if self.members is not None:
            codes = self.archetype_codes(0, self.size)
            counts = np.bincount(codes, minlength=len(self.archetypes))
            return dict(zip(self.archetypes, counts.tolist(), strict=True))
        if not self.interleaved:
            return allocate(self.total, self.distribution)
        whole, rest = divmod(self.total, len(self._pattern))
        per_period = np.bincount(self._pattern, minlength=len(self.archetypes)) * whole
        totals = per_period + np.bincount(self._pattern[:rest], minlength=len(self.archetypes))
        return dict(zip(self.archetypes, totals.tolist(), strict=True))

    def archetype_codes(self, first: int, stop: int) -> NDArray[np.int64]:
        """Archetype of servers first..stop-1 as indices into `archetypes`, shape (servers,)."""
        index = self.index(first, stop)
        if self.interleaved:
            return self._pattern[index % len(self._pattern)]
        return np.searchsorted(self._borders, index, side="right")

    def metadata_codes(self, column: str, first: int, stop: int) -> NDArray[np.int32]:
        """Value of a metadata column per server, as indices into ``odds[column]``.

        Servers of a service have it in common. Only to be read.
        """

        def make() -> NDArray[np.int32]:
            if self.replicas is None:
                owners: Iterable[bytes] = self.encoded_ids(first, stop)
            else:
                owners = map(encode, self.services(first, stop))
            return _codes(self.seed, column, self.odds[column], owners)

        return self._kept(column, (first, stop), make)

    @property
    def text_columns(self) -> list[str]:
        """Names of the text columns besides the server's id, in order."""
        service = [] if self.replicas is None else ["service"]
        return ["server_type", *service, *METADATA_COLUMNS]

    def services(self, first: int, stop: int) -> list[str]:
        """Service of servers first..stop-1, named after its archetype and first server.

        Servers of an archetype are counted in the order of their ids and cut into services
        64 at a time, so that a larger fleet changes no service but its last.
        """
        if self.replicas is None:
            raise AssertionError("a fleet without services")
        codes = self.archetype_codes(first, stop).tolist()
        ranks = self._ranks(first, stop).tolist()
        out = []
        for code, rank in zip(codes, ranks, strict=True):
            name = self.archetypes[code]
            block, index = divmod(rank, SERVICE_BLOCK)
            starts = service_starts(self.seed, name, block, *self.replicas[name])
            begin = starts[bisect_right(starts, index) - 1]
            out.append(f"{name}-{block * SERVICE_BLOCK + begin:03d}")
        return out

    def _ranks(self, first: int, stop: int) -> NDArray[np.int64]:
        """Index of servers first..stop-1 among those of their archetype, in the whole fleet."""
        index, codes = self.index(first, stop), self.archetype_codes(first, stop)
        if not self.interleaved:
            return index - np.concatenate(([0], self._borders))[codes]
        period = len(self._pattern)
        per_period = np.bincount(self._pattern, minlength=len(self.archetypes))
        whole, rest = np.divmod(index, period)
        return whole * per_period[codes] + self._rank_in_pattern[rest]

    def metadata(self, first: int, stop: int) -> dict[str, list[str]]:
        """Business columns of servers first..stop-1 as text, by column, in order."""
        kinds = [self.archetypes[code] for code in self.archetype_codes(first, stop).tolist()]
        out = {"server_type": kinds}
        if self.replicas is not None:
            out["service"] = self.services(first, stop)
        for column in METADATA_COLUMNS:
            words = list(self.odds[column])
            codes = self.metadata_codes(column, first, stop).tolist()
            out[column] = [words[code] for code in codes]
        return out

    @cached_property
    def _borders(self) -> NDArray[np.int64]:
        counts = allocate(self.total, self.distribution)
        return np.cumsum(list(counts.values()), dtype=np.int64)

    @cached_property
    def _rank_in_pattern(self) -> NDArray[np.int64]:
        out = np.empty_like(self._pattern)
        for code in range(len(self.archetypes)):
            indices = np.flatnonzero(self._pattern == code)
            out[indices] = np.arange(len(indices))
        return out

    @cached_property
    def _pattern(self) -> NDArray[np.int64]:
        return interleave(self.distribution, self.total)


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


def server_id(index: int) -> str:
    """Name a server: at least three digits, the same at any fleet size."""
    return f"server_{index:03d}"


def draw_codes(
    seed: int, column: str, odds: Mapping[str, float], server_ids: Iterable[str]
) -> NDArray[np.int32]:
    """Draw a metadata value per server, each from a stream of its own, as indices into `odds`."""
    return _codes(seed, column, odds, map(encode, server_ids))


def _codes(
    seed: int, column: str, odds: Mapping[str, float], owners: Iterable[bytes]
) -> NDArray[np.int32]:
    bounds = [float(bound) for bound in accumulate(exact_shares(odds).values())][:-1]
    draws = uniforms_after(address(seed, column), owners)
    return np.searchsorted(np.array(bounds), draws, side="right").astype(np.int32)


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
