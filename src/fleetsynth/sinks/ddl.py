"""``fleetsynth.ddl``: the statements that create a dataset's tables, for who loads them himself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.sinks.base import marked
from fleetsynth.sinks.export import open_contents
from fleetsynth.sinks.sql import comments, create_table, qualified, quoted
from fleetsynth.sinks.types import SQL, kind_of
from fleetsynth.stores.names import OF_PLAN
from fleetsynth.stores.places import is_far
from fleetsynth.tables.columns import words_of
from fleetsynth.tables.frame import column_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.presets import ScenarioLike
    from fleetsynth.sinks.base import Shape
    from fleetsynth.sinks.contents import Contents

DIALECTS = ("athena", "duckdb", "postgresql", "spark")
"""Systems whose statements `ddl` writes."""

_NOWHERE = "s3://BUCKET/PREFIX"
_IN_PATHS = {"day": pa.int32(), "date": pa.date32()}
"""Partitions of a folder by days, which are columns nowhere else."""


def ddl(
    data: ScenarioLike = None,
    system: str = "postgresql",
    *,
    schema: str | None = None,
    location: str | None = None,
) -> str:
    """Return the CREATE TABLE statements of all tables of a dataset, with keys and comments.

    Those of PostgreSQL and DuckDB are the tables that `export` makes, and `export` with append=True
    fills. Those of Athena (and Glue) and Spark are external: they lie on a dataset of Parquet, in a
    folder with its partitions or in a file.

    Args:
        data: as `export` takes it: a dataset, or a scenario.
        system: ``athena``, ``duckdb``, ``postgresql`` or ``spark``.
        schema: schema or database of the tables; None for none in their names.
        location: URL of the folder, or of the folder that the file is in, for Athena and Spark;
            None for where it is.

    Raises:
        ScenarioError, UsageError, InputError: as `export`; if there is no such system, or it cannot
            read the dataset's format.
    """
    if system not in DIALECTS:
        raise UsageError(f"there are no statements for {system!r}{did_you_mean(system, DIALECTS)}")
    external = system in ("athena", "spark")
    if location is not None and not external:
        raise UsageError("location=... is for tables on files: those of Athena and Spark")
    contents = open_contents(data)
    if not external:
        return "\n\n".join(_own(contents, system, schema)) + "\n"
    return "\n\n".join(_external(contents, system, schema, location)) + "\n"


def _own(contents: Contents, system: str, schema: str | None) -> Iterator[str]:
    """Yield the statements of tables that have rows of their own."""
    if schema is not None:
        yield f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)};"
    for content in contents.tables.values():
        shape = content.shape
        name = qualified(schema, shape.name)
        yield f"{create_table(shape, system, name, keyed=True)};"
        mark = marked(shape.comment, contents.dataset)
        yield "\n".join(f"{line};" for line in comments(shape, name, mark))


def _external(
    contents: Contents, system: str, schema: str | None, location: str | None
) -> Iterator[str]:
    """Yield the statements of tables that lie on files."""
    if contents.ending not in (None, ".parquet"):
        raise UsageError(
            f"{contents.name} is of {contents.ending}: statements for {system} are for Parquet"
        )
    base = (location or _place(contents, system)).rstrip("/")
    if schema is not None:
        yield f"CREATE DATABASE IF NOT EXISTS {_ticked(schema)};"
    for name, content in contents.tables.items():
        if content.place is None:
            yield f"-- {content.shape.name}: only dataset folders have a file of this table."
            continue
        where, note = _where(content.shape.name, f"{base}/{content.place}", system)
        partitions = () if name in OF_PLAN else contents.partitions
        if note:
            yield note
        yield _statement(_parted(content.shape, partitions), system, schema, where, partitions)
        if partitions:
            yield f"MSCK REPAIR TABLE {_in(schema, content.shape.name)};"


def _place(contents: Contents, system: str) -> str:
    place = contents.folder
    if place is None or not (system == "spark" or is_far(place)):
        return _NOWHERE
    return place if is_far(place) else str(Path(place).absolute())


def _parted(shape: Shape, partitions: tuple[str, ...]) -> Shape:
    """Add the columns that stand in the names of folders alone."""
    schema, types = shape.schema, column_types() | _IN_PATHS
    for name in partitions:
        if name not in schema.names:
            schema = schema.append(pa.field(name, types.get(name, pa.string())))
    return replace(shape, schema=schema, comments=words_of(schema.names))


def _where(table: str, place: str, system: str) -> tuple[str, str]:
    """Return where a table is said to lie, and what has to be done before."""
    if place.endswith("/") or system == "spark":
        return place, ""
    folder, _, file = place.rpartition("/")
    where = f"{folder}/athena/{table}/"
    copy = f"aws s3 cp {place} {where}"
    return where, f"-- Athena reads folders, and {file} is a file. First: {copy}"


def _statement(
    shape: Shape, system: str, schema: str | None, where: str, partitions: tuple[str, ...]
) -> str:
    """Return a statement in the words of Hive (Athena), or of Spark."""
    hive = system == "athena"
    fields = {field.name: _column(field.name, shape, system) for field in shape.schema}
    apart = [fields[name] for name in partitions] if hive else []
    body = ",\n".join(f"  {text}" for text in fields.values() if text not in apart)
    lines = [
        f"CREATE {'EXTERNAL ' if hive else ''}TABLE IF NOT EXISTS {_in(schema, shape.name)} (",
        f"{body}\n)",
        *([] if hive else ["USING PARQUET"]),
        f"COMMENT {_text(_with_key(shape))}",
    ]
    if partitions:
        keys = apart if hive else [_ticked(name) for name in partitions]
        lines.append(f"PARTITIONED BY ({', '.join(keys)})")
    if hive:
        lines.append("STORED AS PARQUET")
    return "\n".join([*lines, f"LOCATION {_text(where)};"])


def _column(name: str, shape: Shape, system: str) -> str:
    text = f"{_ticked(name)} {SQL[kind_of(shape.schema.field(name))][system]}"
    comment = shape.comments.get(name)
    return f"{text} COMMENT {_text(comment)}" if comment else text


def _with_key(shape: Shape) -> str:
    """Say in words what tells rows apart: these systems have no keys."""
    return f"{shape.comment} Key: {', '.join(shape.key)}." if shape.key else shape.comment


def _in(schema: str | None, table: str) -> str:
    return _ticked(table) if schema is None else f"{_ticked(schema)}.{_ticked(table)}"


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
