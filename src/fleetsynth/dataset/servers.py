"""``servers.parquet``: the fleet with its metadata, one row per server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.frame import text_array
from fleetsynth.sinks.parquet import ParquetSink

if TYPE_CHECKING:
    from fleetsynth.dataset.store import Store
    from fleetsynth.plan import Plan

_BATCH = 1 << 16


def write_servers(plan: Plan, store: Store, key: str) -> None:
    """Write id, server_type and business metadata of every server, whether or not the rows do."""
    names = ("server_id", *plan.fleet.text_columns)
    schema = pa.schema([pa.field(name, pa.string(), nullable=False) for name in names])
    fleet = plan.fleet
    with store.building(key) as path:
        sink = ParquetSink(path, schema, {}, overwrite=True)
        try:
            for first in range(0, fleet.size, _BATCH):
                stop = min(first + _BATCH, fleet.size)
                columns = {
                    "server_id": fleet.server_ids(first, stop),
                    **fleet.metadata(first, stop),
                }
                arrays = [text_array(columns[name]) for name in names]
                sink.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
            sink.commit()
        except BaseException:
            sink.abort()
            raise
