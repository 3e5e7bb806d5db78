"""The ledger as rows: what befalls a plan's servers and their services, laid out and digested."""

from __future__ import annotations

import json
from hashlib import sha256
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.clock import DAY_MICROS, SECOND_MICROS
from fleetsynth.ledger.fault_rates import expected
from fleetsynth.ledger.table import events, row
from fleetsynth.tables import faults, jobs
from fleetsynth.tables.frame import TIMESTAMP, missing_in, text_array, to_numpy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan

NAME = "events"

SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("entity", pa.string(), nullable=False),
        pa.field("begin", TIMESTAMP, nullable=False),
        pa.field("end", TIMESTAMP),
        pa.field("metrics", pa.string(), nullable=False),
        pa.field("effect", pa.string(), nullable=False),
        pa.field("size", pa.float64()),
        pa.field("planned", pa.bool_(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
    ]
)
"""Columns of the table. Several metrics, or effects, stand in one text, with commas in between."""

_SERVERS = 4096
_ROWS = 1 << 15


def batches(plan: Plan) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a plan's table, in constant memory."""
    servers = max(1, _SERVERS // (1 + len(plan.scenario.events)))
    if plan.is_faulty:
        servers = max(1, min(servers, _ROWS // (1 + int(expected(plan)))))
    for first in range(0, plan.fleet.size, servers):
        stop = min(first + servers, plan.fleet.size)
        found = list(events(plan, first, stop))
        if found:
            yield batch(found)
        if found_jobs := jobs.rows(plan, first, stop):
            yield of_rows(found_jobs)
        if plan.is_faulty:
            yield from faults.batches(plan, first, stop, SCHEMA)


def batch(found: Iterable[Event]) -> pa.RecordBatch:
    """Return events as rows."""
    return of_rows([row(event) for event in found])


def of_rows(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """Return rows, times in seconds since the Unix epoch, as a batch; without importing pandas."""
    arrays = [_array([each[field.name] for each in rows], field.type) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        return text_array(values)
    data: NDArray[np.generic]
    there = np.array([value is not None for value in values], np.bool_)
    known = [0 if value is None else value for value in values]
    if kind == pa.bool_():
        data = np.packbits(np.array(known, np.bool_), bitorder="little")
    elif kind == TIMESTAMP:
        data = np.array(known, np.int64) * SECOND_MICROS
    else:
        data = np.array(known, np.float64)
    bits = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(data)])


def leaves(rows: pa.RecordBatch) -> bytes:
    """Return the hash of each row, one after the other: `digest.combine` makes one of them.

    A row is hashed as JSON; times as 2024-06-01T02:00:00.
    """
    columns = [_said(column) for column in rows.columns]
    return b"".join(
        [
            sha256(f"fleetsynth event\n[{','.join(each)}]".encode()).digest()
            for each in zip(*columns, strict=True)
        ]
    )


def _said(column: pa.Array) -> list[str]:
    """Write the values of a column as JSON does."""
    if pa.types.is_timestamp(column.type):
        return ["null" if each is None else f'"{each}"' for each in _iso(column)]
    coded = column.dictionary_encode()  # most words and numbers come again
    words = coded.dictionary.to_pylist()
    texts = [encode_basestring(w) if isinstance(w, str) else json.dumps(w) for w in words]
    missing = missing_in(coded.indices)
    codes = to_numpy(coded.indices).tolist()
    if missing is None:
        return [texts[code] for code in codes]
    return ["null" if gone else texts[c] for c, gone in zip(codes, missing.tolist(), strict=True)]


def _iso(column: pa.Array) -> list[str | None]:
    """Write times as `datetime.isoformat` does."""
    missing = missing_in(column)
    micros = to_numpy(column)
    if missing is not None:
        micros = np.where(missing, 0, micros)
    if (micros % SECOND_MICROS).any() or (np.abs(micros) > _FAR).any():
        return [None if each is None else each.isoformat() for each in column.to_pylist()]
    seconds = (micros // SECOND_MICROS).astype("datetime64[s]")
    out: list[str | None] = np.datetime_as_string(seconds).tolist()
    if missing is not None:
        for place in np.flatnonzero(missing).tolist():
            out[place] = None
    return out


_FAR = 200 * 366 * DAY_MICROS
