"""What `generate` makes, of whatever scenario, is not found fault with."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth

REALISTIC = {"preset": "realistic", "start_date": "2024-01-01"}
NO_NOISE = {f"{signal}_variance": 0 for signal in ("cpu", "memory", "disk", "network")}
KINDS = ("web", "application", "database", "batch")
SCENARIOS: dict[str, dict[str, Any]] = {
    "5 minutes": REALISTIC | {"granularity": "5min", "end_date": "2024-01-04", "num_servers": 10},
    "minutes": REALISTIC
    | {
        "granularity": "1min",
        "sample_interval": "1min",
        "end_date": "2024-01-02",
        "num_servers": 6,
    },
    "switched off": REALISTIC
    | {"distribution": {"off": 1.0}, "end_date": "2024-03-31", "num_servers": 5},
    "several statistics": REALISTIC
    | {"statistics": ["p50", "max", "mean"], "end_date": "2024-01-31", "num_servers": 6},
    "all on a bound": {
        "end_date": "2022-12-31",
        "num_servers": 20,
        "archetypes": {kind: {"base_network": 5000} for kind in KINDS},
    },
    "less noise than rounding": {
        "end_date": "2022-12-31",
        "num_servers": 20,
        "archetypes": {"web": {"memory_variance": 0.003}},
    },
    "no noise": {
        "end_date": "2022-06-30",
        "num_servers": 20,
        "spikes": False,
        "archetypes": dict.fromkeys(KINDS, NO_NOISE),
    },
    "next to no load": {
        "end_date": "2022-12-31",
        "num_servers": 20,
        "spikes": False,
        "archetypes": {kind: {"base_cpu": 0.3, "cpu_variance": 0.04} for kind in KINDS},
    },
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_dataset_agrees_with_its_own_scenario(scenario: dict[str, Any], tmp_path: Path) -> None:
    path = fleetsynth.generate(scenario, tmp_path / "x.parquet").path
    found = fleetsynth.validate(path)
    assert [f"{v.name} {v.subject}: {v.found}" for v in found.failed] == []
    assert found.rows > 0


def test_no_rows_are_no_dataset(tmp_path: Path) -> None:
    path = fleetsynth.generate({"num_servers": 1, "end_date": "2022-01-02"}, tmp_path / "x.parquet")
    pq.write_table(pq.read_table(path.path).slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(fleetsynth.InputError, match="has no rows"):
        fleetsynth.validate(tmp_path / "empty.parquet")


def test_a_later_file_of_something_else_is_named(tmp_path: Path) -> None:
    fleetsynth.generate({"num_servers": 1, "end_date": "2022-01-31"}, tmp_path / "a.parquet")
    pq.write_table(pa.table({"host": ["a"], "x": [1]}), tmp_path / "b.parquet")
    with pytest.raises(fleetsynth.InputError, match="timestamp"):
        fleetsynth.validate(tmp_path)
