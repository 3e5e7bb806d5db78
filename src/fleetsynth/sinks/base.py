"""What every system that tables are published in can do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fleetsynth._version import __version__
from fleetsynth.errors import ExistsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

DATA_TABLE = "server_metrics"
"""What the table of the data is called where tables have names; the others have their own."""

SEVERAL = "several"
"""Stands for the dataset of a table that rows of several were appended to."""

_MARK = re.compile(r"Made by fleetsynth \S+, dataset (\w+)\.")


@dataclass(frozen=True)
class Shape:
    """What a table is, whatever the system.

    Attributes:
        name: of the table, such as ``server_metrics``.
        schema: its columns, of the types that they are read with.
        key: columns that tell its rows apart; none where rows may come twice.
        comment: what it holds.
        comments: what columns hold, by name.
        rows: how many there will be; None where only reading them tells.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...] = ()
    comment: str = ""
    comments: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None


@dataclass(frozen=True)
class Wanted:
    """What is to be published, and where.

    Attributes:
        place: where, as the system's own library takes it.
        name: what to call it in messages: without secrets.
        shapes: the tables, that of the data first.
        dataset: tells the dataset from others; None if nobody knows.
        metadata: what the dataset says of its making.
        known: names of all tables that a dataset may have.
        schema: the schema that tables are to lie in; None for the system's own.
        file_format: of standard output.
        overwrite: replace the tables of another dataset.
        append: add rows to the tables that are there.
        appends: whether the system can do so.
    """

    place: str
    name: str
    shapes: tuple[Shape, ...]
    dataset: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    schema: str | None = None
    file_format: str | None = None
    overwrite: bool = False
    append: bool = False
    appends: bool = False

    def mark(self, comment: str, dataset: str | None = None) -> str:
        """Return what a table says of itself: what it holds, and of which dataset."""
        return marked(comment, dataset or self.dataset)


class TablesSink(Protocol):
    """A destination of tables that appear together, or not at all; opened by `open_sink`.

    Nothing can be seen before `publish` returns, and what was there before is there after `abort`,
    or after the process has died. Rows of several tables may come in turns.

    Attributes:
        already: whether just this dataset is there, whole, so that nothing has to be written.
    """

    already: bool

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Take rows of a table, in order. Raises OutputError if they cannot be stored."""

    def publish(self) -> Mapping[str, Any]:
        """Make all tables visible; return more facts to be told. Raises OutputError."""

    def abort(self) -> None:
        """Remove all that was written, leave what was there. May be called at any time."""


def marked(comment: str, dataset: str | None) -> str:
    """Return what a table says of itself: what it holds, and of which dataset."""
    return f"{comment} Made by fleetsynth {__version__}, dataset {dataset or 'unknown'}."


def dataset_of(mark: str | None) -> str | None:
    """Return which dataset a table says that it holds; None if it is not one of ours."""
    found = _MARK.search(mark or "")
    return found[1] if found else None


class There(NamedTuple):
    """A table that is there.

    Attributes:
        columns: its columns, in order.
        key: columns that the system holds to be different in each row.
    """

    columns: list[str]
    key: list[str]


class Replacing:
    """What becomes of the tables that are there.

    Args:
        wanted: what is to be published.
        marks: what each table says of itself, by the name that it has for the system; nothing of
            what has such a name and is no table.
        there: returns what a table is; None where nothing can be appended.

    Attributes:
        marks: likewise.

    Raises:
        ExistsError: if a table is in the way.
        UsageError: if rows cannot be appended to one.
    """

    def __init__(
        self,
        wanted: Wanted,
        marks: Mapping[str, str | None],
        there: Callable[[str], There] | None = None,
    ) -> None:
        self.marks, self._wanted = marks, wanted
        names = {shape.name: shape for shape in wanted.shapes}
        for name in sorted(marks, key=lambda name: name != DATA_TABLE):
            mark = marks[name]
            if name in names or (name in wanted.known and dataset_of(mark) is not None):
                _refuse_others(wanted, name, mark)
            if wanted.append and there is not None and name in names:
                _refuse_unlike(wanted, names[name], there(name))

    def is_kept(self, name: str) -> bool:
        """Whether rows are added to a table, and it is not replaced."""
        return self._wanted.append and name in self.marks

    def stale(self) -> list[str]:
        """Return our tables that go: what is replaced, and what belonged to that."""
        if self._wanted.append:
            return []
        return [
            name
            for name, mark in self.marks.items()
            if name in self._wanted.known and dataset_of(mark) is not None
        ]


def _refuse_others(wanted: Wanted, table: str, mark: str | None) -> None:
    """Refuse to replace a table that is not ours, or ours and of another dataset."""
    there = dataset_of(mark)
    if there is None:
        raise ExistsError(
            f"{table} in {wanted.name} was not made by fleetsynth, and is not touched: rename or "
            "drop it, or choose another place or schema"
        )
    same = there == wanted.dataset
    if not (same or wanted.overwrite or wanted.append):
        grown = "append=True to add what it lacks (after a dataset has grown), "
        raise ExistsError(
            f"{table} in {wanted.name} holds another dataset, as far as can be told: pass "
            f"{grown if wanted.appends else ''}overwrite=True to replace it, or choose another "
            "place or schema"
        )


def _refuse_unlike(wanted: Wanted, shape: Shape, there: There) -> None:
    """Refuse to append to a table of other columns, or where nothing tells rows apart."""
    if not shape.key:
        raise UsageError(
            f"append=True needs rows that differ, and those of {shape.name} may come twice, or "
            "their dataset does not say what it was made from"
        )
    if there.columns != shape.schema.names:
        raise UsageError(
            f"{shape.name} in {wanted.name} has the columns {', '.join(there.columns)}, and the "
            f"dataset {', '.join(shape.schema.names)}: nothing can be appended to it"
        )
    if sorted(there.key) != sorted(shape.key):
        raise UsageError(
            f"{shape.name} in {wanted.name} has not the primary key ({', '.join(shape.key)}), so "
            "rows that are there would come again: add it, or export the whole dataset with "
            "overwrite=True"
        )


def appended(wanted: Wanted, mark: str | None) -> str:
    """Return the dataset of a table that rows are appended to."""
    there = dataset_of(mark)
    return there if there is not None and there == wanted.dataset else SEVERAL
