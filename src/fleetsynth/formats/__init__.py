"""Destinations: one module each, one small protocol, chosen by the name of the output."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from fleetsynth.errors import UsageError, nearest_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from fleetsynth.formats.base import Sink

FORMATS = {
    ".parquet": "fleetsynth.formats.parquet:ParquetSink",
    ".csv": "fleetsynth.formats.csv:CsvSink",
    ".csv.gz": "fleetsynth.formats.csv:CsvSink",
    ".csv.zst": "fleetsynth.formats.csv:CsvSink",
    ".arrow": "fleetsynth.formats.arrow:ArrowSink",
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
    """Return the ending of `path` that names its format; UsageError if none does.

    Names that are not UTF-8 are refused as well: Arrow can neither read nor write them.
    """
    if any("\udc80" <= char <= "\udcff" for char in str(path)):
        raise UsageError(f"the name {path} is not UTF-8 text: choose another")
    for ending in FORMATS:
        if path.name.lower().endswith(ending):
            return ending
    known = ", ".join(FORMATS)
    hint = _OTHERS.get(path.suffix.lower()) or nearest_name(path.suffix.lower(), FORMATS)
    raise UsageError(
        f"the ending of {path} is not that of a known format: use one of {known}{hint}"
    )


def open_sink(
    path: Path,
    schema: pa.Schema,
    metadata: Mapping[str, str],
    *,
    overwrite: bool,
    csv_safe: bool = False,
) -> Sink:
    """Open the sink that the ending of `path` asks for.

    Raises:
        UsageError: if it is of no known format, or of one that `csv_safe` is not for.
        OutputError: if the file exists or cannot be opened.
    """
    ending = format_of(path)
    if csv_safe and not ending.startswith(".csv"):
        raise UsageError(
            f"csv_safe=True is for CSV: {path} is {ending}, where text is never a formula"
        )
    module, name = FORMATS[ending].split(":")
    sink = getattr(import_module(module), name)
    more = {"safe": True} if csv_safe else {}
    return cast("Sink", sink(path, schema, metadata, overwrite=overwrite, **more))
