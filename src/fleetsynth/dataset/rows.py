"""Batches of any dataset as plain NumPy rows, and rows as servers, one at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.dataset.columns import SERIES
from fleetsynth.errors import InputError
from fleetsynth.frame import to_numpy
from fleetsynth.quality.facts import Grid
from fleetsynth.quality.server_facts import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.void]
    Batch = tuple[dict[str, str], pa.RecordBatch]

BUCKETS = 128
"""Temporary files that rows are sorted into by server, where they do not come in that order."""

MOST_TICKS = 1 << 25
"""Ticks between a server's first and last point, beyond which something must be wrong."""

_MICROSECONDS = 1_000_000
_TEXT = ("server", "type", "service")
_HASH_FACTOR = 2654435761  # Knuth's, for spreading codes over buckets


class ScatteredError(Exception):
    """Rows of one server come in more than one run."""


class Converter:
    """Turns batches into rows: text as codes, numbers as float64 with NaN where missing.

    Args:
        columns: which column stands for which role.

    Attributes:
        columns: the same.
        words: the words behind codes, by role.
        dtype: of a row: a field for each role.
        rows: how many rows have been converted.
    """

    def __init__(self, columns: dict[str, str]) -> None:
        self.columns = columns
        self.rows = 0
        self._long = "metric" in columns
        self._series = tuple(role for role in SERIES if role in columns)
        self._texts = tuple(role for role in _TEXT if role in columns)
        self._codes: dict[str, dict[str, int]] = {role: {} for role in self._texts}
        self.words: dict[str, list[str]] = {role: [] for role in self._texts}
        fields: list[tuple[str, str]] = [("time", "<i8")]
        fields += [(role, "<i4") for role in self._texts]
        self.dtype = np.dtype([*fields, *((role, "<f8") for role in self._series)])

    def types(self) -> dict[str, pa.DataType | None]:
        """Return the columns to read, and how text formats are to read them."""
        kinds: dict[str, pa.DataType | None] = {"timestamp": None, "value": pa.float64()}
        kinds |= dict.fromkeys((*_TEXT, "metric"), pa.string())
        kinds |= dict.fromkeys(SERIES, pa.float64())
        roles = [r for r in self.columns if not (self._long and r in SERIES)]
        return {self.columns[role]: kinds[role] for role in roles}

    def convert(self, batches: Iterable[Batch]) -> Iterator[Rows]:
        """Yield the rows of each batch."""
        for told, batch in batches:
            rows = np.empty(batch.num_rows, self.dtype)
            rows["time"] = _times(batch, self.columns["timestamp"])
            for role in self._texts:
                rows[role] = self._text(role, batch, told)
            if self._long:
                self._spread(rows, batch)
            else:
                for role in self._series:
                    rows[role] = _numbers(batch, self.columns[role])
            self.rows += batch.num_rows
            yield rows

    def _text(self, role: str, batch: pa.RecordBatch, told: dict[str, str]) -> NDArray[np.int32]:
        """Return a text column as positions in `words`."""
        name = self.columns[role]
        if name in told:
            return np.full(batch.num_rows, self._code(role, told[name]), np.int32)
        codes, words = _encode(batch, name)
        used = np.unique(codes)
        lookup = np.zeros(len(words) + 1, np.int32)
        lookup[used] = [self._code(role, str(words[code])) for code in used.tolist()]
        return lookup[codes]

    def _code(self, role: str, word: str) -> int:
        codes = self._codes[role]
        if word not in codes:
            codes[word] = len(codes)
            self.words[role].append(word)
        return codes[word]

    def _spread(self, rows: Rows, batch: pa.RecordBatch) -> None:
        """Put the values of a long batch into the columns of the roles that its metrics name."""
        codes, words = _encode(batch, self.columns["metric"])
        values = _numbers(batch, self.columns["value"])
        for role in self._series:
            mine = [i for i, word in enumerate(words) if word == self.columns[role]]
            rows[role] = np.where(np.isin(codes, mine), values, np.nan)


class Servers:
    """Rows as servers, whatever the order that they come in.

    All have the step of the first.

    Rows that are ordered by server are taken as they come, one server in memory at a time; others
    are first sorted into temporary files by server, one of which is in memory at a time.

    Args:
        batches: reads the dataset from its beginning.
        columns: which column stands for which role.
        buckets: number of temporary files.

    Attributes:
        converter: knows how many rows there were.
        step: seconds from one point of a server to the next.
        left_out: servers with fewer than two points.
    """

    def __init__(
        self,
        batches: Callable[[Converter], Iterable[Batch]],
        columns: dict[str, str],
        buckets: int = BUCKETS,
    ) -> None:
        self._batches, self._columns, self._buckets = batches, columns, buckets
        self.converter = Converter(columns)
        self.step = self.left_out = 0

    def in_order(self) -> Iterator[Server]:
        """Yield each server; ScatteredError as soon as rows are not in order of server."""
        self._begin()
        seen: set[int] = set()
        held: list[Rows] = []
        for rows in self.converter.convert(self._batches(self.converter)):
            for part in _split(rows):
                if held and held[0]["server"][0] != part["server"][0]:
                    yield from self._server(np.concatenate(held))
                    held = []
                if not held:
                    if int(part["server"][0]) in seen:
                        raise ScatteredError
                    seen.add(int(part["server"][0]))
                held.append(part)
        if held:
            yield from self._server(np.concatenate(held))

    def sorted(self) -> Iterator[Server]:
        """Yield each server, by way of temporary files."""
        self._begin()
        with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
            paths = [Path(folder) / str(bucket) for bucket in range(self._buckets)]
            for rows in self.converter.convert(self._batches(self.converter)):
                mixed = rows["server"].astype(np.uint64) * np.uint64(_HASH_FACTOR)
                where = (mixed & np.uint64(0xFFFFFFFF)) % np.uint64(self._buckets)
                order = np.argsort(where, kind="stable")
                edges = np.searchsorted(where[order], np.arange(self._buckets + 1))
                for bucket in np.flatnonzero(np.diff(edges)).tolist():
                    with paths[bucket].open("ab") as file:
                        file.write(rows[order[edges[bucket] : edges[bucket + 1]]].tobytes())
            for path in paths:
                if path.exists():
                    rows = np.fromfile(path, self.converter.dtype)
                    path.unlink()
                    ordered = rows[np.argsort(rows["server"], kind="stable")]
                    del rows
                    for part in _split(ordered):
                        yield from self._server(part)

    def _begin(self) -> None:
        self.converter = Converter(self._columns)
        self.step = self.left_out = 0

    def _server(self, rows: Rows) -> Iterator[Server]:
        """Yield the server of some rows, unless it has fewer than two points."""
        words = self.converter.words
        names = {role: words[role][int(rows[role][0])] for role in words}
        roles = [role for role in SERIES if role in (rows.dtype.names or ())]
        some = np.zeros(len(rows), np.bool_)
        for role in roles:
            some |= ~np.isnan(rows[role])
        if not some.all():
            rows = rows[some]
        if (np.diff(rows["time"]) < 0).any():
            rows = rows[np.argsort(rows["time"], kind="stable")]
        if len(rows) < 2 or rows["time"][0] == rows["time"][-1]:
            self.left_out += 1
            return
        self.step = self.step or step_of(rows["time"])
        places, grid = _grid(rows["time"], self.step, names["server"])
        series, repeated = {}, 0
        for role in roles:
            there = ~np.isnan(rows[role])
            if there.any():
                series[role] = np.full(grid.count, np.nan)
                series[role][places[there]] = rows[role][there]
                repeated += int(there.sum()) - int((~np.isnan(series[role])).sum())
        yield Server(
            names["server"], grid, series, names.get("type"), names.get("service"), repeated
        )


def step_of(times: NDArray[np.int64]) -> int:
    """Return the median distance of different, ascending times in microseconds, in seconds."""
    apart = np.diff(times)
    return max(1, round(float(np.median(apart[apart > 0])) / _MICROSECONDS))


def _grid(times: NDArray[np.int64], step: int, server: str) -> tuple[NDArray[np.int64], Grid]:
    """Return the tick of each time on an even grid that begins with the first of them."""
    first = int(times[0]) // _MICROSECONDS
    places = np.rint((times - times[0]) / (step * _MICROSECONDS)).astype(np.int64)
    count = int(places[-1]) + 1
    if count > MOST_TICKS:
        raise InputError(
            f"{server} has points {count:,} steps of {step} s apart: is it one series?"
        )
    return places, Grid(first // step, count, step, first % step)


def _split(rows: Rows) -> Iterator[Rows]:
    """Cut rows where the server changes."""
    edges = np.flatnonzero(np.diff(rows["server"])) + 1
    if len(rows):
        yield from np.split(rows, edges)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(batch.schema.names.index(name))


def _times(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """Return times in microseconds since the epoch."""
    column = _column(batch, name)
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise InputError(f"{name} is {kind}: expected dates and times")
    if column.null_count:
        raise InputError(f"{name} has {column.null_count} missing values")
    zone = getattr(kind, "tz", None)
    return to_numpy(column.cast(pa.timestamp("us", zone), safe=False))


def _numbers(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    """Return numbers as float64, NaN where they are missing or infinite."""
    column = _column(batch, name)
    if not _is_number(column.type):
        raise InputError(f"{name} is {column.type}: expected numbers")
    valid, count, offset = column.buffers()[0], len(column), column.offset
    cast = column.cast(pa.float64())
    values = to_numpy(cast)
    infinite = np.isinf(values)
    if column.null_count or infinite.any():
        values = np.where(infinite, np.nan, values)
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        values[bits[offset : offset + count] == 0] = np.nan
    return values


def _is_number(kind: Any) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    )


def _encode(batch: pa.RecordBatch, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """Return a column as positions in a list of words; whole numbers are words too."""
    column = _column(batch, name)
    if column.null_count:
        raise InputError(f"{name} has {column.null_count} missing values")
    if pa.types.is_dictionary(column.type):
        codes, words = column.indices, column.dictionary
    else:
        encoded = column.dictionary_encode()
        codes, words = encoded.indices, encoded.dictionary
    return to_numpy(codes.cast(pa.int32())), [str(word) for word in words.to_pylist()]
