"""What is said of columns, in cards and in comments of databases."""

from __future__ import annotations

import pytest

from fleetsynth.presets import as_plan
from fleetsynth.tables.columns import words_of
from fleetsynth.tables.frame import schema
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.table import TABLES

EVERYTHING = {
    "num_servers": 4,
    "assignment": "drawn",
    "end_date": "2022-01-31",
    "capacity_columns": True,
    "absolute": True,
    "collector": {"intensity": 1},
    "fleet_growth": {"per_month": 1},
    "incidents": {"intensity": 1},
}


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_every_column_of_every_table_is_explained(preset: str) -> None:
    plan = as_plan(EVERYTHING | {"preset": preset})
    schemas = {name: schema(table.plan(plan)) for name, table in TABLES.items()}
    schemas |= {"data": schema(plan)}
    schemas |= {name: table.schema(plan) for name, table in PLAN_TABLES.items()}
    assert {"data", "labels", "components", "servers", "events"} <= schemas.keys()
    for name, found in schemas.items():
        assert {"instance_type", "ingested_at"} <= {*found.names} or name != "data"
        silent = [column for column in found.names if not words_of([column])]
        assert not silent, f"{name}: {silent}"
