"""The content digest of a plan's dataset, collected while it is made."""

from __future__ import annotations

from functools import cache
from itertools import compress, product
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, SECOND_MICROS
from fleetsynth.tables.digest import (
    LEAF_BYTES,
    VALUE_BYTES,
    digest,
    integers,
    joined,
    month_label,
    new_leaf,
    runs,
    text_run,
    when,
    who_of,
)
from fleetsynth.tables.frame import calendar_columns
from fleetsynth.tables.leaf import OpenLeaf
from fleetsynth.tables.leaf_rows import Columns, LeafDays, leaves_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from hashlib import _Hash as HASH

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan
    from fleetsynth.tables.digest import Leaves
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]

_CELLS = 1 << 15
"""Servers times ticks laid out at a time, to fit the cache."""


class PlanDigest:
    """Collects the leaves of a plan's dataset while it is made.

    What the calendar and the fleet decide is hashed once per month and once per server; only
    the values are hashed row by row. Windows of one server must come in order of time. Where rows
    may be missing, repeated or late, or hold whole numbers, columns of numbers are hashed row by
    row as well.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._months = plan.clock.month_starts(plan.clock.first, plan.clock.stop)
        self._when: dict[tuple[str, int, int, int], bytes] = {}
        by_name = sorted(range(len(plan.metrics)), key=lambda i: plan.metrics[i].column)
        self._words = {m.column: m.words for m in plan.metrics if m.words}
        self._coded = {m.column: i for i, m in enumerate(plan.metrics) if m.words}
        by_name = [i for i in by_name if not plan.metrics[i].words]
        self._order = [i for i in by_name if not plan.metrics[i].whole]
        self._names = [plan.metrics[i].column for i in self._order]
        self._whole = {plan.metrics[i].column: i for i in by_name if plan.metrics[i].whole}
        self._open: dict[int, HASH] = {}
        self._begun: dict[tuple[int, int], OpenLeaf] = {}
        self._days: dict[tuple[int, int], LeafDays] = {}
        # By server and month, for a dictionary would take eight times the memory.
        self._leaves = np.zeros((plan.fleet.size, len(self._months)), f"V{LEAF_BYTES}")
        self._bytes = self._leaves.view(np.uint8).ravel().data
        # A server has no leaf of a month without a row of it.
        self._all_there = plan.is_full and not self._whole and not self._words
        self._is_there = np.full(self._leaves.shape, self._all_there)

    @property
    def packed(self) -> bytes:
        """All leaves, one after the other, month by month, when all windows were taken."""
        packed: bytes = self._leaves.T[self._is_there.T].tobytes()
        return packed

    @property
    def counts(self) -> dict[str, int]:
        """How many leaves each month has, in the order in which they are `packed`."""
        there = self._is_there.sum(axis=0).tolist()
        return {
            month_label(month): n for (month, *_), n in zip(self._months, there, strict=True) if n
        }

    @property
    def leaves(self) -> Leaves:
        """All leaves by server and month, when all windows were taken."""
        servers = self._plan.fleet.server_ids(0, self._plan.fleet.size)
        keys = product(servers, (month for month, *_ in self._months))
        found = compress(zip(keys, self._leaves.ravel(), strict=True), self._is_there.ravel())
        return {key: leaf.tobytes() for key, leaf in found}

    def update(self, block: Block) -> None:
        """Take a window's rows."""
        if self._plan.is_gapless and not self._whole and not self._words:
            self._update_lives(block)
        else:
            self._update_rows(block)

    def _update_lives(self, block: Block) -> None:
        """Take rows that are there from the first tick of each life to its last, in order."""
        window, clock = block.window, self._plan.clock
        lives = self._plan.lives(window.first_server, window.stop_server)
        lived = [(clock.first, clock.stop)] * window.shape[0] if lives is None else lives.tolist()
        countries = self._plan.countries(window.first_server, window.stop_server)
        texts = self._texts(window)

        @cache  # most servers live all the time
        def spans(country: str, born: int, gone: int) -> list[tuple[int, slice, int, bytes]]:
            return list(self._spans(window, country, born, gone))

        for row, values in self._rows_of_servers(block):
            index = row + window.first_server
            for place, inside, rows, dates in spans(countries[row], *lived[row]):
                state = self._open.pop(index, None) or new_leaf()
                state.update(values[inside])
                if not dates:
                    self._open[index] = state
                    continue
                state.update(texts(row, rows) + dates)
                self._put(index, place, state)

    def _spans(
        self, window: Window, country: str, born: int, gone: int
    ) -> Iterator[tuple[int, slice, int, bytes]]:
        """Yield the months of a life that a window has ticks of.

        The month's index, the bytes of the server's rows that are of it, how many rows the life has
        in it, and the digest of its dates; nothing instead where the window ends before it does.
        """
        row_bytes, begun = len(self._order) * VALUE_BYTES, max(born, window.first_tick)
        for place, (month, *whole) in enumerate(self._months):
            first, stop = max(whole[0], born), min(whole[1], gone)
            begin, end = max(first, window.first_tick), min(stop, window.stop_tick)
            if begin < end:
                inside = slice((begin - begun) * row_bytes, (end - begun) * row_bytes)
                dates = self._digest_month(country, month, first, stop) if end == stop else b""
                yield place, inside, stop - first, dates

    def _put(self, index: int, place: int, leaf: HASH) -> None:
        at = (index * len(self._months) + place) * LEAF_BYTES
        self._bytes[at : at + LEAF_BYTES] = leaf.digest()
        if not self._all_there:
            self._is_there[index, place] = True

    def _update_rows(self, block: Block) -> None:
        """Take rows one by one; a leaf ends with the window that its month ends in."""
        window, step = block.window, self._plan.clock.step
        countries = self._plan.countries(window.first_server, window.stop_server)
        days = self._days_of(window)
        columns = Columns(self._order, self._whole, self._coded)
        for row, at, rows in leaves_of(block, columns, self._months, step, days):
            month, _, end = self._months[at]
            if days:
                rows = rows.without(days.same(countries[row], month))
            leaf = self._begun.setdefault((row + window.first_server, at), OpenLeaf())
            if leaf.waiting:
                rows = leaf.waiting.pop().and_more(rows)
            if window.stop_tick < end and self._plan.is_faulty:
                # Of a next window some may come before the last.
                sure_until = (window.stop_tick * step - DAY_SECONDS) * SECOND_MICROS
                sure = int(np.searchsorted(rows.time, sure_until))
                leaf.waiting, rows = [rows.take(slice(sure, None))], rows.take(slice(0, sure))
            leaf.update(rows)
        texts = self._texts(window)
        for index, at in list(self._begun):
            row, (month, _, end) = index - window.first_server, self._months[at]
            if 0 <= row < window.shape[0] and end <= window.stop_tick:
                begun = self._begun.pop((index, at))
                for rows in begun.waiting:
                    begun.update(rows)
                same = days.same(countries[row], month) if days else {}
                said = texts(row, begun.rows, begun.words(self._words))
                self._put(index, at, begun.finish(said, month, self._names, same))

    def _days_of(self, window: Window) -> LeafDays | None:
        """Return the calendar of a window's rows: the last one's, if that has the same ticks."""
        if not self._plan.scenario.include_calendar:
            return None
        ticks = window.first_tick, window.stop_tick
        if ticks not in self._days:
            touched = [m for m, first, stop in self._months if first < ticks[1] and stop > ticks[0]]
            self._days = {ticks: LeafDays(self._plan, window, touched)}
        return self._days[ticks]

    def _rows_of_servers(self, block: Block) -> Iterator[tuple[int, memoryview]]:
        """Yield the row of each server in its window, and the bytes of its rows as `_rows` does."""
        if block.server is None:
            yield from enumerate(self._rows(block.values))
            return
        laid = np.ascontiguousarray(block.values[self._order].T, "<i4")
        data, size = laid.view(np.uint8).ravel().data, len(self._order) * VALUE_BYTES
        for first, stop in runs(np.diff(block.server) != 0, block.rows):
            yield int(block.server[first]), data[first * size : stop * size]

    def _rows(self, hundredths: NDArray[np.int32]) -> Iterator[memoryview]:
        """Yield the bytes of each server's rows, metrics by name; good until the next is asked."""
        metrics, servers, ticks = hundredths.shape
        group = max(1, _CELLS // ticks)  # interleaved while it fits the cache
        rows = np.empty((min(group, servers), ticks, metrics), dtype="<i4")
        data, size = rows.view(np.uint8).ravel().data, ticks * metrics * VALUE_BYTES
        for first in range(0, servers, group):
            part = hundredths[:, first : first + group]
            count = part.shape[1]
            for column, metric in enumerate(self._order):
                rows[:count, :, column] = part[metric]
            for row in range(count):
                yield data[row * size : (row + 1) * size]

    def _digest_month(self, country: str, month: int, first: int, stop: int) -> bytes:
        key = country, month, first, stop
        if key not in self._when:
            self._when[key] = self._hash_month(country, month, first, stop)
        return self._when[key]

    def _hash_month(self, country: str, month: int, first: int, stop: int) -> bytes:
        columns = self._numbers(self._plan.clock.seconds(first, stop), country)
        digests = {name: digest(integers(values)) for name, values in columns.items()}
        return when(month, stop - first, self._names, digests)

    def _numbers(self, seconds: Ints, country: str) -> dict[str, Ints]:
        """Return the number columns of some times."""
        columns: dict[str, Ints] = {"timestamp": seconds * SECOND_MICROS}
        if self._plan.scenario.include_calendar:
            for name, values in calendar_columns(seconds, country, self._plan.own_dates):
                columns[name] = values.astype(np.int64)
        return columns

    def _texts(self, window: Window) -> Callable[..., bytes]:
        """Return a function from a server's row in a window and a row count to its `who`.

        It takes digests of columns of words as well, of a table that has no other text.
        """
        fleet, span = self._plan.fleet, (window.first_server, window.stop_server)
        ids = fleet.encoded_ids(*span)
        columns = fleet.metadata(*span) if self._plan.scenario.include_metadata else {}
        names = sorted(columns)
        values = list(zip(*(columns[name] for name in names), strict=True)) or [()] * len(ids)

        @cache
        def column_digest(value: str, count: int) -> bytes:
            return digest(text_run(count, value))

        @cache  # few combinations for many servers
        def all_columns(words: tuple[str, ...], count: int) -> bytes:
            digests = (column_digest(word, count) for word in words)
            return joined(dict(zip(names, digests, strict=True)))

        def of_server(row: int, count: int, coded: Mapping[str, bytes] | None = None) -> bytes:
            columns = joined(coded) if coded else all_columns(values[row], count)
            return who_of(ids[row], columns)

        return of_server
