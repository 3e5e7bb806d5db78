"""Capacity columns in every format and preset, in folders, and read as anybody's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import fleetsynth as fs
from fleetsynth.formats import FORMATS
from fleetsynth.presets import simulate
from fleetsynth.window import Window

if TYPE_CHECKING:
    from pathlib import Path

SAID: dict[str, Any] = {
    "num_servers": 7,
    "seed": 3,
    "start_date": "2024-01-20",
    "end_date": "2024-03-10",
    "capacity_columns": True,
    "absolute": True,
    "events": [
        {"kind": "resize", "at": "2024-02-03 05:00", "share": 0.4, "to_type": "m6i.4xlarge"},
        {"kind": "change", "at": "2024-02-11", "share": 0.5, "capacity": "x1.37"},
    ],
}
PART = 60_000
PRESETS: dict[str, dict[str, Any]] = {
    "classic": {},
    "realistic": {
        "preset": "realistic",
        "sample_interval": "1h",
        "statistics": ["p95", "mean"],
        "fleet_growth": {"per_month": 4},
        "retire": {"mean_years": 0.2},
    },
}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_has_the_columns_and_its_digest(tmp_path: Path, preset: str, ending: str) -> None:
    path = tmp_path / f"fleet{ending}"
    made = fs.generate(SAID | PRESETS[preset], path)
    assert fs.digest_file(path) == made.digest
    assert fs.validate(path).ok
    plan = made.plan
    assert {"vcpus", "memory_gib", "cores_used_p95", "instance_type"} <= {*plan.columns}
    table = fs.to_table(SAID | PRESETS[preset])
    block = simulate(plan, Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop))
    _, _, values = block.listed()
    for metric, of in zip(plan.metrics, values, strict=True):
        assert np.array_equal(np.rint(table[metric.column].to_numpy() * 100), of)


def test_a_changed_cell_is_found(tmp_path: Path) -> None:
    path = tmp_path / "fleet.parquet"
    fs.generate(SAID, path)
    table = pq.read_table(path)
    values = table["vcpus"].to_numpy().copy()
    values[11] += 2
    place = table.schema.get_field_index("vcpus")
    pq.write_table(table.set_column(place, "vcpus", [values]), path)
    found = fs.validate(path)
    assert not found.ok
    assert [each.name for each in found.verdicts if each.status == "fail"] == ["regeneration"]


def test_a_folder_is_resumed_and_verified_and_names_types_and_prices(tmp_path: Path) -> None:
    said, path = SAID | PRESETS["realistic"], tmp_path / "fleet"

    def stop(done: int) -> None:
        if done > 200:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fs.generate(said, path, part_bytes=PART, workers=1, progress=stop)
    made = fs.generate(said, path, part_bytes=PART, workers=1, resume=True)
    assert made.parts > made.made
    assert fs.verify(path, regenerate=2).ok
    assert made.digest == fs.generate(said, tmp_path / "fleet.arrow").digest
    servers = pq.read_table(path / "servers.parquet").to_pylist()
    types = (
        {each.name: each for each in made.plan.fleet.types.types} if made.plan.fleet.types else {}
    )
    assert len(servers) == made.plan.fleet.size
    for server in servers:
        of = types[server["instance_type"]]
        assert server["price_month"] == of.price_month
        assert server["currency"] == "USD"
        assert (server["vcpus"], server["memory_gib"]) == of.capacities[:2]


def test_components_stand_beside_them(tmp_path: Path) -> None:
    plain = fs.generate(SAID, tmp_path / "plain.parquet")
    made = fs.generate(SAID, tmp_path / "fleet.parquet", components=True)
    assert made.digest == plain.digest
    assert made.tables["components"].digest
