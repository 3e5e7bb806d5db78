"""DuckDB: one file, one transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from fleetsynth.errors import NOTHING_LEFT, OutputError
from fleetsynth.sinks.base import Replacing, There, appended
from fleetsynth.sinks.database_file import DatabaseFile
from fleetsynth.sinks.sql import comments, create_table, key, literal, quoted
from fleetsynth.sinks.types import arrow_schema, handed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.sinks.base import Shape, Wanted


_TABLES = """
SELECT lower(table_name), comment FROM duckdb_tables()
WHERE database_name = current_database() AND lower(schema_name) = lower($1)
UNION ALL SELECT lower(view_name), NULL FROM duckdb_views()
WHERE database_name = current_database() AND lower(schema_name) = lower($1)
"""
"""What has a name there, and says what of itself; DuckDB does not tell capitals from small ones."""


class _Batch:
    """What DuckDB reads as a table: the rows that are there at the time.

    A transaction keeps all that is registered in it until it ends, so this is registered once, and
    its rows change. What stops the run while DuckDB reads is kept, for DuckDB tells of it as of a
    fault of the rows.
    """

    def __init__(self, name: str, rows: pa.RecordBatch) -> None:
        self.name, self.rows = name, rows
        self.stopped: BaseException | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        try:
            return pa.table(self.rows).__arrow_c_stream__(requested_schema)
        except (KeyboardInterrupt, SystemExit) as stopped:
            self.stopped = stopped
            raise


class DuckdbSink:
    """Tables in a file of DuckDB; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._file = DatabaseFile(wanted.place)
        self._connection: Any = None
        self._batches: dict[pa.Schema, _Batch] = {}
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
        insert = "INSERT OR IGNORE" if self._replacing.is_kept(table) else "INSERT"
        with self._errors():
            source = self._handed(handed(batch, self._schemas[table]))
            self._run(f"{insert} INTO {self._name(self._targets[table])} FROM {source}")

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
        ((database,),) = self._connection.execute("SELECT current_database()").fetchall()
        # said in full: a file may be called as a schema in it is
        self._schema = f"{quoted(database)}.{quoted(self._wanted.schema or 'main')}"
        found = self._connection.execute(_TABLES, [self._wanted.schema or "main"])
        self._replacing = Replacing(self._wanted, dict(found.fetchall()), self._there)
        if self._wanted.schema is not None:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
        self._schemas = {s.name: arrow_schema(s.schema) for s in self._wanted.shapes}
        self._targets: dict[str, str] = {}
        for shape in self._wanted.shapes:
            target = self._targets[shape.name] = shape.name
            if not self._replacing.is_kept(shape.name):
                target = self._targets[shape.name] = f"{shape.name}_{token_hex(4)}"
                self._run(create_table(shape, "duckdb", self._name(target), keyed=False))

    def _handed(self, batch: pa.RecordBatch) -> str:
        """Return the name by which DuckDB knows rows; those before them are forgotten."""
        source = self._batches.get(batch.schema)
        if source is None:
            source = _Batch(f"fleetsynth_batch_{len(self._batches)}", batch)
            self._batches[batch.schema] = source
            self._connection.register(source.name, source)
        source.rows = batch
        return source.name

    def _finish(self, shape: Shape) -> None:
        target, name = self._name(self._targets[shape.name]), self._name(shape.name)
        dataset = self._wanted.dataset
        if self._replacing.is_kept(shape.name):
            dataset = appended(self._wanted, self._replacing.marks[shape.name])
        else:
            if shape.key:
                self._run(f"ALTER TABLE {target} ADD PRIMARY KEY {key(shape)}")
            self._run(f"ALTER TABLE {target} RENAME TO {quoted(shape.name)}")
        for statement in comments(shape, name, self._wanted.mark(shape.comment, dataset)):
            self._run(statement)

    def _there(self, table: str) -> There:
        found = self._connection.execute(f"PRAGMA table_info({literal(self._name(table))})")
        rows = found.fetchall()
        return There([row[1] for row in rows], [row[1] for row in rows if row[5]])

    def _name(self, table: str) -> str:
        return f"{self._schema}.{quoted(table)}"

    def _run(self, statement: str) -> None:
        self._connection.execute(statement)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what DuckDB says into one error that names the file."""
        try:
            yield
        except RuntimeError as error:  # instead of what the signal's handler has raised
            if "interrupted" not in str(error):
                raise
            raise KeyboardInterrupt from error
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            for batch in self._batches.values():
                if batch.stopped is not None:
                    raise batch.stopped from error
            said = str(error).splitlines()[0]
            raise OutputError(f"cannot write {self._file.final}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> DuckdbSink:
    """Open a file of DuckDB, new or with other tables in it; see `base.TablesSink`."""
    return DuckdbSink(wanted)
