"""The rows of a window, leaf by leaf, in the order in which the content digest takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, FIRST_SECOND, SECOND_MICROS
from fleetsynth.plan import ARRIVAL
from fleetsynth.tables.digest import row_order
from fleetsynth.tables.frame import DayTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]
    Numbers = NDArray[np.integer]
    Codes = NDArray[np.integer]
    _OfDays = tuple[Ints, list[tuple[str, Ints]]]

_NOUGHT = np.zeros(1, np.int64)
_ROWS = 1 << 13
"""Rows laid out at a time, to fit the cache."""


class LeafRows(NamedTuple):
    """Rows of one server in one month.

    Attributes:
        time: their stamps, seconds since the Unix epoch, shape (rows,).
        laid: hundredths, metrics by name, shape (rows, metrics).
        whole: columns of whole numbers that are the rows' own, by name.
        coded: columns of words, by name.
    """

    time: Ints
    laid: NDArray[np.int32]
    whole: dict[str, Numbers]
    coded: dict[str, Codes]

    def take(self, rows: slice | Ints) -> LeafRows:
        """Return some of them."""
        whole, coded = (
            {name: column[rows] for name, column in of.items()} for of in (self.whole, self.coded)
        )
        return LeafRows(self.time[rows], np.ascontiguousarray(self.laid[rows]), whole, coded)

    def and_more(self, more: LeafRows) -> LeafRows:
        """Return these and more of them, in order of time."""
        time, laid = np.concatenate([self.time, more.time]), np.concatenate([self.laid, more.laid])
        whole = {name: np.concatenate([c, more.whole[name]]) for name, c in self.whole.items()}
        coded = {name: np.concatenate([c, more.coded[name]]) for name, c in self.coded.items()}
        out = LeafRows(time, laid, whole, coded)
        order = row_order(out.time, [*out.laid.T, *out.whole.values()])
        return out if order is None else out.take(order)


class Columns(NamedTuple):
    """Which metrics of a block are what, by their index in it.

    Attributes:
        hundredths: metrics in hundredths, by name.
        whole: whole numbers, with their names, sorted by these.
        coded: words, likewise.
    """

    hundredths: Sequence[int]
    whole: Mapping[str, int]
    coded: Mapping[str, int]


def leaves_of(
    block: Block, columns: Columns, months: Sequence[tuple[int, int, int]], step: int
) -> Iterator[tuple[int, int, LeafRows]]:
    """Yield the rows of each leaf of a block: server in its window, index of the month, rows.

    Args:
        block: some rows, in any order.
        columns: what of it there is to take.
        months: of the plan; the first tick of each, and one past its last, stand last.
        step: seconds of a tick.
    """
    if not block.rows:
        return
    server, tick, values = block.listed()
    time = (tick + block.window.first_tick) * step
    if block.shift is not None:
        time += block.shift
    low = int(time.min())
    span = int(time.max()) - low + 1
    time += server * span - low  # one ascending number for all leaves
    laid = _laid(values, columns.hundredths)
    whole: dict[str, Numbers] = {name: values[i] for name, i in columns.whole.items()}
    if block.arrival is not None:
        whole[ARRIVAL] = block.arrival * SECOND_MICROS
        whole = {name: whole[name] for name in sorted(whole)}
    rows = LeafRows(time, laid, whole, {name: values[i] for name, i in columns.coded.items()})
    order = row_order(time, [*laid.T, *rows.whole.values()])
    if order is not None:
        rows = _moved(rows, order)
    places, begins = _begins(block.window, months, step)
    servers = np.arange(block.window.shape[0]) * span
    keys = (servers[:, None] + np.clip(begins - low, 0, span)).ravel()
    edges = [*np.searchsorted(rows.time, keys).tolist(), block.rows]
    for number, first in enumerate(edges[:-1]):
        row, which = divmod(number, len(places))
        if first < edges[number + 1]:
            some = rows.take(slice(first, edges[number + 1]))
            yield row, places[which], some._replace(time=some.time + (low - row * span))


def _laid(values: NDArray[np.int32], metrics: Sequence[int]) -> NDArray[np.int32]:
    """Return hundredths row by row, shape (rows, metrics)."""
    count = values.shape[1]
    out = np.empty((count, len(metrics)), "<i4")
    for first in range(0, count, _ROWS):
        rows = slice(first, first + _ROWS)
        for column, metric in enumerate(metrics):
            out[rows, column] = values[metric, rows]
    return out


def _moved(rows: LeafRows, order: Ints) -> LeafRows:
    """Return rows in an order in which most stand where they were."""
    into = np.flatnonzero(order != np.arange(len(order)))
    out_of = order[into]

    def moved(column: NDArray[np.integer], *, ours: bool) -> NDArray[np.integer]:
        out = column if ours else column.copy()
        out[into] = column[out_of]
        return out

    moved(rows.time, ours=True)
    moved(rows.laid, ours=True)
    whole, coded = (
        {name: moved(column, ours=False) for name, column in of.items()}
        for of in (rows.whole, rows.coded)
    )
    return LeafRows(rows.time, rows.laid, whole, coded)


def _begins(
    window: Window, months: Sequence[tuple[int, int, int]], step: int
) -> tuple[list[int], Ints]:
    """Return the months that a window has ticks of, and the second that each begins at.

    The first begins before all, for a stamp may leave the plan, though never its month.
    """
    places = [
        place
        for place, (_, first, stop) in enumerate(months)
        if first < window.stop_tick and stop > window.first_tick
    ]
    begins = np.array([months[place][1] for place in places]) * step
    begins[0] = FIRST_SECOND
    return places, begins


class LeafDays:
    """The calendar columns of rows of a leaf, which are the same for a day."""

    def __init__(self, plan: Plan, window: Window) -> None:
        self._days = DayTable(plan, window)
        self._found: dict[tuple[str, int, int], _OfDays] = {}

    def columns(self, time: Ints, country: str) -> Iterator[tuple[str, Ints]]:
        """Yield columns row by row, or as one number that all rows have.

        Args:
            time: seconds since the Unix epoch, ascending.
            country: where the server stands.
        """
        first, last = self._days.index(int(time[0])), self._days.index(int(time[-1]))
        key = country, first, last
        if key not in self._found:
            self._found[key] = self._of_days(*key)
        begins, tables = self._found[key]
        counts: Ints | None = None
        for name, table in tables:
            if len(table) == 1:
                yield name, table
                continue
            if counts is None:
                edges = np.concatenate([_NOUGHT, time.searchsorted(begins), [len(time)]])
                counts = edges[1:] - edges[:-1]
            yield name, table.repeat(counts)

    def _of_days(self, country: str, first: int, last: int) -> _OfDays:
        """Return when all days but the first begin, and the columns of all.

        Those have shape (days,), or (1,) where all days have the same.
        """
        begins = (np.arange(first + 1, last + 1) + self._days.first) * DAY_SECONDS
        found = self._days.columns(country).items()
        tables = [(name, table[first : last + 1].astype("<i8")) for name, table in found]
        return begins, [(name, t[:1] if (t == t[0]).all() else t) for name, t in tables]
