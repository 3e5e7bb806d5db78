"""Whole files that are compressed, in whatever format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.formats import FORMATS, ending_of

if TYPE_CHECKING:
    from pathlib import Path


def packed(stream: Any, compression: str | None) -> Any:
    """Return a stream that packs what is written to it, or the stream itself."""
    if compression is None:
        return stream
    if compression == "gzip":
        from isal import igzip

        # Neither name nor time in the header: the same data give the same bytes.
        return igzip.IGzipFile(filename="", mode="wb", compresslevel=2, fileobj=stream, mtime=0)
    return pa.CompressedOutputStream(stream, compression)


def open_unpacked(path: Path) -> pa.NativeFile:
    """Open a file, and unpack it if its ending says that it is compressed."""
    ending = ending_of(path.name)
    return pa.input_stream(str(path), compression=FORMATS[ending].compression if ending else None)
