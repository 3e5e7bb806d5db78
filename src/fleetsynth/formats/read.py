"""Files back to record batches: a format is a row of `READERS`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import FORMATS, csv_read
from fleetsynth.formats.options import ReadOptions
from fleetsynth.formats.place import quoted
from fleetsynth.scenario.data import PREFIX, own_metadata, values_from_data
from fleetsynth.tables.frame import column_types, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fleetsynth.formats.dialect import Dialect

    Types = Mapping[str, pa.DataType | None]

_BATCH_ROWS = 1 << 17
_SAMPLE_ROWS = 2000
_BAD = (
    pa.ArrowException, OSError, EOFError, ValueError, TypeError, KeyError, IndexError,
    OverflowError, MemoryError, NotImplementedError,
)  # fmt: skip
"""All that the libraries raise for files that are damaged, or made to do harm."""


@dataclass(frozen=True)
class Head:
    """What can be told of a file without reading it all.

    Attributes:
        names: of its columns.
        sample: its first rows; None if it has none.
        dialect: of CSV.
    """

    names: list[str]
    sample: pa.RecordBatch | None
    dialect: Dialect | None = field(default=None, repr=False)


class Reader(NamedTuple):
    """How a format is read.

    Attributes:
        head: returns the head of a file.
        batches: yields its rows, of the columns and types asked for; None for all.
        metadata: returns its key-value metadata.
    """

    head: Callable[[Path, ReadOptions], Head]
    batches: Callable[[Path, Types | None, ReadOptions], Iterator[pa.RecordBatch]]
    metadata: Callable[[Path], Mapping[bytes, bytes]]


def ending_of(name: str) -> str | None:
    """Return the ending that tells a file's format, in whatever case it is written."""
    return next((ending for ending in FORMATS if name.lower().endswith(ending)), None)


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
    """Return a file's key-value metadata of ours as text; none for CSV.

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
    ending = ending_of(path.name)
    if ending is None:
        known = ", ".join(FORMATS)
        raise UsageError(f"the ending of {path} is not that of a known format: use one of {known}")
    return READERS[ending]


def _parquet_batches(path: Path, columns: Types | None, _: ReadOptions) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    with pq.ParquetFile(path) as file:
        if wanted == []:
            return
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted)


def _parquet_head(path: Path, _: ReadOptions) -> Head:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        if len(set(names)) < len(names):
            return Head(names, None)
        batches = (
            file.iter_batches(batch_size=_SAMPLE_ROWS, row_groups=[0])
            if (file.metadata.num_row_groups)
            else iter(())
        )
        return Head(names, next(batches, None))


def _parquet_metadata(path: Path) -> Mapping[bytes, bytes]:
    import pyarrow.parquet as pq

    return pq.read_metadata(path).metadata or {}


def _arrow_batches(path: Path, columns: Types | None, _: ReadOptions) -> Iterator[pa.RecordBatch]:
    # Not mapped into memory: what a damaged file points at is looked at before it is used.
    with pa.OSFile(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            batch.validate(full=True)
            yield batch if columns is None else batch.select(list(columns))


def _arrow_head(path: Path, options: ReadOptions) -> Head:
    with pa.OSFile(str(path)) as stream:
        names = list(pa.ipc.open_file(stream).schema.names)
    if len(set(names)) < len(names):
        return Head(names, None)
    first = next(iter(_arrow_batches(path, None, options)), None)
    return Head(names, None if first is None else first.slice(0, _SAMPLE_ROWS))


def _arrow_metadata(path: Path) -> Mapping[bytes, bytes]:
    with pa.OSFile(str(path)) as stream:
        return pa.ipc.open_file(stream).schema.metadata or {}


def _csv_head(path: Path, options: ReadOptions) -> Head:
    dialect = csv_read.dialect_of(path, options)
    return Head(list(dialect.names), csv_read.sample(dialect), dialect)


def _csv_batches(
    path: Path, columns: Types | None, options: ReadOptions
) -> Iterator[pa.RecordBatch]:
    dialect = csv_read.dialect_of(path, options)
    schema = plain(pa.schema(list(column_types().items())))
    known = dict(zip(schema.names, schema.types, strict=True))
    if "timestamp" in dialect.names and csv_read.is_zoned(dialect, "timestamp"):
        known["timestamp"] = pa.timestamp("us", tz="UTC")  # written with a zone
    types = {**known, **(columns or {})}
    wanted = None if columns is None else list(columns)
    refuse_twice(dialect.names, str(path))
    yield from csv_read.batches(path, dialect, types, wanted, options.decimal or ".")


_CSV = Reader(_csv_head, _csv_batches, lambda _: {})
READERS = {
    ".parquet": Reader(_parquet_head, _parquet_batches, _parquet_metadata),
    ".arrow": Reader(_arrow_head, _arrow_batches, _arrow_metadata),
    ".csv": _CSV,
    ".csv.gz": _CSV,
    ".csv.zst": _CSV,
}


def table_batches(table: pa.Table, columns: Iterable[str] | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table in memory."""
    some = table if columns is None else table.select(list(columns))
    yield from some.to_batches(max_chunksize=_BATCH_ROWS)


def table_head(table: pa.Table) -> Head:
    """Return the head of a table in memory."""
    names = list(table.schema.names)
    refuse_twice(names, "the table")
    return Head(names, next(islice(table.to_batches(max_chunksize=_SAMPLE_ROWS), 1), None))
