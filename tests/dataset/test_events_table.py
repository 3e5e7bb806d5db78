"""The table of events that lies beside the data: what it is, and that all of it is looked after."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.errors import ExistsError, InputError, OutputError
from fleetsynth.files import AtomicFile
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.ledger.table import events as ledger
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.reader.files import find_files
from fleetsynth.tables import jobs
from fleetsynth.tables.digest import combine
from fleetsynth.tables.events import SCHEMA, batches, leaves
from tests.dataset.folders import files_in, manifest_of
from tests.dataset.test_verify import edit, found, write
from tests.e2e.command import Fleetsynth

TELLING: dict[str, Any] = {
    "num_servers": 6,
    "start_date": "2024-01-01",
    "end_date": "2024-02-10",
    "events": [
        {"kind": "maintenance", "at": "2024-01-06 02:00", "for": "4h", "every": "14d"},
        {"kind": "migration", "at": "2024-02-01", "servers": "server_003", "cause": 'a, "b"\né'},
        {"kind": "change", "from": "2024-01-10", "to": "2024-01-12", "disk": "+5", "share": 0.5},
    ],
}
SCENARIOS = {
    "classic": load_scenario(TELLING),
    "realistic": load_scenario(
        {
            "preset": "realistic",
            "sample_interval": "1h",
            "num_servers": 10,
            "start_date": "2024-01-01",
            "end_date": "2024-03-31",
            "incidents": {"intensity": 2},
        }
    ),
}
QUIET = load_scenario({key: value for key, value in TELLING.items() if key != "events"})
CLASSIC = SCENARIOS["classic"]


def digest_of(path: Path) -> str:
    """The content digest of a table in Parquet, whatever the order of its rows."""
    return combine(b"".join(map(leaves, pq.ParquetFile(path).iter_batches())))


def made(folder: Path, scenario: Any = CLASSIC, **options: Any) -> Any:
    return generate_folder(scenario, str(folder), part_bytes=4_000, workers=1, **options)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_folder_has_the_ledger_of_its_plan_and_its_manifest_says_so(
    tmp_path: Path, name: str
) -> None:
    scenario, folder = SCENARIOS[name], tmp_path / "fleet"
    result = made(folder, scenario)
    plan = resolve(scenario)
    every = [event.event_id for event in ledger(plan, 0, plan.fleet.size)]
    every += [str(row["event_id"]) for row in jobs.rows(plan, 0, plan.fleet.size)]
    rows = pq.read_table(folder / "events.parquet")
    assert rows.schema.equals(SCHEMA)
    assert rows["event_id"].to_pylist() == every
    assert len(every) == len(set(every)) > 10
    said = manifest_of(folder)["files"]["events.parquet"]
    assert manifest_of(folder)["format"] == 4
    assert (said["rows"], said["digest"]) == (len(every), digest_of(folder / "events.parquet"))
    table = result.tables["events"]
    assert (table.rows, table.digest) == (len(every), said["digest"])
    assert table.url == f"{folder}/events.parquet"
    assert table.bytes == said["size"] == (folder / "events.parquet").stat().st_size
    assert verify(str(folder), regenerate=1).findings == []


@pytest.mark.parametrize("ending", [".parquet", ".csv.gz", ".jsonl"])
def test_the_digest_of_a_table_is_told_whatever_its_format(tmp_path: Path, ending: str) -> None:
    made = fleetsynth.generate(CLASSIC, tmp_path / f"fleet{ending}").tables["events"]
    assert fleetsynth.digest(made.url) == made.digest
    ran = Fleetsynth(tmp_path)("digest", f"fleet.tables/events{ending}", "--leaves")
    assert (ran.code, ran.out) == (0, f"{made.digest}  fleet.tables/events{ending}\n")


def test_where_nothing_can_happen_there_is_no_table(tmp_path: Path) -> None:
    assert made(tmp_path / "fleet", QUIET).tables == {}
    assert not (tmp_path / "fleet" / "events.parquet").exists()
    assert manifest_of(tmp_path / "fleet")["format"] == 2
    fleetsynth.generate(QUIET, tmp_path / "fleet.csv")
    assert not (tmp_path / "fleet.tables").exists()


def test_the_digest_is_blind_to_order_and_sees_every_value() -> None:
    rows = pa.Table.from_batches(batches(resolve(SCENARIOS["realistic"]))).to_batches()[0]
    whole = combine(leaves(rows))
    backwards = rows.take(pa.array(range(rows.num_rows - 1, -1, -1)))
    assert combine(leaves(backwards)) == whole
    for name in SCHEMA.names:
        column = rows[name]
        other = column.take(pa.array([1, 0, *range(2, len(column))]))
        if not other.equals(column):
            changed = rows.set_column(rows.schema.get_field_index(name), name, other)
            assert combine(leaves(changed)) != whole, name


def test_tables_are_made_alike_however_a_folder_is(tmp_path: Path) -> None:
    """In one go, resumed, in shards, in partitions, with components: one file, byte for byte."""
    made(tmp_path / "whole")
    for number in (1, 2):
        made(tmp_path / "shards", shard=Shard(number, 2))
    assert not (tmp_path / "shards" / "events.parquet").exists()
    commit(str(tmp_path / "shards"))
    made(tmp_path / "resumed", shard=Shard(1, 3))
    made(tmp_path / "resumed", resume=True)
    made(tmp_path / "months", partition_by=["year", "month"], tables=["components"])
    assert manifest_of(tmp_path / "months")["format"] == 5
    right = (tmp_path / "whole" / "events.parquet").read_bytes()
    for name in ("shards", "resumed", "months"):
        assert (tmp_path / name / "events.parquet").read_bytes() == right
        assert verify(str(tmp_path / name)).findings == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with events, to do with as one likes."""
    made(tmp_path / "fleet")
    return tmp_path / "fleet"


def test_what_is_wrong_with_the_table_is_said(folder: Path) -> None:
    path = folder / "events.parquet"
    right, rows = path.read_bytes(), pq.read_table(path)
    entity = rows["entity"].to_pylist()
    wrong = rows.set_column(2, SCHEMA.field("entity"), pa.array(["server_005", *entity[1:]]))
    write(path, wrong)
    of = f"entity of {rows['event_id'][0].as_py()} is 'server_005'"
    assert found(folder) == [("events.parquet", f"{of}: the scenario gives {entity[0]!r}")]
    write(path, rows.slice(1))
    count = rows.num_rows
    few = f"it has {count - 1} events: the scenario has {count}"
    assert found(folder) == [("events.parquet", few)]
    write(path, rows.drop_columns(["severity"]))
    ((_, message),) = found(folder)
    assert message.startswith("its columns are event_id, kind, ")
    pq.write_table(rows, path, compression="none")
    same = "the file was written again, with the same values"
    assert found(folder) == [("events.parquet", same)]
    path.unlink()
    assert found(folder) == [("events.parquet", "this file is missing")]
    for place in range(0, len(right), max(1, len(right) // 25)):
        path.write_bytes(right[:place] + bytes([right[place] ^ 4]) + right[place + 1 :])
        assert found(folder) != [], place


def test_what_the_manifest_says_of_the_table_is_compared(folder: Path) -> None:
    path = folder / "manifest.json"
    right = path.read_bytes()
    for key, value in (("rows", 3), ("digest", "0" * 64), ("size", 1), ("sha256", "0" * 64)):
        path.write_bytes(right)
        edit(path, lambda said: said["files"]["events.parquet"].update({key: value}))  # noqa: B023
        assert found(folder), key
    path.write_bytes(right)
    edit(path, lambda said: said["files"].pop("events.parquet"))
    assert ("manifest.json", "files says nothing of events.parquet") in found(folder)
    path.write_bytes(right)
    edit(path, lambda said: said.update(format=2))
    assert any("format is 2" in message for _, message in found(folder))


def test_an_overwrite_takes_the_table_with_it_and_leaves_strangers_alone(folder: Path) -> None:
    generate_folder(QUIET, str(folder), workers=1, overwrite=True)
    assert "events.parquet" not in files_in(folder)
    (folder / "events.parquet").write_bytes(b"mine")
    assert verify(str(folder)).notes == [
        "events.parquet does not belong to the dataset: it was not checked"
    ]
    generate_folder(QUIET, str(folder), workers=1, overwrite=True)
    assert (folder / "events.parquet").read_bytes() == b"mine"
    (folder / "events.parquet").unlink()
    made(folder, overwrite=True)
    assert verify(str(folder)).findings == []


def test_a_commit_that_was_stopped_is_replaced_with_its_table(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    made(folder)
    (folder / "manifest.json").unlink()
    made(tmp_path / "other", shard=Shard(1, 2))
    shutil.copytree(tmp_path / "other" / "_parts", folder / "_parts")
    generate_folder(QUIET, str(folder), workers=1, overwrite=True)
    assert "events.parquet" not in files_in(folder)
    assert verify(str(folder)).findings == []


def test_readers_of_folders_do_not_take_it_for_data(folder: Path, tmp_path: Path) -> None:
    right = fleetsynth.digest(folder)
    (folder / "manifest.json").unlink()
    assert not [key for key in find_files(str(folder)).keys if "events" in key]
    assert fleetsynth.digest(folder) == right
    several = tmp_path / "several"
    fleetsynth.generate(CLASSIC, several / "fleet.parquet", components=True)
    assert len(files_in(several)) == 3
    assert find_files(str(several)).keys == ("fleet.parquet",)
    assert fleetsynth.digest(several) == right
    (several / "fleet.parquet").unlink()  # without their data they are whatever they are
    assert len(find_files(str(several)).keys) == 2


def test_data_that_somebody_has_called_events_are_data(tmp_path: Path) -> None:
    for name in ("a.parquet", "events.parquet"):
        row = {"time": ["2024-01-01", "2024-01-02"], "host": [name] * 2, "cpu": [1.0, 2.0]}
        pq.write_table(pa.table(row), tmp_path / name)
    assert find_files(str(tmp_path)).keys == ("a.parquet", "events.parquet")


def test_what_another_version_of_the_model_made_is_not_worked_out_by_this_one(
    tmp_path: Path,
) -> None:
    scenario, path = SCENARIOS["realistic"], tmp_path / "fleet.parquet"
    fleetsynth.generate(scenario, path)
    right = fleetsynth.events(path, server="server_003").rows()
    rows = pq.read_table(path)
    with pq.ParquetWriter(path, rows.schema) as writer:
        writer.write_table(rows)
        said = {key.decode(): value.decode() for key, value in rows.schema.metadata.items()}
        writer.add_key_value_metadata(said | {"fleetsynth.model_version": "0"})
    assert fleetsynth.events(path, server="server_003").rows() == right  # services from its rows
    shutil.rmtree(tmp_path / "fleet.tables")
    with pytest.raises(InputError, match=r"cannot be worked out: .* made by model version 0, and"):
        fleetsynth.events(path)


# Beside a file


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in files_in(folder)}


def test_a_file_and_its_table_are_replaced_together(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    fleetsynth.generate(CLASSIC, path)
    before = hashes(tmp_path)
    assert list(before) == ["fleet.csv", "fleet.tables/events.csv"]
    with pytest.raises(ExistsError):
        fleetsynth.generate(CLASSIC, path)
    other = load_scenario(TELLING | {"seed": 7, "events": TELLING["events"][:1]})
    fleetsynth.generate(other, path, overwrite=True)
    after = hashes(tmp_path)
    assert [after[name] != before[name] for name in before] == [True, True]
    fleetsynth.generate(QUIET, path, overwrite=True)
    assert files_in(tmp_path) == ["fleet.csv"]


def test_data_are_not_put_beside_a_table_that_is_not_theirs(tmp_path: Path) -> None:
    fleetsynth.generate(CLASSIC, tmp_path / "fleet.csv")
    (tmp_path / "fleet.csv").unlink()
    for scenario in (QUIET, CLASSIC):
        with pytest.raises(ExistsError, match=r"events\.csv exists"):
            fleetsynth.generate(scenario, tmp_path / "fleet.csv")
    assert files_in(tmp_path) == ["fleet.tables/events.csv"]


def test_if_the_table_cannot_appear_nothing_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AtomicFile.commit

    def failing(self: AtomicFile, *stale: Any) -> int:
        if "events" in self.temporary.name:
            raise OutputError("no room")
        return real(self, *stale)

    monkeypatch.setattr(AtomicFile, "commit", failing)
    with pytest.raises(OutputError):
        fleetsynth.generate(CLASSIC, tmp_path / "new" / "fleet.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_summary_for_programs_says_how_many_there_are_and_where(tmp_path: Path) -> None:
    result = fleetsynth.generate(CLASSIC, tmp_path / "fleet.csv")
    said = json.loads(json.dumps(result.to_dict()))["tables"]["events"]
    assert said["rows"] == sum(map(len, batches(resolve(CLASSIC))))
    assert said["path"] == str(tmp_path / "fleet.tables" / "events.csv")
    made(tmp_path / "fleet")
    assert said["digest"] == manifest_of(tmp_path / "fleet")["files"]["events.parquet"]["digest"]
