"""Data on which things happen: no false verdict, and faults are found all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.tables.provenance import provenance
from fleetsynth.validate.verdict import Validation
from fleetsynth.validate.windows import Windows
from tests.support import plain_table, plan_of

TOLD: list[dict[str, Any]] = [
    {"kind": "launch", "at": "2022-03-01", "archetype": ["web"]},
    {"kind": "maintenance", "from": "2022-07-02 10:00", "for": "40d", "share": 0.3},
    {"kind": "migration", "at": "2022-09-01", "share": 0.1},
    {"kind": "resize", "at": "2022-10-01", "share": 0.2},
    {"kind": "freeze", "from": "2022-12-20", "to": "2022-12-31"},
]
CLASSIC: dict[str, Any] = {"num_servers": 40, "end_date": "2022-12-31", "seed": 1000}
REALISTIC: dict[str, Any] = {
    "preset": "realistic",
    "start_date": "2024-01-01",
    "end_date": "2024-02-10",
    "granularity": "1h",
    "num_servers": 20,
}
EVENTFUL = {
    "classic, incidents": CLASSIC | {"incidents": {"intensity": 3}},
    "classic, told": CLASSIC | {"events": TOLD},
    "classic, both": CLASSIC | {"incidents": {"intensity": 1}, "events": TOLD},
    "realistic": REALISTIC,
    "realistic, both": REALISTIC
    | {
        "incidents": {"intensity": 3},
        "events": [{"kind": "blackout", "from": "2024-01-13", "for": "16d", "share": 0.5}],
    },
}


def names(validation: Validation) -> list[str]:
    return [f"{v.name} {v.subject}: {v.found}" for v in validation.failed]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", EVENTFUL.values(), ids=EVENTFUL)
def test_what_happened_is_no_fault(scenario: dict[str, Any], tmp_path: Path) -> None:
    path = fleetsynth.generate(scenario, tmp_path / "x.parquet").path
    found = fleetsynth.validate(path)
    assert names(found) == []
    told = [v.found for v in found.verdicts if v.name == "events"]
    assert bool(told) == ("preset" not in scenario)  # estimates are made where a law is known
    assert all(text.endswith("left out of the estimates") for text in told)


@pytest.mark.slow
def test_events_that_nobody_knows_of_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fleetsynth.generate(EVENTFUL["classic, both"], tmp_path / "x.parquet").path
    monkeypatch.setattr(Windows, "of", lambda _plan: None)
    assert {v.name for v in fleetsynth.validate(path).failed} >= {"base", "stuck"}


def _stuck(table: pa.Table) -> pa.Table:
    return _changed(table, lambda values: values.__setitem__(slice(40, 80), 33.33))


def _noisy(table: pa.Table) -> pa.Table:
    noise = np.random.default_rng(1).normal(0, 12, len(table))
    return _changed(table, lambda values: np.add(values, noise, out=values))


def _changed(table: pa.Table, change: Callable[[Any], None]) -> pa.Table:
    values = table["cpu_p95"].to_numpy().copy()
    change(values)
    values = np.clip(np.rint(values * 100) / 100, 0, 100)
    return table.set_column(table.schema.names.index("cpu_p95"), "cpu_p95", [pa.array(values)])


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "verdict"), [(_stuck, "stuck"), (_noisy, "sd")])
def test_faults_among_events_are_found(
    damage: Callable[[pa.Table], pa.Table], verdict: str, tmp_path: Path
) -> None:
    plan = plan_of(EVENTFUL["classic, both"])
    assert verdict in _failed(damage(plain_table(plan)), plan, tmp_path)


@pytest.mark.slow
def test_another_level_among_events_is_found(tmp_path: Path) -> None:
    said = EVENTFUL["classic, both"]
    made = plan_of(said | {"archetypes": {"web": {"base_cpu": 36.0}}})
    assert "base" in _failed(plain_table(made), plan_of(said), tmp_path)


def _failed(table: pa.Table, plan: Any, folder: Path) -> set[str]:
    """Return what fails of a table that says it was made from a plan."""
    path = folder / "x.arrow"
    table = table.replace_schema_metadata(provenance(plan))
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return {verdict.name for verdict in fleetsynth.validate(path).failed}
