"""Excel: a workbook with a sheet for each table, written row by row in constant memory."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from fleetsynth.errors import NOTHING_LEFT, ExistsError, OutputError, UsageError
from fleetsynth.files import AtomicFile
from fleetsynth.sinks.base import dataset_of
from fleetsynth.sinks.types import arrow_schema, handed, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from fleetsynth.sinks.base import Shape, Wanted

MOST_ROWS = 1_048_576
"""Rows of a sheet, that of the names included."""
_MOST_CHARACTERS = 32_767
_FORMATS = {"instant": "yyyy-mm-dd hh:mm:ss", "day": "yyyy-mm-dd"}
_WIDTHS = {"instant": 19, "day": 11, "text": 14}


class ExcelSink:
    """Sheets of a workbook; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._path = Path(wanted.place)
        for shape in wanted.shapes:
            self._refuse_rows(shape, shape.rows or 0)
        self._schemas = {shape.name: arrow_schema(shape.schema) for shape in wanted.shapes}
        same = _is_same(wanted)  # refuses a workbook of others, whatever is said
        self._file = AtomicFile(self._path, overwrite=wanted.overwrite or same)
        self._shapes = {shape.name: shape for shape in wanted.shapes}
        self._next = dict.fromkeys(self._shapes, 1)
        with self._file.opening(), self._errors():
            self._book = xlsxwriter.Workbook(
                str(self._file.temporary),
                {"constant_memory": True, "tmpdir": str(self._path.absolute().parent)},
            )
            self._begin(wanted)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows."""
        self._refuse_rows(self._shapes[table], self._next[table] - 1 + batch.num_rows)
        writers = self._writers[table]
        columns = [column.to_pylist() for column in handed(batch, self._schemas[table]).columns]
        row = self._next[table]
        with self._errors():
            for values in zip(*columns, strict=True):
                for at, value in enumerate(values):
                    if value is not None:
                        writers[at](row, at, value)
                row += 1
        self._next[table] = row

    def publish(self) -> Mapping[str, Any]:
        """Pack the workbook, and give it its name."""
        with self._errors():
            for name, sheet in self._sheets.items():
                sheet.autofilter(0, 0, max(1, self._next[name] - 1), len(self._writers[name]) - 1)
            self._book.close()
        return {"bytes": self._file.commit()}

    def abort(self) -> None:
        """Remove what was written, sheets that wait to be packed included."""
        for sheet in getattr(self, "_sheets", {}).values():
            with suppress(OSError, AttributeError, ValueError):
                sheet.row_data_fh.close()
                Path(sheet.row_data_filename).unlink(missing_ok=True)
        self._book.fileclosed = True  # else it would be packed when Python forgets it
        self._file.abort()

    def _begin(self, wanted: Wanted) -> None:
        book = self._book
        book.set_custom_property("fleetsynth", wanted.mark(wanted.shapes[0].comment))
        formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        bold = book.add_format({"bold": True})
        self._sheets: dict[str, Any] = {}
        self._writers: dict[str, list[Any]] = {}
        for shape in wanted.shapes:
            sheet = self._sheets[shape.name] = book.add_worksheet(shape.name)
            sheet.freeze_panes(1, 0)
            kinds = [kind_of(field) for field in shape.schema]
            self._writers[shape.name] = [_writer(sheet, kind, formats.get(kind)) for kind in kinds]
            for at, name in enumerate(shape.schema.names):
                sheet.set_column(at, at, _WIDTHS.get(kinds[at], 9))
                sheet.write_string(0, at, name, bold)

    def _refuse_rows(self, shape: Shape, rows: int) -> None:
        """Refuse what no sheet holds, before hours have gone into it."""
        if rows >= MOST_ROWS:
            csv = self._path.with_suffix(".csv")
            raise UsageError(
                f"{shape.name} has {rows:,} rows, and a sheet of Excel at most {MOST_ROWS - 1:,} "
                f"below the names: export to {csv}, which has no limit, or ask for fewer servers, "
                "a shorter span or a coarser granularity"
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the library says into one error that names the file."""
        try:
            yield
        except (XlsxWriterException, OSError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise OutputError(f"cannot write {self._path}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> ExcelSink:
    """Begin a workbook; see `base.TablesSink`."""
    return ExcelSink(wanted)


def _writer(sheet: Any, kind: str, style: Any) -> Any:
    """Return what writes a value of a kind into a row and column: text is never a formula."""
    if kind == "text":
        return lambda row, at, value: sheet.write_string(row, at, _short_enough(value))
    if kind in _FORMATS:
        return lambda row, at, value: sheet.write_datetime(row, at, value, style)
    return sheet.write_boolean if kind == "flag" else sheet.write_number


def _short_enough(text: str) -> str:
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(
            f"a cell of Excel holds {_MOST_CHARACTERS:,} characters, and a text here has "
            f"{len(text):,}"
        )
    return text


def _is_same(wanted: Wanted) -> bool:
    """Tell whether a workbook says that it holds just this dataset.

    Raises:
        ExistsError: if it is not one of ours.
    """
    path = Path(wanted.place)
    if not path.is_file():
        return False
    there = None
    with suppress(OSError, KeyError, zipfile.BadZipFile), zipfile.ZipFile(path) as packed:
        there = dataset_of(packed.read("docProps/custom.xml").decode("utf-8", "replace"))
    if there is None:
        raise ExistsError(
            f"{path} was not made by fleetsynth, and is not touched: rename it, or choose another "
            "name"
        )
    return there == wanted.dataset
