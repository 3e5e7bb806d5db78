"""Parquet files that a table of a lake will name, written where the table keeps its own."""

from __future__ import annotations

from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsynth.files import make_folders, os_errors
from fleetsynth.formats.parquet import writer_options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ROWS = 1 << 23
"""Rows of a file, some 80 MB of them."""


class ParquetFiles:
    """Files of several tables, none of which counts before a table names it.

    Args:
        folders: where to, by table.
        schemas: of the rows, by table.
    """

    def __init__(self, folders: Mapping[str, Path], schemas: Mapping[str, pa.Schema]) -> None:
        self._folders, self._schemas = folders, schemas
        self._made: list[Path] = []
        self._open: dict[str, tuple[Path, pq.ParquetWriter, int]] = {}
        self._written: dict[str, list[tuple[Path, int, int]]] = {name: [] for name in folders}

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows, in a new file where the last one is full."""
        if table not in self._open:
            self._begin(table)
        path, writer, rows = self._open[table]
        schema = self._schemas[table]
        arrays = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in batch.columns
        ]
        with os_errors(path):
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._open[table] = path, writer, rows + batch.num_rows
        if rows + batch.num_rows >= _ROWS:
            self._end(table)

    def finish(self) -> dict[str, list[tuple[Path, int, int]]]:
        """Write all ends; return path, bytes and rows of each file, by table."""
        for table in list(self._open):
            self._end(table)
        return self._written

    def keep(self) -> None:
        """Forget the files: their tables name them."""
        self._written, self._made = {}, []

    def abort(self) -> None:
        """Remove the files, and the folders that were made for them."""
        for _, writer, _ in self._open.values():
            with suppress(OSError, pa.ArrowException):
                writer.close()
        paths = [path for path, *_ in self._open.values()]
        paths += [path for files in self._written.values() for path, *_ in files]
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()

    def _begin(self, table: str) -> None:
        folder = self._folders[table]
        path = folder / f"part-{len(self._written[table]):05d}-{token_hex(8)}.parquet"
        with os_errors(path):
            self._made += make_folders(folder)
            schema = self._schemas[table]
            options = writer_options(schema) | {"store_schema": True, "write_statistics": True}
            self._open[table] = path, pq.ParquetWriter(path, schema, **options), 0

    def _end(self, table: str) -> None:
        path, writer, rows = self._open.pop(table)
        self._written[table].append((path, 0, rows))
        with os_errors(path):
            writer.close()
            self._written[table][-1] = path, path.stat().st_size, rows
