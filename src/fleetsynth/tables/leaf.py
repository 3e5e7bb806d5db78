"""Leaves of the content digest while their rows come in, window by window."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.tables.digest import digest, integers, new_leaf, when, word_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from hashlib import _Hash as HASH

    from numpy.typing import NDArray

    from fleetsynth.tables.leaf_rows import LeafRows

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
            each = np.full(count, column[0]) if len(column) < count else column
            self._numbers[name].update(np.ascontiguousarray(each, "<i8").data)
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
