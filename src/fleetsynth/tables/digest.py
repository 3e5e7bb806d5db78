"""The content digest: a tree of hashes over values, blind to format, order and parts.

A leaf is one server in one UTC calendar month; the root hashes the sorted leaves. SHA-256, which
most processors compute in hardware. The exact bytes are laid down in docs/digest.md.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.streams import length_prefixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from hashlib import _Hash as HASH

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Codes = NDArray[np.integer]

Leaves = dict[tuple[str, int], bytes]
"""Leaf digests by server id and month (counted from 1970-01)."""

LEAF_BYTES = 32
VALUE_BYTES = 4


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
    return who_of(length_prefixed(server), joined(columns))


def who_of(server: bytes, columns: bytes) -> bytes:
    """Return `who` of an id with its length before it, and of columns that are `joined`."""
    return sha256(b"fleetsynth who\n" + server + columns).digest()


def when(month: int, rows: int, metrics: Iterable[str], columns: Mapping[str, bytes]) -> bytes:
    """Digest a month's label, size and metric names, and its integer columns' digests."""
    said = b"".join(map(length_prefixed, [month_label(month), str(rows), *sorted(metrics)]))
    return sha256(b"fleetsynth when\n" + said + joined(columns)).digest()


def joined(columns: Mapping[str, bytes]) -> bytes:
    """Return the digests of columns, each after its name, sorted by name."""
    return b"".join(length_prefixed(name) + columns[name] for name in sorted(columns))


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


def row_order(time: NDArray[np.integer], columns: Sequence[NDArray[np.integer]]) -> Ints | None:
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


def runs(changes: NDArray[np.bool_], count: int) -> Iterator[tuple[int, int]]:
    """Turn 'differs from the one before' into (first, stop) of runs."""
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), count]
    if count:
        yield from pairwise(edges)


def word_runs(codes: Codes, words: Sequence[str]) -> bytes:
    """Return the bytes that stand for a column of words, given by codes."""
    if not len(codes):
        return b""
    changes = np.flatnonzero(codes[1:] != codes[:-1])
    edges = np.empty(len(changes) + 2, np.int64)
    edges[0], edges[-1] = 0, len(codes)
    np.add(changes, 1, out=edges[1:-1])
    # What goes on regularly has many runs of few lengths.
    each = ((edges[1:] - edges[:-1]) * len(words) + codes[edges[:-1]]).tolist()
    texts = {run: text_run(run // len(words), words[run % len(words)]) for run in set(each)}
    return b"".join(map(texts.__getitem__, each))
