"""The card of a dataset: true, the same for the same data, looked after, and read by others."""

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fleetsynth.errors import ExistsError
from fleetsynth.folders.card import card_of
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.presets import as_plan
from fleetsynth.reader.file_digest import digest_file
from fleetsynth.stores.names import CARD, CROISSANT, README
from tests.dataset.folders import files_in, manifest_of
from tests.dataset.test_verify import edit, found
from tests.docs import markdown, running
from tests.support import plain_table

CLASSIC = as_plan({"num_servers": 3, "start_date": "2022-01-30", "end_date": "2022-02-02"})
EVENTFUL = as_plan(
    {
        "preset": "realistic",
        "sample_interval": "1h",
        "num_servers": 4,
        "end_date": "2022-02-10",
        "retire": {"mean_years": 1},
        "incidents": {"intensity": 2},
    }
)
PLANS = {"classic": CLASSIC, "eventful": EVENTFUL}


def made(folder: Path, plan: Any = CLASSIC, **options: Any) -> Path:
    generate_folder(plan.scenario, str(folder), workers=1, **options)
    return folder


def card_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in CARD}


@pytest.mark.parametrize("name", PLANS)
def test_it_follows_from_plan_and_manifest_whoever_makes_it(tmp_path: Path, name: str) -> None:
    plan, keys = PLANS[name], ("year", "month")
    folder = made(tmp_path / "a", plan, partition_by=keys)
    assert card_in(folder) == card_of(plan, manifest_of(folder))
    for number in (2, 1):
        made(tmp_path / "b", plan, partition_by=keys, shard=Shard(number, 2))
    assert set(CARD).isdisjoint(files_in(tmp_path / "b"))
    commit(str(tmp_path / "b"))
    assert card_in(tmp_path / "b") == card_in(folder)
    assert manifest_of(tmp_path / "b")["run"] != manifest_of(folder)["run"]


@pytest.mark.parametrize("name", PLANS)
def test_it_names_every_table_and_column_and_says_what_is_true(tmp_path: Path, name: str) -> None:
    plan, tables = PLANS[name], ["components"] if name == "classic" else ["labels"]
    folder = made(tmp_path / "fleet", plan, tables=tables)
    page, values = (folder / README).read_text("utf-8"), manifest_of(folder)
    said = json.loads((folder / CROISSANT).read_bytes())
    assert values["digest"] in page
    assert f"{values['rows']:,} rows of CPU, memory, disk" in said["description"]
    columns = {"data": [each["name"] for each in values["schema"]]}
    columns |= {n: [c["name"] for c in of["schema"]] for n, of in values["tables"].items()}
    for place in sorted(folder.glob("*.parquet")):
        columns[place.stem] = pq.read_schema(place).names
    of = {each["@id"]: [field["name"] for field in each["field"]] for each in said["recordSet"]}
    assert of == columns
    for table, names in columns.items():
        section = page.partition(f"## Columns of {table}\n")[2].partition("\n## ")[0]
        assert [line.split("`")[1] for line in section.splitlines() if "`" in line] == names
    hashes = {each["@id"]: each["sha256"] for each in said["distribution"] if "sha256" in each}
    assert set(hashes) == set(values["files"]) - set(CARD)
    assert all(hashes[name] == values["files"][name]["sha256"] for name in hashes)
    full = said["rai:dataCollectionMissingData"] == "No row and no value is missing."
    assert full == plan.is_full
    assert ("rai:dataAnnotationProtocol" in said) == (name == "eventful")


@pytest.mark.parametrize("ending", [".parquet", ".csv.gz", ".jsonl", ".arrow"])
def test_what_the_page_shows_does_what_it_says(tmp_path: Path, ending: str) -> None:
    folder = made(tmp_path / "fleet", file_format=ending)
    page = running.Page("a card", folder)
    for block in markdown.blocks(folder / README):
        page.run(block)
    assert page.ran == 3
    frame = page.named("data")
    assert len(frame) == CLASSIC.cells
    assert list(frame["cpu_p95"]) == plain_table(CLASSIC)["cpu_p95"].to_pylist()
    if ending == ".parquet":
        assert card_in(tmp_path / "again") == card_in(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ending", "keys"),
    [("classic", ".csv.gz", ("year", "month")), ("eventful", ".parquet", ("region",))],
)
def test_croissant_is_read_by_the_library_of_its_makers(
    tmp_path: Path, name: str, ending: str, keys: tuple[str, ...]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant")
        plan = PLANS[name]
        folder = made(tmp_path / "fleet", plan, file_format=ending, partition_by=keys)
        dataset = mlcroissant.Dataset(str(folder / CROISSANT))
        assert not dataset.metadata.ctx.issues.errors
        rows = list(dataset.records("data"))
        servers = list(dataset.records("servers"))
    table = plain_table(plan)
    assert len(rows) == table.num_rows == manifest_of(folder)["rows"]
    assert len(servers) == plan.fleet.size
    for column in ("server_id", "cpu_p95", "region", *keys):
        got = [row[f"data/{column}"] for row in rows]
        plain = [value.decode() if isinstance(value, bytes) else value for value in got]
        assert sorted(plain) == sorted(table[column].to_pylist()), column


@pytest.mark.parametrize("name", CARD)
def test_what_becomes_of_it_is_found(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path / "fleet")
    whole, manifest = (folder / name).read_bytes(), (folder / "manifest.json").read_bytes()
    other = "this is not the file that was written"
    (folder / name).write_bytes(whole.replace(b"CPU", b"GPU", 1))
    assert found(folder) == [(name, other)]
    (folder / name).unlink()
    assert found(folder) == [(name, "this file is missing")]
    (folder / name).write_bytes(whole)
    edit(folder / "manifest.json", lambda values: values["files"].pop(name))
    assert found(folder) == [("manifest.json", f"files says nothing of {name}")]
    (folder / "manifest.json").write_bytes(manifest)
    edit(folder / "manifest.json", lambda values: values["files"][name].update(size=1))
    ((path, message),) = found(folder)
    assert (path, message.startswith("size is 1: ")) == (name, True)
    (folder / "manifest.json").write_bytes(manifest)
    assert found(folder) == []
    made(folder, EVENTFUL, overwrite=True)
    assert card_in(folder) == card_of(EVENTFUL, manifest_of(folder))
    assert found(folder) == []


def _as_of_old(folder: Path) -> None:
    """Make a folder what an earlier version has made: without a card."""
    for name in CARD:
        (folder / name).unlink()
        edit(folder / "manifest.json", lambda values: values["files"].pop(name))  # noqa: B023


@pytest.mark.parametrize("name", CARD)
def test_a_file_of_somebody_is_not_taken_for_it(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path / "fleet")
    _as_of_old(folder)
    assert found(folder) == []
    (folder / name).write_bytes(b"mine")
    told = verify(str(folder))
    note = f"{name} does not belong to the dataset: it was not checked"
    assert (told.findings, told.notes) == ([], [note])
    before = {each: digest_file(folder / each) for each in parquets(folder)}
    with pytest.raises(ExistsError, match=rf"holds {name}, which is not part of its dataset"):
        made(folder, EVENTFUL, overwrite=True)
    assert {each: digest_file(folder / each) for each in parquets(folder)} == before
    (folder / name).unlink()
    made(folder, EVENTFUL, overwrite=True)
    assert found(folder) == []


def parquets(folder: Path) -> list[str]:
    return [name for name in files_in(folder) if name.startswith("data/")]


def test_a_dataset_without_one_is_replaced_by_one_with_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "fleet")
    _as_of_old(folder)
    shutil.copytree(folder, tmp_path / "copy")
    made(folder, overwrite=True)
    assert set(CARD) <= set(files_in(folder))
    assert found(tmp_path / "copy") == []
