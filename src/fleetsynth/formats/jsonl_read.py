"""JSON Lines by way of Arrow, which is shown nothing that has not been looked at before.

Arrow's reader of JSON ends the process over some inputs (nested without end, a line that says
null), and takes two objects on a line for two rows. So every line is held to be one object first:
by counting, if the objects are flat, as ours are; or else one by one.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats.base import SAMPLE_ROWS, Head
from fleetsynth.formats.compression import open_unpacked
from fleetsynth.formats.csv_read import has_zone, native_time
from fleetsynth.formats.place import quoted
from fleetsynth.tables.frame import column_types, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.base import Types
    from fleetsynth.formats.options import ReadOptions

_CHUNK = 1 << 22
"""Bytes read at a time."""
_LONGEST = 1 << 24
"""Bytes of a line; a longer one cannot be a row."""
_DEEPEST = 8
"""Levels of a nested value; Arrow goes down by recursion."""
_MARK = b"\xef\xbb\xbf"


def read_head(path: Path, _: ReadOptions) -> Head:
    """Return the names of all fields of the first rows, and these rows; none of no rows."""
    lines, chunk = _first(path)
    names = list(dict.fromkeys(name for row in lines for name in row))
    if not lines:
        return Head([], None)
    if not names:
        raise InputError(f"cannot read {path}: its rows have no fields")
    types = {name: pa.string() for name in names if _has_text(lines, name)}
    with _explained(path, chunk, 1):
        sample = _parsed(chunk, types).slice(0, SAMPLE_ROWS)
    return Head(names, sample.select(names).to_batches()[0])


def read_batches(
    path: Path, columns: Types | None, options: ReadOptions
) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows; see `base.Reader`."""
    if columns is not None and not columns:
        return
    head = read_head(path, options)
    if not head.names:
        return
    known, guessed = _types(head, columns, options)
    expected = set(head.names)
    names = head.names if columns is None else list(columns)
    for line, chunk in _chunks(path):
        _refuse_odd_lines(path, chunk, line)
        table = _read(path, chunk, line, known, guessed)
        there = dict.fromkeys(table.schema.names)
        for name in there:
            if name not in expected:
                raise InputError(
                    f"cannot read {path}: the field {quoted(name)} is in no row before line "
                    f"{line:,}: the first rows must have every field, null where it has no value"
                )
        missing = [name for name in names if name not in there]
        for name in missing:
            table = table.append_column(name, pa.nulls(table.num_rows))
        yield from table.select(names).to_batches()


def _types(
    head: Head, columns: Types | None, options: ReadOptions
) -> tuple[dict[str, pa.DataType], dict[str, pa.DataType]]:
    """Return the types to read as: those that must be, and those that may turn out otherwise."""
    ours = plain(pa.schema(list(column_types().items())))
    said = dict(zip(ours.names, ours.types, strict=True)) if columns is None else {}
    said |= {name: kind for name, kind in (columns or {}).items() if kind is not None}
    known, guessed = {}, {}
    sample: Any = head.sample
    for field in sample.schema:
        values = sample.column(field.name)
        text = [v for v in values.to_pylist() if v] if pa.types.is_string(field.type) else []
        if field.name in said:
            known[field.name] = said[field.name]
            if pa.types.is_timestamp(said[field.name]) and any(map(has_zone, text[:1])):
                known[field.name] = pa.timestamp("us", tz="UTC")
        elif text and not options.time_format and (kind := native_time(text)):
            guessed[field.name] = kind
        elif pa.types.is_string(field.type):
            known[field.name] = field.type
        elif columns is None:  # the same in all batches
            known[field.name] = pa.string() if pa.types.is_null(field.type) else field.type
    return known, guessed


def _read(
    path: Path,
    chunk: bytes,
    line: int,
    known: dict[str, pa.DataType],
    guessed: dict[str, pa.DataType],
) -> pa.Table:
    if guessed:
        try:
            return _parsed(chunk, known | guessed)
        except pa.ArrowInvalid:  # not all of them are: then all are text
            guessed = dict.fromkeys(guessed, pa.string())
    with _explained(path, chunk, line):
        return _parsed(chunk, known | guessed)


def _parsed(chunk: bytes, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows; fields of other names have the types that Arrow finds."""
    from pyarrow import json as arrow_json

    return arrow_json.read_json(
        pa.BufferReader(chunk),
        arrow_json.ReadOptions(use_threads=False, block_size=len(chunk) + 1),
        arrow_json.ParseOptions(explicit_schema=pa.schema(list(types.items()))),
    )


def _first(path: Path) -> tuple[list[dict[str, Any]], bytes]:
    """Return the first rows, and the lines that they are."""
    for line, chunk in _chunks(path, _CHUNK >> 4):
        _refuse_odd_lines(path, chunk, line)
        lines = list(islice((each for each in chunk.splitlines() if each.strip()), SAMPLE_ROWS))
        with _explained(path, chunk, line):
            return [json.loads(each) for each in lines], b"\n".join(lines) + b"\n"
    return [], b""


def _chunks(path: Path, size: int = _CHUNK) -> Iterator[tuple[int, bytes]]:
    """Yield a file in pieces of whole lines, each with the number of its first line."""
    line, rest = 1, b""
    with open_unpacked(path) as stream:
        data = stream.read(size).removeprefix(_MARK)
        while data:
            data = rest + data
            cut = data.rfind(b"\n") + 1
            if len(data) - cut > _LONGEST:
                message = f"line {line:,} is longer than {_LONGEST:,} bytes"
                raise InputError(f"cannot read {path}: {message}")
            chunk, rest = data[:cut], data[cut:]
            if chunk.strip():
                yield line, chunk
            line += chunk.count(b"\n")
            data = stream.read(size)
    if rest.strip():
        yield line, rest


def _refuse_odd_lines(path: Path, chunk: bytes, line: int) -> None:
    """Refuse what is not one object a line, in UTF-8."""
    try:
        chunk.decode()
    except UnicodeDecodeError as error:
        at = line + chunk[: error.start].count(b"\n")
        byte = chunk[error.start]
        message = f"it is not UTF-8: byte 0x{byte:02x} in line {at:,}"
        raise InputError(f"cannot read {path}: {message}") from None
    if _are_flat(chunk):
        return
    for at, each in enumerate(chunk.splitlines(), line):
        if each.strip():
            _refuse_odd_line(path, at, each)


def _are_flat(chunk: bytes) -> bool:
    """Tell whether every line is one pair of braces, and nothing in it looks like another."""
    lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
    begun = chunk.count(b"\n{") + chunk.startswith(b"{")
    ended = chunk.count(b"}\n") + chunk.endswith(b"}")
    braces = chunk.count(b"{"), chunk.count(b"}")
    return begun == ended == lines and braces == (lines, lines) and b"[" not in chunk


def _refuse_odd_line(path: Path, line: int, text: bytes) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad_line(path, line, error) from None
    if not isinstance(value, dict):
        raise InputError(
            f"cannot read {path}, line {line:,}: {quoted(text[:40].decode('utf-8', 'replace'))} is "
            "not an object: expected one on every line"
        )
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        inner = [v.values() if isinstance(v, dict) else v for v in level if type(v) in (dict, list)]
        level = [each for values in inner for each in values]
    if level:
        raise InputError(f"cannot read {path}, line {line:,}: it is nested too deeply")


def _bad_line(path: Path, line: int, error: Exception) -> InputError:
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    reason = reason.partition("; use sys.")[0]  # of numbers without end: advice for programmers
    return InputError(f"cannot read {path}, line {line:,}: not JSON: {reason}")


@contextmanager
def _explained(path: Path, chunk: bytes, line: int) -> Iterator[None]:
    """Say which line is damaged, where Arrow tells the number of a row in a piece at best."""
    try:
        yield
    except (pa.ArrowException, ValueError, RecursionError) as error:
        rows = [(at, each) for at, each in enumerate(chunk.splitlines(), line) if each.strip()]
        for at, each in rows:
            _refuse_odd_line(path, at, each)
        said, _, row = str(error).removeprefix("JSON parse error: ").partition(" in row ")
        where = f"{rows[int(row)][0]:,}" if row.isdecimal() else f"{line:,} or after"
        raise InputError(f"cannot read {path}, line {where}: {said}") from error


def _has_text(rows: list[dict[str, Any]], name: str) -> bool:
    return any(isinstance(row.get(name), str) for row in rows)
