"""What another version of the model made: said so, wherever its values would be made anew."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.errors import InputError, UsageError
from fleetsynth.folders.job import job_key
from fleetsynth.models.realistic import plan
from fleetsynth.stores.store import STATE

SCENARIO: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 4,
    "end_date": "2022-01-05",
    "sample_interval": "1h",
}
OLDER = "realistic-1"


def _rewrite(path: Path, **values: str) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


def _older_file(path: Path) -> Path:
    fleetsynth.generate(SCENARIO, path)
    table = pq.read_table(path)
    metadata = table.schema.metadata | {b"fleetsynth.model_version": OLDER.encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_a_file_of_another_version_is_not_compared_and_says_why(tmp_path: Path) -> None:
    path = _older_file(tmp_path / "fleet.parquet")
    verdicts = {verdict.name: verdict for verdict in fleetsynth.validate(path).verdicts}
    assert verdicts["regeneration"].status == "fail"
    assert verdicts["regeneration"].found == (
        "not compared: it was made by model version realistic-1, and this fleetsynth has "
        f"{plan.VERSION}, which gives other values for the same scenario: take the release that "
        "made it"
    )
    assert [name for name, each in verdicts.items() if each.status == "fail"] == ["regeneration"]


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_folder_of_another_version_says_so(tmp_path: Path, file_format: str) -> None:
    folder = tmp_path / "fleet"
    fleetsynth.generate(SCENARIO, f"{folder}/", file_format=file_format, workers=1)
    _rewrite(folder / "manifest.json", model_version=OLDER, scenario_digest="0" * 32)
    with pytest.raises(InputError, match="fleet was made by model version realistic-1, and this"):
        fleetsynth.verify(str(folder))
    verdicts = {verdict.name: verdict for verdict in fleetsynth.validate(folder).verdicts}
    for name in ("manifest", "regeneration"):
        assert verdicts[name].status == "fail"
        assert "made by model version realistic-1" in verdicts[name].found
    changed = SCENARIO | {"seed": 9, "assignment": "blocks", "end_date": "2022-01-04"}
    with pytest.raises(UsageError, match=f": model_version was {OLDER}, now {plan.VERSION}"):
        fleetsynth.generate(changed, f"{folder}/", file_format=file_format, resume=True)


def test_a_run_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    fleetsynth.generate(SCENARIO, f"{folder}/", workers=1)
    (folder / "manifest.json").rename(tmp_path / "kept.json")
    kept = json.loads((tmp_path / "kept.json").read_text("utf-8"))
    run = {key: kept[key] for key in ("run", "partition_by", "part_bytes", "file_format", "cut")}
    run |= {key: kept[key] for key in kept if key.endswith("version") or "fingerprint" in key}
    scenario = fleetsynth.load_scenario(SCENARIO).to_dict()
    (folder / STATE).mkdir()
    record = run | {"scenario": scenario, "model_version": OLDER}
    (folder / job_key(1)).write_text(json.dumps(record), "utf-8")
    for go_on in (lambda: fleetsynth.commit(str(folder)), lambda: _resume(folder)):
        with pytest.raises(UsageError, match=f": model_version was {OLDER}, now {plan.VERSION}"):
            go_on()


def _resume(folder: Path) -> None:
    fleetsynth.generate(SCENARIO | {"seed": 9}, f"{folder}/", resume=True)
