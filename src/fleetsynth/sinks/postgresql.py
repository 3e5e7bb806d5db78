"""PostgreSQL: one transaction, through ADBC, which copies Arrow batches in binary.

Who and where: the URL, the variables of libpq (PGHOST, PGPASSWORD …), ~/.pgpass, a service file.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from fleetsynth.errors import NOTHING_LEFT, OutputError, UsageError
from fleetsynth.sinks.base import Replacing, There, appended
from fleetsynth.sinks.sql import comments, create_table, key, qualified, quoted
from fleetsynth.sinks.types import arrow_schema, handed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fleetsynth.sinks.base import Shape, Wanted

_LONGEST_NAME = 63
"""Bytes of a name; of a longer one, the rest would be cut off in silence."""
_HOST = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]:=\s]*)(?::[0-9]*)?")
"""A host, or none, and a port: no such thing as ``password=word``, nor the rest of a password."""
_AGAIN_SECONDS = 0.1
"""After which what did not hear that it is cancelled is told once more."""
_TABLES = """
SELECT relname, CASE WHEN relkind IN ('r', 'p') THEN obj_description(oid, 'pg_class') END
FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace($1)
UNION ALL SELECT typname, NULL
FROM pg_catalog.pg_type WHERE typnamespace = to_regnamespace($1) AND typrelid = 0
"""
"""What has a name there, and says what of itself: nothing, if it is no table."""
_COLUMNS = """
SELECT attname FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_KEY = """
SELECT attname FROM pg_catalog.pg_index JOIN pg_catalog.pg_attribute
ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indrelid = to_regclass($1) AND indisprimary
"""


class PostgresqlSink:
    """Tables in a schema of PostgreSQL; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._connection: Any = None
        self._thread = ThreadPoolExecutor(1)
        self._schemas = {shape.name: arrow_schema(shape.schema) for shape in wanted.shapes}
        _refuse_long_names(wanted)
        try:
            with self._errors("reach"):
                self._connection = dbapi.connect(_uri(wanted.place))
                self._cursor = self._connection.cursor()
            with self._errors():
                self._begin()
        except BaseException:
            self.abort()
            raise

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Copy rows."""
        rows = handed(batch, self._schemas[table])
        _refuse_nul(rows)
        with self._errors():
            self._do(
                self._cursor.adbc_ingest,
                self._targets[table],
                rows,
                mode="append",
                db_schema_name=self._schema,
            )

    def publish(self) -> Mapping[str, Any]:
        """Add keys, put new tables in the place of old ones, and commit."""
        with self._errors():
            for shape in self._wanted.shapes:
                if shape.key and not self._replacing.is_kept(shape.name):
                    self._add_key(shape)
            for name in self._replacing.stale():
                self._run(f"DROP TABLE {self._name(name)}")
            for shape in self._wanted.shapes:
                self._finish(shape)
            self._do(self._connection.commit)
            self._connection.close()
        self._thread.shutdown()
        return {}

    def abort(self) -> None:
        """Roll back."""
        if self._connection is not None:
            for end in (self._connection.rollback, self._connection.close):
                with suppress(dbapi.Error):
                    end()
        self._thread.shutdown()

    def _begin(self) -> None:
        said = self._wanted.schema
        ((self._schema,),) = self._ask("SELECT coalesce($1::text, current_schema())", said)
        if self._schema is None:
            raise UsageError(f"{self._wanted.name} has no schema to work in: say schema=...")
        ((free,),) = self._ask(
            "SELECT pg_try_advisory_xact_lock(hashtext('fleetsynth'), hashtext($1))", self._schema
        )
        if not free:
            raise OutputError(f"another export into {self._wanted.name} is under way")
        if said is not None:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {quoted(said)}")
        marks = dict(self._ask(_TABLES, quoted(self._schema)))
        self._replacing = Replacing(self._wanted, marks, self._there)
        self._targets: dict[str, str] = {}
        for shape in self._wanted.shapes:
            target = self._targets[shape.name] = f"{shape.name}_{token_hex(4)}"
            self._run(create_table(shape, "postgresql", self._name(target), keyed=False))

    def _finish(self, shape: Shape) -> None:
        target, name = self._targets[shape.name], self._name(shape.name)
        dataset = self._wanted.dataset
        if self._replacing.is_kept(shape.name):
            self._run(f"INSERT INTO {name} TABLE {self._name(target)} ON CONFLICT DO NOTHING")
            self._run(f"DROP TABLE {self._name(target)}")
            dataset = appended(self._wanted, self._replacing.marks[shape.name])
        else:
            self._run(f"ALTER TABLE {self._name(target)} RENAME TO {quoted(shape.name)}")
            if shape.key:
                self._name_key(shape, target)
        for statement in comments(shape, name, self._wanted.mark(shape.comment, dataset)):
            self._run(statement)

    def _add_key(self, shape: Shape) -> None:
        target = self._targets[shape.name]
        constraint = f"CONSTRAINT {quoted(f'{target}_pkey')} PRIMARY KEY {key(shape)}"
        self._run(f"ALTER TABLE {self._name(target)} ADD {constraint}")

    def _name_key(self, shape: Shape, target: str) -> None:
        """Name a key after its table, unless that of a table that was renamed has the name."""
        key_name = f"{shape.name}_pkey"
        ((is_free,),) = self._ask("SELECT to_regclass($1) IS NULL", self._name(key_name))
        if is_free:
            self._run(
                f"ALTER TABLE {self._name(shape.name)} RENAME CONSTRAINT"
                f" {quoted(f'{target}_pkey')} TO {quoted(key_name)}"
            )

    def _there(self, table: str) -> There:
        asked = (self._ask(statement, self._name(table)) for statement in (_COLUMNS, _KEY))
        return There(*([name for (name,) in rows] for rows in asked))

    def _name(self, table: str) -> str:
        return qualified(self._schema, table)

    def _ask(self, statement: str, *values: str | None) -> list[Any]:
        self._do(self._cursor.execute, statement, values)
        found: list[Any] = self._do(self._cursor.fetchall)
        return found

    def _run(self, statement: str) -> None:
        self._do(self._cursor.execute, statement)

    def _do(self, call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Have ADBC do something in a thread of its own, and cancel that if we are interrupted.

        In the main thread it takes Ctrl-C for itself, and loses one that comes between two calls.
        """
        doing = self._thread.submit(call, *arguments, **more)
        try:
            return doing.result()
        except BaseException:
            while not doing.done():
                with suppress(dbapi.Error):
                    self._cursor.adbc_cancel()
                wait([doing], _AGAIN_SECONDS)
            raise

    @contextmanager
    def _errors(self, what: str = "write to") -> Iterator[None]:
        """Turn what PostgreSQL says into one error that names the destination."""
        try:
            yield
        except dbapi.Error as error:
            said = _plainly(str(error))
            raise OutputError(f"cannot {what} {self._wanted.name}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> PostgresqlSink:
    """Connect to a database, and begin its one transaction; see `base.TablesSink`."""
    return PostgresqlSink(wanted)


def _uri(place: str) -> str:
    """Return what libpq connects to; nothing said is what its variables say.

    Raises:
        UsageError: if libpq would take something else for the host, and tell everybody of it.
    """
    uri = place if "://" in place else f"postgresql://{place}"
    who, _, hosts = re.split("[/?#]", uri.partition("://")[2], maxsplit=1)[0].rpartition("@")
    if "@" in who or not all(map(_HOST.fullmatch, hosts.split(","))):
        raise UsageError(
            "the destination is no URL that PostgreSQL takes: expected such as "
            "postgresql://HOST:5432/DATABASE, with a user and an @ before the host; in names and "
            "passwords @ : / ? # are written %40 %3A %2F %3F %23, and a password is best left to "
            "PGPASSWORD"
        )
    return uri


def _plainly(said: str) -> str:
    """Return the server's own words, without those of the libraries in between."""
    found = re.search(r"(?:ERROR|FATAL):\s+(.*)", said) or re.search(r"failed: (.*)", said)
    words = found[1] if found else said.splitlines()[0]
    more = re.search(r"^(?:DETAIL|HINT):\s+(.*)", said, re.MULTILINE)
    return f"{words} ({more[1]})" if more else words


def _refuse_long_names(wanted: Wanted) -> None:
    names = [name for shape in wanted.shapes for name in (shape.name, *shape.schema.names)]
    for name in (*names, wanted.schema or ""):
        if len(name.encode()) > _LONGEST_NAME or "\0" in name:
            raise UsageError(
                f"PostgreSQL takes names of at most {_LONGEST_NAME} bytes, without NUL characters: "
                f"{name!r} is none"
            )


def _refuse_nul(batch: pa.RecordBatch) -> None:
    """Refuse text that PostgreSQL has no place for: the copy would end in the middle."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        words = column.dictionary if pa.types.is_dictionary(column.type) else column
        if pa.types.is_string(words.type) and b"\0" in _characters(words):
            raise UsageError(
                f"the column {name!r} has text with NUL characters, which PostgreSQL cannot hold"
            )


def _characters(words: pa.Array) -> memoryview | bytes:
    data = words.buffers()[2]
    return b"" if data is None else bytes(data)
