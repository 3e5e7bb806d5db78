"""Leaves of months whose rows are scattered over files: a file for each day, for example.

Each file is in the order of its servers. So all files of a month are read side by side, some
servers at a time: memory is that of a batch of each file, whatever the number of servers.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fleetsynth.clock import DAY_MICROS
from fleetsynth.errors import InputError
from fleetsynth.reader.file_digest import OutOfOrderError, any_leaves, sorted_leaves
from fleetsynth.tables.frame import TIMESTAMP, plain, to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from fleetsynth.tables.digest import Leaves

    Read = Callable[[], Iterator[pa.RecordBatch]]
    Open = Callable[["Piece"], AbstractContextManager[Read]]

_SERVER = re.compile(r"server_([0-9]{1,18})")


@dataclass(frozen=True)
class Piece:
    """A file with the rows of some days.

    Attributes:
        key: its name.
        first: the first day that it may have rows of.
        last: the last one.
    """

    key: str
    first: date
    last: date

    @classmethod
    def of(cls, entry: Mapping[str, object], key: str | None = None) -> Piece:
        """Return what a manifest says of a part, or of what a further table has of it.

        Raises:
            InputError: if it does not say from when to when it is.
        """
        try:
            days = [date.fromisoformat(str(entry[name])[:10]) for name in ("start", "end")]
        except (KeyError, ValueError):
            raise InputError(f"{entry['path']}: its days are not said in the manifest") from None
        return cls(str(entry["path"]) if key is None else key, days[0], days[1])

    @property
    def months(self) -> range:
        """The months that it may have rows of, counted from 1970-01."""
        return range(month_of(self.first), month_of(self.last) + 1)

    def within(self, month: int) -> tuple[date, date]:
        """Return the first and the last day of a month that it may have rows of."""
        return max(self.first, _first_day(month)), min(self.last, _last_day(month))


def month_of(day: date) -> int:
    """Return the month of a day, counted from 1970-01."""
    return day.year * 12 + day.month - 1 - 1970 * 12


def _first_day(month: int) -> date:
    return date(1970 + month // 12, month % 12 + 1, 1)


def _last_day(month: int) -> date:
    return date.fromordinal(_first_day(month + 1).toordinal() - 1)


def cut_months(pieces: Iterable[Piece]) -> set[int]:
    """Return the months whose days lie in several files: no file has a leaf of them."""
    days: dict[int, tuple[date, date]] = {}
    out = set()
    for piece in {(each.first, each.last): each for each in pieces}.values():
        for month in piece.months:
            within = piece.within(month)
            if days.setdefault(month, within) != within:
                out.add(month)
    return out


def leaves_by_month(
    pieces: Sequence[Piece], months: set[int], open_piece: Open
) -> Iterator[tuple[int, Leaves | None]]:
    """Yield the leaves of some months, those of some servers at a time.

    None instead of leaves takes back what was told of a month: it begins anew.

    Args:
        pieces: all files that may have rows of these months.
        months: which, counted from 1970-01.
        open_piece: opens a file; what it yields reads the rows.

    Raises:
        InputError: if a file cannot be read.
    """
    cut = cut_months(pieces)
    for month in sorted(months & cut):
        of_month = [piece for piece in pieces if month in piece.months]
        try:
            for found in _of_month(of_month, month, open_piece):
                yield month, found
        except OutOfOrderError:
            yield month, None
            yield month, _in_memory(of_month, month, open_piece)
    for piece in pieces:
        if whole := {month for month in piece.months if month in months} - cut:
            by_month: dict[int, Leaves] = {}
            with open_piece(piece) as read:
                for (server, month), leaf in any_leaves(_only(read, piece, whole)).items():
                    by_month.setdefault(month, {})[server, month] = leaf
            yield from by_month.items()


def _of_month(pieces: Sequence[Piece], month: int, open_piece: Open) -> Iterator[Leaves]:
    """Yield the leaves of a month, those of some servers at a time.

    Raises:
        OutOfOrderError: if a file is not in the order of its servers.
    """
    with ExitStack() as opened:
        reads = [_only(opened.enter_context(open_piece(each)), each, {month}) for each in pieces]
        for batches in _side_by_side(reads):
            if alike := _alike(batches):
                yield sorted_leaves(alike)


def _in_memory(pieces: Sequence[Piece], month: int, open_piece: Open) -> Leaves:
    """Return the leaves of a month from files in any order, all of its rows in memory."""
    with ExitStack() as opened:
        reads = [_only(opened.enter_context(open_piece(each)), each, {month}) for each in pieces]
        alike = _alike(chain.from_iterable(read() for read in reads))
        return sorted_leaves(alike) if alike else {}


def _only(read: Read, piece: Piece, months: set[int]) -> Read:
    """Return what reads only the rows of some months.

    It raises InputError if there are rows of months that the file is not said to have.
    """

    def some() -> Iterator[pa.RecordBatch]:
        for batch in read():
            if not batch.num_rows:
                continue
            times = to_numpy(batch.column("timestamp").cast(TIMESTAMP))
            days = (times // DAY_MICROS).astype("datetime64[D]")
            found = days.astype("datetime64[M]").astype(np.int64)
            seen = set(np.unique(found).tolist())
            if not seen <= set(piece.months):
                raise InputError(f"{piece.key} has rows of months that it is not said to have")
            if seen <= months:
                yield batch
                continue
            bits = np.packbits(np.isin(found, [*months]), bitorder="little")
            mask = pa.Array.from_buffers(pa.bool_(), len(times), [None, pa.py_buffer(bits)])
            yield batch.filter(mask)

    return some


def _alike(batches: Iterable[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Return batches of several files with one schema: that of the first."""
    tables = [plain(pa.Table.from_batches([each])) for each in batches if each.num_rows]
    if not tables:
        return []
    names = tables[0].schema.names
    schema = tables[0].schema.remove_metadata()
    same = [table.select(names).cast(schema) for table in tables]
    return list(chain.from_iterable(table.to_batches() for table in same))


@dataclass
class _Ahead:
    """A file that is read ahead, no further than it must be."""

    batches: Iterator[pa.RecordBatch]
    held: deque[tuple[pa.RecordBatch, NDArray[np.int64]]] = field(default_factory=deque)
    done: bool = False
    taken: int = -1

    def read(self) -> None:
        """Read another batch, if there is one."""
        batch = next((each for each in self.batches if each.num_rows), None)
        if batch is None:
            self.done = True
            return
        numbers = _numbers(batch)
        before = self.held[-1][1][-1] if self.held else self.taken
        if numbers[0] < before or (np.diff(numbers) < 0).any():
            raise OutOfOrderError
        self.held.append((batch, numbers))

    @property
    def known(self) -> int:
        """The last server that has rows in what was read; it may have more."""
        return int(self.held[-1][1][-1])

    def take(self, below: int | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of servers below a number, or all, and forget them."""
        while self.held:
            batch, numbers = self.held[0]
            stop = len(numbers) if below is None else int(np.searchsorted(numbers, below))
            if stop:
                yield batch.slice(0, stop)
                self.taken = int(numbers[stop - 1])
            if stop < len(numbers):
                self.held[0] = batch.slice(stop), numbers[stop:]
                return
            self.held.popleft()


def _side_by_side(reads: Sequence[Read]) -> Iterator[list[pa.RecordBatch]]:
    """Yield the rows of all files, of each server all of them together.

    Raises:
        OutOfOrderError: if a file is not in the order of its servers.
    """
    files = [_Ahead(read()) for read in reads]
    while True:
        for each in files:
            if not (each.held or each.done):
                each.read()
        unread = [each for each in files if not each.done]
        if not unread:
            yield [batch for each in files for batch in each.take(None)]
            return
        below = min(each.known for each in unread)
        some = [batch for each in files for batch in each.take(below)]
        if some:
            yield some
        else:
            for each in unread:
                if each.held and each.known == below:
                    each.read()


def _numbers(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Return the number of the server of each row."""
    column = batch.column("server_id")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    found = [_SERVER.fullmatch(str(word)) for word in column.dictionary.to_pylist()]
    if column.null_count or None in found:
        raise OutOfOrderError
    words = np.array([int(match[1]) for match in found if match], np.int64)
    out: NDArray[np.int64] = words[to_numpy(column.indices.cast(pa.int32()))]
    return out
