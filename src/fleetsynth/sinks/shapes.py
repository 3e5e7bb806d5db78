"""What the tables of a dataset are: their columns, keys, and what is said of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.sinks.base import DATA_TABLE, Shape
from fleetsynth.tables.columns import words_of
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.table import KEYS, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from fleetsynth.plan import Plan

KNOWN = (DATA_TABLE, *TABLES, *PLAN_TABLES)
"""Names of all tables that a dataset may have where it is exported to."""


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
        comments=words_of(schema.names),
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
