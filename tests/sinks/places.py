"""Where the suite exports to, by system: a destination of its own, and a second way to look."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from fleetsynth.sinks.base import DATA_TABLE
from tests.sinks.postgres import Postgres


@dataclass(frozen=True)
class Place:
    """A destination, and how to see with other eyes than ours what is there.

    Attributes:
        to: the destination.
        tables: returns the names of all tables that can be seen.
        read: returns a table's rows, as the system's own library gives them.
        others: makes a table of somebody else's of a name; None where there can be none.
        is_file: whether it is one file or several on this machine.
    """

    to: str
    tables: Callable[[], set[str]]
    read: Callable[[str], pa.Table]
    others: Callable[[str], None] | None = None


def _sqlite(folder: Path) -> Place:
    path = folder / "fleet.sqlite"

    def rows(statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def tables() -> set[str]:
        found = rows("SELECT name FROM sqlite_master WHERE type = 'table'") if path.exists() else []
        return {str(name) for (name,) in found} - {"fleetsynth_tables"}

    def read(name: str) -> pa.Table:
        names = [str(row[1]) for row in rows(f'PRAGMA table_info("{name}")')]
        found = rows(f'SELECT * FROM "{name}"')
        return pa.table(
            [pa.array([row[at] for row in found]) for at in range(len(names))], names=names
        )

    def others(name: str) -> None:
        connection = sqlite3.connect(path)
        connection.execute(f'CREATE TABLE "{name}" (a)')
        connection.commit()
        connection.close()

    return Place(str(path), tables, read, others)


def _duckdb(folder: Path) -> Place:
    path = folder / "fleet.duckdb"

    def ask(statement: str) -> pa.Table:
        with duckdb.connect(str(path)) as connection:
            found = connection.sql(statement)
            return found.to_arrow_table() if found is not None else pa.table({})

    def tables() -> set[str]:
        if not path.exists():
            return set()
        return set(ask("SELECT table_name FROM duckdb_tables()")["table_name"].to_pylist())

    def others(name: str) -> None:
        ask(f'CREATE TABLE "{name}" (a INT)')

    return Place(
        str(path),
        tables,
        lambda name: ask(f'SELECT * FROM "{name}"'),
        others,
    )


def postgresql(server: Postgres) -> Place:
    """An empty database."""
    to = server.new()
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

    def read(name: str) -> pa.Table:
        with dbapi.connect(to) as connection, connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{name}"')
            found: pa.Table = cursor.fetch_arrow_table()
            return found

    def others(name: str) -> None:
        server.ask(f'CREATE TABLE "{name}" (a int)', to)

    return Place(
        to,
        lambda: {name for (name,) in server.ask(listed, to)},
        read,
        others,
    )


def _files(folder: Path) -> Place:
    path = folder / "fleet.parquet"

    def place(name: str) -> Path:
        return path if name == DATA_TABLE else folder / "fleet.tables" / f"{name}.parquet"

    def tables() -> set[str]:
        beside = {found.stem for found in folder.glob("fleet.tables/[a-z]*")}
        return beside | ({DATA_TABLE} if path.exists() else set())

    return Place(str(path), tables, lambda name: pq.read_table(place(name)))


PLACES: dict[str, Callable[[Path], Place]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "files": _files,
}
"""How to make a place for each system of `SYSTEMS`, but for that which needs a server."""


def as_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a table the types of a schema, where they say the same; UTC is UTC."""
    columns = []
    for field in schema:
        column = table.column(field.name).combine_chunks()
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_temporal(kind) and pa.types.is_string(column.type):
            column = column.cast(pa.timestamp("us")).cast(kind)
        columns.append(column.cast(kind))
    return pa.table(columns, names=schema.names)
