"""Every kind of damage is found, and named."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth import InputError
from fleetsynth.plan import Plan
from fleetsynth.tables.provenance import provenance
from tests.support import plain_table, plan_of
from tests.validation.faults import FAULTS, Fault


@pytest.fixture(scope="module")
def clean(default_plan: Plan) -> pa.Table:
    return plain_table(default_plan)


def written(table: pa.Table, plan: Plan, folder: Path) -> Path:
    """A file that says of itself that it was made from a plan."""
    path = folder / "fleet.arrow"
    table = table.replace_schema_metadata(provenance(plan))
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=100_000)
    return path


def test_there_are_enough_kinds_of_damage() -> None:
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_the_clean_dataset_passes(clean: pa.Table, default_plan: Plan, tmp_path: Path) -> None:
    validation = fleetsynth.validate(written(clean, default_plan, tmp_path))
    assert validation.ok
    assert len(validation.verdicts) > 100
    assert [v.name for v in validation.verdicts if v.status == "untestable"] == ["growth"] * 4


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_damage_is_found_and_named(fault: Fault, clean: pa.Table, tmp_path: Path) -> None:
    plan = plan_of({key.replace("__", "."): value for key, value in fault.scenario})
    path = written(fault.damage(clean), plan, tmp_path)
    validation = fleetsynth.validate(path)
    named = [(verdict.name, verdict.subject) for verdict in validation.failed]
    assert any(name == fault.verdict and fault.subject in subject for name, subject in named), named
    json.dumps(validation.to_dict(), allow_nan=False)


def test_a_truncated_file_is_an_error(clean: pa.Table, default_plan: Plan, tmp_path: Path) -> None:
    path = written(clean, default_plan, tmp_path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="cannot read"):
        fleetsynth.validate(path)
