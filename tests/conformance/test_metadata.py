"""What files say about their own making, and how they are laid out."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.fleet import METADATA_COLUMNS
from fleetsynth.formats import FORMATS
from fleetsynth.formats.read import read_metadata
from fleetsynth.plan import Plan
from fleetsynth.tables.provenance import provenance
from tests.conformance.support import WITH_METADATA, save


@pytest.mark.parametrize("ending", WITH_METADATA)
def test_a_file_says_how_to_make_it_again(plan: Plan, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    save(plan, path)
    metadata = read_metadata(path)
    assert metadata["fleetsynth.version"] == fleetsynth.__version__
    assert metadata["fleetsynth.scenario_digest"] == plan.digest
    assert metadata["fleetsynth.seed"] == "42"
    assert metadata["fleetsynth.schema_version"] == "1"
    (tmp_path / "again.yaml").write_text(metadata["fleetsynth.scenario"])
    assert fleetsynth.load_scenario(tmp_path / "again.yaml") == plan.scenario
    again = fleetsynth.generate(tmp_path / "again.yaml", tmp_path / f"b{ending}")
    assert again.path.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("ending", "raw"),
    [
        (".parquet", lambda path: pq.read_metadata(path).metadata),
        (".arrow", lambda path: pa.ipc.open_file(path).schema.metadata),
    ],
)
def test_others_find_the_metadata_too(
    plan: Plan, tmp_path: Path, ending: str, raw: Callable[[Path], dict[bytes, bytes]]
) -> None:
    save(plan, tmp_path / f"a{ending}")
    found = {key.decode(): value.decode() for key, value in raw(tmp_path / f"a{ending}").items()}
    assert found == provenance(plan) == read_metadata(tmp_path / f"a{ending}")


@pytest.mark.parametrize("ending", sorted(FORMATS.keys() - set(WITH_METADATA)))
def test_csv_has_no_metadata(plan: Plan, tmp_path: Path, ending: str) -> None:
    save(plan, tmp_path / f"a{ending}")
    assert read_metadata(tmp_path / f"a{ending}") == {}


def test_each_batch_is_a_row_group_of_parquet(plan: Plan, tmp_path: Path) -> None:
    save(plan, tmp_path / "a.parquet", batch_rows=744 * 3)
    footer = pq.read_metadata(tmp_path / "a.parquet")
    groups = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
    assert groups == [744 * 3] * 3 + [744]
    assert pipeline.BATCH_ROWS <= 1 << 18


def test_parquet_has_plain_types_for_every_reader(plan: Plan, tmp_path: Path) -> None:
    save(plan, tmp_path / "a.parquet")
    assert b"ARROW:schema" not in pq.read_metadata(tmp_path / "a.parquet").metadata
    columns = pq.ParquetFile(tmp_path / "a.parquet").schema
    kinds = {
        columns.column(i).name: (
            columns.column(i).physical_type,
            str(columns.column(i).logical_type),
        )
        for i in range(len(columns))
    }
    assert kinds["server_id"] == ("BYTE_ARRAY", "String")
    assert kinds["cpu_p95"] == ("DOUBLE", "None")
    assert kinds["is_holiday"][0] == "INT32"
    physical, logical = kinds["timestamp"]
    assert physical == "INT64"
    assert "isAdjustedToUTC=false" in logical
    assert "timeUnit=microseconds" in logical


def test_row_groups_say_between_what_their_values_lie(plan: Plan, tmp_path: Path) -> None:
    """Readers skip by these what they do not look for."""
    save(plan, tmp_path / "a.parquet", 5_000)
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert file.metadata.num_row_groups > 1
    for number in range(file.metadata.num_row_groups):
        rows, group = file.read_row_group(number), file.metadata.row_group(number)
        for at, name in enumerate(rows.schema.names):
            said = group.column(at).statistics
            if name in METADATA_COLUMNS:
                assert said is None or not said.has_min_max
                continue
            values = rows[name].to_pylist()
            assert (said.min, said.max, said.null_count) == (min(values), max(values), 0)
    file.close()
