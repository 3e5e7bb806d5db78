"""Iceberg: a folder with an SQL catalogue in SQLite and a folder for each table.

Rows are written as Parquet by us, in constant memory, and enter each table in one commit.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import AlwaysTrue
from sqlalchemy import URL
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from fleetsynth.errors import NOTHING_LEFT, OutputError
from fleetsynth.files import make_folders, os_errors
from fleetsynth.sinks.base import Replacing, dataset_of
from fleetsynth.sinks.parquet_files import ParquetFiles
from fleetsynth.sinks.types import arrow_schema, handed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyiceberg.table import Table

    from fleetsynth.sinks.base import Shape, Wanted

TYPES = {"instant": pa.timestamp("us", "UTC"), "small": pa.int32()}
NAMESPACE = "fleetsynth"
CATALOGUE = "catalog.db"
_SAID, _EMPTIED = "fleetsynth", "fleetsynth.emptied"
"""Properties of a table: what it holds, and whether it was left with nothing."""
_AT_ONCE = (
    CommitFailedException,
    IntegrityError,
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    ValidationException,
)
"""What the library says when somebody else has changed a table, or made it, meanwhile."""

logging.getLogger("pyiceberg").addHandler(logging.NullHandler())  # what matters, we say ourselves


class IcebergSink:
    """Iceberg tables in a folder; see `base.TablesSink`."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._folder = Path(wanted.place).absolute()
        self._namespace = wanted.schema or NAMESPACE
        if self._folder.is_file():
            raise OutputError(f"{self._folder} is a file: name a folder")
        self._schemas = {s.name: arrow_schema(s.schema, TYPES) for s in wanted.shapes}
        self._catalogue: SqlCatalog | None = None
        self._tables: dict[str, Table] = {}
        if (self._folder / CATALOGUE).exists():
            with self._errors():
                self._catalogue = self._connect()
                self._tables = {n: t for n in wanted.known if (t := self._load(n)) is not None}
        marks = {name: table.properties.get(_SAID) for name, table in self._tables.items()}
        self._replacing = Replacing(wanted, marks)
        self.already = wanted.dataset is not None and all(map(self._holds, self._schemas))
        self._files = ParquetFiles(
            {name: self._folder / self._namespace / name / "data" for name in self._schemas},
            self._schemas,
        )

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows into a file that no table names yet."""
        self._files.write(table, handed(batch, self._schemas[table]))

    def publish(self) -> Mapping[str, Any]:
        """Commit each table; that of the data last, when all others are there."""
        written = self._files.finish()
        with os_errors(self._folder):
            make_folders(self._folder)
        with self._errors():
            catalogue = self._catalogue or self._connect()
            catalogue.create_namespace_if_not_exists(self._namespace)
            for shape in reversed(self._wanted.shapes):
                self._commit(catalogue, shape, [str(path) for path, *_ in written[shape.name]])
            for name in set(self._replacing.stale()) - set(self._schemas):
                with self._tables[name].transaction() as change:
                    change.delete(AlwaysTrue())
                    change.set_properties({_EMPTIED: "yes"})
            catalogue.engine.dispose()
        self._files.keep()
        return {"bytes": sum(size for files in written.values() for _, size, _ in files)}

    def abort(self) -> None:
        """Remove the files that no table names."""
        if self._catalogue is not None:
            self._catalogue.engine.dispose()
        self._files.abort()

    def _connect(self) -> SqlCatalog:
        uri = URL.create("sqlite", database=str(self._folder / CATALOGUE)).render_as_string()
        return SqlCatalog("fleetsynth", uri=uri, warehouse=_location(self._folder))

    def _load(self, name: str) -> Table | None:
        try:
            return None if self._catalogue is None else self._catalogue.load_table(self._name(name))
        except NoSuchTableError:
            return None

    def _name(self, table: str) -> tuple[str, str]:
        return self._namespace, table

    def _holds(self, name: str) -> bool:
        """Whether the newest version of a table is just this dataset."""
        table = self._tables.get(name)
        snapshot = None if table is None else table.current_snapshot()
        said = None if snapshot is None or snapshot.summary is None else snapshot.summary[_SAID]
        return dataset_of(said) == self._wanted.dataset

    def _commit(self, catalogue: SqlCatalog, shape: Shape, files: list[str]) -> None:
        mark = self._wanted.mark(shape.comment)
        schema = self._schemas[shape.name]
        table = self._tables.get(shape.name)
        said = {_SAID: mark, _EMPTIED: "no", "comment": shape.comment}
        location = _location(self._folder / self._namespace / shape.name)
        with (
            # A table that was made and not filled would say of itself that nobody made it.
            catalogue.create_table_transaction(self._name(shape.name), schema, location)
            if table is None
            else table.transaction()
        ) as change:
            if table is not None:
                if table.current_snapshot() is not None:
                    change.delete(AlwaysTrue())
                _give_columns(change, table, schema)
            change.set_properties(said)
            if files:
                change.add_files(files, {_SAID: mark}, check_duplicate_files=False)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the libraries say into one error that names the folder."""
        try:
            yield
        except _AT_ONCE as error:
            raise OutputError(
                f"cannot write {self._wanted.name}: somebody else has written there meanwhile "
                f"({_first_line(error)}): export again"
            ) from error
        except (SQLAlchemyError, OSError, ValueError) as error:
            said = _first_line(error)
            raise OutputError(f"cannot write {self._wanted.name}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> IcebergSink:
    """Open a folder of Iceberg tables, new or with others in it; see `base.TablesSink`."""
    return IcebergSink(wanted)


def _location(folder: Path) -> str:
    """Return a folder as the library takes it, which does not decode a URL."""
    url = folder.as_uri()
    return str(folder) if "%" in url else url


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _give_columns(change: Any, table: Table, schema: pa.Schema) -> None:
    """Let a table have just these columns, in its next version."""
    there = [field.name for field in table.schema().fields]
    if there == schema.names:
        return
    with change.update_schema(allow_incompatible_changes=True) as columns:
        for name in there:
            if name not in schema.names:
                columns.delete_column(name)
        columns.union_by_name(pa.schema([f.with_nullable(True) for f in schema]))
