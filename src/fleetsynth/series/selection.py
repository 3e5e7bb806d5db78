"""Series that a query means, and their samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.series.values import Moments, own_values, rows_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.series.families import Family
    from fleetsynth.series.select import Catalog

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Pairs = tuple[tuple[str, str], ...]

NAME = "__name__"


class Named(NamedTuple):
    """A series that is meant.

    Attributes:
        labels: name and value of each, sorted by name.
        family: it is one of these.
        row: its place among a server's series of the family.
        place: of its server in the selection.
    """

    labels: Pairs
    family: Family
    row: int
    place: int


class Drawn(NamedTuple):
    """A series with its samples.

    Attributes:
        named: which it is.
        ms: milliseconds since the Unix epoch, ascending; the same array for all that have them.
        values: of each, shape of `ms`.
    """

    named: Named
    ms: Ints
    values: Floats


@dataclass(frozen=True)
class Selection:
    """Series that are meant.

    Attributes:
        catalog: what they belong to.
        chosen: families, with the places of the rows that are meant.
        everyone: places of the servers in the plan, those included that do not live in the span.
        span: first and last second.
    """

    catalog: Catalog
    chosen: tuple[tuple[Family, tuple[int, ...]], ...]
    everyone: Ints
    span: tuple[int, int]

    @cached_property
    def _lives(self) -> tuple[Ints, NDArray[np.int64]]:
        """Return the servers that live in the span, and first and last second of each there."""
        begin, end = self.catalog.span()
        low, high = max(begin, self.span[0]), min(end, self.span[1])
        spans = np.tile(np.array([low, high]), (len(self.everyone), 1))
        clock, fleet = self.catalog.plan.clock, self.catalog.plan.fleet
        days = None
        if fleet.lives is not None and len(self.everyone):
            days = fleet.select(self.everyone).days_of_life(0, len(self.everyone))
        if days is not None:
            first, stop = (day * clock.ticks_per_day * clock.step for day in days)
            spans[:, 0] = np.maximum(spans[:, 0], first)
            spans[:, 1] = np.minimum(spans[:, 1], stop - clock.step)
        there = spans[:, 0] <= spans[:, 1]
        return self.everyone[there], spans[there]

    @cached_property
    def _making(self) -> Catalog:
        return self.catalog.making(family for family, _ in self.chosen)

    @property
    def servers(self) -> Ints:
        """Places of the servers, ascending."""
        return self._lives[0]

    @property
    def count(self) -> int:
        """How many series there are."""
        return len(self.servers) * sum(len(rows) for _, rows in self.chosen)

    @cached_property
    def samples(self) -> int:
        """How many samples there are, at most."""
        low, high = self._lives[1].T
        return sum(
            len(rows) * int(_between(low, high, self.catalog.step(family)).sum())
            for family, rows in self.chosen
        )

    def named(self) -> list[Named]:
        """Return the series, sorted by their labels."""
        out = []
        renamed = self.catalog.convention.renamed
        for place, labels in enumerate(map(renamed, self.catalog.index.labels(self.servers))):
            for family, rows in self.chosen:
                for row in rows:
                    pairs = {NAME: family.name, **labels, **family.rows[row]}
                    out.append(Named(tuple(sorted(pairs.items())), family, row, place))
        out.sort()
        return out

    def series(self) -> Iterator[tuple[Pairs, Ints, Floats]]:
        """Yield labels, milliseconds and values of each series, as `drawn` does."""
        for named, ms, values in self.drawn():
            yield named.labels, ms, values

    def drawn(self, *, by_server: bool = False) -> Iterator[Drawn]:
        """Yield each series that has samples.

        Sorted by labels, unless that is so much that values are best made server by server, or
        that is asked for: then those of a server share what their values are made of.
        """
        everyone = self.named()
        if everyone and (not self._load() or by_server):
            everyone.sort(key=lambda each: each.place)
        yield from self._of(everyone)

    def _of(self, named: Iterable[Named]) -> Iterator[Drawn]:
        """Yield series one by one; neighbours of one server and family are worked out once."""
        moments: dict[tuple[int, int, int], Moments] = {}
        last: tuple[Any, ...] = ()
        values: list[Floats] = []
        has_rows: NDArray[np.bool_] | None = None
        spans, servers = self._lives[1].tolist(), self.servers.tolist()
        for each in named:
            low, high = spans[each.place]
            key = (low, high, self.catalog.step(each.family))
            if key not in moments:
                moments[key] = Moments.of(*key)
            when = moments[key]
            if not len(when.seconds):
                continue
            if last != (each.place, each.family.name):
                last = each.place, each.family.name
                values = own_values(self._making, each.family, servers[each.place], when)
                has_rows = rows_at(self._making, servers[each.place], when)
            of = values[each.row] if len(values) > 1 else values[0]
            there = ~np.isnan(of)
            if has_rows is not None:
                there &= has_rows
            if there.all():
                yield Drawn(each, when.ms, of)
            elif there.any():
                yield Drawn(each, when.ms[there], of[there])

    def _load(self) -> bool:
        """Simulate neighbours together, and remember what that gives; tell whether it fits."""
        if len(self.servers) == 1:  # what its counters begin with is made together with the rest
            return True
        low, high = int(self._lives[1][:, 0].min()), int(self._lives[1][:, 1].max())
        fits = True
        for tiles, fine in ((self._making.clean, True), (self._making.published, False)):
            if any(family.is_fine == fine for family, _ in self.chosen):
                clock = (self.catalog.samples if fine else self.catalog.plan).clock
                first, stop = -(-low // clock.step), high // clock.step + 1
                if first >= stop:
                    continue
                if tiles.room_for(len(self.servers), stop - first):
                    tiles.load(self.servers, first, stop)
                else:
                    fits = False
        return fits


def _between(low: Ints, high: Ints, step: int) -> Ints:
    """Count the multiples of a step from `low` to `high`."""
    out: Ints = np.maximum(high // step - -(-low // step) + 1, 0)
    return out
