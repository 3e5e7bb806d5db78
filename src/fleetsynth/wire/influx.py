"""InfluxDB's line protocol: ``measurement,tag=text field=number,field=number seconds``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

_SEPARATES = re.compile(r"([,= ])")
_UNCLEAR = re.compile(r"\\(?=[\\,= ]|$)|[\n\r]")
"""What cannot be written so that all servers read the same: lines end at any newline, and before
what separates, and at an end, a backslash is one of ours to some, and to others an escape."""
MOST_BYTES = 25_000_000
"""Of a body; what InfluxDB takes, unpacked."""


def escaped(text: str) -> str:
    """Write a name or a tag's value.

    Raises:
        WireError: if the protocol cannot hold it.
    """
    if _UNCLEAR.search(text):
        raise WireError(
            f"{text!r}: the line protocol holds neither newlines nor backslashes at an end, or"
            " before a comma, a blank, = or another backslash"
        )
    return _SEPARATES.sub(r"\\\1", text)


def heading(measurement: str, tags: Mapping[str, str]) -> str:
    """Write what stands before the fields; tags without a value are left out.

    Raises:
        WireError: if the protocol cannot hold it.
    """
    said = (f",{escaped(name)}={escaped(value)}" for name, value in sorted(tags.items()) if value)
    return escaped(measurement) + "".join(said) + " "


def lines(
    head: str, fields: Mapping[str, NDArray[np.float64] | NDArray[np.int64]], ms: NDArray[np.int64]
) -> bytes:
    """Write all points of a series of measurements, a line each.

    Args:
        head: as `heading` writes it.
        fields: by name; at least one, shape (points,) each. Whole numbers are written as such.
        ms: milliseconds since the Unix epoch, in whole seconds, same shape.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parts, before = [], head
    for name, values in fields.items():
        parts += [pa.scalar(f"{before}{escaped(name)}="), pc.cast(pa.array(values), pa.string())]
        before = "i," if values.dtype.kind == "i" else ","
    ending = before.removesuffix(",") + " "
    times = pc.cast(pa.array(ms // 1000), pa.string())
    joined = pc.binary_join_element_wise(*parts, pa.scalar(ending), times, pa.scalar("\n"), "")
    _, _, content = joined.buffers()
    return bytes(content)[: pc.sum(pc.binary_length(joined)).as_py()]


def bodies(pieces: Iterable[bytes], most: int = MOST_BYTES) -> Iterator[bytes]:
    """Yield lines, as many together as a body may have bytes."""
    together: list[bytes] = []
    size = 0
    for piece in _cut(pieces, most):
        if size + len(piece) > most:
            yield b"".join(together)
            together, size = [], 0
        together.append(piece)
        size += len(piece)
    if together:
        yield b"".join(together)


def _cut(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield pieces of whole lines, none of them too large."""
    for piece in pieces:
        at = 0
        while len(piece) - at > most:
            end = piece.rindex(b"\n", at, at + most) + 1
            yield piece[at:end]
            at = end
        yield piece[at:]
