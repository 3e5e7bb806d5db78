"""The part of protobuf that monitoring protocols need: varints and fields, written and read.

By hand, because the messages are few and small, and a message of many samples is written as an
array and not field by field.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Wire types."""
_WIDTH = {FIXED64: 8, FIXED32: 4}
_MASK = (1 << 64) - 1
_LONGEST_VARINT = 10
_HEADS_KEPT = 1 << 12
"""Most messages are as long as others are."""


class WireError(ValueError):
    """Bytes that are not the message they should be."""


def varint(number: int) -> bytes:
    """Encode a whole number of 64 bits; a negative one as its two's complement."""
    number &= _MASK
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed(number: int) -> int:
    """Read a varint's value as a signed number of 64 bits."""
    return number - (1 << 64) if number >> 63 else number


def field(number: int, payload: bytes) -> bytes:
    """Encode a field of bytes, text or a message."""
    return head(number, len(payload)) + payload


@lru_cache(maxsize=_HEADS_KEPT)
def head(number: int, size: int) -> bytes:
    """Encode what stands before a payload of so many bytes."""
    return varint(number << 3 | LENGTH) + varint(size)


def int_field(number: int, value: int) -> bytes:
    """Encode a field that is a whole number."""
    return varint(number << 3 | VARINT) + varint(value)


def read_varint(buffer: bytes, at: int) -> tuple[int, int]:
    """Return the varint that begins at a place, and the place after it.

    Raises:
        WireError: if it is cut off, or longer than 64 bits.
    """
    out = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(buffer):
            raise WireError("a number is cut off")
        byte = buffer[at + place]
        out |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if out > _MASK:
                break
            return out, at + place + 1
    raise WireError("a number has more than 64 bits")


def fields(buffer: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message: a whole number, or bytes.

    Raises:
        WireError: if the message is cut off, or is none.
    """
    at = 0
    while at < len(buffer):
        key, at = read_varint(buffer, at)
        kind = key & 7
        if kind == VARINT:
            number, at = read_varint(buffer, at)
            yield key >> 3, number
            continue
        if kind == LENGTH:
            size, at = read_varint(buffer, at)
        elif kind in _WIDTH:
            size = _WIDTH[kind]
        else:
            raise WireError(f"there is no wire type {kind}")
        if at + size > len(buffer):
            raise WireError("a field is cut off")
        yield key >> 3, buffer[at : at + size]
        at += size
