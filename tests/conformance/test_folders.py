"""One suite over the formats that folders hold: what a folder promises, whatever its parts are."""

import json
import shutil
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.api import generate
from fleetsynth.errors import ExistsError, InputError, OutputError, UsageError
from fleetsynth.folders.begin import begin
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.verify import verify
from fleetsynth.formats import FORMATS
from fleetsynth.formats.read import read_batches
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.reader.digests import path_leaves
from fleetsynth.result import Result
from fleetsynth.size import rows_in
from fleetsynth.stores.recorded import is_part, parse_manifest, seal
from fleetsynth.tables.digest import root
from tests.conformance.support import room
from tests.dataset.folders import MIXED, manifest_of, told_in
from tests.support import plan_of

IN_FOLDERS = [ending for ending, kind in FORMATS.items() if kind.in_folders]
EACH_IN_FOLDERS = pytest.mark.parametrize("ending", IN_FOLDERS)
KEYS = ("year", "region")


def made(folder: Path, ending: str, **options: object) -> Result:
    """A folder of several parts in any format."""
    plan = resolve(MIXED)
    kind = FORMATS[ending]
    per_row = fleetsynth.estimate(plan).bytes[ending] / plan.cells
    said: dict[str, object] = {"part_bytes": round(1000 * per_row), "workers": 1, **options}
    assert kind.in_folders
    return generate_folder(MIXED, str(folder), file_format=ending, **said)  # type: ignore[arg-type]


def parts_in(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


@cache
def single() -> str:
    """The digest of the scenario in one file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return generate(MIXED, Path(folder) / "a.parquet").digest


@EACH_IN_FOLDERS
def test_parts_are_of_the_format_and_have_the_digest_of_one_file(
    tmp_path: Path, ending: str
) -> None:
    for keys in ((), KEYS):
        folder = tmp_path / f"by{len(keys)}"
        result = made(folder, ending, partition_by=keys)
        assert result.parts > 2
        assert {path.name[len("part-00000") :] for path in parts_in(folder)} == {ending}
        assert result.digest == manifest_of(folder)["digest"] == single()
        assert manifest_of(folder)["file_format"] == ending
        assert root(path_leaves(str(folder))) == single()
        assert verify(str(folder), regenerate=3).findings == []
        assert (folder / "servers.parquet").is_file()


@EACH_IN_FOLDERS
def test_other_makers_make_the_same_bytes(tmp_path: Path, ending: str) -> None:
    made(tmp_path / "one", ending)
    for number in (2, 1):
        made(tmp_path / "two", ending, shard=Shard(number, 2))
    commit(str(tmp_path / "two"))
    assert told_in(tmp_path / "one") == told_in(tmp_path / "two")


@EACH_IN_FOLDERS
def test_what_is_missing_or_damaged_is_made_again_by_a_resume(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "fleet"
    made(folder, ending, shard=Shard(1, 2))
    first, *others = parts_in(folder)
    first.write_bytes(first.read_bytes()[:-3])
    assert others
    with pytest.raises(ExistsError, match="unfinished run"):
        made(folder, ending)
    result = made(folder, ending, resume=True)
    assert result.made == result.parts - len(others)
    assert result.digest == single()
    assert verify(str(folder)).findings == []
    assert made(folder, ending, resume=True).already


@EACH_IN_FOLDERS
def test_a_folder_of_another_format_is_not_gone_on_with(tmp_path: Path, ending: str) -> None:
    other = next(each for each in IN_FOLDERS if each != ending)
    folder = tmp_path / "fleet"
    made(folder, ending, shard=Shard(1, 2))
    for _ in range(2):
        with pytest.raises(UsageError, match=f"file_format was {ending}, now {other}"):
            made(folder, other, resume=True)
        made(folder, ending, resume=True)
    with pytest.raises(ExistsError, match="holds a dataset"):
        made(folder, other)
    assert made(folder, other, overwrite=True).digest == single()
    assert {path.name[len("part-00000") :] for path in parts_in(folder)} == {other}


@EACH_IN_FOLDERS
def test_a_part_that_changed_is_named(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "fleet"
    made(folder, ending)
    place = parts_in(folder)[1]
    whole = place.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole + b"x", b""):
        place.write_bytes(damaged)
        found = verify(str(folder)).findings
        assert [each.path for each in found] == [place.relative_to(folder).as_posix()]
    # Another part's rows in its place: whole, and of other servers.
    shutil.copy(parts_in(folder)[0], place)
    assert "the part has changed: server_" in str(verify(str(folder)).findings[0])


@EACH_IN_FOLDERS
def test_no_room_ends_a_run_with_what_is_whole(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "fleet"
    with room(12_000), pytest.raises(OutputError, match=r"no room .* 0 of \d+ parts are whole"):
        made(folder, ending)
    assert not (folder / "data").exists()
    assert made(folder, ending, resume=True).digest == single()


@EACH_IN_FOLDERS
def test_a_run_that_is_stopped_in_a_part_leaves_none_of_it(tmp_path: Path, ending: str) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "fleet"
    with pytest.raises(KeyboardInterrupt):
        made(folder, ending, progress=stop)
    assert not [path for path in parts_in(folder) if path.name.startswith(".")]
    assert made(folder, ending, resume=True).digest == single()


@EACH_IN_FOLDERS
def test_parts_are_about_as_large_as_they_should_be(tmp_path: Path, ending: str) -> None:
    plan = plan_of(num_servers=300, end_date="2023-12-31")
    size = fleetsynth.estimate(plan).bytes[ending] // 3
    rows = rows_in(plan, size, ending)
    job = Job.of(plan.scenario, str(tmp_path / "fleet"), part_bytes=size, file_format=ending)
    assert job.cut["rows_per_part"] == rows
    record = make_part(begin(job), 0)
    assert record.size == pytest.approx(size, rel=0.4)


@EACH_IN_FOLDERS
def test_parts_without_rows_and_values_that_are_missing(tmp_path: Path, ending: str) -> None:
    scenario = load_scenario({"preset": "lives", "num_servers": 6, "end_date": "2022-12-31"})
    one = generate(scenario, tmp_path / f"a{ending}")
    folder = str(tmp_path / "fleet")
    keys = ("year", "month", "server_type")
    result = generate_folder(scenario, folder, partition_by=keys, file_format=ending, workers=1)
    rows = {part["rows"] for part in manifest_of(tmp_path / "fleet")["parts"]}
    assert 0 in rows
    assert result.digest == one.digest == fleetsynth.digest_file(one.path)
    assert root(path_leaves(folder)) == one.digest
    assert list(verify(folder, regenerate=4).findings) == []
    table = pa.Table.from_batches(read_batches(one.path))
    assert table["cpu_p95"].null_count > 0
    assert fleetsynth.facts(folder).servers == fleetsynth.facts(one.path).servers


PROMISES = [
    test_parts_are_of_the_format_and_have_the_digest_of_one_file,
    test_other_makers_make_the_same_bytes,
    test_what_is_missing_or_damaged_is_made_again_by_a_resume,
    test_a_folder_of_another_format_is_not_gone_on_with,
    test_a_part_that_changed_is_named,
    test_no_room_ends_a_run_with_what_is_whole,
    test_a_run_that_is_stopped_in_a_part_leaves_none_of_it,
]
"""What is asked of a format's folders, given a place and its ending."""


def test_there_are_formats_for_folders() -> None:
    assert set(IN_FOLDERS) >= {".parquet", ".csv", ".csv.gz", ".csv.zst", ".arrow", ".jsonl"}


def test_records_and_manifests_that_say_nothing_of_a_format_are_of_parquet(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    made(folder, ".parquet", shard=Shard(1, 2))
    record = folder / "_parts/job-0001.json"
    values = json.loads(record.read_bytes())
    assert values.pop("file_format") == ".parquet"
    record.write_text(json.dumps(values))
    assert made(folder, ".parquet", resume=True).digest == single()
    values = manifest_of(folder)
    del values["file_format"]
    (folder / "manifest.json").write_bytes(seal(values))
    assert verify(str(folder)).findings == []
    assert made(folder, ".parquet").already
    with pytest.raises(ExistsError, match=r"file_format was \.parquet, now \.csv"):
        made(folder, ".csv", part_bytes=10**6)


@pytest.mark.parametrize("said", [".exe", "../a", 7, None, "", [".csv"], "csv"])
def test_a_format_that_is_none_is_refused_where_it_is_read(tmp_path: Path, said: object) -> None:
    folder = tmp_path / "fleet"
    made(folder, ".csv")
    values = manifest_of(folder) | {"file_format": said}
    with pytest.raises(InputError, match=r"file_format is .*: expected \.parquet, \.csv"):
        parse_manifest(seal(values), "manifest.json")
    made(folder, ".csv", overwrite=True, shard=None)
    record = tmp_path / "other/_parts/job-0001.json"
    made(tmp_path / "other", ".csv", shard=Shard(1, 2))
    record.write_text(json.dumps(json.loads(record.read_bytes()) | {"file_format": said}))
    with pytest.raises(InputError, match="file_format is not one of"):
        commit(str(tmp_path / "other"))


def test_a_manifest_of_another_format_than_its_parts_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    made(folder, ".csv")
    (folder / "manifest.json").write_bytes(seal(manifest_of(folder) | {"file_format": ".arrow"}))
    with pytest.raises(InputError, match="expected an object with the path of a part"):
        verify(str(folder))


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        *((f"data/part-00000{ending}", True) for ending in IN_FOLDERS),
        ("data/year=2022/part-00000.csv.gz", True),
        ("data/part-00000", False),
        ("data/part-00000.csv.exe", False),
        ("data/part-00000.CSV", False),
        ("data/part-00000.csv/x", False),
        ("data/../part-00000.csv", False),
        ("data/part-00000..csv", False),
    ],
)
def test_nothing_but_parts_is_a_part(path: str, fits: bool) -> None:
    assert is_part(path) == fits


def test_a_partition_column_comes_back_from_the_folders(tmp_path: Path) -> None:
    made(tmp_path / "fleet", ".csv", partition_by=KEYS)
    part = parts_in(tmp_path / "fleet")[0]
    assert set(KEYS).isdisjoint(pa.Table.from_batches(read_batches(part)).schema.names)
    assert fleetsynth.validate(tmp_path / "fleet").ok
