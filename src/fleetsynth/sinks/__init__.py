"""Destinations: one module each, one small protocol, chosen by the name of the output."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from fleetsynth.errors import UsageError, nearest_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from fleetsynth.sinks.base import Sink

FORMATS = {
    ".parquet": "fleetsynth.sinks.parquet:ParquetSink",
    ".csv": "fleetsynth.sinks.csv:CsvSink",
    ".csv.gz": "fleetsynth.sinks.csv:CsvSink",
    ".csv.zst": "fleetsynth.sinks.csv:CsvSink",
    ".arrow": "fleetsynth.sinks.arrow:ArrowSink",
}
"""The sink of each ending, loaded when it is used."""


_OTHERS = {
    **dict.fromkeys(
        (".xls", ".xlsx", ".xlsm", ".ods", ".numbers"),
        "; Excel and other spreadsheets open .csv, up to 1,048,576 rows of it",
    ),
    **dict.fromkeys((".feather", ".ipc", ".arrows"), "; .arrow is Feather version 2"),
    **dict.fromkeys((".gz", ".zst", ".tsv", ".txt", ".zip"), "; .csv.gz is compressed text"),
    **dict.fromkeys((".pq", ".parq"), "; Parquet is .parquet"),
}
"""What to say of endings that people try, and that are none of ours."""


def format_of(path: Path) -> str:
    """Return the ending of `path` that names its format; UsageError if none does."""
    for ending in FORMATS:
        if path.name.lower().endswith(ending):
            return ending
    known = ", ".join(FORMATS)
    hint = _OTHERS.get(path.suffix.lower()) or nearest_name(path.suffix.lower(), FORMATS)
    raise UsageError(f"the ending of {path} names no format: use one of {known}{hint}")


def open_sink(
    path: Path, schema: pa.Schema, metadata: Mapping[str, str], *, overwrite: bool
) -> Sink:
    """Open the sink that the ending of `path` asks for."""
    module, name = FORMATS[format_of(path)].split(":")
    sink = getattr(import_module(module), name)
    return cast("Sink", sink(path, schema, metadata, overwrite=overwrite))
