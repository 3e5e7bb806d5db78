"""CSV by way of Arrow: natively where it is plain, as text where it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats.compression import open_unpacked
from fleetsynth.formats.dialect import HEAD_BYTES, MISSING, Dialect, find_dialect, refuse_bytes
from fleetsynth.tables.frame import text_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.dialect import Numerals
    from fleetsynth.formats.options import ReadOptions

_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?(Z?)")
_PLAIN = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def dialect_of(path: Path, options: ReadOptions) -> Dialect:
    """Find out how a file is written.

    Raises:
        InputError: if it is empty, or not in its encoding.
    """
    with open_unpacked(path) as stream:
        head = stream.read(HEAD_BYTES)
        more = len(head) == HEAD_BYTES and bool(stream.read(1))
    return find_dialect(head, str(path), options, whole=not more)


def sample(dialect: Dialect) -> pa.RecordBatch | None:
    """Return the first rows as a batch of text."""
    width = len(dialect.names)
    rows = [row for row in dialect.rows if len(row) == width]
    if not rows:
        return None
    columns = [text_array([row[i] for row in rows]) for i in range(width)]
    return pa.RecordBatch.from_arrays(columns, names=list(dialect.names))


def is_zoned(dialect: Dialect, name: str) -> bool:
    """Tell whether the first time of a column names UTC, or an offset."""
    at = dialect.names.index(name)
    first = (row[at] for row in dialect.rows[:1] if len(row) > at)
    return any(map(has_zone, first))


def has_zone(time: str) -> bool:
    """Tell whether a time names UTC, or an offset."""
    return re.search(r":\d\d.*(Z|[+-]\d\d(:?\d\d)?)$", time) is not None


def native_time(values: list[str]) -> pa.DataType | None:
    """Return how Arrow reads times, if it reads them all by itself."""
    found = [_ISO.fullmatch(value) for value in values]
    if not found or not all(found):
        return None
    zones = {match[3] for match in found if match}
    if len(zones) > 1:
        return None
    return pa.timestamp("us", tz="UTC" if zones == {"Z"} else None)


def is_native_number(values: list[str], numerals: Numerals) -> bool:
    """Tell whether Arrow reads numbers by itself."""
    return all(
        value in MISSING or _PLAIN.fullmatch(value.replace(numerals.decimal, ".", 1))
        for value in values
        if numerals.decimal == "." or "." not in value
    ) and (numerals.decimal == "." or not any("." in value for value in values))


def batches(
    path: Path,
    dialect: Dialect,
    types: Mapping[str, pa.DataType | None],
    columns: list[str] | None,
    decimal: str = ".",
    missing: frozenset[str] = MISSING,
) -> Iterator[pa.RecordBatch]:
    """Yield rows with columns of some types.

    Args:
        path: the file.
        dialect: how it is written.
        types: of its columns; None, and what is not named, is guessed.
        columns: which to read; None for all.
        decimal: the decimal sign of numbers that Arrow reads.
        missing: words that stand for missing numbers.

    Raises:
        InputError: if a row has too many fields or too few, or text is not in its encoding.
        pa.ArrowInvalid: if a value is not of its type.
    """
    from pyarrow import csv

    known = {name: kind for name, kind in types.items() if kind is not None}
    convert = csv.ConvertOptions(
        column_types={name: kind for name, kind in known.items() if name in dialect.names},
        # Empty text is text; only numbers and times can be missing.
        strings_can_be_null=False,
        include_columns=columns or [],
        null_values=sorted(missing),
        decimal_point=decimal,
    )
    read = csv.ReadOptions(
        skip_rows=dialect.skip,
        column_names=list(dialect.names),
        encoding="utf8" if dialect.encoding.startswith("utf-8") else dialect.encoding,
    )
    parse = csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
    if columns == []:
        return
    with open_unpacked(path) as stream:
        source = _Uncommented(stream) if dialect.comments else stream
        try:
            reader = csv.open_csv(source, read, parse, convert)
            while True:
                yield reader.read_next_batch()
        except StopIteration:
            return
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return  # a header and nothing else
            _explain(path, dialect, error)
            raise


def _explain(path: Path, dialect: Dialect, error: pa.ArrowInvalid) -> None:
    """Say better what Arrow says of bytes, and of rows of another width."""
    said = str(error)
    if "UTF8" in said.upper().replace("-", "") or "UNICODE" in said.upper():
        with open_unpacked(path) as stream:
            refuse_bytes(str(path), iter(lambda: stream.read(1 << 20), b""), dialect.encoding)
    found = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): ?(.*)", said)
    if found:
        row, want, got, text = found.groups()
        at = f", line {int(row):,}" if row else ""
        raise InputError(
            f"cannot read {path}{at}: {got} fields, expected {want} as in the header: {text[:80]!r}"
            " (if another character separates the fields, say delimiter=...)"
        ) from error


class _Uncommented:
    """A binary file without the lines that begin with #."""

    closed = False

    def __init__(self, stream: Any) -> None:
        self._stream, self._rest = stream, b""

    def read(self, size: int) -> bytes:
        """Return some bytes; none at the end."""
        while True:
            chunk = self._stream.read(size)
            data = self._rest + chunk
            if chunk:
                cut = data.rfind(b"\n") + 1
                data, self._rest = data[:cut], data[cut:]
            else:
                self._rest = b""
            lines = data.splitlines(keepends=True)
            kept = b"".join(line for line in lines if not line.startswith(b"#"))
            if kept or not chunk:
                return kept

    def close(self) -> None:
        """Nothing: who opened the file closes it."""
