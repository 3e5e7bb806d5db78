"""What is exported: the tables of a dataset, wherever it lies, or of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats import FORMATS, ending_of, format_of
from fleetsynth.formats.read import read_batches, read_head, read_metadata
from fleetsynth.presets import resolve
from fleetsynth.presets.data import scenario_from_data, scenario_from_yaml
from fleetsynth.reader.files import Files, find_files
from fleetsynth.reader.partitions import with_partitions
from fleetsynth.single_file import beside
from fleetsynth.sinks.shapes import shape_of
from fleetsynth.stores.names import DATA, OF_PLAN, SCENARIO
from fleetsynth.stores.names import TABLES as FURTHER
from fleetsynth.stores.recorded import place_of
from fleetsynth.tables import events
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.provenance import other_model, provenance
from fleetsynth.tables.table import KEYS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fleetsynth.plan import Plan
    from fleetsynth.sinks.base import Shape


@dataclass(frozen=True)
class Content:
    """A table of what is exported.

    Attributes:
        shape: what it is.
        batches: yields its rows, in order; None of a table that its plan's simulation fills.
        place: where it lies, seen from the folder: a file, or a folder with a slash at the end,
            or nothing for the folder itself; None if it lies nowhere, and is made of the plan.
    """

    shape: Shape
    batches: Callable[[], Iterator[pa.RecordBatch]] | None = None
    place: str | None = None


@dataclass(frozen=True)
class Contents:
    """What is exported.

    Attributes:
        name: what to call it in messages.
        tables: its tables by name, that of the data, ``data``, first.
        plan: what it was made from, or is made from; None where that is not known.
        made: whether it is made from the plan, and not read.
        dataset: tells it from others: of what plan it is, whole; None where that is not known.
        metadata: what it says of its making.
        digest: its content digest, where it says one.
        partitions: what the names of its folders say, outermost first.
        folder: its URL or path, or that of the folder of its file; None of what is to be made.
        ending: that of its files; None of what is still to be made.
    """

    name: str
    tables: Mapping[str, Content]
    plan: Plan | None
    made: bool
    metadata: Mapping[str, str]
    dataset: str | None = None
    digest: str | None = None
    partitions: tuple[str, ...] = ()
    folder: str | None = None
    ending: str | None = None

    @property
    def cells(self) -> int:
        """How much there is to do, in rows of the data; 0 where that is not known."""
        if self.made and self.plan is not None:
            return self.plan.cells
        return self.tables["data"].shape.rows or 0


def contents_of_plan(plan: Plan, tables: Sequence[str] = ()) -> Contents:
    """Return what a scenario comes down to: nothing has been simulated yet.

    Args:
        plan: of the scenario.
        tables: further tables to be made, by name.

    Raises:
        UsageError: if the model cannot fill a table.
    """
    plans = {"data": plan, **{each: TABLES[each].plan(plan) for each in tables}}
    found = {
        each: Content(shape_of(each, schema(of), plan, plan.rows), place=_in_folder(each))
        for each, of in plans.items()
    }
    found |= {name: replace(it, place=_in_folder(name)) for name, it in _of_plan(plan).items()}
    return Contents("the scenario", found, plan, True, provenance(plan), plan.digest)


def _of_plan(plan: Plan) -> dict[str, Content]:
    """Return the tables that need no simulation."""
    return {
        name: Content(shape_of(name, table.schema(plan), plan), partial(table.batches, plan))
        for name, table in PLAN_TABLES.items()
        if table.is_in(plan)
    }


def contents_of_data(url: str) -> Contents:
    """Open a dataset: a file, a folder, or a place in an object store.

    Raises:
        UsageError: if there is nothing there, or it is of no known format.
        InputError: if it cannot be read, or has not the columns of a dataset.
    """
    files = find_files(url)
    said = _metadata(files)
    plan = _plan(files, said)
    tables = {"data": _rows(files, "data", files.keys, plan)}
    manifest = files.manifest or {}
    for name, keys in _further(files).items():
        tables[name] = _rows(files, name, keys, plan)
    known = plan if plan and not other_model(plan, said.get("fleetsynth.model_version")) else None
    tables |= {**(_of_plan(known) if known else {}), **_beside(files, plan)}
    return Contents(
        files.name,
        tables,
        plan,
        False,
        said,
        plan.digest if plan and _is_whole(files, plan) else None,
        digest=manifest.get("digest"),
        partitions=_partitions(files),
        folder=files.name if files.store else str(Path(files.name).parent),
        ending=ending_of(files.keys[0]),
    )


def _is_whole(files: Files, plan: Plan) -> bool:
    """Tell whether files have as many rows as their plan: who has cut them keeps what they say."""
    if files.manifest is not None or plan.rows is None:
        return True
    rows = 0
    for key in files.keys:
        with files.fetch(key) as path:
            told = FORMATS[format_of(path)].reader.rows(path)
        if told is None:  # only to read them all would tell
            return True
        rows += told
    return rows == plan.rows


def _metadata(files: Files) -> dict[str, str]:
    """Return what a dataset says of itself: of one that was appended to, its last part."""
    with files.fetch(files.keys[-1 if files.manifest else 0]) as path:
        return read_metadata(path)


def _plan(files: Files, said: Mapping[str, str]) -> Plan | None:
    """Return what a dataset was made from, as it says itself."""
    key = place_of(files.manifest, SCENARIO)
    written = files.store.read(key) if files.store and files.manifest else None
    if written is not None:
        return resolve(scenario_from_yaml(written, f"{files.name}/{key}"))
    told = said.get("fleetsynth.scenario")
    return None if told is None else resolve(scenario_from_data(told, f"{files.name}: metadata"))


def _further(files: Files) -> dict[str, Sequence[str]]:
    """Return the files of further tables of rows, by name."""
    if files.manifest is not None:
        return {
            name: [part["tables"][name]["path"] for part in files.manifest["parts"]]
            for name in files.manifest.get("tables", ())
        }
    found = {name: _name_beside(files, name) for name in TABLES}
    return {name: (key,) for name, key in found.items() if key is not None}


def _name_beside(files: Files, table: str) -> str | None:
    """Return the file of a table beside that of the data, if there is one.

    Raises:
        InputError: if both say what they were made from, and not the same.
    """
    if len(files.keys) != 1:
        return None
    key = str(beside(Path(files.keys[0]), table))
    if not (Path(key).is_file() if files.store is None else files.store.size(key) is not None):
        return None
    with files.fetch(files.keys[0]) as one, files.fetch(key) as other:
        said = [read_metadata(path).get("fleetsynth.scenario_digest") for path in (one, other)]
    if None not in said and said[0] != said[1]:
        raise InputError(f"{key} was made with other data than those in {files.keys[0]}")
    return key


def _beside(files: Files, plan: Plan | None) -> dict[str, Content]:
    """Return the tables that take no simulation and lie there already."""
    out = {}
    for name in PLAN_TABLES:
        key: str | None = _name_beside(files, name)
        if files.manifest is not None:
            is_there = OF_PLAN[name] in files.manifest.get("files", ())
            key = place_of(files.manifest, OF_PLAN[name]) if is_there else None
        if key is not None:
            out[name] = _plain_rows(files, name, key, plan)
    return out


def _plain_rows(files: Files, name: str, key: str, plan: Plan | None) -> Content:
    """Return a small table: the schema is that of its plan, or of its own file."""
    with files.fetch(key) as path:
        names = read_head(path).names
        ours = PLAN_TABLES[name].schema(plan) if plan is not None else None
        if name == events.NAME:  # whatever the plan
            ours = events.SCHEMA
        if ours is None or (names and names != ours.names):
            first = next(read_batches(path), None)
            ours = pa.schema([]) if first is None else first.schema
    types = dict(zip(ours.names, ours.types, strict=True))
    shape = shape_of(name, ours, plan)

    def batches() -> Iterator[pa.RecordBatch]:
        with files.fetch(key) as path:
            if read_head(path).names:  # JSON Lines of no rows have none
                for batch in read_batches(path, types):
                    yield batch.cast(ours)

    return Content(shape, batches, _place(files, name, key))


def _rows(files: Files, name: str, keys: Sequence[str], plan: Plan | None) -> Content:
    """Return a table of rows, in one file or many."""
    found = _schema(files, name, keys, plan)
    rows = None
    if files.manifest is not None:
        rows = int(files.manifest["rows"])
    elif plan is not None:
        rows = plan.rows
    shape = shape_of(name, found, plan, rows)
    place = _place(files, name, keys[0])
    return Content(shape, partial(_read, files, name, keys, found), place)


def _in_folder(name: str) -> str:
    """Return where a folder of ours has a table."""
    return DATA if name == "data" else OF_PLAN.get(name, f"{FURTHER}{name}/")


def _place(files: Files, name: str, key: str) -> str:
    """Return where a table lies whose file, or first file, has a key; see `Content`."""
    if files.manifest is not None:
        return _in_folder(name)
    if len(files.keys) > 1:  # somebody else's folder, which has no further tables
        return ""
    return key if files.store else str(Path(key).relative_to(Path(files.name).parent))


def _schema(files: Files, name: str, keys: Sequence[str], plan: Plan | None) -> pa.Schema:
    """Return the schema of a table of rows: of its plan if it has those columns, else its own."""
    with files.fetch(keys[0]) as path:
        first = next(read_batches(path), None)
        if first is None:
            names = read_head(path).names
            first = pa.RecordBatch.from_pylist([], pa.schema([(n, pa.string()) for n in names]))
    if name == "data" and files.store is not None:
        first = with_partitions(first, keys[0], foreign=True)
    found = first.schema
    if name == "data" and not set(KEYS) <= set(found.names):
        raise InputError(
            f"{files.name} has not the columns {' and '.join(KEYS)}: an export takes datasets of "
            "fleetsynth; other data are read by facts, report and validate"
        )
    if plan is not None:
        ours = schema(plan if name == "data" else TABLES[name].plan(plan))
        if set(ours.names) == set(found.names):
            return ours
    plain_found: pa.Schema = plain(found)
    return plain_found


def _read(
    files: Files, name: str, keys: Sequence[str], wanted: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all files, with the columns and types of the first."""
    types: dict[str, Any] = dict(zip(wanted.names, plain(wanted).types, strict=True))
    for key in keys:
        with files.fetch(key) as path:
            told = files.told(key) if name == "data" else {}
            there = read_head(path).names
            if not there:
                continue
            lacking = [column for column in wanted.names if column not in (*there, *told)]
            more = [column for column in there if column not in types]
            if lacking or more:
                raise InputError(
                    f"{files.called(key)}: {(lacking or more)[0]!r} is "
                    f"{'missing' if lacking else 'one column more'}, unlike in the first file of "
                    f"the table {name}"
                )
            some = {column: types[column] for column in wanted.names if column in there}
            for batch in read_batches(path, some):
                rows = with_partitions(batch, key, foreign=True) if told else batch
                yield _laid_out(rows.select(wanted.names), wanted, files.called(key))


def _laid_out(batch: pa.RecordBatch, wanted: pa.Schema, where: str) -> pa.RecordBatch:
    """Return rows of the types that were announced; text may come in codes."""
    arrays = []
    for field, column in zip(wanted, batch.columns, strict=True):
        if not (column.type == field.type or pa.types.is_dictionary(column.type)):
            try:
                column = column.cast(plain(pa.schema([field])).field(0).type)
            except pa.ArrowInvalid as error:
                reason = str(error).splitlines()[0]
                raise InputError(f"{where}: {field.name!r}: {reason}") from error
        if column.null_count and not field.nullable:
            raise InputError(f"{where}: {field.name!r} has missing values")
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, names=wanted.names)


def _partitions(files: Files) -> tuple[str, ...]:
    if files.manifest is not None:
        return tuple(files.manifest["partition_by"])
    return tuple(files.told(files.keys[0])) if files.store else ()
