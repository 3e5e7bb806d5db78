"""The servers: how many of each archetype, which is which, and their business metadata."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fleetsynth.assignment import KINDS, MOST_COUNTED, exact_shares
from fleetsynth.errors import UsageError
from fleetsynth.streams import address, encode, uniforms_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from fleetsynth.assignment import Assignment
    from fleetsynth.instances import Instances
    from fleetsynth.lives import Lives

_T = TypeVar("_T")

TYPE_COLUMN = "instance_type"
METADATA_COLUMNS = ("business_unit", "criticality", "region")
"""The metadata that is drawn per server or service, each from a stream of its own."""


@dataclass(frozen=True)
class Fleet:
    """A fleet whose servers are worked out when asked for, so that any size is cheap to hold.

    Attributes:
        total: number of servers.
        seed: seed of the metadata draws.
        distribution: share of the fleet per archetype.
        assignment: how servers get their archetypes, one of `assignment.KINDS`.
        odds: the values of each metadata column with their odds.
        replicas: fewest and most servers of a service, per archetype; None where there are no
            services, and metadata belong to each server.
        members: the servers of a selection, ascending; None for all of them. Every method counts
            servers by their index among the members.
        lives: when servers come and go; None if all are always there.
        types: the instance types that servers can have; None where there are none.
    """

    total: int
    seed: int
    distribution: Mapping[str, float]
    assignment: str
    odds: Mapping[str, Mapping[str, float]]
    replicas: Mapping[str, tuple[int, int]] | None = None
    members: NDArray[np.int64] | None = field(default=None, compare=False)
    lives: Lives | None = None
    types: Instances | None = None

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
        """Servers per archetype; they add up to the fleet.

        Where `counts_are_expected` says so, they are what is expected.
        """
        if self.members is not None:
            codes = self.archetype_codes(0, self.size)
            counts = np.bincount(codes, minlength=len(self.archetypes)).tolist()
        else:
            counts = self._assigned.counts()
        return dict(zip(self.archetypes, counts, strict=True))

    @property
    def counts_are_expected(self) -> bool:
        """Whether there are too many drawn servers to be counted; see `assignment.MOST_COUNTED`."""
        return self.members is None and self.assignment == "drawn" and self.total > MOST_COUNTED

    def archetype_codes(self, first: int, stop: int) -> NDArray[np.int64]:
        """Archetype of servers first..stop-1 as indices into `archetypes`, shape (servers,).

        Only to be read.
        """
        return self._kept(
            "archetype", (first, stop), lambda: self._assigned.codes(self.index(first, stop))
        )

    def metadata_codes(self, column: str, first: int, stop: int) -> NDArray[np.int32]:
        """Value of a metadata column per server, as indices into ``odds[column]``.

        Servers of a service have it in common. Only to be read.
        """

        def make() -> NDArray[np.int32]:
            return _codes(self.seed, column, self.odds[column], self._owners(first, stop))

        return self._kept(column, (first, stop), make)

    def type_codes(self, first: int, stop: int) -> NDArray[np.int64]:
        """Instance type that servers first..stop-1 are commissioned with, as indices into `types`.

        Servers of a service have it in common. Shape (servers,); only to be read.

        Raises:
            UsageError: if servers have no types.
        """
        types = self.types
        if types is None:
            raise UsageError("servers of this fleet have no instance types")
        codes = self.archetype_codes(first, stop)
        return self._kept(
            "instance_type", (first, stop),
            lambda: types.draw(self.seed, self.archetypes, codes, self._owners(first, stop)),
        )  # fmt: skip

    def _owners(self, first: int, stop: int) -> Iterable[bytes]:
        """Return what servers first..stop-1 have their metadata from: themselves, or services."""
        if self.replicas is None:
            return self.encoded_ids(first, stop)
        return map(encode, self.services(first, stop))

    @property
    def text_columns(self) -> list[str]:
        """Names of the text columns besides the server's id, in order."""
        service = [] if self.replicas is None else ["service"]
        kind = [] if self.types is None else [TYPE_COLUMN]
        return ["server_type", *service, *METADATA_COLUMNS, *kind]

    def services(self, first: int, stop: int) -> list[str]:
        """Service of servers first..stop-1, named after its archetype and first server.

        The name has the index of that server: in the whole fleet if archetypes are drawn, and
        else among those of its archetype. A larger fleet changes no service but the last of each
        archetype, and where archetypes are drawn or interleaved only by adding to it.
        """
        codes, numbers = (each.tolist() for each in self.service_numbers(first, stop))
        return [self.service_name(*pair) for pair in zip(codes, numbers, strict=True)]

    def service_numbers(self, first: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what the services of servers first..stop-1 are named after, shape (servers,).

        That is the index of the archetype, and the number of the first server.
        """
        numbers = self._kept(
            "service", (first, stop),
            lambda: self._assigned.services(self.index(first, stop), self._replicas),
        )  # fmt: skip
        return self.archetype_codes(first, stop), numbers

    def service_name(self, code: int, number: int) -> str:
        """Return the name of a service, given the index of its archetype and its number."""
        return f"{self.archetypes[code]}-{number:03d}"

    def members_of(self, service: str) -> NDArray[np.int64]:
        """Return the servers of a service by their indices in the whole fleet, ascending.

        Those that a larger fleet would have are among them, unless archetypes are assigned in
        blocks, where a larger fleet is another one.

        Raises:
            UsageError: if there is no such service.
        """
        name, _, number = service.rpartition("-")
        out = np.empty(0, dtype=np.int64)
        if name in self.archetypes and number.isdecimal() and f"{int(number):03d}" == number:
            code = self.archetypes.index(name)
            out = self._assigned.members(code, int(number), self._replicas)
        if not out.size:
            raise UsageError(f"no service {service!r} in this fleet")
        return out

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
        if self.types is not None:
            names = self.types.names
            out[TYPE_COLUMN] = [names[code] for code in self.type_codes(first, stop).tolist()]
        return out

    @cached_property
    def _assigned(self) -> Assignment:
        return KINDS[self.assignment](self.total, self.seed, tuple(self.distribution.items()))

    @cached_property
    def _replicas(self) -> tuple[tuple[int, int], ...]:
        if self.replicas is None:
            raise AssertionError("a fleet without services")
        return tuple(self.replicas[name] for name in self.archetypes)


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
    draws = uniforms_after(address(seed, column), owners)
    return np.searchsorted(_bounds(tuple(odds.values())), draws, side="right").astype(np.int32)


@lru_cache(maxsize=64)
def _bounds(odds: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the uniforms at which one value ends and the next begins; only to be read."""
    shares = exact_shares({str(place): share for place, share in enumerate(odds)}).values()
    return np.array([float(bound) for bound in accumulate(shares)][:-1])
