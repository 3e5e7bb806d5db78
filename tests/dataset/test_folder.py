"""Dataset folders from beginning to end: one digest, a true manifest, and what is refused."""

import json
import shutil
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from fleetsynth.errors import ExistsError, FleetsynthError, InputError, OutputError, UsageError
from fleetsynth.fleet import METADATA_COLUMNS
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord
from fleetsynth.folders.shards import INDEX_VARIABLES, parse_shard
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.reader.file_digest import digest_file
from fleetsynth.scenario import Scenario
from fleetsynth.stores.names import CARD, TIME_KEYS
from fleetsynth.tables.provenance import provenance
from tests.dataset.conftest import Copied, Finished
from tests.dataset.folders import (
    MIXED,
    PART_BYTES,
    PARTITIONS,
    digest_in,
    files_in,
    identities,
    manifest_of,
    parts_in,
    rows_of,
    told_in,
)
from tests.support import plain_table, scenario_of

PLAN = resolve(MIXED)

MANIFEST_KEYS = {
    *("format", "digest", "rows", "version", "schema_version", "model_version"),
    *("scenario_digest", "seed", "numpy_version", "normals_fingerprint", "holidays_version"),
    *("tzdata_version", "file_format"),
    *("run", "schema", "partition_by", "part_bytes", "cut", "files", "parts", "manifest_sha256"),
}


def keeps_leaves(keys: tuple[str, ...]) -> bool:
    """Whether a folder is partitioned by time, so that it keeps the leaves of its digest."""
    return not {*keys}.isdisjoint(TIME_KEYS)


PART_KEYS = {
    *("path", "rows", "servers", "first_server", "last_server", "start", "end"),
    *("size", "sha256", "digest"),
}


class _GivesUpError(Exception):
    """Ends a run in the middle."""


def make(folder: Path, **options: Any) -> str | None:
    """Generate the mixed scenario into a folder of small parts; return its digest."""
    defaults = {"part_bytes": PART_BYTES, "workers": 1}
    return generate_folder(MIXED, str(folder), **defaults | options).digest


def begin(folder: Path, parts: int, scenario: Scenario = MIXED, **options: Any) -> None:
    """Generate some parts of a folder, and stop."""

    def stop(job: Job, index: int, *_: object) -> PartRecord:
        if index >= parts:
            raise _GivesUpError
        return make_part(job, index)

    with pytest.raises(_GivesUpError):
        generate_folder(
            scenario,
            str(folder),
            engine=LocalEngine(1, make=stop),
            **{"part_bytes": PART_BYTES} | options,
        )


# One digest


def test_one_part_has_the_digest_of_a_single_file(tmp_path: Path, single: str) -> None:
    result = generate_folder(MIXED, str(tmp_path / "fleet"), workers=1)
    assert (result.parts, result.digest) == (1, single)
    assert digest_file(*parts_in(tmp_path / "fleet")) == single


@pytest.mark.parametrize("keys", PARTITIONS)
def test_parts_and_partitions_do_not_change_the_digest(
    finished: Finished, single: str, keys: tuple[str, ...]
) -> None:
    assert len(parts_in(finished(keys))) > 4
    assert digest_in(finished(keys)) == single


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), ("region", "year")])
def test_two_workers_make_the_same_files_as_one(tmp_path: Path, keys: tuple[str, ...]) -> None:
    make(tmp_path / "one", partition_by=keys)
    make(tmp_path / "two", partition_by=keys, workers=2)
    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")
    assert told_in(tmp_path / "one") == told_in(tmp_path / "two")
    assert manifest_of(tmp_path / "one")["run"] != manifest_of(tmp_path / "two")["run"]


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 2, 1, 3)])
def test_four_shards_and_a_commit_are_the_whole(
    tmp_path: Path, finished: Finished, order: tuple[int, ...]
) -> None:
    folder = tmp_path / "fleet"
    made = []
    for number in order:
        assert not (folder / "manifest.json").exists()
        result = generate_folder(
            MIXED, str(folder), part_bytes=PART_BYTES, workers=1, shard=Shard(number, 4)
        )
        assert (result.digest, result.bytes, result.parts) == ("", 0, 6)
        made.append(result.made)
    assert made == [{1: 2, 2: 2, 3: 1, 4: 1}[number] for number in order]
    assert commit(str(folder)).items() <= manifest_of(folder).items()
    assert told_in(folder) == told_in(finished(()))
    assert files_in(folder) == files_in(finished(()))


def test_a_shard_may_run_twice(tmp_path: Path, single: str) -> None:
    folder = tmp_path / "fleet"
    for shard in (Shard(1, 2), Shard(1, 2), Shard(2, 2), Shard(1, 2)):
        result = generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, shard=shard)
    assert (result.made, result.rows) == (0, 0)
    assert commit(str(folder))["digest"] == single
    again = generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, shard=Shard(2, 2))
    assert again.made == 0


@pytest.mark.parametrize("keys", [(), ("server_type", "year")])
def test_a_run_that_stops_can_be_resumed(
    tmp_path: Path, single: str, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "fleet"
    begin(folder, parts=2, partition_by=keys)
    before = identities(folder)
    assert len(before) == 2
    assert not (folder / "manifest.json").exists()
    result = generate_folder(
        MIXED, str(folder), partition_by=keys, part_bytes=PART_BYTES, workers=1, resume=True
    )
    assert result.digest == single
    assert result.made == result.parts - 2
    assert {path: identities(folder)[path] for path in before} == before


def test_resuming_what_is_finished_makes_nothing(copied: Copied, single: str) -> None:
    folder = copied()
    before = identities(folder)
    result = generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, resume=True)
    assert (result.made, result.rows, result.digest) == (0, 0, single)
    assert identities(folder) == before


def test_resuming_where_nothing_is_begins(tmp_path: Path, single: str) -> None:
    assert make(tmp_path / "fleet", resume=True) == single


def test_progress_counts_every_row_once_and_begins_where_the_last_run_ended(
    tmp_path: Path,
) -> None:
    begin(tmp_path / "fleet", parts=2)
    seen: list[int] = []
    make(tmp_path / "fleet", resume=True, progress=seen.append)
    assert seen[0] == 3 * PLAN.cells // 6
    assert seen == sorted(seen)
    assert seen[-1] == PLAN.cells


# What a finished folder holds


@pytest.mark.parametrize("keys", PARTITIONS)
def test_nothing_else_is_in_a_finished_folder(finished: Finished, keys: tuple[str, ...]) -> None:
    paths = [part["path"] for part in manifest_of(finished(keys))["parts"]]
    beside = ["manifest.json", "scenario.yaml", "servers.parquet", *CARD]
    if keeps_leaves(keys):
        beside.append(f"_versions/{MIXED.end_date}/leaves.bin")
    assert files_in(finished(keys)) == sorted([*paths, *beside])


@pytest.mark.parametrize("keys", PARTITIONS)
def test_the_manifest_says_what_was_made(
    finished: Finished, single: str, keys: tuple[str, ...]
) -> None:
    values = manifest_of(finished(keys))
    assert set(values) == MANIFEST_KEYS | ({"leaves"} if keeps_leaves(keys) else set())
    assert values["format"] == (5 if keeps_leaves(keys) else 2)
    assert values["digest"] == single
    assert values["rows"] == PLAN.cells == 12 * 88 * 4
    assert values["partition_by"] == list(keys)
    assert values["part_bytes"] == PART_BYTES
    names = [column["name"] for column in values["schema"]]
    assert names == list(PLAN.columns)
    types = {str(field.name): str(field.type) for field in plain_table(PLAN).schema}
    assert {column["name"]: column["type"] for column in values["schema"]} == types
    for key, value in provenance(PLAN).items():
        if key != "fleetsynth.scenario":
            assert values[key.removeprefix("fleetsynth.")] == value


@pytest.mark.parametrize("keys", PARTITIONS)
def test_the_manifest_says_of_each_part_what_it_is(
    finished: Finished, keys: tuple[str, ...]
) -> None:
    folder = finished(keys)
    parts = manifest_of(folder)["parts"]
    assert sum(part["rows"] for part in parts) == PLAN.cells
    for part in parts:
        assert set(part) == PART_KEYS
        path = folder / part["path"]
        rows = rows_of(path)
        servers, times = rows["server_id"].to_pylist(), rows["timestamp"].to_pylist()
        assert part["rows"] == rows.num_rows
        assert part["servers"] == len(set(servers))
        assert (part["first_server"], part["last_server"]) == (min(servers), max(servers))
        assert datetime.fromisoformat(part["start"]) == min(times)
        assert datetime.fromisoformat(part["end"]) == max(times)
        assert part["size"] == path.stat().st_size
        assert part["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert rows.schema.names == [name for name in PLAN.columns if name not in keys]
        if not keys:
            assert part["digest"] == digest_file(path)
    assert len({part["digest"] for part in parts}) == len(parts)


def test_a_part_carries_the_provenance_that_a_single_file_has(finished: Finished) -> None:
    for path in parts_in(finished(("region",))):
        found = pq.read_metadata(path).metadata
        assert (
            provenance(PLAN).items()
            <= {key.decode(): value.decode() for key, value in found.items()}.items()
        )


def test_servers_parquet_is_the_fleet(finished: Finished) -> None:
    found = pq.ParquetFile(finished(()) / "servers.parquet").read().to_pylist()
    rows = plain_table(PLAN).select(["server_id", "server_type", *METADATA_COLUMNS]).to_pylist()
    assert len(found) == 12
    assert found == [row for i, row in enumerate(rows) if i % PLAN.clock.count == 0]


def test_servers_parquet_tells_the_metadata_that_the_rows_leave_out(tmp_path: Path) -> None:
    scenario = scenario_of(num_servers=3, end_date="2022-01-02", include_metadata=False)
    generate_folder(scenario, str(tmp_path / "fleet"), workers=1)
    (part,) = parts_in(tmp_path / "fleet")
    assert "region" not in rows_of(part).schema.names
    servers = pq.ParquetFile(tmp_path / "fleet" / "servers.parquet").read()
    assert servers.schema.names == ["server_id", "server_type", *METADATA_COLUMNS]
    assert servers["server_id"].to_pylist() == rows_of(part)["server_id"].unique().to_pylist()


def test_the_scenario_loads_back_as_it_was(finished: Finished) -> None:
    assert load_scenario(finished(()) / "scenario.yaml") == MIXED


# Readers


def hundredths(values: Any) -> int:
    """The sum of a column, as a whole number of hundredths."""
    return int(np.rint(np.asarray(values, dtype=np.float64) * 100).astype(np.int64).sum())


@pytest.mark.parametrize("keys", PARTITIONS)
def test_every_reader_takes_the_folder_as_it_stands(
    finished: Finished, keys: tuple[str, ...]
) -> None:
    data = str(finished(keys) / "data")
    arrow = pa.dataset.dataset(data, partitioning="hive").to_table()
    duck = duckdb.read_parquet(f"{data}/**/*.parquet", hive_partitioning=True)
    polar = pl.scan_parquet(data, hive_partitioning=True).collect()
    panda = pd.read_parquet(data)

    columns = set(PLAN.columns)
    assert set(arrow.schema.names) == columns
    assert set(duck.columns) == columns
    assert set(polar.columns) == columns
    assert set(panda.columns) == columns

    expected = plain_table(PLAN)
    whole = hundredths(expected["cpu_p95"])
    assert hundredths(arrow["cpu_p95"]) == whole
    assert hundredths(duck.fetchnumpy()["cpu_p95"]) == whole
    assert hundredths(polar["cpu_p95"].to_numpy()) == whole
    assert hundredths(panda["cpu_p95"]) == whole
    assert arrow.num_rows == len(duck) == polar.height == len(panda) == PLAN.cells

    # Partition columns come back from the paths with their values.
    regions = expected["region"].to_pylist()
    counts = {name: regions.count(name) for name in set(regions)}
    assert dict(duck.aggregate("region, count(*)").fetchall()) == counts
    assert panda["region"].astype(str).value_counts().to_dict() == counts
    assert {name: arrow["region"].to_pylist().count(name) for name in counts} == counts
    assert dict(polar["region"].value_counts().iter_rows()) == counts
    for key in ("year", "month"):
        assert sorted({*polar[key].to_list()}) == sorted({*expected[key].to_pylist()})


def test_what_killed_runs_left_unfinished_is_removed_in_the_end(
    tmp_path: Path, single: str
) -> None:
    folder = tmp_path / "fleet"
    begin(folder, parts=2)
    for name in ("data/.part-00001.parquet.4711aa00.tmp", ".manifest.json.4711aa00.tmp"):
        (folder / name).write_bytes(b"PAR1 and no more")
    mine = ["data/.mine.tmp", "data/.part-00001.parquet.4711.tmp", "data/.x.parquet.4711aa00.tmp"]
    for name in mine:
        (folder / name).write_bytes(b"mine")
    (folder / "_parts" / "making-4711aa00").mkdir()
    (folder / "_parts" / "making-4711aa00" / "part-00003.parquet").write_bytes(b"PAR1")
    assert make(folder, resume=True) == single
    assert [name for name in files_in(folder) if name.endswith(".tmp")] == mine
    assert not (folder / "_parts").exists()


# What is refused, and what is removed


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_folder_with_other_files_is_refused_and_left_as_it_was(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    (tmp_path / "fleet" / "data").mkdir(parents=True)
    (tmp_path / "fleet" / "data" / "mine.parquet").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"data/mine\.parquet"):
        make(tmp_path / "fleet", **options)
    assert files_in(tmp_path / "fleet") == ["data/mine.parquet"]


def test_a_shard_refuses_a_folder_with_other_files_too(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "mine.txt").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"holds other files \(mine\.txt\)"):
        make(tmp_path / "fleet", shard=Shard(1, 2))
    assert files_in(tmp_path / "fleet") == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "fleet").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is a file: name a folder"):
        make(tmp_path / "fleet")


def test_another_dataset_is_refused(copied: Copied) -> None:
    folder = copied()
    before = identities(folder)
    with pytest.raises(
        ExistsError, match="holds a dataset: choose another name, or overwrite=True"
    ):
        make(folder, part_bytes=PART_BYTES + 1)
    assert identities(folder) == before


def test_the_same_dataset_is_already_there(copied: Copied, single: str) -> None:
    folder = copied()
    before = identities(folder)
    result = generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1)
    assert (result.already, result.made, result.rows, result.digest) == (True, 0, 0, single)
    assert identities(folder) == before


def test_the_same_dataset_with_a_part_missing_is_not_already_there(copied: Copied) -> None:
    folder = copied()
    (folder / "data" / "part-00002.parquet").unlink()
    with pytest.raises(ExistsError, match=r"not as it was made \(data/part-00002.parquet\)"):
        make(folder)


def test_an_unfinished_run_is_refused_unless_it_is_resumed(tmp_path: Path) -> None:
    begin(tmp_path / "fleet", parts=1)
    with pytest.raises(OutputError, match="unfinished run: go on with resume=True"):
        make(tmp_path / "fleet")
    assert len(parts_in(tmp_path / "fleet")) == 1


CHANGES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"seed": 43}, {}, "seed was 42, now 43"),
    ({"num_servers": 13}, {}, "num_servers was 12, now 13"),
    ({"growth.mode": "monthly"}, {}, "growth.mode was span, now monthly"),
    ({"archetypes.web.base_cpu": 61.5}, {}, "archetypes.web.base_cpu was 45.0, now 61.5"),
    ({}, {"partition_by": ("region",)}, "partition_by was [], now ['region']"),
    ({}, {"part_bytes": 64_000}, "part_bytes was 41200, now 64000"),
]


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(("changes", "options", "difference"), CHANGES)
def test_resuming_something_else_is_refused_with_the_difference_named(
    tmp_path: Path,
    copied: Copied,
    ended: bool,
    changes: dict[str, Any],
    options: dict[str, Any],
    difference: str,
) -> None:
    if ended:
        folder = copied()
    else:
        folder = tmp_path / "fleet"
        begin(folder, parts=1)
    before = files_in(folder)
    other = load_scenario(MIXED.to_dict(), overrides=changes)
    with pytest.raises(UsageError) as refusal:
        generate_folder(
            other,
            str(folder),
            resume=True,
            workers=1,
            **{"part_bytes": PART_BYTES} | options,
        )
    assert difference in str(refusal.value)
    assert files_in(folder) == before


def test_a_shard_of_something_else_is_refused_with_the_difference_named(tmp_path: Path) -> None:
    make(tmp_path / "fleet", shard=Shard(1, 2))
    other = load_scenario(MIXED.to_dict(), overrides={"seed": 7})
    with pytest.raises(UsageError, match="seed was 42, now 7"):
        generate_folder(other, str(tmp_path / "fleet"), part_bytes=PART_BYTES, shard=Shard(2, 2))


def test_overwriting_removes_the_old_dataset_and_nothing_else(copied: Copied) -> None:
    folder = copied(("region",))
    (folder / "notes.txt").write_bytes(b"mine")
    (folder / "data" / "region=Zürich" / "notes.txt").write_bytes(b"mine")
    scenario = scenario_of(num_servers=2, end_date="2022-01-02")
    generate_folder(scenario, str(folder), workers=1, overwrite=True)
    assert files_in(folder) == [
        "README.md",
        "croissant.json",
        "data/part-00000.parquet",
        "data/region=Zürich/notes.txt",
        "manifest.json",
        "notes.txt",
        "scenario.yaml",
        "servers.parquet",
    ]
    assert not (folder / "data" / "region=a%3Db%20%26%20100%25").exists()


def test_overwriting_replaces_an_unfinished_run(tmp_path: Path) -> None:
    begin(tmp_path / "fleet", parts=3, partition_by=("region",))
    (tmp_path / "fleet" / "data" / ".part-00003.parquet.4711aa00.tmp").write_bytes(b"PAR1")
    scenario = scenario_of(num_servers=2, end_date="2022-01-02")
    result = generate_folder(scenario, str(tmp_path / "fleet"), workers=1, overwrite=True)
    assert len(parts_in(tmp_path / "fleet")) == 1
    assert digest_in(tmp_path / "fleet") == result.digest
    assert not [name for name in files_in(tmp_path / "fleet") if name.endswith(".tmp")]


@pytest.mark.parametrize("options", [{"resume": True}, {"shard": Shard(1, 2)}])
def test_to_begin_anew_and_to_go_on_is_a_contradiction(
    copied: Copied, options: dict[str, Any]
) -> None:
    folder = copied()
    before = identities(folder)
    with pytest.raises(UsageError, match="choose one"):
        make(folder, overwrite=True, **options)
    assert identities(folder) == before


def test_partitions_that_cannot_be_are_refused_before_anything_is_touched(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="did you mean 'region'"):
        make(tmp_path / "fleet", partition_by=("regions",))
    assert files_in(tmp_path) == []
    assert not (tmp_path / "fleet").exists()


# Committing


def test_a_commit_names_the_parts_that_are_missing(tmp_path: Path, single: str) -> None:
    folder = tmp_path / "fleet"
    make(folder, shard=Shard(2, 3))
    with pytest.raises(InputError) as refusal:
        commit(str(folder))
    paths = [f"data/part-0000{i}.parquet" for i in (0, 2, 3, 5)]
    assert f"4 of 6 parts are missing at {folder} ({', '.join(paths[:3])}, ...)" in str(
        refusal.value
    )
    assert not (folder / "manifest.json").exists()
    make(folder, shard=Shard(1, 3))
    with pytest.raises(InputError) as refusal:
        commit(str(folder))
    assert f"({', '.join([paths[1], paths[3]])})" in str(refusal.value)
    make(folder, shard=Shard(3, 3))
    assert commit(str(folder))["digest"] == single


def test_a_commit_notices_a_part_that_was_lost_after_it_was_made(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    for number in (1, 2):
        make(folder, shard=Shard(number, 2))
    (folder / "data" / "part-00003.parquet").unlink()
    with pytest.raises(InputError, match=r"1 of 6 parts are missing .*\(data/part-00003.parquet\)"):
        commit(str(folder))
    assert not (folder / "manifest.json").exists()


def test_to_commit_twice_does_no_harm(copied: Copied) -> None:
    folder = copied()
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}
    assert commit(str(folder)).items() <= manifest_of(folder).items()
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before


@pytest.mark.parametrize("how", ["commit", "resume"])
def test_a_commit_that_was_killed_before_it_tidied_up_is_completed(
    tmp_path: Path, single: str, how: str
) -> None:
    folder = tmp_path / "fleet"
    make(folder, shard=Shard(1, 1))
    shutil.copytree(folder / "_parts", tmp_path / "records")
    commit(str(folder))
    shutil.copytree(tmp_path / "records", folder / "_parts")
    digest = commit(str(folder))["digest"] if how == "commit" else make(folder, resume=True)
    assert digest == single
    assert not (folder / "_parts").exists()


def test_there_is_nothing_to_commit_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run that could be committed"):
        commit(str(tmp_path))
    assert files_in(tmp_path) == []


# Shards


def test_shards_share_the_parts_evenly() -> None:
    shards = [Shard(number, 4) for number in (1, 2, 3, 4)]
    takers = [[shard.number for shard in shards if shard.takes(index)] for index in range(8)]
    assert takers == [[1], [2], [3], [4]] * 2


@pytest.mark.parametrize(
    ("text", "shard"), [("1/1", Shard(1, 1)), ("1/8", Shard(1, 8)), ("08/8", Shard(8, 8))]
)
def test_a_shard_is_written_as_number_and_count(text: str, shard: Shard) -> None:
    assert parse_shard(text) == shard


def without_schedulers(patch: pytest.MonkeyPatch) -> None:
    """Take away what a scheduler may have told the tests themselves."""
    for name in INDEX_VARIABLES:
        patch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "variable", ["AWS_BATCH_JOB_ARRAY_INDEX", "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"]
)
def test_auto_takes_the_number_that_a_scheduler_counts_from_zero(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    without_schedulers(monkeypatch)
    for index in (0, 3):
        monkeypatch.setenv(variable, str(index))
        assert parse_shard("auto/4") == Shard(index + 1, 4)
    monkeypatch.setenv(variable, "4")
    with pytest.raises(UsageError, match="shard 5 is not among 1 to 4"):
        parse_shard("auto/4")


@pytest.mark.parametrize("value", ["", "-1", "two", "1.0"])
def test_auto_needs_a_number_from_a_scheduler(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    without_schedulers(monkeypatch)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", value)
    with pytest.raises(UsageError, match=r"none of AWS_BATCH.* is set to a number"):
        parse_shard("auto/4")


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/4", "1/auto"])
def test_a_shard_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"^shard {text}: "):
        parse_shard(text)


def test_a_job_survives_json() -> None:
    job = Job.of(MIXED, "fleet", partition_by=("year",), part_bytes=PART_BYTES)
    assert load_scenario(json.loads(job.scenario)) == MIXED
    assert job.plan.digest == PLAN.digest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "part_bytes"),
    [
        ({"num_servers": 300}, 200_000),
        ({"num_servers": 600}, 2_000_000),
        ({"num_servers": 40, "granularity": "hourly", "end_date": "2022-12-31"}, 1_000_000),
        ({"num_servers": 8, "granularity": "5min", "end_date": "2022-12-31"}, 3_000_000),
        ({"preset": "realistic", "num_servers": 40, "end_date": "2022-12-31"}, 100_000),
    ],
)
def test_no_part_is_larger_than_its_target_by_more_than_a_server(
    settings: dict[str, Any], part_bytes: int, tmp_path: Path
) -> None:
    generate_folder(
        load_scenario(settings), str(tmp_path / "fleet"), part_bytes=part_bytes, workers=1
    )
    parts = manifest_of(tmp_path / "fleet")["parts"]
    assert len(parts) > 1
    for part in parts:
        assert part["size"] <= part_bytes + part["size"] / part["servers"]
    assert max(part["size"] for part in parts) > part_bytes / 2


# Links, and other people's files


@pytest.mark.parametrize("name", ["data", "_parts", "data/region=Z"])
@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_link_to_another_folder_is_refused_and_what_it_leads_to_stays(
    tmp_path: Path, name: str, options: dict[str, bool]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "part-00000.parquet").write_bytes(b"mine")
    link = tmp_path / "fleet" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="is a link to another folder"):
        make(tmp_path / "fleet", **options)
    assert files_in(elsewhere) == ["part-00000.parquet"]


def test_a_finished_folder_whose_data_became_a_link_is_not_overwritten(
    copied: Copied, tmp_path: Path
) -> None:
    folder = copied()
    (folder / "data").rename(tmp_path / "moved")
    (folder / "data").symlink_to(tmp_path / "moved")
    for options in ({"overwrite": True}, {"resume": True}):
        with pytest.raises(OutputError, match="is a link to another folder"):
            make(folder, **options)
    assert len(list((tmp_path / "moved").iterdir())) == 6


def test_a_part_of_somebody_elses_is_neither_removed_nor_replaced(copied: Copied) -> None:
    folder = copied()
    mine = folder / "data" / "part-00006.parquet"
    mine.write_bytes(b"mine")
    result = make(folder, overwrite=True, partition_by=("region",))
    assert result
    assert mine.read_bytes() == b"mine"
    with pytest.raises(OutputError, match=r"part-00006\.parquet is there already"):
        make(folder, overwrite=True, part_bytes=PART_BYTES // 2)
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("path", ["notes.txt", "data/../notes.txt", "/etc/hostname", "data/x"])
def test_a_manifest_cannot_have_other_files_removed(copied: Copied, path: str) -> None:
    folder = copied()
    (folder / "notes.txt").write_bytes(b"mine")
    values = manifest_of(folder)
    values["parts"][0]["path"] = path
    (folder / "manifest.json").write_text(json.dumps(values))
    before = files_in(folder)
    with pytest.raises(InputError, match="with the path of a part"):
        make(folder, overwrite=True)
    assert files_in(folder) == before


# Versions


VERSIONS = [
    ("version", "9.9"),
    ("model_version", "9"),
    ("schema_version", "9"),
    ("normals_fingerprint", "0" * 16),
    ("holidays_version", "0.1"),
    ("tzdata_version", "1999"),
    ("cut", {"law": 0, "rows_per_part": 7}),
]


@pytest.mark.parametrize(("name", "other"), VERSIONS)
def test_a_run_of_another_version_is_not_gone_on_with(
    tmp_path: Path, name: str, other: object
) -> None:
    folder = tmp_path / "fleet"
    begin(folder, parts=1)
    record = folder / "_parts" / "job-0001.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {name: other}))
    before = files_in(folder)
    for go_on in (
        lambda: make(folder, resume=True),
        lambda: make(folder, shard=Shard(1, 2)),
        lambda: commit(str(folder)),
    ):
        with pytest.raises(UsageError, match=rf"{name}\S* was"):
            go_on()
    assert files_in(folder) == before


@pytest.mark.parametrize(("name", "other"), VERSIONS)
def test_a_dataset_of_another_version_is_not_the_same(
    copied: Copied, name: str, other: object
) -> None:
    folder = copied()
    values = manifest_of(folder)
    (folder / "manifest.json").write_text(json.dumps(values | {name: other}))
    with pytest.raises(ExistsError, match=rf"{name}\S* was"):
        make(folder)
    with pytest.raises(UsageError, match=rf"{name}\S* was"):
        make(folder, resume=True)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"run": 1}', b"\xff", b"[" * 10_000])
@pytest.mark.parametrize("name", ["manifest.json", "_parts/job-0001.json"])
def test_a_damaged_record_is_an_answer(
    copied: Copied, tmp_path: Path, name: str, damage: bytes
) -> None:
    if name == "manifest.json":
        folder = copied()
    else:
        folder = tmp_path / "fleet"
        begin(folder, parts=1)
    (folder / name).write_bytes(damage)
    before = files_in(folder)
    for options in ({}, {"resume": True}, {"overwrite": True}, {"shard": Shard(1, 2)}):
        with pytest.raises(FleetsynthError):
            make(folder, **options)
    with pytest.raises(FleetsynthError):
        commit(str(folder))
    assert files_in(folder) == before


def test_records_and_manifest_name_their_run_and_nothing_else_does(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    for number in (1, 2):
        make(folder, shard=Shard(number, 2))
    names = {json.loads(path.read_bytes())["run"] for path in (folder / "_parts").iterdir()}
    assert len(names) == 1
    commit(str(folder))
    (run,) = names
    assert manifest_of(folder)["run"] == run
    for name in files_in(folder):
        assert (run.encode() in (folder / name).read_bytes()) == (name == "manifest.json")
