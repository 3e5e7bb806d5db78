"""SQLite: one file, one transaction; text for times, as SQLite's own functions take it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.errors import NOTHING_LEFT, ExistsError, OutputError, UsageError
from fleetsynth.sinks.base import Replacing, There, appended
from fleetsynth.sinks.database_file import DatabaseFile
from fleetsynth.sinks.sql import create_table, quoted
from fleetsynth.sinks.types import arrow_schema, handed
from fleetsynth.tables.frame import missing_in, to_numpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.sinks.base import Shape, Wanted

_ABOUT = "fleetsynth_tables"
"""The table that says what our tables hold: SQLite has no comments."""


class SqliteSink:
    """Tables in a file of SQLite; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._file = DatabaseFile(wanted.place)
        self._connection: sqlite3.Connection | None = None
        self._targets: dict[str, str] = {}
        self._inserts: dict[str, str] = {}
        self._schemas = {shape.name: arrow_schema(shape.schema) for shape in wanted.shapes}
        try:
            with self._errors():
                self._connection = sqlite3.connect(self._file.path, isolation_level=None)
                self._run("BEGIN IMMEDIATE")
                self._begin()
        except BaseException:
            self.abort()
            raise

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Insert rows."""
        schema = self._schemas[table]
        rows = zip(*map(_values, handed(batch, schema).columns), strict=True)
        with self._errors():
            self._open.executemany(self._inserts[table], rows)

    def publish(self) -> Mapping[str, Any]:
        """Put new tables in the place of old ones, and commit."""
        with self._errors():
            for name in self._replacing.stale():
                self._run(f"DROP TABLE {quoted(name)}")
                self._run("DELETE FROM fleetsynth_tables WHERE name = ?", name)
            for shape in self._wanted.shapes:
                self._finish(shape)
            self._run("COMMIT")
            self._open.close()
        self._file.publish()
        return {}

    def abort(self) -> None:
        """Roll back."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            self._connection.close()
        self._file.abort()

    def _begin(self) -> None:
        names = [name.lower() for (name,) in self._run("SELECT name FROM sqlite_master")]
        about = self._about() if _ABOUT in names else {}
        marks = {name: about.get(name) for name in names}
        self._replacing = Replacing(self._wanted, marks, self._there)
        for shape in self._wanted.shapes:
            target, kept = shape.name, self._replacing.is_kept(shape.name)
            if not kept:
                target = f"{shape.name}_{token_hex(4)}"
                self._run(_create(shape, target))
            self._targets[shape.name] = target
            marked = ", ".join("?" * len(shape.schema.names))
            insert = "INSERT OR IGNORE" if kept else "INSERT"
            self._inserts[shape.name] = f"{insert} INTO {quoted(target)} VALUES ({marked})"

    def _about(self) -> dict[str, str]:
        """Return what our tables say of themselves."""
        if self._there(_ABOUT).columns != ["name", "about"]:
            raise ExistsError(
                f"{_ABOUT} in {self._file.final} was not made by fleetsynth, and is not touched: "
                "rename or drop it, or choose another file"
            )
        return dict(self._run("SELECT name, about FROM fleetsynth_tables"))

    def _there(self, table: str) -> There:
        rows = self._run(f"PRAGMA table_info({quoted(table)})")
        return There([row[1] for row in rows], [row[1] for row in rows if row[5]])

    def _finish(self, shape: Shape) -> None:
        target, dataset = self._targets[shape.name], self._wanted.dataset
        if target != shape.name:
            self._run(f"ALTER TABLE {quoted(target)} RENAME TO {quoted(shape.name)}")
        else:
            dataset = appended(self._wanted, self._replacing.marks[shape.name])
        mark = self._wanted.mark(shape.comment, dataset)
        self._run(
            "CREATE TABLE IF NOT EXISTS fleetsynth_tables"
            " (name TEXT PRIMARY KEY, about TEXT NOT NULL)"
        )
        self._run("INSERT OR REPLACE INTO fleetsynth_tables VALUES (?, ?)", shape.name, mark)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:  # it is opened by the constructor
            raise OutputError(f"{self._file.final} is not open")
        return self._connection

    def _run(self, statement: str, *values: object) -> list[Any]:
        return self._open.execute(statement, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite says into one error that names the file."""
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(f"cannot write {self._file.final}: {error}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> SqliteSink:
    """Open a file of SQLite, new or with other tables in it; see `base.TablesSink`."""
    if wanted.schema is not None:
        raise UsageError("schema=... is for PostgreSQL, DuckDB and Iceberg: name another file")
    return SqliteSink(wanted)


def _create(shape: Shape, name: str) -> str:
    """Return the statement that creates a table; its rows lie in the order of the key, if any."""
    whole = create_table(shape, "sqlite", quoted(name), keyed=True)
    return f"{whole} WITHOUT ROWID" if shape.key else whole


def _values(column: pa.Array) -> list[Any]:
    """Return a column as SQLite takes it: times as ``2024-06-01 02:00:00``, days likewise."""
    if pa.types.is_dictionary(column.type):
        words = [*column.dictionary.to_pylist(), None]
        codes = to_numpy(column.indices.cast(pa.int32()))
        gone = missing_in(column.indices)
        return [words[code] for code in (codes if gone is None else np.where(gone, -1, codes))]
    if pa.types.is_timestamp(column.type) or pa.types.is_date32(column.type):
        return _times(column)
    out: list[Any] = column.to_pylist()
    return out


def _times(column: pa.Array) -> list[str | None]:
    gone = missing_in(column)
    unit = "D" if pa.types.is_date32(column.type) else "us"
    numbers = to_numpy(column.cast(pa.int32() if unit == "D" else pa.int64()))
    if gone is not None:
        numbers = np.where(gone, 0, numbers)
    if unit == "us" and not (numbers % 1_000_000).any():
        numbers, unit = numbers // 1_000_000, "s"
    distinct, places = np.unique(numbers, return_inverse=True)
    written = np.datetime_as_string(distinct.astype(f"datetime64[{unit}]")).tolist()
    words = [*(text.replace("T", " ") for text in written), None]
    return [words[at] for at in (places if gone is None else np.where(gone, -1, places)).tolist()]
