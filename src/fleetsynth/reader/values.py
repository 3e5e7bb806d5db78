"""Columns of any type as plain arrays: a role has its type, whatever the column looks like."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats.dialect import MISSING, Numerals
from fleetsynth.formats.place import quoted
from fleetsynth.tables.frame import text_array, to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.formats.place import Place

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]

SCALES = {
    "hundredths": 0.01,
    "share": 100.0,
    "percent": 1.0,
    "kbps": 1e-3,
    "mbps": 1.0,
    "gbps": 1e3,
    "bps": 1e-6,
    "bytes_per_second": 8e-6,
}
"""Units of numbers, and what makes percent, or megabits a second, of them."""

HIVE_MISSING = "__HIVE_DEFAULT_PARTITION__"
_PER_WORD = 32
"""Rows for each word of a dictionary from which it is taken as it is."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BETWEEN = re.compile(r"(?<=\d)[ \u00a0\u202f'](?=\d{3})")


def plain_column(column: pa.Array) -> pa.Array:
    """Return a column without extension types and views of text."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        name, column = kind.extension_name, column.storage
        if name == "arrow.uuid":
            words = [None if b is None else str(UUID(bytes=b)) for b in column.to_pylist()]
            return pa.array(words, pa.string())
        kind = column.type
    if pa.types.is_run_end_encoded(kind):
        from pyarrow import compute

        return plain_column(compute.run_end_decode(column))
    if pa.types.is_dictionary(kind) and not is_text(kind):
        decoded = column.dictionary_decode()
        return decoded if pa.types.is_primitive(decoded.type) else plain_column(decoded)
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        words = plain_column(column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices.cast(pa.int32()), words)
    if pa.types.is_large_string(kind) or str(kind) == "string_view":
        return column.cast(pa.string())
    return column


def is_text(kind: pa.DataType) -> bool:
    """Tell text, in whatever way it is kept."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind)) or (
        str(kind) == "string_view"
    )


def encode(column: pa.Array, name: str, place: Place) -> tuple[Codes, list[str | None]]:
    """Return a column of text as indices into a list of words, whose last is None.

    Whole numbers and UUIDs are words too.

    Raises:
        InputError: if the column is of a type that is not text, such as a struct.
    """
    column = plain_column(column)
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        raise InputError(f"{place.file}: {quoted(name)} is {_kind(kind)}: expected text")
    if pa.types.is_null(kind):
        return np.zeros(len(column), np.int32), [None]
    if pa.types.is_dictionary(kind) and len(column.dictionary) > len(column) // _PER_WORD:
        column = column.dictionary_decode()  # its words are those of many batches
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = [_word(word, name, place) for word in column.dictionary.to_pylist()]
    codes = column.indices.cast(pa.int32())
    if codes.null_count:
        codes = codes.fill_null(len(words))
    return to_numpy(codes), [*words, None]


def _word(word: object, name: str, place: Place) -> str | None:
    if isinstance(word, bytes):
        try:
            word = word.decode()
        except UnicodeDecodeError:
            raise InputError(
                f"{place.file}: {quoted(name)} has bytes {quoted(word)}: expected text"
            ) from None
    if isinstance(word, float) and word.is_integer():
        word = int(word)
    gone = word is None or (isinstance(word, float) and math.isnan(word))
    text = None if gone else str(word)
    return None if text is None or not text.strip() or text == HIVE_MISSING else text


def numbers(
    column: pa.Array,
    name: str,
    place: Place,
    numerals: Numerals,
    missing: frozenset[str] = MISSING,
) -> Floats:
    """Return a column of numbers as float64, NaN where they are missing.

    Raises:
        InputError: if a value is not a number.
    """
    column = plain_column(column)
    kind = column.type
    if is_text(kind):
        return _by_word(column, name, place, lambda word: _number(word, numerals, missing))
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise InputError(f"{place.file}: {quoted(name)} is {_kind(kind)}: expected numbers")
    gone = absent(column) if column.null_count else None
    if pa.types.is_decimal128(kind) and kind.precision <= 18:
        values = _decimals(column)
    else:
        values = to_numpy(column.cast(pa.float64(), safe=False))
    return values if gone is None else np.where(gone, np.nan, values)


def _decimals(column: pa.Array) -> Floats:
    """Return decimals as the numbers nearest to them, which Arrow's own cast misses."""
    words = np.frombuffer(column.buffers()[1], "<i8").reshape(-1, 2)[:, 0]
    whole = words[column.offset : column.offset + len(column)]
    out: Floats = whole / 10.0**column.type.scale
    return out


def absent(column: pa.Array) -> NDArray[np.bool_]:
    """Tell where a column has no value, shape (rows,)."""
    if pa.types.is_null(column.type):
        return np.ones(len(column), np.bool_)
    bits = column.buffers()[0]
    if bits is None:
        return np.zeros(len(column), np.bool_)
    there = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    gone: NDArray[np.bool_] = there[column.offset : column.offset + len(column)] == 0
    return gone


def without_missing(
    column: pa.Array, name: str, place: Place
) -> tuple[pa.Array, NDArray[np.bool_] | None]:
    """Return a column with its first value where it has none, and where that is."""
    column = plain_column(column)
    if is_text(column.type):
        codes, words = encode(column, name, place)
        blank = np.array([word is None for word in words])
        gone = blank[codes]
        if not gone.any():
            return column, None
        first = codes[~gone][0] if not gone.all() else 0
        filled = np.where(gone, first, codes).astype(np.int32)
        indices = pa.Array.from_buffers(pa.int32(), len(filled), [None, pa.py_buffer(filled)])
        said = text_array([word or "" for word in words])
        return pa.DictionaryArray.from_arrays(indices, said), gone
    if not column.null_count:
        return column, None
    gone = absent(column)
    if gone.all():
        return column, gone
    return column.fill_null(column[int(np.flatnonzero(~gone)[0])]), gone


def _by_word(column: pa.Array, name: str, place: Place, read: Callable[[str], float]) -> Floats:
    """Read each different word of a column once."""
    codes, words = encode(column, name, place)
    table = np.full(len(words), np.nan)
    used = np.unique(codes)
    for code in used.tolist():
        word = words[code]
        if word is not None:
            try:
                table[code] = read(word)
            except ValueError:
                at = int(np.flatnonzero(codes == code)[0])
                raise InputError(
                    f"{place.at(at)}: {quoted(name)} is {quoted(word)}: expected a number (if it "
                    "stands for a missing one, say missing=...; for decimal commas decimal=',')"
                ) from None
    return table[codes]


def _number(word: str, numerals: Numerals, missing: frozenset[str]) -> float:
    text = word.strip(" \t\u00a0\ufeff")
    if text in missing:
        return np.nan
    text = text.removesuffix("%").rstrip(" \u00a0")
    text = _BETWEEN.sub("", text)
    separator = numerals.thousands
    if separator in text:
        whole, sign, part = text.partition(numerals.decimal)
        groups = whole.lstrip("+-").split(separator)
        if not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            raise ValueError(word)
        text = whole.replace(separator, "") + sign + part
    if numerals.decimal != ".":
        text = text.replace(numerals.decimal, ".")
    if not _NUMBER.fullmatch(text) and text.lstrip("+-").lower() not in ("inf", "infinity"):
        raise ValueError(word)
    return float(text)


def _kind(kind: pa.DataType) -> str:
    return str(kind).split("<")[0] if pa.types.is_nested(kind) else str(kind)
