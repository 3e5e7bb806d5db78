"""Where the suite exports to, by system: a destination of its own, and a second way to look."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi
from deltalake import DeltaTable, write_deltalake
from openpyxl import load_workbook
from pyiceberg.catalog.sql import SqlCatalog

from fleetsynth.sinks.base import DATA_TABLE
from tests.sinks.postgres import Postgres


@dataclass(frozen=True)
class Place:
    """A destination, and how to see with other eyes than ours what is there.

    Attributes:
        to: the destination.
        tables: returns the names of all tables that can be seen.
        read: returns a table's rows, as the system's own library gives them.
        digits: of numbers that come back; a float has 17.
        others: makes a table of somebody else's of a name; None where there can be none.
    """

    to: str
    tables: Callable[[], set[str]]
    read: Callable[[str], pa.Table]
    others: Callable[[str], None] | None = None
    digits: int = 17


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


def _excel(folder: Path) -> Place:
    path = folder / "fleet.xlsx"

    def tables() -> set[str]:
        return set(load_workbook(path, read_only=True).sheetnames) if path.exists() else set()

    def read(name: str) -> pa.Table:
        book = load_workbook(path, read_only=True)
        names, *rows = book[name].iter_rows(values_only=True)
        book.close()
        # a cell without a value has none, whether or not it had the empty text
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        return pa.table([pa.array(list(column)) for column in columns], names=list(map(str, names)))

    return Place(str(path), tables, read, digits=16)


def _delta(folder: Path) -> Place:
    lake = folder / "lake"

    def tables() -> set[str]:
        found = [path.parent for path in lake.glob("*/_delta_log")]
        emptied = {
            path for path in found if DeltaTable(path).history(1)[0]["operation"] == "DELETE"
        }
        return {path.name for path in found if path not in emptied}

    def read(name: str) -> pa.Table:
        return pa.table(DeltaTable(lake / name).to_pyarrow_table())

    def others(name: str) -> None:
        write_deltalake(lake / name, pa.table({"a": [1]}))

    return Place(f"delta:{lake}", tables, read, others)


def _iceberg(folder: Path) -> Place:
    lake = folder / "lake"

    def catalog() -> SqlCatalog:
        options = {"uri": f"sqlite:///{lake}/catalog.db", "warehouse": f"file://{lake}"}
        return SqlCatalog("fleetsynth", **options)

    def tables() -> set[str]:
        if not (lake / "catalog.db").exists():
            return set()
        opened = catalog()
        found = {name[-1] for name in opened.list_tables("fleetsynth")}
        return {
            name
            for name in found
            if opened.load_table(("fleetsynth", name)).properties.get("fleetsynth.emptied") != "yes"
        }

    def read(name: str) -> pa.Table:
        return catalog().load_table(("fleetsynth", name)).scan().to_arrow()

    def others(name: str) -> None:
        lake.mkdir(exist_ok=True)
        opened = catalog()
        opened.create_namespace_if_not_exists("fleetsynth")
        opened.create_table(("fleetsynth", name), pa.schema([("a", pa.int32())]))

    return Place(f"iceberg:{lake}", tables, read, others)


PLACES: dict[str, Callable[[Path], Place]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "delta": _delta,
    "excel": _excel,
    "iceberg": _iceberg,
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
