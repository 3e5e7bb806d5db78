"""Labels of servers, and which servers have them."""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.fleet import TYPE_COLUMN, draw_codes, server_id
from fleetsynth.series.matching import accepted, accepts, is_negative, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.wire.remote_read import Matcher

    Ints = NDArray[np.int64]

IDS = ("instance", "server_id")
"""Labels that hold the server's id."""
_ID = re.compile(r"server_(\d{3,18})")
_TOGETHER = 1 << 16
_FEW = 1_000
"""Servers whose labels are looked up one by one."""
MOST_INDEXED = 5_000_000
"""Servers of a fleet that can be asked for by any label; those of larger ones go by their ids."""


class _Values(NamedTuple):
    """The values of a label, and which of them each server has."""

    words: Sequence[str]
    codes: NDArray[np.int32]


class Index:
    """The servers of a plan by their labels.

    Attributes:
        constant: labels that all series have, with their values.
        names: of all labels of servers, sorted.
    """

    def __init__(self, plan: Plan, constant: Mapping[str, str]) -> None:
        self._fleet, self.constant = plan.fleet, dict(constant)
        self.columns = plan.fleet.text_columns if plan.scenario.include_metadata else []
        self.names = sorted({*IDS, *self.columns, *constant})
        self._lock = Lock()
        self._values: dict[str, _Values] = {}
        self._ids: list[str] = []

    def prepare(self) -> None:
        """Look up the labels of all servers, so that no question has to wait for it."""
        for column in self.columns if self._fleet.size <= MOST_INDEXED else ():
            self._of(column)

    def values(self, name: str, servers: Ints) -> list[str]:
        """Return the values that a label has on some servers, sorted."""
        if name in self.constant:
            return [self.constant[name]] if len(servers) else []
        if name in IDS:
            return sorted(server_id(at) for at in self._fleet_index(servers))
        found = self._of(name)
        used = np.unique(found.codes[servers])
        return sorted({found.words[code] for code in used.tolist()})

    def servers(self, matchers: Iterable[Matcher]) -> Ints:
        """Return the places of the servers that all matchers accept, ascending.

        Matchers of labels that no server has are to be left out.
        """
        on_ids: list[Matcher] = []
        on_columns: list[Matcher] = []
        for matcher in matchers:
            if matcher.name in self.constant:
                if not accepts(matcher, self.constant[matcher.name]):
                    return np.empty(0, np.int64)
            else:
                (on_ids if matcher.name in IDS else on_columns).append(matcher)
        named = [m for m in on_ids if not is_negative(m) and words(m) is not None]
        found = self._named(named) if named else self.everyone()
        for matcher in on_columns:
            found = found[self._accepted(matcher, found)]
        for matcher in on_ids:
            if matcher not in named and len(found):
                found = found[accepted(matcher, self._ids_of(found))]
        return found

    def everyone(self) -> Ints:
        """Return the places of all servers.

        Raises:
            UsageError: if there are too many to be looked at one by one.
        """
        size = self._fleet.size
        if size > MOST_INDEXED:
            raise UsageError(
                f"the fleet has {size:,} servers: name those that are meant by {IDS[1]}, as in"
                f' {IDS[1]}="{server_id(0)}"'
            )
        return np.arange(size)

    def labels(self, servers: Ints) -> list[dict[str, str]]:
        """Return the labels of some servers, sorted by name."""
        texts: dict[str, list[str]] = dict.fromkeys(IDS, self._ids_of(servers))
        texts |= self._columns_of(servers)
        texts |= {name: [value] * len(servers) for name, value in self.constant.items()}
        each = (texts[name] for name in self.names)
        return [dict(zip(self.names, row, strict=True)) for row in zip(*each, strict=True)]

    def _columns_of(self, servers: Ints) -> dict[str, list[str]]:
        if all(column in self._values for column in self.columns):
            out = {}
            for column in self.columns:
                found = self._of(column)
                out[column] = [found.words[code] for code in found.codes[servers].tolist()]
            return out
        return self._fleet.select(servers).metadata(0, len(servers)) if self.columns else {}

    def _accepted(self, matcher: Matcher, servers: Ints) -> NDArray[np.bool_]:
        if len(servers) <= _FEW and matcher.name not in self._values:
            return accepted(matcher, self._columns_of(servers)[matcher.name])
        found = self._of(matcher.name)
        return accepted(matcher, found.words)[found.codes[servers]]

    def _named(self, matchers: list[Matcher]) -> Ints:
        """Return the servers whose ids stand in matchers, without a look at any other."""
        ids = frozenset.intersection(*(words(matcher) or frozenset() for matcher in matchers))
        found = ((name, int(match[1])) for name in ids if (match := _ID.fullmatch(name)))
        index = np.array(sorted(at for name, at in found if server_id(at) == name), np.int64)
        if self._fleet.members is None:
            return index[index < self._fleet.size]
        return np.flatnonzero(np.isin(self._fleet.members, index))

    def _ids_of(self, servers: Ints) -> list[str]:
        if len(servers) < self._fleet.size or not len(servers):
            return [server_id(at) for at in self._fleet_index(servers)]
        with self._lock:
            if not self._ids:
                self._ids = self._fleet.server_ids(0, self._fleet.size)
            return self._ids

    def _fleet_index(self, servers: Ints) -> list[int]:
        members = self._fleet.members
        out: list[int] = (servers if members is None else members[servers]).tolist()
        return out

    def _of(self, column: str) -> _Values:
        with self._lock:
            if column not in self._values:
                self._values[column] = self._worked_out(column)
            return self._values[column]

    def _worked_out(self, column: str) -> _Values:
        fleet = self._fleet
        if column == "server_type":
            codes = self._in_pieces(fleet.archetype_codes)
            return _Values(fleet.archetypes, codes.astype(np.int32))
        if column == "service":
            return self._services()
        if column == TYPE_COLUMN and fleet.types is not None:
            codes = self._in_pieces(fleet.type_codes)
            return _Values(fleet.types.names, codes.astype(np.int32))
        if fleet.replicas is None:
            codes = self._in_pieces(lambda first, stop: fleet.metadata_codes(column, first, stop))
            return _Values(tuple(fleet.odds[column]), codes.astype(np.int32))
        if "service" not in self._values:
            self._values["service"] = self._services()
        services = self._values["service"]
        odds = fleet.odds[column]
        drawn = draw_codes(fleet.seed, column, odds, services.words)
        return _Values(tuple(odds), drawn[services.codes])

    def _services(self) -> _Values:
        """Name each service once: there are fewer of them than of servers."""
        fleet = self._fleet

        def joined(first: int, stop: int) -> Ints:
            archetypes, numbers = fleet.service_numbers(first, stop)
            return numbers * len(fleet.archetypes) + archetypes

        joint = self._in_pieces(joined)
        found, codes = np.unique(joint, return_inverse=True)
        named = (divmod(each, len(fleet.archetypes)) for each in found.tolist())
        return _Values([fleet.service_name(c, n) for n, c in named], codes.astype(np.int32))

    def _in_pieces(self, make: Callable[[int, int], NDArray[Any]]) -> NDArray[Any]:
        size = self._fleet.size
        spans = ((at, min(at + _TOGETHER, size)) for at in range(0, size, _TOGETHER))
        return np.concatenate([make(*span) for span in spans])
