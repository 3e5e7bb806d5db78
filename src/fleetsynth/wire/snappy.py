"""Snappy's block format, in pieces: a block is its length and any sequence of compressed pieces.

So what is long can be compressed as it is made, and its length written when it is known.
"""

from __future__ import annotations

from fleetsynth.wire.protobuf import WireError, read_varint, varint

MOST_BYTES = (1 << 32) - 1
"""More than that no block can hold."""


def piece(content: bytes) -> bytes:
    """Compress a part of a block: a block of its own without the length in front."""
    if not content:
        return b""
    from cramjam import snappy

    block = bytes(snappy.compress_raw(content))
    return block[len(varint(len(content))) :]


def block(content: bytes) -> bytes:
    """Compress a whole block."""
    return varint(len(content)) + piece(content)


def decompress(content: bytes, most: int) -> bytes:
    """Return what a block holds.

    Args:
        content: the block.
        most: bytes that it may hold.

    Raises:
        WireError: if it is no block, or holds more.
    """
    from cramjam import DecompressionError, snappy

    size, _ = read_varint(content, 0)
    if size > most:
        raise WireError(f"{size:,} bytes when decompressed; at most {most:,}")
    try:
        return bytes(snappy.decompress_raw(content))
    except DecompressionError as error:
        raise WireError(f"not a block of snappy: {error}") from error
