"""What the tables of a dataset are: their columns, keys, and what is said of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.metrics import LABEL, METRICS
from fleetsynth.sinks.base import DATA_TABLE, Shape
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.table import KEYS, SAMPLE, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from fleetsynth.plan import Plan

KNOWN = (DATA_TABLE, *TABLES, *PLAN_TABLES)
"""Names of all tables that a dataset may have where it is exported to."""

_WITHOUT_UNIT = (SAMPLE, LABEL, "class", "kind")
_COMMENTS = {
    "timestamp": "begin of the interval that the row is of, UTC",
    "server_id": "the server",
    "server_type": "archetype of the server",
    "service": "servers of one service share demand",
    "business_unit": "who the server belongs to",
    "criticality": "how much depends on the server",
    "region": "where the server is",
    "year": "calendar year of the timestamp",
    "month": "1 to 12",
    "quarter": "1 to 4",
    "dayofweek": "Monday is 0",
    "is_weekend": "1 on Saturday and Sunday",
    "is_eoq": "1 in the last days of a quarter",
    "is_holiday": "1 on public holidays of the server's place",
    "commissioned": "first day of the server",
    "retired": "first day without the server",
    "event_id": "the event",
    "kind": "what happened",
    "entity": "server or service that it befell",
    "begin": "UTC",
    "end": "UTC; null while it lasts",
    "metrics": "which metrics it shows in, with commas in between",
    "cause": "event that brought it about, or words",
}


def shape_of(name: str, schema: pa.Schema, plan: Plan | None, rows: int | None = None) -> Shape:
    """Return the shape of a table of a dataset.

    Args:
        name: of the table, ``data`` for the data.
        schema: its columns.
        plan: what the dataset was made from; None where it does not say.
        rows: how many there are, where that is known.
    """
    of_plan = PLAN_TABLES.get(name)
    key: tuple[str, ...] = ()
    if of_plan is not None:
        key = (of_plan.key,)
    elif plan is not None and plan.is_gapless:
        key = TABLES[name].keys if name in TABLES else KEYS
    return Shape(
        name=DATA_TABLE if name == "data" else name,
        schema=schema,
        key=key,
        comment=_about(name, plan),
        comments={**_metrics(schema.names), **_COMMENTS},
        rows=rows,
    )


def _about(name: str, plan: Plan | None) -> str:
    if plan is None:
        return f"Table {name} of a fleet's telemetry."
    scenario = plan.scenario
    return (
        f"Synthetic telemetry of {plan.fleet.size:,} servers, {scenario.granularity}, "
        f"{scenario.start_date} to {scenario.end_date}: table {name}."
    )


def _metrics(names: list[str]) -> dict[str, str]:
    """Say what columns of metrics hold, by how they are called."""
    out = {}
    for name in names:
        for metric in METRICS:
            if name.startswith(f"{metric.stem}_"):
                rest = name[len(metric.stem) + 1 :].replace("_", " ")
                unit = "" if name.endswith(_WITHOUT_UNIT) else f", {metric.unit}"
                out[name] = f"{metric.label} {rest}{unit}"
    return out
