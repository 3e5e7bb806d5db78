"""SQL that creates tables, in the words of each system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.sinks.types import SQL, kind_of

if TYPE_CHECKING:
    from fleetsynth.sinks.base import Shape


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def qualified(schema: str | None, name: str) -> str:
    """Return a table's name with that of its schema, if there is one."""
    return quoted(name) if schema is None else f"{quoted(schema)}.{quoted(name)}"


def columns(shape: Shape, system: str) -> list[str]:
    """Return a line for each column: name, type, and whether it must have values."""
    return [
        f"{quoted(field.name)} {SQL[kind_of(field)][system]}"
        + ("" if field.nullable and field.name not in shape.key else " NOT NULL")
        for field in shape.schema
    ]


def key(shape: Shape) -> str:
    """Return the columns of the key, in parentheses."""
    return f"({', '.join(map(quoted, shape.key))})"


def create_table(shape: Shape, system: str, name: str, *, keyed: bool) -> str:
    """Return the statement that creates a table.

    Args:
        shape: what it is.
        system: whose types it has.
        name: what it is called, as SQL takes it.
        keyed: whether the key is part of it.
    """
    lines = columns(shape, system)
    if keyed and shape.key:
        lines.append(f"PRIMARY KEY {key(shape)}")
    body = ",\n".join(f"  {line}" for line in lines)
    return f"CREATE TABLE {name} (\n{body}\n)"


def comments(shape: Shape, name: str, comment: str) -> list[str]:
    """Return the statements that say what a table and its columns hold."""
    return [
        f"COMMENT ON TABLE {name} IS {literal(comment)}",
        *(
            f"COMMENT ON COLUMN {name}.{quoted(column)} IS {literal(shape.comments[column])}"
            for column in shape.schema.names
            if column in shape.comments
        ),
    ]
