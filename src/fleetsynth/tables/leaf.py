"""Leaves of the content digest while their rows come in, window by window."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.tables.digest import digest, integers, new_leaf, row_order, when, word_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from hashlib import _Hash as HASH

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Numbers = NDArray[np.integer]
    Codes = NDArray[np.integer]


class OpenLeaf:
    """A leaf that is not whole yet.

    Columns of numbers are given as values that are the same in all rows, or row by row. What is
    the same is hashed at the end, and mostly was hashed before.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.waiting: list[LeafRows] = []
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
