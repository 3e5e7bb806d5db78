"""Tables that take no simulation: made from the plan alone, when all else of a dataset is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.clock import epoch_day
from fleetsynth.instances import CAPACITIES
from fleetsynth.ledger.table import has_ledger
from fleetsynth.tables import events
from fleetsynth.tables.digest import combine
from fleetsynth.tables.frame import text_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

PRICE = "price_month"
_BATCH = 1 << 16
_LAST_DAY = epoch_day(date.max)


@dataclass(frozen=True)
class PlanTable:
    """A table that is made from the plan alone.

    Attributes:
        name: names its file; its rows are called so, too.
        key: the column that tells a row from others.
        schema: returns its columns.
        batches: yields its rows, in constant memory.
        is_in: tells whether datasets of a plan have it.
        beside_files: whether a dataset in a file has it as well, and not only one in a folder.
        leaves: returns the hash of each row, for a content digest; None without one.
    """

    name: str
    key: str
    schema: Callable[[Plan], pa.Schema]
    batches: Callable[[Plan], Iterator[pa.RecordBatch]]
    is_in: Callable[[Plan], bool] = lambda _: True
    beside_files: bool = False
    leaves: Callable[[pa.RecordBatch], bytes] | None = None


def _servers_schema(plan: Plan) -> pa.Schema:
    names = ("server_id", *plan.fleet.text_columns)
    fields = [pa.field(name, pa.string(), nullable=False) for name in names]
    if plan.fleet.types is not None:
        numbers = (*CAPACITIES, PRICE)
        fields += [pa.field(name, pa.float64(), nullable=False) for name in numbers]
        fields.append(pa.field("currency", pa.string(), nullable=False))
    if plan.fleet.lives is not None:
        fields.append(pa.field("commissioned", pa.date32(), nullable=False))
        fields.append(pa.field("retired", pa.date32()))
    return pa.schema(fields)


def _servers(plan: Plan) -> Iterator[pa.RecordBatch]:
    """Yield id, business metadata and dates of every server, whether or not the rows have them.

    Where servers have instance types it has the one that each is commissioned with, its capacities
    and its price. Where servers come and go it has their dates: `commissioned`, and `retired`, the
    first day without rows. Both are true ones, whatever the span of the data: a server may have
    been commissioned long before, and retire long after.
    """
    fleet, schema = plan.fleet, _servers_schema(plan)
    for first in range(0, fleet.size, _BATCH):
        stop = min(first + _BATCH, fleet.size)
        columns = {"server_id": fleet.server_ids(first, stop), **fleet.metadata(first, stop)}
        arrays = [text_array(columns[name]) for name in schema.names if name in columns]
        if fleet.types is not None:
            types = [fleet.types.types[code] for code in fleet.type_codes(first, stop).tolist()]
            figures = np.array([[*each.capacities, each.price_month] for each in types]).T
            arrays += [_numbers(column) for column in figures]
            arrays.append(text_array([each.currency for each in types]))
        arrays += map(_dates, fleet.days_of_life(first, stop) or ())
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.float64(), len(values), [None, data])


def _dates(days: NDArray[np.int64]) -> pa.Array:
    """Return days as dates; none for those beyond the last that there is."""
    there = days <= _LAST_DAY
    bits = np.packbits(there, bitorder="little")
    values = np.where(there, days, 0).astype(np.int32)
    return pa.Array.from_buffers(
        pa.date32(), len(days), [pa.py_buffer(bits), pa.py_buffer(values)], int((~there).sum())
    )


SERVERS = PlanTable("servers", "server_id", _servers_schema, _servers)
EVENTS = PlanTable(
    events.NAME,
    "event_id",
    lambda _: events.SCHEMA,
    events.batches,
    is_in=has_ledger,
    beside_files=True,
    leaves=events.leaves,
)
PLAN_TABLES = {table.name: table for table in (SERVERS, EVENTS)}
"""By name."""


def tables_in(plan: Plan, *, beside_file: bool = False) -> list[PlanTable]:
    """Return the tables that a plan's dataset has: in a folder, or beside a file."""
    every = PLAN_TABLES.values()
    return [each for each in every if each.is_in(plan) and (each.beside_files or not beside_file)]


class Count:
    """Counts rows in passing, and digests them if their table has a digest.

    Attributes:
        rows: how many there were.
    """

    def __init__(self, table: PlanTable) -> None:
        self.rows = 0
        self._of = table.leaves
        self._leaves = bytearray()

    def passing(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Hand on batches."""
        for batch in batches:
            self.rows += batch.num_rows
            if self._of:
                self._leaves += self._of(batch)
            yield batch

    @property
    def leaves(self) -> bytes:
        """The hash of each row, one after the other; nothing of a table without a digest."""
        return bytes(self._leaves)

    def facts(self) -> dict[str, Any]:
        """Return what a manifest says of the rows: nothing of a table without a digest."""
        return {"rows": self.rows, "digest": combine(self.leaves)} if self._of else {}
