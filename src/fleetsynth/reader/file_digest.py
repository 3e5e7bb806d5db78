"""The content digest of a dataset that is read back."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.clock import DAY_MICROS
from fleetsynth.errors import InputError, listed
from fleetsynth.formats.read import read_batches
from fleetsynth.tables.digest import (
    Leaves,
    digest,
    integers,
    new_leaf,
    root,
    row_order,
    runs,
    text_run,
    when,
    who,
)
from fleetsynth.tables.frame import TIMESTAMP, missing_in, plain, to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_KEY = ("server_id", "timestamp")


class OutOfOrderError(InputError):
    """Rows of one server and month are scattered, or not in order."""

    def __init__(self) -> None:
        super().__init__("its rows are not in order of server and time")


def digest_file(path: Path | str) -> str:
    """Return the content digest of a file, the same in whatever format and row order.

    Files in row order, as fleetsynth writes them, are read in constant memory; others are
    sorted in memory first.

    Raises:
        UsageError: if the file is not there, or its ending is not that of a known format.
        InputError: if the file cannot be read, or is not a dataset.
    """
    return root(file_leaves(path))


def file_leaves(path: Path | str) -> Leaves:
    """Return the digests of a file's leaves by server id and month."""
    return some(any_leaves(lambda: read_batches(path)), str(path))


def any_leaves(read: Callable[[], Iterable[pa.RecordBatch]]) -> Leaves:
    """Return the leaves of what is read: as it comes if that is in order, or else sorted."""
    try:
        return leaves(read())
    except OutOfOrderError:
        return sorted_leaves(read())


def some(found: Leaves, name: str = "the dataset") -> Leaves:
    """Return leaves, of which there must be any; `name` is what to call where they are from.

    Raises:
        InputError: if there are none.
    """
    if not found:
        raise InputError(f"{name} has no rows")
    return found


def sorted_leaves(batches: Iterable[pa.RecordBatch]) -> Leaves:
    """Return the leaves of batches in any order of rows, sorted in memory."""
    import pyarrow.compute as pc

    table = keys = plain(_one_table(list(batches)))
    for at, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            values = table.column(at).cast(pa.float64())
            if values.null_count:  # of which each is the least; to make a scalar imports pandas
                values = pc.fill_null(values, -np.inf)
            keys = keys.set_column(at, field.name, values)
    order = [*_KEY, *_tie_breakers({field.name: field.type for field in table.schema})]
    places = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in order])
    return leaves(table.take(places).to_batches())


def _one_table(batches: list[pa.RecordBatch]) -> pa.Table:
    """Put batches of several files together, whatever the order and the width of their columns.

    Raises:
        InputError: if they have not the same columns, or one of two types.
    """
    if all(batch.schema.equals(batches[0].schema) for batch in batches[1:]):
        return pa.Table.from_batches(batches)
    names = batches[0].schema.names
    for batch in batches:
        if odd := sorted(set(names) ^ set(batch.schema.names)):
            raise InputError(
                f"not all of its files have the columns {listed(odd)}: name files of one table, or "
                "its folder"
            )
    tables = [plain(pa.Table.from_batches([batch]).select(names)) for batch in batches]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowTypeError as error:
        raise InputError(f"a column has not the same type in all of its files: {error}") from error


def _tie_breakers(types: dict[str, pa.DataType]) -> list[str]:
    """Return what orders rows of the same server and time: metrics, numbers, then texts."""

    def kind(name: str) -> int:
        tests = (pa.types.is_floating, _is_number, _is_text)
        return next((i for i, test in enumerate(tests) if test(types[name])), len(tests))

    found = [(kind(name), name) for name in types.keys() - set(_KEY)]
    return [name for place, name in sorted(found) if place < 3]  # others are refused later


def leaves(batches: Iterable[pa.RecordBatch], *, strict: bool = False) -> Leaves:
    """Return the leaves of batches in row order; none, if there are no rows.

    Args:
        batches: the rows; those of a batch's server and month may be in any order of time.
        strict: refuse them unless they are in order of time, and no time is repeated.

    Raises:
        OutOfOrderError: if the rows of a leaf are scattered, or late beyond their batch.
    """
    out: Leaves = {}
    key: tuple[str, int] | None = None
    leaf: _OpenLeaf | None = None
    for batch in batches:
        for run_key, rows in _Columns(batch, sort=not strict).runs():
            if leaf is None or key != run_key:
                if leaf is not None and key is not None:
                    out[key] = leaf.finish(*key)
                if run_key in out:
                    raise OutOfOrderError
                key, leaf = run_key, _OpenLeaf()
            if strict:
                _refuse_disorder(leaf, rows)
            leaf.update(rows)
    if leaf is not None and key is not None:
        out[key] = leaf.finish(*key)
    return out


@dataclass(frozen=True)
class _Rows:
    """Consecutive rows of one leaf.

    Attributes:
        integers: columns of whole numbers and times, by name.
        texts: runs of (count, value), by name.
        metrics: names of the columns in hundredths, sorted.
        hundredths: shape (rows, metrics).
    """

    integers: dict[str, NDArray[np.int64]]
    texts: dict[str, list[tuple[int, str | None]]]
    metrics: list[str]
    hundredths: NDArray[np.int32]


class _Columns:
    """A batch as NumPy arrays, converted once and then cut into leaves."""

    def __init__(self, batch: pa.RecordBatch, *, sort: bool) -> None:
        self._sort = sort
        names = sorted(batch.schema.names)
        for name in _KEY:
            if name not in names:
                raise InputError(f"no column {name!r}: a dataset has {' and '.join(_KEY)}")
        columns = {name: batch.column(name) for name in names}
        self._metrics = [name for name in names if pa.types.is_floating(columns[name].type)]
        self._hundredths = np.empty((batch.num_rows, len(self._metrics)), dtype="<i4")
        for i, name in enumerate(self._metrics):
            self._hundredths[:, i] = _hundredths(name, columns.pop(name))
        self._texts = {
            name: _codes(columns.pop(name))
            for name in names
            if name in columns and _is_text(columns[name].type)
        }
        self._integers = {name: _integers(name, column) for name, column in columns.items()}
        if "server_id" not in self._texts:
            raise InputError("server_id is not text")

    def runs(self) -> Iterator[tuple[tuple[str, int], _Rows]]:
        """Cut where the server or the month changes; yield (server, month) and the rows."""
        servers, names = self._texts.pop("server_id")
        days = (self._integers["timestamp"] // DAY_MICROS).astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64)
        for first, stop in runs((np.diff(servers) != 0) | (np.diff(months) != 0), len(servers)):
            name = names[servers[first]]
            if name is None:
                raise InputError("server_id has missing values")
            yield (name, int(months[first])), self._cut(self._ordered(first, stop))

    def _ordered(self, first: int, stop: int) -> slice | NDArray[np.int64]:
        """Return the places of a leaf's consecutive rows, in order."""
        rows = slice(first, stop)
        times = self._integers["timestamp"][rows]
        if not self._sort or (np.diff(times) > 0).all():
            return rows
        numbers = [values[rows] for name, values in self._integers.items() if name not in _KEY]
        texts = [_ranks(*self._texts[name])[rows] for name in self._texts]
        order = row_order(times, [*self._hundredths[rows].T, *numbers, *texts])
        return rows if order is None else first + order

    def _cut(self, rows: slice | NDArray[np.int64]) -> _Rows:
        return _Rows(
            {name: values[rows] for name, values in self._integers.items()},
            {name: _text_runs(codes[rows], words) for name, (codes, words) in self._texts.items()},
            self._metrics,
            self._hundredths[rows],
        )


class _OpenLeaf:
    """A leaf while its rows come in."""

    def __init__(self) -> None:
        self._values = new_leaf()
        self._integers: dict[str, Any] = {}
        self._texts: dict[str, list[tuple[int, str | None]]] = {}
        self._metrics: list[str] = []
        self._rows = 0
        self.before: _Rows | None = None

    def update(self, rows: _Rows) -> None:
        """Take more rows, in order among themselves."""
        times = rows.integers["timestamp"]
        if self.before and _key(rows, 0) < _key(self.before, -1):
            raise OutOfOrderError
        self.before = rows
        for name, values in rows.integers.items():
            self._integers.setdefault(name, sha256()).update(integers(values))
        for name, more in rows.texts.items():
            _extend(self._texts.setdefault(name, []), more)
        self._values.update(rows.hundredths.data)
        self._metrics = rows.metrics
        self._rows += len(times)

    def finish(self, server: str, month: int) -> bytes:
        """Return the leaf's digest."""
        times = {name: state.digest() for name, state in self._integers.items()}
        texts = {
            name: digest(b"".join(text_run(count, value) for count, value in all_runs))
            for name, all_runs in self._texts.items()
        }
        dates = when(month, self._rows, self._metrics, times)
        self._values.update(who(server, texts) + dates)
        return self._values.digest()


def _refuse_disorder(leaf: _OpenLeaf, rows: _Rows) -> None:
    """Refuse rows that are not in order of time, or repeat one."""
    times = rows.integers["timestamp"]
    steps = np.diff(times)
    if leaf.before:
        steps = np.append(steps, times[0] - leaf.before.integers["timestamp"][-1])
    if (steps < 0).any():
        raise OutOfOrderError
    if (steps == 0).any():
        raise InputError("two rows of one server have the same timestamp")


def _key(rows: _Rows, at: int) -> tuple[Any, ...]:
    """Return what the first or the last row is ordered by; missing text comes last."""
    numbers = [values[at] for name, values in rows.integers.items() if name not in _KEY]
    words = [its_runs[at][1] for its_runs in rows.texts.values()]
    texts = [(word is None, (word or "").encode()) for word in words]
    return rows.integers["timestamp"][at], *rows.hundredths[at].tolist(), *numbers, *texts


def _ranks(codes: NDArray[np.int32], words: list[str | None]) -> NDArray[np.int64]:
    """Return the places of a column's words among them all: by code point, a missing one last."""
    order = sorted(range(len(words)), key=lambda i: (words[i] is None, (words[i] or "").encode()))
    ranks = np.empty(len(words), np.int64)
    ranks[order] = np.arange(len(words))
    out: NDArray[np.int64] = ranks[codes]
    return out


def _text_runs(codes: NDArray[np.int32], words: list[str | None]) -> list[tuple[int, str | None]]:
    changes = codes[1:] != codes[:-1]
    if not changes.any():
        return [(len(codes), words[codes[0]])]
    return [(stop - first, words[codes[first]]) for first, stop in runs(changes, len(codes))]


def _extend(runs: list[tuple[int, str | None]], more: list[tuple[int, str | None]]) -> None:
    """Append runs, joining equal neighbours so that runs stay maximal."""
    for count, value in more:
        if runs and runs[-1][1] == value:
            runs[-1] = (runs[-1][0] + count, value)
        else:
            runs.append((count, value))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_temporal(kind) or kind == pa.bool_())


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _codes(column: pa.Array) -> tuple[NDArray[np.int32], list[str | None]]:
    """Return a text column as indices into a list of words, whose last is None."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = column.dictionary.to_pylist()
    missing = missing_in(column.indices)
    codes = to_numpy(column.indices.cast(pa.int32()))
    if missing is not None:
        codes = np.where(missing, np.int32(len(words)), codes)
    return codes, [*words, None]


def _integers(name: str, column: pa.Array) -> NDArray[np.int64]:
    if column.null_count:
        raise InputError(f"{name} has {column.null_count} missing values")
    try:
        if pa.types.is_timestamp(column.type):
            column = column.cast(TIMESTAMP)
        return to_numpy(column.cast(pa.int64())).astype(np.int64)
    except pa.ArrowException:
        message = f"{name} is {column.type}: expected whole numbers, whole microseconds or text"
        raise InputError(message) from None


def _hundredths(name: str, column: pa.Array) -> NDArray[np.int32]:
    missing = missing_in(column)
    values = to_numpy(column.cast(pa.float64()))
    if missing is not None:
        values = np.where(missing, 0.0, values)
    scaled = np.rint(values * 100)
    wrong = ~((scaled / 100 == values) & (np.abs(scaled) < -float(NULL_HUNDREDTHS)))
    if wrong.any():
        first = values[wrong][0]
        far = ", of at most ten digits" if abs(first) >= -float(NULL_HUNDREDTHS) / 100 else ""
        raise InputError(f"{name} has {first}: the digest takes whole hundredths only{far}")
    out: NDArray[np.int32] = scaled.astype(np.int32)
    if missing is not None:
        out[missing] = NULL_HUNDREDTHS
    return out
