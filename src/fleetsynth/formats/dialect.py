"""How a CSV file is written, found out from its head."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from fleetsynth.errors import InputError
from fleetsynth.formats.place import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetsynth.formats.options import ReadOptions

HEAD_BYTES = 1 << 18
"""What is looked at of a file."""

MISSING = frozenset(
    {
        *("", "-", "--", "NaN", "nan", "NAN", "N/A", "n/a", "NA", "na", "#N/A", "#NA", "<NA>"),
        *("null", "NULL", "Null", "None", "none", "\\N", "nil", "n.a."),
    }
)
"""Words that stand for a missing number."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = (",", ";", "\t", "|")
_GROUPS = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(?:\1\d{3})*")
_DATA = re.compile(r"[+-]?[\d.,]*\d[\d.,]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d\d.*")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        names: its columns.
        delimiter: between fields.
        encoding: as Python names it.
        skip: lines up to the first row of data, with the header.
        preamble: lines before the header that are not data.
        comments: whether lines that begin with # stand between the rows.
        rows: the first rows, as text.
    """

    names: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    skip: int = 1
    preamble: int = 0
    comments: bool = False
    rows: tuple[tuple[str, ...], ...] = ()

    def told(self) -> list[str]:
        """Return what is out of the ordinary, in words."""
        named = {";": "semicolons", "\t": "tabs", "|": "pipes", ",": "commas"}
        out = []
        if self.delimiter != ",":
            out.append(f"fields between {named.get(self.delimiter, repr(self.delimiter))}")
        if codecs.lookup(self.encoding).name not in ("utf-8", "utf-8-sig"):
            out.append(f"encoding {self.encoding}")
        if self.preamble:
            lines = "line" if self.preamble == 1 else "lines"
            out.append(f"{self.preamble} {lines} before the header skipped")
        if self.comments:
            out.append("lines beginning with # skipped")
        return out


def find_dialect(head: bytes, name: str, options: ReadOptions, *, whole: bool) -> Dialect:
    """Find out how a file is written.

    Args:
        head: its first bytes.
        name: what to call it.
        options: what the user says.
        whole: whether that is all of it.

    Raises:
        InputError: if it is empty, or not in its encoding.
    """
    encoding = options.encoding or next(
        (encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8"
    )
    lines = _decode(head, name, encoding, whole=whole).splitlines(keepends=True)
    if not whole and len(lines) > 1:
        del lines[-1]  # cut anywhere
    told, lines_before = options.delimiter, 0
    if lines and (said := re.fullmatch(r'"?sep=(.)"?\s*', lines[0])):
        told, lines_before = told or said[1], 1
    if not any(line.strip() for line in lines[lines_before:]):
        raise InputError(f"cannot read {name}: Empty CSV file")
    found = [_read(lines, d, lines_before) for d in ([told] if told else _DELIMITERS)]
    best = max(found, key=lambda table: (table.fit, -table.skip))
    return Dialect(
        names=_names(best.header),
        delimiter=best.delimiter,
        encoding=encoding,
        skip=best.skip,
        preamble=best.preamble,
        comments=best.comments,
        rows=tuple(map(tuple, best.rows[:2000])),
    )


@dataclass(frozen=True)
class _Table:
    delimiter: str
    header: list[str]
    rows: list[list[str]]
    skip: int
    preamble: int
    comments: bool
    fit: int


def _read(lines: list[str], delimiter: str, before: int) -> _Table:
    """Read the head with one delimiter; the commonest number of fields is that of the table."""
    reader = csv.reader(StringIO("".join(lines[before:])), delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    try:
        found += ((before + reader.line_num, row) for row in reader if any(row))
    except csv.Error:
        return _Table(delimiter, [], [], 0, 0, comments=False, fit=-1)
    plain = [(at, row) for at, row in found if not row[0].startswith("#")]
    widths = Counter(len(row) for _, row in plain if len(row) > 1)
    # Of two that are equally common the later one: a preamble is short, and comes first.
    width = max(reversed(widths), key=widths.__getitem__) if widths else 1
    table = [(at, row) for at, row in plain if len(row) == width] or plain
    first, header = table[0] if table else found[0]
    marked = [(at, row) for at, row in found if row[0].startswith("#") and len(row) == width]
    if marked and marked[0][0] < first and sum(map(_is_data, header)) * 2 >= len(header):
        first, header = [(at, row) for at, row in marked if at < first][-1]
        header = [header[0].lstrip("# "), *header[1:]]
    body = [row for at, row in plain if at > first]
    return _Table(
        delimiter=delimiter,
        header=header,
        rows=body,
        skip=first,
        preamble=sum(1 for line in lines[: first - 1] if line.strip()),
        comments=any(at > first and row[0].startswith("#") for at, row in found),
        fit=widths[width] if widths else 0,
    )


def _is_data(field: str) -> bool:
    return _DATA.fullmatch(field.strip()) is not None


def _names(header: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in header)


def refuse_bytes(name: str, data: Iterable[bytes], encoding: str) -> None:
    """Refuse text that is not in its encoding, with the byte and its place."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done, line = 0, 1
    for chunk in [*data, b""]:
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = error.start - waiting
            line += chunk[: max(at, 0)].count(b"\n")
            raise _bad_byte(name, error, encoding, done + at, line) from None
        done += len(chunk)
        line += chunk.count(b"\n")


def _decode(head: bytes, name: str, encoding: str, *, whole: bool) -> str:
    if b"\0" in head and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        raise InputError(
            f"cannot read {name}: byte {head.index(0):,} is zero; if it is text, say how it is "
            "encoded, such as encoding='utf-16-le'"
        )
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head, final=whole).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        raise _bad_byte(name, error, encoding, error.start, line) from None


def _bad_byte(
    name: str, error: UnicodeDecodeError, encoding: str, place: int, line: int
) -> InputError:
    byte = error.object[error.start]
    near = error.object[max(error.start - 12, 0) : error.start + 12]
    return InputError(
        f"{name} is not {encoding.upper()}: byte 0x{byte:02x} at {place:,}, line {line:,}, in "
        f"{quoted(near.decode('latin-1'))}; say how it is encoded, such as encoding='latin-1'"
    )


@dataclass(frozen=True)
class Numerals:
    """How numbers are written: the decimal sign, and that between thousands, if any."""

    decimal: str = "."
    thousands: str = ","

    def told(self) -> list[str]:
        """Return what is out of the ordinary, in words."""
        return ["decimal comma"] if self.decimal == "," else []


def find_numerals(values: Iterable[str], options: ReadOptions, name: str) -> Numerals:
    """Find the decimal sign of numbers written as text.

    Raises:
        InputError: if they could be read in two ways.
    """
    if options.decimal:
        return Numerals(options.decimal, "," if options.decimal == "." else ".")
    said: dict[str, str] = {}
    unclear: str | None = None
    for value in values:
        sign = _decimal_of(value)
        if sign == "?":
            unclear = unclear or value
        elif sign:
            said.setdefault(sign, value)
    if len(said) > 1:
        raise InputError(
            f"{name} has {quoted(said['.'])} and {quoted(said[','])}: is the decimal sign a point "
            "or a comma? Say decimal='.' or decimal=','"
        )
    if unclear and not said:
        raise InputError(
            f"{name} has {quoted(unclear)}: is that a decimal comma, or one between thousands? "
            "Say decimal=',' or decimal='.'"
        )
    return Numerals(",", ".") if "," in said else Numerals()


def _decimal_of(value: str) -> str:
    """Return the decimal sign that a number shows, ? where a comma could be both, or nothing."""
    value = value.strip(" %\u00a0")
    point, comma = value.rfind("."), value.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if comma >= 0:
        if not _GROUPS.fullmatch(value):
            return "," if re.fullmatch(r"[+-]?[\d \u00a0\u202f']*,\d*", value) else ""
        return "." if value.count(",") > 1 else "?"
    if point >= 0:
        return "," if value.count(".") > 1 and _GROUPS.fullmatch(value) else "."
    return ""
