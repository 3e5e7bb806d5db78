"""File formats: one row each in `FORMATS`, one module each for how it is written and read.

A module has `open_writer`, which returns a `base.Writer`, and `READER`, a `base.Reader`. All else
(whole files or none, compression, folders, sizes, messages) is the same for every format, and
iterates over the table. Modules are loaded when a file of their format is written or read.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import UsageError, did_you_mean, nearest_name
from fleetsynth.formats.law import SizeLaw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from fleetsynth.formats.base import Reader, Sink, Writer


@dataclass(frozen=True)
class Format:
    """What there is to know of a format; its ending is its key in `FORMATS`.

    Attributes:
        module: where it is written and read.
        media_type: as object stores and web servers call it.
        size: what a row takes.
        rows_per_byte: more rows than a file can have per byte, however well it is packed.
        compression: of the whole file; None, ``gzip`` or ``zstd``.
        binary: whether a terminal cannot show it.
        in_folders: whether the parts of a folder may be such files.
        csv_safe: whether a spreadsheet takes its text for formulas, so that `csv_safe` is for it.
    """

    module: str
    media_type: str
    size: SizeLaw
    rows_per_byte: int = 1
    compression: str | None = None
    binary: bool = True
    in_folders: bool = True
    csv_safe: bool = False

    @property
    def open_writer(self) -> Callable[..., Writer]:
        """What begins a file; see `base.Writer`."""
        found: Callable[..., Writer] = import_module(self.module).open_writer
        return found

    @property
    def reader(self) -> Reader:
        """How its files are read."""
        found: Reader = import_module(self.module).READER
        return found


_CSV: dict[str, Any] = {"module": "fleetsynth.formats.csv", "csv_safe": True}
_JSONL: dict[str, Any] = {"module": "fleetsynth.formats.jsonl"}
_PACKED_TEXT = 1_000
"""Rows per byte that nobody reaches: a timestamp and an id take something, however packed."""

FORMATS: dict[str, Format] = {
    ".parquet": Format(
        module="fleetsynth.formats.parquet",
        media_type="application/vnd.apache.parquet",
        size=SizeLaw(7.6, of_aggregates=8.7, per_root=1060.0, arrivals=2.5),
        rows_per_byte=64,
    ),
    ".csv": Format(
        **_CSV,
        media_type="text/csv",
        size=SizeLaw(60.0, metadata=38.0, calendar=17.0, arrivals=20.0),
        binary=False,
    ),
    ".csv.gz": Format(
        **_CSV,
        media_type="application/gzip",
        size=SizeLaw(21.0, metadata=1.2, calendar=1.2, arrivals=5.5),
        rows_per_byte=_PACKED_TEXT,
        compression="gzip",
    ),
    ".csv.zst": Format(
        **_CSV,
        media_type="application/zstd",
        size=SizeLaw(19.0, metadata=0.8, calendar=0.8, arrivals=4.0),
        rows_per_byte=_PACKED_TEXT,
        compression="zstd",
    ),
    ".arrow": Format(
        module="fleetsynth.formats.arrow",
        media_type="application/vnd.apache.arrow.file",
        size=SizeLaw(34.0, metadata=6.0, calendar=4.0, arrivals=7.5),
    ),
    ".jsonl": Format(
        **_JSONL,
        media_type="application/jsonl",
        size=SizeLaw(150.0, metadata=95.0, calendar=90.0, arrivals=36.0),
        binary=False,
    ),
    ".jsonl.zst": Format(
        **_JSONL,
        media_type="application/zstd",
        size=SizeLaw(22.0, metadata=1.0, calendar=4.0, arrivals=4.0),
        rows_per_byte=_PACKED_TEXT,
        compression="zstd",
    ),
}
"""The format of each ending; a new one is a row here and a module."""

STANDARD_OUTPUT = "-"
"""The path that stands for standard output."""

_OTHERS = {
    **dict.fromkeys(
        (".xls", ".xlsx", ".xlsm", ".ods", ".numbers"),
        "; Excel and other spreadsheets open .csv, up to 1,048,576 rows of it, and "
        "export(scenario, path) makes a workbook of a dataset",
    ),
    **dict.fromkeys(
        (".duckdb", ".ddb", ".sqlite", ".sqlite3", ".db"),
        "; datasets are put into databases by export(scenario, path)",
    ),
    **dict.fromkeys((".feather", ".ipc", ".arrows"), "; .arrow is Feather version 2"),
    **dict.fromkeys((".gz", ".zst", ".zip"), "; .csv.gz is compressed text"),
    **dict.fromkeys((".tsv", ".txt"), "; .csv is text"),
    **dict.fromkeys((".json", ".ndjson"), "; .jsonl is an object of JSON per line"),
    **dict.fromkeys((".yaml", ".yml"), "; data of a scenario are made by generate(scenario, path)"),
    **dict.fromkeys((".pq", ".parq"), "; Parquet is .parquet"),
}
"""What to say of endings that people try, and that are none of ours."""


def known(*, in_folders: bool = False) -> str:
    """Return all endings, or those of parts, as messages name them: ``.a, .b or .c``."""
    *first, last = (name for name, kind in FORMATS.items() if kind.in_folders or not in_folders)
    return f"{', '.join(first)} or {last}"


def ending_of(name: str) -> str | None:
    """Return the ending that tells a file's format, in whatever case it is written."""
    lower = name.lower()
    return next((ending for ending in FORMATS if lower.endswith(ending)), None)


def format_of(path: Path) -> str:
    """Return the ending of `path` that names its format; UsageError if none does.

    Names that are not UTF-8 are refused as well: Arrow can neither read nor write them.
    """
    if any("\udc80" <= char <= "\udcff" for char in str(path)):
        raise UsageError(f"the name {path} is not UTF-8 text: choose another")
    ending = ending_of(path.name)
    if ending is None:
        hint = _OTHERS.get(path.suffix.lower()) or nearest_name(path.suffix.lower(), FORMATS)
        raise UsageError(
            f"the ending of {path} is not that of a known format: use one of {known()}{hint}"
        )
    return ending


def named_format(name: str) -> str:
    """Return the ending of a format that is said by its name, such as ``csv.gz``, dot or not.

    Raises:
        UsageError: if there is no such format.
    """
    names = {ending.removeprefix("."): ending for ending in FORMATS}
    said = name.strip().lower().removeprefix(".")
    if said not in names:
        raise UsageError(f"there is no format {name!r}{did_you_mean(said, names)}")
    return names[said]


def part_format(name: str) -> str:
    """Return the ending of a format that is said by its name, and that parts may have.

    Raises:
        UsageError: if there is no such format, or folders do not hold it.
    """
    ending = named_format(name)
    if not FORMATS[ending].in_folders:
        raise UsageError(f"folders cannot hold {ending}: use {known(in_folders=True)}")
    return ending


def open_sink(
    path: Path,
    schema: pa.Schema,
    metadata: Mapping[str, str],
    *,
    overwrite: bool,
    csv_safe: bool = False,
    stale: Sequence[Path] = (),
) -> Sink:
    """Open a file, in the format that the ending of its name asks for.

    `stale` are files that go with the one that is replaced, and are removed with it.

    Raises:
        UsageError: if it is of no known format, or of one that `csv_safe` is not for.
        OutputError: if the file exists or cannot be opened.
    """
    from fleetsynth.formats.output import File
    from fleetsynth.formats.sink import FormatSink

    ending = format_of(path)
    options = _options(ending, str(path), csv_safe=csv_safe)
    output = File(path, overwrite=overwrite, stale=stale)
    return FormatSink(output, FORMATS[ending], schema, metadata, options)


def open_standard_output(
    ending: str, schema: pa.Schema, metadata: Mapping[str, str], *, csv_safe: bool = False
) -> Sink:
    """Begin to write to standard output.

    Raises:
        UsageError: if that is a terminal and the format nothing for one, or `csv_safe` is not for
            the format.
        OutputError: if it is closed.
    """
    from fleetsynth.formats.output import StandardOutput
    from fleetsynth.formats.sink import FormatSink

    options = _options(ending, "standard output", csv_safe=csv_safe)
    output = StandardOutput(ending, binary=FORMATS[ending].binary)
    return FormatSink(output, FORMATS[ending], schema, metadata, options)


def _options(ending: str, where: str, *, csv_safe: bool) -> dict[str, Any]:
    if not csv_safe:
        return {}
    if not FORMATS[ending].csv_safe:
        raise UsageError(
            f"csv_safe=True is for CSV: {where} is {ending}, where text is never a formula"
        )
    return {"safe": True}
