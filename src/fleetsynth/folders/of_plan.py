"""Files beside the parts that are made from the plan alone: ``servers.parquet``, and the like."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from fleetsynth.formats import open_sink
from fleetsynth.stores.names import OF_PLAN
from fleetsynth.tables.of_plan import Count, tables_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store
    from fleetsynth.tables.of_plan import PlanTable


def files_of_plan(plan: Plan) -> dict[str, PlanTable]:
    """Return the tables that a plan's folder has beside its parts, by the names of their files."""
    return {OF_PLAN[table.name]: table for table in tables_in(plan)}


def write_table(plan: Plan, store: Store, key: str, table: PlanTable) -> dict[str, Any]:
    """Write a table; return what a manifest says of its rows."""
    count = Count(table)
    with store.building(key) as path:
        sink = open_sink(path, table.schema(plan), {}, overwrite=True)
        try:
            for batch in count.passing(table.batches(plan)):
                sink.write(batch)
            sink.commit()
        except BaseException:
            sink.abort()
            raise
    return count.facts()


def table_faults(table: PlanTable, plan: Plan, read: Iterable[pa.RecordBatch]) -> Iterator[str]:
    """Say where a file's rows are not those of a plan: columns, number, first wrong values."""
    names = table.schema(plan).names
    differ: dict[str, str] = {}
    rows = planned = 0
    for right, found in zip_longest(_rows(table.batches(plan)), _rows(read)):
        planned, rows = planned + (right is not None), rows + (found is not None)
        if found is not None and list(found) != names:
            yield f"its columns are {', '.join(found) or 'none'}: expected {', '.join(names)}"
            return
        if right is None or found is None:
            continue
        for name in names:
            if found[name] != right[name] and name not in differ:
                of = f"{name} of {right[table.key]} is {found[name]!r}"
                differ[name] = f"{of}: the scenario gives {right[name]!r}"
    if rows != planned:
        yield f"it has {rows:,} {table.name}: the scenario has {planned:,}"
    else:
        yield from (differ[name] for name in names if name in differ)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Yield rows one by one; a batch of none tells its columns with nothing in them."""
    for batch in batches:
        yield from batch.to_pylist()
