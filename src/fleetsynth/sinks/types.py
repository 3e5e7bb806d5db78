"""The one mapping from our columns to those of systems: what a column is, what they call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import UsageError
from fleetsynth.plan import CALENDAR_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

SQL: dict[str, dict[str, str]] = {
    "text": {
        "postgresql": "text",
        "duckdb": "VARCHAR",
        "sqlite": "TEXT",
        "spark": "STRING",
        "athena": "string",
    },
    "instant": {  # UTC
        "postgresql": "timestamp with time zone",
        "duckdb": "TIMESTAMP",
        "sqlite": "TEXT",
        "spark": "TIMESTAMP_NTZ",
        "athena": "timestamp",
    },
    "day": {
        "postgresql": "date",
        "duckdb": "DATE",
        "sqlite": "TEXT",
        "spark": "DATE",
        "athena": "date",
    },
    "number": {
        "postgresql": "double precision",
        "duckdb": "DOUBLE",
        "sqlite": "REAL",
        "spark": "DOUBLE",
        "athena": "double",
    },
    "small": {  # files hold them in four bytes
        "postgresql": "smallint",
        "duckdb": "SMALLINT",
        "sqlite": "INTEGER",
        "spark": "INT",
        "athena": "int",
    },
    "whole": {
        "postgresql": "integer",
        "duckdb": "INTEGER",
        "sqlite": "INTEGER",
        "spark": "INT",
        "athena": "int",
    },
    "long": {
        "postgresql": "bigint",
        "duckdb": "BIGINT",
        "sqlite": "INTEGER",
        "spark": "BIGINT",
        "athena": "bigint",
    },
    "flag": {
        "postgresql": "boolean",
        "duckdb": "BOOLEAN",
        "sqlite": "INTEGER",
        "spark": "BOOLEAN",
        "athena": "boolean",
    },
}
"""What each kind of column is called, by system."""

ARROW = {
    "text": pa.string(),
    "instant": pa.timestamp("us"),
    "day": pa.date32(),
    "number": pa.float64(),
    "small": pa.int16(),
    "whole": pa.int32(),
    "long": pa.int64(),
    "flag": pa.bool_(),
}
"""The type in which each kind is handed over, unless a system says otherwise."""

_WHOLE = (pa.types.is_int16, pa.types.is_int32, pa.types.is_uint16)
_LONG = (pa.types.is_integer,)
_TESTS = {
    "flag": (pa.types.is_boolean,),
    "small": (pa.types.is_int8, pa.types.is_uint8),
    "whole": _WHOLE,
    "long": _LONG,
    "number": (pa.types.is_float32, pa.types.is_float64),
    "instant": (pa.types.is_timestamp,),
    "day": (pa.types.is_date32,),
    "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_null),
}
"""How each kind is told by its type; the first that fits."""


def kind_of(field: pa.Field) -> str:
    """Return what a column is, as `SQL` calls it.

    Raises:
        UsageError: if no system takes it.
    """
    if field.name in CALENDAR_COLUMNS and pa.types.is_integer(field.type):
        return "small"
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    for name, tests in _TESTS.items():
        if any(test(kind) for test in tests):
            return name
    raise UsageError(
        f"the column {field.name!r} is {field.type}: an export takes text, numbers, booleans, "
        "days and times"
    )


def arrow_schema(schema: pa.Schema, others: Mapping[str, pa.DataType] | None = None) -> pa.Schema:
    """Return the schema in which a table is handed to a system.

    Args:
        schema: as the table is read.
        others: types of kinds that the system takes otherwise than `ARROW`.
    """
    types = {**ARROW, **(others or {})}
    return pa.schema([pa.field(f.name, types[kind_of(f)], nullable=f.nullable) for f in schema])


def handed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch in the types in which a system takes it; text in codes stays so.

    Raises:
        UsageError: if a value does not fit.
    """
    arrays = []
    for field, column in zip(schema, batch.columns, strict=True):
        kind = field.type
        if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
            kind = column.type
        try:
            arrays.append(column if column.type == kind else column.cast(kind))
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"the column {field.name!r} cannot be exported: {reason}") from error
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)
