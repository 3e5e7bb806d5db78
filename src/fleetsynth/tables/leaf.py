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

    Codes = NDArray[np.integer]


_STRIDE, _STRIDES = 1 << 8, 1 << 8
"""Hashes of a number that comes again and again are kept at every so many, so many of them."""


class OpenLeaf:
    """A leaf that is not whole yet."""

    def __init__(self) -> None:
        self.rows = 0
        self.waiting: list[LeafRows] = []
        self._values = new_leaf()
        self._numbers: dict[str, HASH] = {}
        self._words: dict[str, list[Codes]] = {}

    def update(self, rows: LeafRows) -> None:
        """Take rows in their order, without columns that are the same in all rows of the leaf."""
        for name, codes in rows.coded.items():
            self._words.setdefault(name, []).append(codes)
        for name, column in rows.numbers.items():
            state = self._numbers.get(name)
            if state is None:
                state = self._numbers[name] = sha256()
            state.update(np.ascontiguousarray(column, "<i8").data)
        self.rows += len(rows.laid)
        self._values.update(rows.laid.data)

    def finish(
        self, who: bytes, month: int, metrics: Iterable[str], same: Mapping[str, int]
    ) -> HASH:
        """Take what there is to know besides, such as what is the same in all rows: the hash."""
        digests = {name: state.digest() for name, state in self._numbers.items()}
        for name, number in same.items():
            digests[name] = _digest_of_same(number, self.rows)
        self._values.update(who + when(month, self.rows, metrics, digests))
        return self._values

    def words(self, words: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """Digest the columns of words, given what their codes stand for."""
        found = ((name, np.concatenate(codes)) for name, codes in self._words.items())
        return {name: digest(word_runs(codes, words[name])) for name, codes in found}


@lru_cache(maxsize=1 << 12)
def _digest_of_same(number: int, count: int) -> bytes:
    """Digest a column in which a number comes so many times."""
    stride, known = _known_of(number)
    strides = min(count // _STRIDE, _STRIDES)
    while len(known) <= strides:
        last = len(known) - 1
        longer = known[last].copy()
        longer.update(stride)
        known[last + 1] = longer  # the same, should another thread be as far
    out = known[strides].copy()
    out.update(integers(np.full(count - strides * _STRIDE, number)))
    return out.digest()


@lru_cache(maxsize=1 << 6)
def _known_of(number: int) -> tuple[bytes, dict[int, HASH]]:
    """Return a stride of a number, and hashes by how many strides they are of."""
    return integers(np.full(_STRIDE, number)), {0: sha256()}
