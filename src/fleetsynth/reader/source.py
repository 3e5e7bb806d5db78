"""Where rows come from: files, wherever they are, or a table in memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import csv_read
from fleetsynth.formats.dialect import MISSING, Numerals, find_numerals
from fleetsynth.formats.place import Place
from fleetsynth.formats.read import (
    errors_of,
    read_batches,
    read_head,
    table_batches,
    table_head,
)
from fleetsynth.reader.files import find_files
from fleetsynth.reader.values import is_text
from fleetsynth.stores.paths import is_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.base import Head
    from fleetsynth.formats.dialect import Dialect
    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.reader.files import Files


class Part(NamedTuple):
    """Some rows of a file.

    Attributes:
        place: of the first.
        told: what the file's folders say of all its rows, by column.
        batch: the rows.
        numerals: how its numbers are written, where they are text.
    """

    place: Place
    told: Mapping[str, str]
    batch: pa.RecordBatch
    numerals: Numerals


class Source:
    """The files of a dataset, or a table.

    Args:
        data: a path or URL, or a table of Arrow, pandas or polars.
        options: what the user says.
        partial: read what there is of a folder whose record names more.

    Attributes:
        name: what to call it in messages.
        files: the files; None for a table.
        table: the table; None for files.
        names: all columns, in order of appearance, with those that folders stand for.
        head: of the first file with rows.

    Raises:
        UsageError: if there is nothing at the path, or it is not a table.
        InputError: if a file cannot be read.
    """

    def __init__(self, data: Any, options: ReadOptions, *, partial: bool = False) -> None:
        self._options = options
        self.table: pa.Table | None = None
        self.files: Files | None = None
        if is_path(data):
            self.files = find_files(str(data), partial=partial)
            self.name = self.files.name
        else:
            self.table = as_table(data)
            self.name = "the table"
        self.names, self.head = self._look()

    @property
    def keys(self) -> tuple[str, ...]:
        """The files, as their store knows them."""
        return self.files.keys if self.files else (self.name,)

    def called(self, key: str) -> str:
        """Return what to call a file."""
        return self.files.called(key) if self.files else key

    def told(self, key: str) -> dict[str, str]:
        """Return what a file's folders say of its rows."""
        return self.files.told(key) if self.files else {}

    @contextmanager
    def opened(self, key: str) -> Iterator[tuple[Head, Path | None]]:
        """Yield the head of a file, and a local path of it; None for a table."""
        if self.table is not None:
            yield table_head(self.table), None
        elif self.files is not None:
            with self.files.fetch(key) as path, _called(path, self.called(key)):
                yield read_head(path, self._options), path

    def parts(self, key: str, kinds: Mapping[str, str]) -> Iterator[Part]:
        """Yield a file's rows.

        Args:
            key: the file.
            kinds: the columns to read, with time, clock, text, number or whole for how.
        """
        with self.opened(key) as (head, path):
            told = {n: v for n, v in self.told(key).items() if n not in head.names}
            wanted = [name for name in kinds if name in head.names]
            numerals = self._numerals(head, kinds, key)
            place = Place(self.called(key))
            for batch in self._batches(head, path, wanted, kinds, numerals):
                yield Part(place, told, batch, numerals)
                place = Place(place.file, place.row + batch.num_rows)

    def numerals_told(self, columns: list[str]) -> list[str]:
        """Return what is out of the ordinary in how the first file writes numbers."""
        kinds = dict.fromkeys(columns, "number")
        return self._numerals(self.head, kinds, self.keys[0]).told()

    def _look(self) -> tuple[list[str], Head]:
        names: dict[str, None] = {}
        first: Head | None = None
        alike = self.files is not None and bool(self.files.manifest or not self.files.near)
        for key in self.keys:
            if alike and first is not None and first.names:
                break  # ours are alike; others are not fetched twice
            with self.opened(key) as (head, _):
                names |= dict.fromkeys([*head.names, *self.told(key)])
            if first is None or (first.sample is None and head.sample is not None):
                first = head
        if first is None or not names:
            raise InputError(f"{self.name} holds no data")
        return list(names), first

    def _numerals(self, head: Head, kinds: Mapping[str, str], key: str) -> Numerals:
        values = (
            value
            for name, kind in kinds.items()
            if kind == "number"
            for value in _texts(head.sample, name)
        )
        missing = MISSING.union(self._options.missing)
        some = (value for value in values if value not in missing)
        return find_numerals(some, self._options, self.called(key))

    def _batches(
        self,
        head: Head,
        path: Path | None,
        wanted: list[str],
        kinds: Mapping[str, str],
        numerals: Numerals,
    ) -> Iterator[pa.RecordBatch]:
        if path is None:
            return table_batches(self.table, wanted)
        if head.dialect is None or not wanted:
            return read_batches(path, dict.fromkeys(wanted), self._options)
        some = {name: kinds[name] for name in wanted}
        return self._csv(head, head.dialect, path, some, numerals)

    def _csv(
        self,
        head: Head,
        dialect: Dialect,
        path: Path,
        kinds: Mapping[str, str],
        numerals: Numerals,
    ) -> Iterator[pa.RecordBatch]:
        """Read CSV natively as far as that goes, and the rest as text."""
        text = dict.fromkeys(kinds, pa.string())
        types = {
            n: self._native(head, n, kind, numerals) or pa.string() for n, kind in kinds.items()
        }
        missing = MISSING.union(self._options.missing)
        done = 0
        with errors_of(str(path)):
            try:
                for batch in csv_read.batches(
                    path, dialect, types, list(kinds), numerals.decimal, missing
                ):
                    done += batch.num_rows
                    yield batch
            except pa.ArrowInvalid:
                if types == text:
                    raise
                for batch in csv_read.batches(path, dialect, text, list(kinds)):
                    skipped = min(done, batch.num_rows)
                    done -= skipped
                    if skipped < batch.num_rows:
                        yield batch.slice(skipped)

    def _native(self, head: Head, name: str, kind: str, numerals: Numerals) -> pa.DataType | None:
        values = list(_texts(head.sample, name))
        if kind == "number":
            return pa.float64() if csv_read.is_native_number(values, numerals) else None
        if kind == "whole":
            return pa.int64() if all(map(_is_whole, values)) else None
        if kind != "time" or self._options.time_format:
            return None
        return csv_read.native_time(values)


def as_table(data: Any) -> pa.Table:
    """Return a table of Arrow, pandas, polars or anything that Arrow can read, as Arrow's.

    Raises:
        UsageError: if it is none.
        InputError: if a column of it has no type.
    """
    if isinstance(data, pa.Table):
        return data
    try:
        if isinstance(data, pa.RecordBatch):
            return pa.Table.from_batches([data])
        if type(data).__module__.startswith("pandas."):
            return pa.Table.from_pandas(data, preserve_index=None)
        if hasattr(data, "__arrow_c_stream__"):
            return pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"cannot read the table: {str(error).splitlines()[0]}") from error
    raise UsageError(
        f"a {type(data).__name__} is not a dataset: expected a path, or a table of pandas, polars "
        "or Arrow"
    )


def _is_whole(text: str) -> bool:
    return text in MISSING or text.removeprefix("-").isdecimal()


def _texts(sample: pa.RecordBatch | None, name: str) -> list[str]:
    """Return the first values of a column of text; none of any other."""
    if sample is None or name not in sample.schema.names:
        return []
    column = sample.column(sample.schema.names.index(name))
    if not is_text(column.type):
        return []
    return [value for value in column.to_pylist() if value is not None]


@contextmanager
def _called(path: Path, name: str) -> Iterator[None]:
    """Let errors speak of a file by the user's name of it, not by that of a copy."""
    try:
        yield
    except InputError as error:
        text = str(error)
        if str(path) in text and str(path) != name:
            raise InputError(text.replace(str(path), name)) from error
        raise
