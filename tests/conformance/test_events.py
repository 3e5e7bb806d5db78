"""The table of events, in every format: the same rows, digested alike."""

from pathlib import Path

import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.formats import FORMATS
from fleetsynth.presets import resolve
from fleetsynth.reader.events import table_batches
from fleetsynth.tables.events import SCHEMA, batches
from tests.dataset.test_events_table import SCENARIOS


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_beside_a_file_of_any_format_it_has_the_rows_of_the_plan(
    tmp_path: Path, name: str, ending: str
) -> None:
    scenario = SCENARIOS[name]
    made = fleetsynth.generate(scenario, tmp_path / f"fleet{ending}").tables["events"]
    path = tmp_path / "fleet.tables" / f"events{ending}"
    assert (made.url, made.bytes) == (str(path), path.stat().st_size)
    right = pa.Table.from_batches(batches(resolve(scenario)), schema=SCHEMA)
    assert pa.Table.from_batches(table_batches(path), schema=SCHEMA).equals(right)
    assert made.rows == right.num_rows
    assert (
        fleetsynth.events(tmp_path / f"fleet{ending}").rows() == fleetsynth.events(scenario).rows()
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_of_no_events_at_all_there_is_a_table_without_rows(tmp_path: Path, ending: str) -> None:
    """Something may happen, and nothing does: that is worth knowing, too."""
    rare = {"preset": "realistic", "sample_interval": "1h", "num_servers": 1}
    rare |= {"start_date": "2024-01-01", "end_date": "2024-01-01"}
    rare |= {"events": [{"kind": "freeze", "from": "2030-01-01", "to": "2030-01-02"}]}
    quiet = {**rare, "incidents": {"intensity": 0}, "distribution": {"off": 1}}
    made = fleetsynth.generate(quiet, tmp_path / f"fleet{ending}")
    assert made.tables["events"].rows == 0
    assert fleetsynth.events(tmp_path / f"fleet{ending}").rows() == []
