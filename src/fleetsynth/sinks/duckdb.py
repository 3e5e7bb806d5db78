"""DuckDB: one file, one transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import duckdb

from fleetsynth.errors import NOTHING_LEFT, OutputError
from fleetsynth.sinks.base import Replacing, appended
from fleetsynth.sinks.database_file import DatabaseFile
from fleetsynth.sinks.sql import comments, create_table, key, literal, qualified, quoted
from fleetsynth.sinks.types import arrow_schema, handed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from fleetsynth.sinks.base import Shape, Wanted

_BATCH = "fleetsynth_batch"


class DuckdbSink:
    """Tables in a file of DuckDB; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._file = DatabaseFile(wanted.place)
        self._connection: Any = None
        try:
            with self._errors():
                self._connection = duckdb.connect(str(self._file.path))
                self._run("BEGIN")
                self._begin()
        except BaseException:
            self.abort()
            raise

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Insert rows."""
        with self._errors():
            self._connection.register(_BATCH, handed(batch, self._schemas[table]))
            self._run(f"INSERT INTO {self._name(self._targets[table])} FROM {_BATCH}")
            self._connection.unregister(_BATCH)

    def publish(self) -> Mapping[str, Any]:
        """Add keys, put new tables in the place of old ones, and commit."""
        with self._errors():
            for name in self._replacing.stale():
                self._run(f"DROP TABLE {self._name(name)}")
            for shape in self._wanted.shapes:
                self._finish(shape)
            self._run("COMMIT")
            self._connection.close()
        self._file.publish()
        return {}

    def abort(self) -> None:
        """Roll back."""
        if self._connection is not None:
            with suppress(duckdb.Error):
                self._connection.rollback()
            self._connection.close()
        self._file.abort()

    def _begin(self) -> None:
        found = self._connection.execute(
            "SELECT table_name, comment FROM duckdb_tables()"
            " WHERE database_name = current_database() AND schema_name = coalesce(?, 'main')",
            [self._wanted.schema],
        )
        self._replacing = Replacing(self._wanted, dict(found.fetchall()), self._columns)
        if self._wanted.schema is not None:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._wanted.schema)}")
        self._schemas = {s.name: arrow_schema(s.schema) for s in self._wanted.shapes}
        self._targets: dict[str, str] = {}
        for shape in self._wanted.shapes:
            target = self._targets[shape.name] = f"{shape.name}_{token_hex(4)}"
            self._run(create_table(shape, "duckdb", self._name(target), keyed=False))

    def _finish(self, shape: Shape) -> None:
        target, name = self._name(self._targets[shape.name]), self._name(shape.name)
        dataset = self._wanted.dataset
        if self._replacing.is_kept(shape.name):
            self._run(f"INSERT OR IGNORE INTO {name} FROM {target}")
            self._run(f"DROP TABLE {target}")
            dataset = appended(self._wanted, self._replacing.marks[shape.name])
        else:
            if shape.key:
                self._run(f"ALTER TABLE {target} ADD PRIMARY KEY {key(shape)}")
            self._run(f"ALTER TABLE {target} RENAME TO {quoted(shape.name)}")
        for statement in comments(shape, name, self._wanted.mark(shape.comment, dataset)):
            self._run(statement)

    def _columns(self, table: str) -> list[str]:
        found = self._connection.execute(f"PRAGMA table_info({literal(self._name(table))})")
        return [row[1] for row in found.fetchall()]

    def _name(self, table: str) -> str:
        return qualified(self._wanted.schema, table)

    def _run(self, statement: str) -> None:
        self._connection.execute(statement)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what DuckDB says into one error that names the file."""
        try:
            yield
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise OutputError(f"cannot write {self._file.final}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> DuckdbSink:
    """Open a file of DuckDB, new or with other tables in it; see `base.TablesSink`."""
    return DuckdbSink(wanted)
