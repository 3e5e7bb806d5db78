"""Where a dataset comes from: files of every format, folders, object stores, other people."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import InputError, UsageError, Validation
from fleetsynth.folders.generate import generate_folder
from fleetsynth.formats import FORMATS
from fleetsynth.presets.load import load_scenario
from tests.dataset.object_store import BUCKET, empty, environment

SMALL = {"num_servers": 24, "end_date": "2022-06-30"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder with partitions."""
    path = tmp_path_factory.mktemp("fleet") / "fleet"
    keys = ("region", "year", "month")
    generate_folder(load_scenario(SMALL), str(path), partition_by=keys, workers=1)
    return path


def named(validation: Validation) -> set[str]:
    return {verdict.name for verdict in validation.verdicts}


def estimates(validation: Validation) -> list[float]:
    return [v.estimate for v in validation.verdicts if v.estimate is not None]


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_the_same_estimates(ending: str, tmp_path: Path) -> None:
    path = fleetsynth.generate(SMALL, tmp_path / f"fleet{ending}").path
    alone = fleetsynth.validate(path)
    told = fleetsynth.validate(path, SMALL)
    assert alone.ok
    assert told.ok
    assert (alone.scenario is None) == ending.startswith((".csv", ".jsonl"))  # text says nothing
    reference = fleetsynth.validate(fleetsynth.generate(SMALL, tmp_path / "other.arrow").path)
    assert estimates(told) == pytest.approx(estimates(reference), rel=1e-9)


def test_a_folder_is_one_dataset_with_a_manifest(folder: Path, tmp_path: Path) -> None:
    validation = fleetsynth.validate(folder)
    assert validation.ok, validation.failed
    assert validation.rows == 24 * 181
    single = fleetsynth.validate(fleetsynth.generate(SMALL, tmp_path / "one.arrow").path)
    assert estimates(validation) == pytest.approx(estimates(single), rel=1e-9)
    assert named(validation) - named(single) == {"manifest"}


def test_a_lost_part_is_told_by_the_manifest_and_by_the_gaps(folder: Path, tmp_path: Path) -> None:
    from shutil import copytree

    copy = copytree(folder, tmp_path / "copy")
    lost = sorted(copy.rglob("*month=3/*.parquet"))[0]
    lost.unlink()
    failed = {verdict.name: verdict for verdict in fleetsynth.validate(copy).failed}
    assert {"manifest", "gaps"} <= failed.keys()
    assert "month=3" in failed["manifest"].places[0]


@pytest.mark.xdist_group("object store")
def test_an_object_store(object_store: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(object_store).items():
        monkeypatch.setenv(name, value)
    empty(object_store)
    url = f"s3://{BUCKET}/fleet"
    generate_folder(load_scenario(SMALL), url, workers=1)
    validation = fleetsynth.validate(url)
    assert validation.ok, validation.failed
    assert "manifest" in named(validation)
    part = f"{url}/data/part-00000.parquet"
    assert fleetsynth.validate(part).rows == validation.rows


def foreign(path: Path) -> pd.DataFrame:
    """Somebody else's telemetry: other names, a zone, no order, two hosts."""
    times = pd.date_range("2024-03-01", periods=96, freq="h", tz="Europe/Berlin")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "when": np.tile(times.tz_convert("UTC"), 2),
            "host": np.repeat(["db1", "db2"], 96),
            "cpu": rng.uniform(5, 60, 192).round(1),
            "disk_free": rng.uniform(1, 2, 192),
        }
    )
    frame.to_parquet(path, index=False)
    return frame


MAPPING = {"timestamp": "when", "server_id": "host", "cpu_p95": "cpu"}


def test_anyones_data_are_checked_for_their_form(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    frame = foreign(path)
    validation = fleetsynth.validate(path, columns=MAPPING)
    assert validation.ok, validation.failed
    assert validation.servers == 2
    assert "base" not in named(validation)
    frame.drop(index=[17, 18]).to_parquet(path, index=False)
    assert [v.name for v in fleetsynth.validate(path, columns=MAPPING).failed] == ["gaps"]
    frame.loc[30:80, "cpu"] = 41.5
    frame.to_parquet(path, index=False)
    assert [v.name for v in fleetsynth.validate(path, columns=MAPPING).failed] == ["stuck"]


def test_our_own_columns_may_have_other_names(tmp_path: Path) -> None:
    path = tmp_path / "renamed.parquet"
    names = {"timestamp": "ts", "cpu_p95": "cpu"}
    fleetsynth.to_pandas(SMALL).rename(columns=names).to_parquet(path, index=False)
    assert fleetsynth.validate(path, SMALL, names).ok
    with pytest.raises(UsageError, match="no column that looks like a timestamp"):
        fleetsynth.validate(path, SMALL)


def test_another_fleet_of_the_same_model_passes_but_for_its_metadata(tmp_path: Path) -> None:
    path = fleetsynth.generate({**SMALL, "seed": 8}, tmp_path / "fleet.parquet").path
    validation = fleetsynth.validate(path, SMALL)
    assert validation.ok, validation.failed
    assert "regeneration" not in named(validation)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tmestamp": "when"}, "there is no role 'tmestamp' .did you mean 'timestamp'"),
        (
            {"timestamp": "wen", "server_id": "host"},
            "no column 'wen' to be its timestamp .did you mean 'when'",
        ),
    ],
)
def test_a_wrong_mapping_is_refused(columns: dict[str, str], message: str, tmp_path: Path) -> None:
    foreign(tmp_path / "theirs.parquet")
    with pytest.raises(UsageError, match=message):
        fleetsynth.validate(tmp_path / "theirs.parquet", columns=columns)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file or folder"):
        fleetsynth.validate(tmp_path / "nothing.parquet")
    with pytest.raises(InputError, match="holds no data"):
        fleetsynth.validate(tmp_path)
    text = pa.table({"timestamp": ["soon"], "server_id": ["a"], "cpu": [1.0]})
    pq.write_table(text, tmp_path / "text.parquet")
    with pytest.raises(InputError, match="'timestamp' is 'soon': expected a time"):
        fleetsynth.validate(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    "scenario",
    [
        {"num_servers": 1, "end_date": "2022-01-01"},
        {"num_servers": 4, "end_date": "2022-01-31"},
        {"num_servers": 12, "granularity": "hourly", "end_date": "2022-01-14"},
        {"num_servers": 12, "spikes": False, "quarterly_peaks": False, "holiday_effect": False},
        {"num_servers": 30, "end_date": "2022-12-31", "growth": {"mode": "monthly"}},
        {"num_servers": 8, "include_metadata": False, "include_calendar": False},
        {"num_servers": 8, "archetypes": {"web": {"cpu_variance": 0.0}}},
        {"num_servers": 8, "archetypes": {"web": {"spike_probability": 1.0}}},
        {"num_servers": 8, "archetypes": {"web": {"weekend_factor": 0.0}}},
        {"num_servers": 8, "archetypes": {"web": {"base_cpu": 300.0, "spike_magnitude": 1.0}}},
    ],
    ids=str,
)
def test_any_scenario_can_be_validated(scenario: dict[str, object], tmp_path: Path) -> None:
    path = fleetsynth.generate(scenario, tmp_path / "fleet.arrow").path
    validation = fleetsynth.validate(path)
    assert validation.ok, validation.failed
    json.dumps(validation.to_dict(), allow_nan=False)


def test_business_hours_show_in_hourly_data(tmp_path: Path) -> None:
    scenario = {"num_servers": 20, "granularity": "hourly", "end_date": "2022-02-28"}
    wrong = {**scenario, "archetypes": {"web": {"business_hours_factor": 1.7}}}
    path = fleetsynth.generate(scenario, tmp_path / "fleet.arrow").path
    found = {v.subject: v for v in fleetsynth.validate(path, wrong).failed}
    assert found["web business_hours_factor"].name == "business hours"
    assert found["web business_hours_factor"].estimate == pytest.approx(1.6, abs=0.03)


def test_the_realistic_model_is_held_against_its_form_and_its_regeneration(tmp_path: Path) -> None:
    scenario = {"preset": "realistic", "num_servers": 12, "end_date": "2022-02-28"}
    path = fleetsynth.generate(scenario, tmp_path / "fleet.parquet").path
    validation = fleetsynth.validate(path)
    assert validation.ok, validation.failed
    assert "regeneration" in named(validation)
    assert estimates(validation) == []
    table = pq.read_table(path)
    place = table.schema.get_field_index("cpu_p95")
    values = table.column("cpu_p95").to_numpy().copy()
    values[100] = 99.0 - values[100]
    changed = table.set_column(place, "cpu_p95", pa.array(values))
    pq.write_table(changed, tmp_path / "changed.parquet")
    (failed,) = fleetsynth.validate(tmp_path / "changed.parquet").failed
    assert (failed.name, failed.places) == ("regeneration", ("server_001",))
