"""The content digest: a tree of hashes over values, blind to format, order and parts.

A leaf is one server in one UTC calendar month; the root hashes the sorted leaves. SHA-256, which
most processors compute in hardware. The exact bytes are laid down in docs/digest.md.
"""

from __future__ import annotations

from functools import cache, lru_cache
from hashlib import sha256
from itertools import compress, pairwise, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, SECOND_MICROS
from fleetsynth.plan import ARRIVAL
from fleetsynth.streams import length_prefixed
from fleetsynth.tables.frame import DayTable, calendar_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from hashlib import _Hash as HASH

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]
    Numbers = NDArray[np.integer]
    Codes = NDArray[np.integer]

Leaves = dict[tuple[str, int], bytes]
"""Leaf digests by server id and month (counted from 1970-01)."""

LEAF_BYTES = 32
VALUE_BYTES = 4
_CELLS = 1 << 15
"""Servers times ticks laid out at a time, to fit the cache."""


def root(leaves: Leaves) -> str:
    """Return the digest of a whole dataset, as hexadecimal text."""
    return combine(b"".join(leaves.values()))


def combine(packed: bytes) -> str:
    """Return the digest over leaves that stand one after the other, in any order."""
    state = sha256(b"fleetsynth root\n")
    if packed:
        state.update(np.sort(np.frombuffer(packed, f"S{LEAF_BYTES}")).data)
    return state.hexdigest()


def new_leaf() -> HASH:
    """Begin the hash of one server in one month.

    It takes the rows in their order (`row_order`), in any portions: hundredths, 32-bit
    little-endian, metrics sorted by column name. Last it takes `who` and `when`.
    """
    return sha256(b"fleetsynth leaf\n")


def who(server: str, columns: Mapping[str, bytes]) -> bytes:
    """Digest a server's id and its text columns, given the digest of each."""
    return _combine("who", [server], columns)


def when(month: int, rows: int, metrics: Iterable[str], columns: Mapping[str, bytes]) -> bytes:
    """Digest a month's label, size and metric names, and its integer columns' digests."""
    return _combine("when", [month_label(month), str(rows), *sorted(metrics)], columns)


def month_label(month: int) -> str:
    """Write a month, counted from 1970-01, as ``2022-01``."""
    year, of_year = divmod(month, 12)
    return f"{year + 1970:04d}-{of_year + 1:02d}"


def integers(values: NDArray[np.integer]) -> bytes:
    """Return the bytes that stand for integers: 64-bit little-endian.

    Timestamps are integers: microseconds since the Unix epoch.
    """
    return values.astype("<i8").tobytes()


@lru_cache(maxsize=1 << 14)
def text_run(count: int, value: str | None) -> bytes:
    """Return the bytes that stand for a text that occurs `count` times on end."""
    head = count.to_bytes(8, "little")
    return head + (b"\xff" * 8 if value is None else length_prefixed(value))


def row_order(time: Ints, columns: Sequence[NDArray[np.integer]]) -> Ints | None:
    """Return the order in which leaves take rows: by time, and those of one time by their columns.

    Args:
        time: of each row; of rows of several leaves any number that keeps these apart.
        columns: what orders rows of the same time, the first column first.

    Returns:
        Positions of the rows, or None if they are in order and no time is repeated.
    """
    if (np.diff(time) > 0).all():
        return None
    order: Ints = np.argsort(time, kind="stable")
    same = np.flatnonzero(np.diff(time[order]) == 0)
    places = np.union1d(same, same + 1)
    repeated = order[places]
    keys = [column[repeated] for column in reversed(columns)]
    order[places] = repeated[np.lexsort((*keys, time[repeated]))]
    return order


def digest(data: bytes) -> bytes:
    """Digest the bytes of one column."""
    return sha256(data).digest()


def _combine(kind: str, head: Iterable[str], columns: Mapping[str, bytes]) -> bytes:
    parts = b"".join(map(length_prefixed, head))
    return sha256(_head(kind) + parts + _columns(columns)).digest()


def _head(kind: str) -> bytes:
    return b"fleetsynth %s\n" % kind.encode()


def _columns(columns: Mapping[str, bytes]) -> bytes:
    return b"".join(length_prefixed(name) + columns[name] for name in sorted(columns))


def runs(changes: NDArray[np.bool_], count: int) -> Iterator[tuple[int, int]]:
    """Turn 'differs from the one before' into (first, stop) of runs."""
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), count]
    if count:
        yield from pairwise(edges)


def word_runs(codes: Codes, words: Sequence[str]) -> bytes:
    """Return the bytes that stand for a column of words, given by codes."""
    each = runs(codes[1:] != codes[:-1], len(codes))
    return b"".join(text_run(stop - first, words[codes[first]]) for first, stop in each)


class _OpenLeaf:
    """A leaf while its rows come in, window by window.

    Columns of numbers are given as values that are the same in all rows, or row by row. What is
    the same is hashed at the end, and mostly was hashed before.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.waiting: list[_Rows] = []
        self._values = new_leaf()
        self._numbers: dict[str, HASH] = {}
        self._same: dict[str, int] = {}
        self._words: dict[str, list[Codes]] = {}

    def update(
        self,
        values: NDArray[np.int32],
        numbers: Iterable[tuple[str, Numbers]],
        words: Iterable[tuple[str, Codes]],
    ) -> None:
        """Take rows in their order: values, shape (rows, metrics), numbers, and codes of words.

        A column of one number says that all rows have it.
        """
        count = len(values)
        for name, codes in words:
            self._words.setdefault(name, []).append(codes)
        for name, column in numbers:
            same = self._same.get(name) if self.rows else None
            is_same = len(column) == 1 and (not self.rows or same == int(column[0]))
            if is_same and name not in self._numbers:
                self._same[name] = int(column[0])
                continue
            if name not in self._numbers:
                self._numbers[name] = sha256()
                if self.rows:
                    before = np.full(self.rows, self._same.pop(name), np.int64)
                    self._numbers[name].update(integers(before))
            each = np.broadcast_to(column, count) if len(column) == 1 else column
            self._numbers[name].update(integers(each))
        self.rows += count
        self._values.update(values.data)

    def finish(self, who: bytes, month: int, metrics: Iterable[str]) -> HASH:
        """Take what there is to know besides, and return the hash."""
        digests = {name: state.digest() for name, state in self._numbers.items()}
        for name, number in self._same.items():
            digests[name] = _digest_of_same(number, self.rows)
        self._values.update(who + when(month, self.rows, metrics, digests))
        return self._values

    def words(self, words: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """Digest the columns of words, given what their codes stand for."""
        found = ((name, np.concatenate(codes)) for name, codes in self._words.items())
        return {name: digest(word_runs(codes, words[name])) for name, codes in found}


@lru_cache(maxsize=1 << 12)
def _digest_of_same(number: int, count: int) -> bytes:
    return digest(integers(np.full(count, number, np.int64)))


class _Rows(NamedTuple):
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

    def take(self, rows: slice | Ints) -> _Rows:
        """Return some of them."""
        whole, coded = (
            {name: column[rows] for name, column in of.items()} for of in (self.whole, self.coded)
        )
        return _Rows(self.time[rows], np.ascontiguousarray(self.laid[rows]), whole, coded)

    def and_more(self, more: _Rows) -> _Rows:
        """Return these and more of them, in order of time."""
        time, laid = np.concatenate([self.time, more.time]), np.concatenate([self.laid, more.laid])
        whole = {name: np.concatenate([c, more.whole[name]]) for name, c in self.whole.items()}
        coded = {name: np.concatenate([c, more.coded[name]]) for name, c in self.coded.items()}
        out = _Rows(time, laid, whole, coded)
        order = row_order(out.time, [*out.laid.T, *out.whole.values()])
        return out if order is None else out.take(order)


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
        self._begun: dict[tuple[int, int], _OpenLeaf] = {}
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
        server, tick, values = block.listed()
        time = (tick + window.first_tick) * step
        if block.shift is not None:
            time += block.shift
        laid = np.ascontiguousarray(values[self._order].T, "<i4")
        whole: dict[str, Numbers] = {name: values[i] for name, i in self._whole.items()}
        if block.arrival is not None:
            whole[ARRIVAL] = block.arrival * SECOND_MICROS
        coded = {name: values[i] for name, i in self._coded.items()}
        stops = np.array([stop for *_, stop in self._months])
        month = np.searchsorted(stops, np.arange(window.first_tick, window.stop_tick), "right")
        rows = _Rows(time, laid, {name: whole[name] for name in sorted(whole)}, coded)
        leaf = server * len(stops) + month[tick]
        span = (int(time.max() - time.min()) + 1) if len(time) else 1
        order = row_order(time + leaf * span, [*laid.T, *rows.whole.values()])
        if order is not None:
            rows, leaf = rows.take(order), leaf[order]
        countries = self._plan.countries(window.first_server, window.stop_server)
        calendar = DayTable(self._plan, window) if self._plan.scenario.include_calendar else None
        for first, stop in runs(np.diff(leaf) != 0, len(leaf)):
            row, at = divmod(int(leaf[first]), len(stops))
            key = row + window.first_server, at
            some = rows.take(slice(first, stop))
            ends = window.stop_tick >= int(stops[at])
            self._take(key, some, ends, (window.stop_tick * step, calendar, countries[row]))
        texts = self._texts(window)
        for index, at in list(self._begun):
            row, (month_label, _, end) = index - window.first_server, self._months[at]
            if 0 <= row < window.shape[0] and end <= window.stop_tick:
                begun = self._begun.pop((index, at))
                for some in begun.waiting:
                    columns = self._numbers_of_rows(some, calendar, countries[row])
                    begun.update(some.laid, columns, some.coded.items())
                said = texts(row, begun.rows, begun.words(self._words))
                self._put(index, at, begun.finish(said, month_label, self._names))

    def _take(
        self,
        key: tuple[int, int],
        rows: _Rows,
        ends: bool,
        where: tuple[int, DayTable | None, str],
    ) -> None:
        """Take rows of a leaf, in order of time; of a next window some may come before the last."""
        until, calendar, country = where
        leaf = self._begun.setdefault(key, _OpenLeaf())
        if leaf.waiting:
            rows = leaf.waiting.pop().and_more(rows)
        if not ends and self._plan.is_faulty:
            sure = int(np.searchsorted(rows.time, until - DAY_SECONDS))
            leaf.waiting, rows = [rows.take(slice(sure, None))], rows.take(slice(0, sure))
        if len(rows.time):
            columns = self._numbers_of_rows(rows, calendar, country)
            leaf.update(rows.laid, columns, rows.coded.items())

    def _numbers_of_rows(
        self, rows: _Rows, calendar: DayTable | None, country: str
    ) -> Iterator[tuple[str, Numbers]]:
        """Yield the columns of numbers of rows of one leaf."""
        yield "timestamp", rows.time * SECOND_MICROS
        yield from rows.whole.items()
        if calendar is None:
            return
        day = None
        first, last = calendar.index(int(rows.time[0])), calendar.index(int(rows.time[-1]))
        for name, table in calendar.columns(country).items():
            if (table[first : last + 1] == table[first]).all():
                yield name, table[first : first + 1]
                continue
            if day is None:
                day = rows.time // DAY_SECONDS - calendar.first
            yield name, table[day]

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
            return _columns(dict(zip(names, digests, strict=True)))

        def of_server(row: int, count: int, coded: Mapping[str, bytes] | None = None) -> bytes:
            columns = _columns(coded) if coded else all_columns(values[row], count)
            return sha256(_head("who") + ids[row] + columns).digest()

        return of_server
