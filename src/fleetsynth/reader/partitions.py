"""Columns that stand in the names of folders."""

from __future__ import annotations

from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.stores.names import DATA, DAY_KEYS
from fleetsynth.stores.recorded import as_json
from fleetsynth.tables.frame import column_types, text_array


def with_partitions(batch: pa.RecordBatch, path: str, *, foreign: bool = False) -> pa.RecordBatch:
    """Put back the columns that a part's path stands for.

    Args:
        batch: rows of the part.
        path: its path, with folders named ``column=value``.
        foreign: whether to take columns that we do not know too, as text.

    Raises:
        InputError: if a folder's value is not what its column holds.
    """
    for folder in path.removeprefix(DATA).split("/")[:-1]:
        name, equals, value = folder.partition("=")
        if name in batch.schema.names:
            continue  # written by something that leaves partition columns in
        if name in DAY_KEYS and "timestamp" in batch.schema.names:
            continue  # a dataset of ours by days, of which these are no columns
        if name in column_types() or (foreign and name and equals):
            column = _column(name, unquote(value), batch.num_rows, path)
            batch = batch.append_column(name, column)
    return batch


def _column(name: str, value: str, rows: int, path: str) -> pa.Array:
    kind = column_types().get(name)
    if kind is None or pa.types.is_dictionary(kind):
        return text_array([value] * rows)
    try:
        values = np.full(rows, int(value), np.int32)
    except (ValueError, OverflowError):
        message = f"{path}: {name} is {as_json(value)}, not a whole number"
        raise InputError(message) from None
    return pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(values)])
