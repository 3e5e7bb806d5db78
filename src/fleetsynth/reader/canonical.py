"""Any dataset as record batches under our names and of our types, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.clock import SECOND_MICROS, ahead
from fleetsynth.reader.roles import ROLES
from fleetsynth.reader.rows import MISSING
from fleetsynth.tables.frame import TEXT, column_types, text_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.reader.dataset import Dataset
    from fleetsynth.reader.rows import Converter
    from fleetsynth.reader.source import Part

_NO_COLUMNS = ("timestamp", "date", "metric", "value", "statistic")


class OurRows:
    """The rows of a dataset, as if we had written them; to be gone over as often as needed.

    Times are UTC, text is dictionary-encoded, numbers are float64 in percent or Mbps, NaN where
    they are missing. A row is one of a server and time, however the dataset lays them out. Of a
    column that a file does not have its batches have none.

    Args:
        dataset: what to read.
        lenient: let rows without time or server pass, and values that no metric reaches.
        local: times by the clock of the dataset's zone, whose hours and days count.
        nulls: say by nulls, not by NaN, where numbers are missing.
        progress: called with the rows done, after each batch.

    Attributes:
        names: what the dataset calls our columns; by themselves where they are not columns.
        schema: of all batches, if every file has all columns.
        written: types of the columns of the file in hand as they are there, under its own names.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        lenient: bool = False,
        local: bool = False,
        nulls: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._dataset, self._lenient, self._local, self._nulls = dataset, lenient, local, nulls
        self._progress = progress
        ours = {"server_id": "server", **dataset.ours()}
        self._roles = {
            name: ours[name]
            for name in column_types()
            if ours.get(name) not in (None, *_NO_COLUMNS)
        }
        types = column_types()
        self.schema = pa.schema([("timestamp", types["timestamp"])])
        for name in self._roles:
            self.schema = self.schema.append(pa.field(name, types[name]))
        plain = dataset.layout == "rows" and "date" not in dataset.roles
        roles = {"timestamp": "timestamp", **self._roles}
        self.names: Mapping[str, str] = {
            n: dataset.roles[r].name if plain else n for n, r in roles.items()
        }
        self.written = self.schema

    @property
    def others(self) -> list[str]:
        """The columns of the dataset that stand for none of ours."""
        if self._dataset.layout != "rows":
            return []
        taken = {column.name for column in self._dataset.roles.values()}
        return [name for name in self._dataset.source.names if name not in taken]

    def zone(self) -> str:
        """Return whose hours and days count, once rows have been read; nothing for UTC."""
        zone = self._dataset.times.clock
        return "" if zone == "UTC" else zone

    def __iter__(self) -> Iterator[Iterator[pa.RecordBatch]]:
        """Yield each file's batches, which must be taken before the next file's."""
        if self._dataset.layout == "long":
            yield self._long()
            return
        converter = self._dataset.begin(self._roles.values(), lenient=self._lenient)
        for key in self._dataset.source.keys:
            yield self._file(key, converter)
        converter.check()
        self._dataset.finish(converter)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of all files, one after the other."""
        for file in self:
            yield from file

    def _file(self, key: str, converter: Converter) -> Iterator[pa.RecordBatch]:
        for part in self._dataset.parts(key, converter):
            names = [name for name in self._roles if self._has(name, part)]
            self._note(part, names)
            for count, columns in converter.columns(part):
                yield self._batch(count, columns, names, converter.words)
            if self._progress:
                self._progress(converter.rows)

    def _has(self, name: str, part: Part) -> bool:
        if name == "server_id" or self._dataset.layout != "rows":
            return True
        theirs = self._dataset.roles[self._roles[name]].name
        return theirs in part.batch.schema.names or theirs in part.told

    def _note(self, part: Part, names: list[str]) -> None:
        """Note the types of a file's columns."""
        found = part.batch.schema
        fields = {}
        for name in ("timestamp", *names):
            theirs = self.names[name]
            is_there = theirs in found.names
            kind = found.field(theirs).type if is_there else self.schema.field(name).type
            fields[theirs] = pa.field(theirs, kind)  # one column may stand for several of ours
        self.written = pa.schema(fields.values())

    def _long(self) -> Iterator[pa.RecordBatch]:
        """Yield rows of a server and time, put together from those of each metric."""
        servers = self._dataset.servers(self._roles.values(), lenient=self._lenient)
        done = 0
        for rows in servers.rows():
            whole = together(rows, [role for role in servers.converter.tallies if role in ROLES])
            columns = {name: np.ascontiguousarray(whole[name]) for name in whole.dtype.names or ()}
            done += len(whole)
            yield self._batch(len(whole), columns, list(self._roles), servers.converter.words)
            if self._progress:
                self._progress(done)

    def _batch(
        self, count: int, columns: Mapping[str, Any], names: list[str], words: dict[str, list[str]]
    ) -> pa.RecordBatch:
        arrays = [self._times(columns["time"])]
        for name in names:
            role = self._roles[name]
            values = columns[role]
            if not isinstance(values, np.ndarray):
                values = np.full(count, values)
            kind = self.schema.field(name).type
            if kind == TEXT:
                arrays.append(_text(values, words[role]))
            elif ROLES[role].kind == "whole":
                arrays.append(_array(values, pa.int64(), values != MISSING))
            else:
                arrays.append(_array(values, kind, ~np.isnan(values) if self._nulls else None))
        return pa.RecordBatch.from_arrays(arrays, names=["timestamp", *names])

    def _times(self, micros: NDArray[np.int64]) -> pa.Array:
        zone = self.zone() if self._local else ""
        if zone and len(micros):
            micros = micros + ahead(zone, micros // SECOND_MICROS) * SECOND_MICROS
        return _array(micros, pa.timestamp("us"), micros != MISSING if self._lenient else None)


def together(rows: NDArray[np.void], series: list[str]) -> NDArray[np.void]:
    """Put the values of one server's rows that have the same time into one row.

    Values of one metric that come twice at a time stay two; rows without a value are left out.

    Args:
        rows: of one server, with `time` and a field for each role, NaN where there is none.
        series: the roles that are measured.
    """
    rows = rows[np.argsort(rows["time"], kind="stable")]
    starts = np.flatnonzero(np.append(True, np.diff(rows["time"]) != 0))
    group = np.cumsum(np.append(False, np.diff(rows["time"]) != 0))
    sizes = np.zeros(len(starts), np.int64)
    places = {}
    for role in series:
        there = np.flatnonzero(~np.isnan(rows[role]))
        of = group[there]
        places[role] = there, of
        sizes = np.maximum(sizes, np.bincount(of, minlength=len(starts)))
    out = rows[np.repeat(starts, sizes)]
    first = np.cumsum(sizes) - sizes
    for role, (there, of) in places.items():
        out[role] = np.nan
        which = np.arange(len(of)) - np.searchsorted(of, of)
        out[role][first[of] + which] = rows[role][there]
    return out


def _text(codes: NDArray[np.int32], words: list[str]) -> pa.Array:
    """Return codes with the words that they reach to; those of a batch lie close together."""
    low = max(0, int(codes.min(initial=0 if not len(codes) else len(words))))
    stop = int(codes.max(initial=-1)) + 1
    there = codes >= 0
    indices = _array(np.where(there, codes - low, 0).astype(np.int32), pa.int32(), there)
    return pa.DictionaryArray.from_arrays(indices, text_array(words[low:stop]), safe=False)


def _array(
    values: NDArray[Any], kind: pa.DataType, there: NDArray[np.bool_] | None = None
) -> pa.Array:
    values = np.ascontiguousarray(values)
    bits = None
    if there is not None and not there.all():
        bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)])
