"""Fleets whose data are collected badly, and their rows and ledgers as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth import pipeline
from fleetsynth.kinds import FAULTS
from fleetsynth.presets import as_plan
from fleetsynth.tables import events
from fleetsynth.tables.frame import plain

if TYPE_CHECKING:
    from fleetsynth.plan import Plan

WINTER: dict[str, Any] = {
    "num_servers": 7,
    "start_date": "2024-01-20",
    "end_date": "2024-03-05",
    "granularity": "15min",
}
PRESETS: dict[str, dict[str, Any]] = {
    "classic": {"assignment": "interleaved"},
    "realistic": {"preset": "realistic", "sample_interval": "15min"},
}
OFTEN: dict[str, Any] = {
    "gap": {"per_day": 2.0},
    "agent_outage": {"per_day": 0.1},
    "collector_outage": {"per_day": 0.12},
    "missing_value": {"per_day": 1.0},
    "duplicate": {"per_day": 1.0},
    "late": {"per_day": 0.5},
    "out_of_order": {"per_day": 0.5},
    "clock_skew": {"per_day": 0.1},
    "stuck": {"per_day": 0.3},
    "unit_slip": {"per_day": 0.3},
    "quantised": {"per_day": 0.1, "hours": [5, 100]},
}
"""Rates at which each kind comes often, and overlaps with others."""


def only(*kinds: str) -> dict[str, Any]:
    """A collector with these kinds of faults, often, and no others."""
    rates = {name: OFTEN[name] if name in kinds else {"per_day": 0.0} for name in FAULTS}
    return {"intensity": 1, **rates}


ALL = only(*FAULTS)


def faulty(preset: str, collector: dict[str, Any] = ALL, **more: Any) -> Plan:
    return as_plan(WINTER | PRESETS[preset] | {"collector": collector} | more)


def table_of(plan: Plan, batch_rows: int = pipeline.BATCH_ROWS) -> pa.Table:
    return plain(pa.Table.from_batches(pipeline.batches(plan, batch_rows)))


def ledger_of(plan: Plan) -> list[dict[str, Any]]:
    """The faults of a plan, as rows of its ledger; times in seconds since the Unix epoch."""
    rows = pa.Table.from_batches(events.batches(plan), schema=events.SCHEMA).to_pylist()
    for row in rows:
        for name in ("begin", "end"):
            row[name] = row[name] and int(np.datetime64(row[name], "s").astype(np.int64))
    return [row for row in rows if row["kind"] in FAULTS]


def sorted_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """All rows as tuples, in an order of their own, values that are missing as -1."""
    columns = [
        [-1.0 if value is None else value for value in column.to_pylist()]
        for column in table.columns
    ]
    return sorted(zip(*columns, strict=True))
