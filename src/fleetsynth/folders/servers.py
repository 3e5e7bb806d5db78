"""``servers.parquet``: the fleet with its metadata, one row per server.

Where servers come and go it has their dates: `commissioned`, and `retired`, the first day without
rows. Both are true ones, whatever the span of the data: a server may have been commissioned long
before, and retire long after.
"""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fleetsynth.clock import epoch_day
from fleetsynth.formats import open_sink
from fleetsynth.tables.frame import text_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store

_BATCH = 1 << 16
_LAST_DAY = epoch_day(date.max)


def write_servers(plan: Plan, store: Store, key: str) -> None:
    """Write id, business metadata and dates of every server, whether or not the rows have them."""
    with store.building(key) as path:
        sink = open_sink(path, _schema(plan), {}, overwrite=True)
        try:
            for batch in _batches(plan):
                sink.write(batch)
            sink.commit()
        except BaseException:
            sink.abort()
            raise


def server_faults(plan: Plan, read: Iterable[pa.RecordBatch]) -> Iterator[str]:
    """Say where a file's servers are not those of a plan: columns, number, first wrong value."""
    schema = _schema(plan)
    found = [batch.to_pydict() for batch in read]
    columns = next((list(batch) for batch in found), [])
    if columns != schema.names:
        yield f"its columns are {', '.join(columns) or 'none'}: expected {', '.join(schema.names)}"
        return
    rows = sum(len(batch["server_id"]) for batch in found)
    if rows != plan.fleet.size:
        yield f"it has {rows:,} servers: the scenario has {plan.fleet.size:,}"
        return
    made = [batch.to_pydict() for batch in _batches(plan)]
    for name in columns:
        columns_of = (_column(made, "server_id"), _column(made, name), _column(found, name))
        for server, right, value in zip(*columns_of, strict=True):
            if value != right:
                yield f"{name} of {server} is {value!r}: the scenario gives {right!r}"
                break


def _column(batches: list[dict[str, list[object]]], name: str) -> Iterator[object]:
    return chain.from_iterable(batch[name] for batch in batches)


def _schema(plan: Plan) -> pa.Schema:
    names = ("server_id", *plan.fleet.text_columns)
    fields = [pa.field(name, pa.string(), nullable=False) for name in names]
    if plan.fleet.lives is not None:
        fields.append(pa.field("commissioned", pa.date32(), nullable=False))
        fields.append(pa.field("retired", pa.date32()))
    return pa.schema(fields)


def _batches(plan: Plan) -> Iterator[pa.RecordBatch]:
    fleet, schema = plan.fleet, _schema(plan)
    for first in range(0, fleet.size, _BATCH):
        stop = min(first + _BATCH, fleet.size)
        columns = {"server_id": fleet.server_ids(first, stop), **fleet.metadata(first, stop)}
        arrays = [text_array(columns[name]) for name in schema.names if name in columns]
        arrays += map(_dates, fleet.days_of_life(first, stop) or ())
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _dates(days: NDArray[np.int64]) -> pa.Array:
    """Return days as dates; none for those beyond the last that there is."""
    there = days <= _LAST_DAY
    bits = np.packbits(there, bitorder="little")
    values = np.where(there, days, 0).astype(np.int32)
    return pa.Array.from_buffers(
        pa.date32(), len(days), [pa.py_buffer(bits), pa.py_buffer(values)], int((~there).sum())
    )
