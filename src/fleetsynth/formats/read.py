"""Files back to record batches, whatever their format."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import FORMATS, format_of
from fleetsynth.formats.base import BATCH_ROWS, SAMPLE_ROWS, Head
from fleetsynth.formats.options import ReadOptions
from fleetsynth.formats.place import quoted
from fleetsynth.scenario.data import PREFIX, own_metadata, values_from_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.formats.base import Reader, Types

_BAD = (
    pa.ArrowException, OSError, EOFError, ValueError, TypeError, KeyError, IndexError,
    OverflowError, MemoryError, NotImplementedError,
)  # fmt: skip
"""All that the libraries raise for files that are damaged, or made to do harm."""


def read_batches(
    path: Path | str, columns: Types | None = None, options: ReadOptions | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows in their order.

    Args:
        path: the file.
        columns: the columns to read, each of which the file must have; None for all. A type is
            what text formats are to read a column as, None to guess it from its first rows.
        options: what the user says of CSV.

    Raises:
        UsageError: if the file is not there, or its ending is not that of a known format.
        InputError: if the file is not of its format, or is cut short.
    """
    path = Path(path)
    reader = _reader(path)
    with errors_of(str(path)):
        yield from reader.batches(path, columns, options or ReadOptions())


def read_head(path: Path | str, options: ReadOptions | None = None) -> Head:
    """Return the names of a file's columns, and its first rows.

    Raises:
        UsageError, InputError: as `read_batches`; if two columns have one name, too.
    """
    path = Path(path)
    reader = _reader(path)
    with errors_of(str(path)):
        head = reader.head(path, options or ReadOptions())
    refuse_twice(head.names, str(path))
    said = read_metadata(path).get(f"{PREFIX}scenario")
    if said is not None:  # what carries no scenario there is damaged, for every command alike
        values_from_data(said, f"{path}: its metadata")
    return head


def read_metadata(path: Path | str) -> dict[str, str]:
    """Return a file's key-value metadata of ours as text; none if its format has no place.

    Raises:
        UsageError, InputError: as `read_batches`.
    """
    path = Path(path)
    reader = _reader(path)
    with errors_of(str(path)):
        raw = reader.metadata(path)
    return own_metadata(raw, str(path))


def refuse_twice(names: Iterable[str], where: str) -> None:
    """Refuse a dataset that has two columns of one name."""
    names = list(names)
    for place, name in enumerate(names):
        first = names.index(name)
        if first != place and name.strip():
            raise InputError(
                f"{where} has two columns {quoted(name)}, number {first + 1} and number "
                f"{place + 1}: rename one of them"
            )


@contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Turn whatever the libraries raise into one error that names the file."""
    try:
        yield
    except _BAD as error:
        said = getattr(error, "strerror", None) or str(error)
        reason = next(iter(said.splitlines()), "") or type(error).__name__
        raise InputError(f"cannot read {name}: {reason}") from error


def _reader(path: Path) -> Reader:
    with errors_of(str(path)):
        there = path.is_file()
    if not there:
        raise UsageError(f"there is no file {path}")
    return FORMATS[format_of(path)].reader


def table_batches(table: pa.Table, columns: Iterable[str] | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table in memory."""
    some = table if columns is None else table.select(list(columns))
    yield from some.to_batches(max_chunksize=BATCH_ROWS)


def table_head(table: pa.Table) -> Head:
    """Return the head of a table in memory."""
    names = list(table.schema.names)
    refuse_twice(names, "the table")
    return Head(names, next(islice(table.to_batches(max_chunksize=SAMPLE_ROWS), 1), None))
