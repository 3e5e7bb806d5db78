"""Delta: a folder with a table in each folder; each table's log names the dataset that it holds.

Rows are written as Parquet by us, in constant memory, and enter the log in one commit per table,
with an application transaction: who commits the same dataset at the same time is refused by the
log.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from fleetsynth.errors import NOTHING_LEFT, OutputError, UsageError
from fleetsynth.sinks.base import Replacing, dataset_of
from fleetsynth.sinks.parquet_files import ParquetFiles
from fleetsynth.sinks.types import arrow_schema, handed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.sinks.base import Shape, Wanted

TYPES = {"instant": pa.timestamp("us", "UTC")}
_SAID = "fleetsynth"
"""What a commit says of the dataset is said under this name."""
_LOOKED_BACK = 50
"""Commits among which the last export is looked for; others may have been made since."""
_SIGNS = re.compile(r"[\x00-\x1f\x7f#?\\]|%[0-9A-Fa-f]{2}")


class DeltaSink:
    """Delta tables in a folder; see `base.TablesSink`."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._folder = Path(wanted.place).absolute()  # what is before a colon is no scheme
        if self._folder.is_file():
            raise OutputError(f"{self._folder} is a file: name a folder")
        _refuse_signs(self._folder)
        self._schemas = {s.name: arrow_schema(s.schema, TYPES) for s in wanted.shapes}
        with self._errors():
            self._tables = {name: self._open(name) for name in wanted.known}
            marks = {name: _mark(t) for name, t in self._tables.items() if t is not None}
            held = all(map(self._holds, self._schemas))
        self._replacing = Replacing(wanted, marks)
        self.already = wanted.dataset is not None and held
        self._files = ParquetFiles(
            {name: self._folder / name for name in self._schemas}, self._schemas
        )

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows into a file that no log names yet."""
        self._files.write(table, handed(batch, self._schemas[table]))

    def publish(self) -> Mapping[str, Any]:
        """Commit each table; that of the data last, when all others are there."""
        written = self._files.finish()
        with self._errors():
            for shape in reversed(self._wanted.shapes):
                self._commit(shape, written[shape.name])
            for name in set(self._replacing.stale()) - set(self._schemas):
                self._empty(name)
        self._files.keep()
        return {"bytes": sum(size for files in written.values() for _, size, _ in files)}

    def abort(self) -> None:
        """Remove the files that no log names."""
        self._files.abort()

    def _open(self, name: str) -> DeltaTable | None:
        try:
            return DeltaTable(str(self._folder / name))
        except TableNotFoundError:
            return None

    def _holds(self, name: str) -> bool:
        """Whether the newest version of a table is just this dataset."""
        table = self._tables.get(name)
        if table is None:
            return False
        return any(
            dataset_of(str(commit.get(_SAID, ""))) == self._wanted.dataset
            for commit in table.history(1)
        )

    def _commit(self, shape: Shape, files: list[tuple[Path, int, int]]) -> None:
        adds = [
            AddAction(path.name, size, {}, int(time.time() * 1000), True, _statistics(rows))
            for path, size, rows in files
        ]
        mark = self._wanted.mark(shape.comment)
        table = self._tables[shape.name]
        schema = self._schemas[shape.name]
        if table is None:
            create_table_with_add_actions(
                str(self._folder / shape.name),
                _delta_schema(schema),
                adds,
                name=shape.name,
                description=mark,
                commit_properties=self._properties(None, mark),
            )
        else:
            table.create_write_transaction(
                [*adds],
                "overwrite",
                _delta_schema(schema),
                commit_properties=self._properties(table, mark),
            )

    def _empty(self, name: str) -> None:
        """Leave nothing in a table that belonged to a dataset that was replaced."""
        table = self._tables[name]
        if table is not None:
            table.delete()

    def _properties(self, table: DeltaTable | None, mark: str) -> CommitProperties:
        app = f"fleetsynth-{self._wanted.dataset or 'unknown'}"
        before = None if table is None else table.transaction_version(app)
        return CommitProperties(
            custom_metadata={_SAID: mark},
            app_transactions=[Transaction(app, 1 if before is None else before + 1)],
            max_commit_retries=0,
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the library says into one error that names the folder."""
        try:
            yield
        except (DeltaError, OSError) as error:
            said = str(error).splitlines()[0]
            raise OutputError(f"cannot write {self._wanted.name}: {said}{NOTHING_LEFT}") from error


def open_sink(wanted: Wanted) -> DeltaSink:
    """Open a folder of Delta tables, new or with others in it; see `base.TablesSink`."""
    return DeltaSink(wanted)


def _refuse_signs(folder: Path) -> None:
    """Refuse a name that the library takes for a part of a URL, and so for another folder's."""
    found = _SIGNS.search(str(folder))
    if found is not None:
        raise UsageError(
            f"{folder}: tables of Delta lie in no folder with {found[0]!r} in a name of its path: "
            "name another one"
        )


def _mark(table: DeltaTable) -> str | None:
    """Return what a table says of itself: its description stays, its log goes on."""
    description: str | None = table.metadata().description
    if dataset_of(description) is not None:
        for commit in table.history(_LOOKED_BACK):
            if _SAID in commit:
                return str(commit[_SAID])
    return description


def _statistics(rows: int) -> str:
    return json.dumps({"numRecords": rows})


def _delta_schema(schema: pa.Schema) -> Any:
    from deltalake import Schema

    return Schema.from_arrow(schema)
