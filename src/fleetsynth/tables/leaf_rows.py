"""The rows of a window, leaf by leaf, in the order in which the content digest takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import FIRST_SECOND, SECOND_MICROS
from fleetsynth.plan import ARRIVAL, CALENDAR_COLUMNS
from fleetsynth.tables.digest import row_order
from fleetsynth.tables.frame import DayTable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]
    Numbers = NDArray[np.integer]
    Codes = NDArray[np.integer]

_ROWS = 1 << 13
"""Rows laid out at a time, to fit the cache."""
TIME = "timestamp"


class LeafRows(NamedTuple):
    """Rows of one server in one month.

    Attributes:
        laid: hundredths, metrics by name, shape (rows, metrics).
        numbers: columns of whole numbers by name, `TIME` among them.
        coded: columns of words, by name.
    """

    laid: NDArray[np.int32]
    numbers: dict[str, Numbers]
    coded: dict[str, Codes]

    @property
    def time(self) -> Numbers:
        """Their stamps, microseconds since the Unix epoch, shape (rows,)."""
        return self.numbers[TIME]

    def without(self, names: Container[str]) -> LeafRows:
        """Return them without some of their numbers."""
        kept = {name: column for name, column in self.numbers.items() if name not in names}
        return self._replace(numbers=kept)

    def take(self, rows: slice | Ints) -> LeafRows:
        """Return some of them."""
        numbers = {name: column[rows] for name, column in self.numbers.items()}
        coded = {name: column[rows] for name, column in self.coded.items()}
        return LeafRows(self.laid[rows], numbers, coded)

    def and_more(self, more: LeafRows) -> LeafRows:
        """Return these and more of them, in order of time."""
        laid = np.concatenate([self.laid, more.laid])
        numbers, coded = (
            {name: np.concatenate([column, other[name]]) for name, column in of.items()}
            for of, other in ((self.numbers, more.numbers), (self.coded, more.coded))
        )
        out = LeafRows(laid, numbers, coded)
        order = row_order(out.time, [*laid.T, *numbers.values()])
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
    block: Block,
    columns: Columns,
    months: Sequence[tuple[int, int, int]],
    step: int,
    days: LeafDays | None,
) -> Iterator[tuple[int, int, LeafRows]]:
    """Yield the rows of each leaf of a block: server in its window, index of the month, rows.

    Args:
        block: some rows, in any order.
        columns: what of it there is to take.
        months: of the plan; the first tick of each, and one past its last, stand last.
        step: seconds of a tick.
        days: calendar of the block's window; None without its columns.
    """
    if not block.rows:
        return
    server, tick, values = block.listed()
    stamp = (tick + block.window.first_tick) * step
    if block.shift is not None:
        stamp += block.shift
    low = int(stamp.min())
    span = int(stamp.max()) - low + 1
    time = stamp + (server * span - low)  # one ascending number for all leaves
    laid = _laid(values, columns.hundredths)
    numbers: dict[str, Numbers] = {name: values[i].copy() for name, i in columns.whole.items()}
    coded = {name: values[i].copy() for name, i in columns.coded.items()}
    if block.arrival is not None:
        numbers[ARRIVAL] = block.arrival * SECOND_MICROS
        numbers = {name: numbers[name] for name in sorted(numbers)}
    order = row_order(time, [*laid.T, *numbers.values()])
    numbers[TIME] = stamp * SECOND_MICROS
    if days is not None:
        numbers |= days.changing(block.window, server, tick, stamp, block.shift)
    if order is not None:
        _move((time, laid, *numbers.values(), *coded.values()), order)
    rows = LeafRows(laid, numbers, coded)
    places, begins = _begins(block.window, months, step)
    servers = np.arange(block.window.shape[0]) * span
    keys = (servers[:, None] + np.clip(begins - low, 0, span)).ravel()
    edges = [*np.searchsorted(time, keys).tolist(), block.rows]
    for number, first in enumerate(edges[:-1]):
        if first < edges[number + 1]:
            row, which = divmod(number, len(places))
            yield row, places[which], rows.take(slice(first, edges[number + 1]))


def _laid(values: NDArray[np.int32], metrics: Sequence[int]) -> NDArray[np.int32]:
    """Return hundredths row by row, shape (rows, metrics)."""
    count = values.shape[1]
    out = np.empty((count, len(metrics)), "<i4")
    for first in range(0, count, _ROWS):
        rows = slice(first, first + _ROWS)
        for column, metric in enumerate(metrics):
            out[rows, column] = values[metric, rows]
    return out


def _move(columns: Iterable[NDArray[np.integer]], order: Ints) -> None:
    """Put rows in an order in which most stand where they were, in place."""
    into = np.flatnonzero(order != np.arange(len(order)))
    out_of = order[into]
    for column in columns:
        column[into] = column[out_of]


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
    """The calendar columns of rows, which are the same for a day, and often for a month.

    Args:
        plan: what the rows belong to.
        window: theirs.
        months: those of which the window has ticks, counted from 1970-01.
    """

    def __init__(self, plan: Plan, window: Window, months: Sequence[int]) -> None:
        self._days, self._plan = DayTable(plan, window), plan
        firsts = np.array(months, "datetime64[M]")
        self._months = {
            month: slice(first, last)
            for month, first, last in zip(
                months, self._index(firsts), self._index(firsts + 1), strict=True
            )
        }
        self._same: dict[tuple[str, int], dict[str, int]] = {}

    def _index(self, months: NDArray[np.datetime64]) -> list[int]:
        days = months.astype("datetime64[D]").astype(np.int64) - self._days.first
        out: list[int] = days.tolist()
        return out

    def same(self, country: str, month: int) -> dict[str, int]:
        """Return the columns that are the same all month, and their numbers."""
        key = country, month
        if key not in self._same:
            tables = self._days.columns(country).items()
            of_month = ((name, table[self._months[month]]) for name, table in tables)
            self._same[key] = {name: int(t[0]) for name, t in of_month if (t == t[0]).all()}
        return self._same[key]

    def changing(
        self, window: Window, server: Ints, tick: Ints, stamp: Ints, shift: Ints | None
    ) -> dict[str, Ints]:
        """Return the columns that change within a month, row by row.

        Args:
            window: of the rows; its ticks are those of the window that this was made for.
            server: in the window, of each row.
            tick: likewise.
            stamp: seconds since the Unix epoch.
            shift: how far stamps are off; None if they are not.
        """
        names = self._plan.countries(window.first_server, window.stop_server)
        countries, code = np.unique(names, return_inverse=True)
        day = self._days.day(window, tick, stamp, shift)
        if len(countries) > 1:
            day += (code * self._days.count).take(server)
        of = [(self._days.columns(country), country) for country in countries.tolist()]
        out = {}
        for name in CALENDAR_COLUMNS:
            if not all(name in self.same(country, m) for _, country in of for m in self._months):
                table = np.concatenate([tables[name] for tables, _ in of])
                out[name] = table.astype("<i8").take(day)
        return out
