"""``verify`` finds every fault and says where it is."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.folders.verification import Finding
from fleetsynth.folders.verify import verify
from fleetsynth.formats.parquet import writer_options
from fleetsynth.reader.file_digest import digest_file, file_leaves
from fleetsynth.stores.names import DATA
from fleetsynth.stores.recorded import seal
from fleetsynth.tables.digest import combine
from tests.dataset.conftest import Copied, Finished
from tests.dataset.folders import PARTITIONS, manifest_of, parts_in, rows_of
from tests.e2e.command import Fleetsynth

PART = "data/part-00002.parquet"
"""Of the plain folder: servers five and six over all months."""


def write(path: Path, rows: pa.Table) -> None:
    """Write a part's file again."""
    pq.write_table(rows, path, **writer_options(rows.schema))


def changed(rows: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    """A table with one value changed."""
    values = rows[column].to_pylist()
    values[row] = value
    place = rows.schema.get_field_index(column)
    return rows.set_column(place, rows.schema.field(column), pa.array(values, rows[column].type))


def found(folder: Path, regenerate: int = 0) -> list[tuple[str, str]]:
    """What `verify` finds, as plain pairs."""
    return [
        (finding.path, finding.message)
        for finding in verify(str(folder), regenerate=regenerate).findings
    ]


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest, and its own hash with it."""
    values = json.loads(path.read_bytes())
    change(values)
    path.write_bytes(seal(values))


@pytest.mark.parametrize("keys", PARTITIONS)
@pytest.mark.parametrize("fresh", [0, 3, 1_000])
def test_a_folder_as_it_was_made_is_fine(
    finished: Finished, keys: tuple[str, ...], fresh: int
) -> None:
    assert verify(str(finished(keys)), regenerate=fresh).findings == []


def test_progress_is_told_in_rows(finished: Finished) -> None:
    seen: list[int] = []
    verify(str(finished(())), progress=seen.append)
    sizes = [part["rows"] for part in manifest_of(finished(()))["parts"]]
    assert seen == [sum(sizes[: i + 1]) for i in range(len(sizes))]


def test_a_folder_that_moved_is_fine(copied: Copied, tmp_path: Path) -> None:
    copied(("region", "year")).rename(tmp_path / "elsewhere")
    assert verify(str(tmp_path / "elsewhere"), regenerate=2).findings == []


# Values


@pytest.mark.parametrize(
    ("column", "value"), [("cpu_p95", 0.01), ("is_holiday", 7), ("region", "nowhere")]
)
def test_one_value_that_is_flipped_is_named_by_its_server_and_month(
    copied: Copied, column: str, value: object
) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    place = rows.num_rows - 100
    server, time = rows["server_id"][place].as_py(), rows["timestamp"][place].as_py()
    write(folder / PART, changed(rows, column, place, value))
    assert found(folder) == [(PART, f"the part has changed: {server} in {time:%Y-%m}")]


def test_a_flipped_value_is_found_in_a_partition_too(copied: Copied) -> None:
    folder = copied(("region", "year"))
    path = parts_in(folder)[-1]
    rows = rows_of(path)
    server, time = rows["server_id"][5].as_py(), rows["timestamp"][5].as_py()
    write(path, changed(rows, "disk_p95", 5, 99.99))
    name = path.relative_to(folder).as_posix()
    assert found(folder) == [(name, f"the part has changed: {server} in {time:%Y-%m}")]


@pytest.mark.parametrize("column", ["cpu_p95", "timestamp", "region"])
def test_a_value_that_is_missing_is_found(copied: Copied, column: str) -> None:
    folder = copied()
    write(folder / PART, changed(_nullable(rows_of(folder / PART)), column, 3, None))
    ((path, message),) = found(folder)
    assert path == PART
    assert "the part has changed: " in message or "missing value" in message


def _nullable(rows: pa.Table) -> pa.Table:
    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))


def test_a_value_that_is_no_hundredth_is_named(copied: Copied) -> None:
    folder = copied()
    write(folder / PART, changed(rows_of(folder / PART), "mem_p95", 3, 12.345))
    assert found(folder) == [(PART, "mem_p95 has 12.345: the digest takes whole hundredths only")]


def test_columns_that_are_swapped_are_found_for_every_server(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    names = {"cpu_p95": "mem_p95", "mem_p95": "cpu_p95"}
    swapped = rows.rename_columns([names.get(name, name) for name in rows.schema.names])
    write(folder / PART, swapped.select(rows.schema.names))
    first, second = rows["server_id"].unique().to_pylist()
    months = ("2022-11", "2022-12", "2023-01", "2023-02")
    shown = [f"{first} in {month}" for month in months] + [f"{second} in {months[0]}"]
    assert found(folder) == [(PART, f"the part has changed: {', '.join(shown)} and 3 more")]


def test_a_column_that_is_lost_or_added_is_found(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    write(folder / PART, rows.drop_columns(["quarter"]))
    other = "data/part-00004.parquet"
    write(folder / other, rows_of(folder / other).append_column("extra", rows["year"]))
    assert [path for path, _ in found(folder)] == [PART, other]


def test_rows_that_are_lost_are_found(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    write(folder / PART, rows.slice(0, rows.num_rows - 1))
    last = rows["server_id"][-1].as_py()
    assert found(folder) == [(PART, f"the part has changed: {last} in 2023-02")]


def test_rows_that_are_in_another_order_are_found(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    write(folder / PART, rows.take(list(reversed(range(rows.num_rows)))))
    assert found(folder) == [(PART, "its rows are not in order of server and time")]


def test_a_part_without_rows_is_found(copied: Copied) -> None:
    folder = copied()
    write(folder / PART, rows_of(folder / PART).slice(0, 0))
    assert found(folder) == [(PART, "the dataset has no rows")]


def test_a_part_that_was_written_again_with_the_same_values_is_told_apart(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    pq.write_table(rows, folder / PART, compression="none")
    assert found(folder) == [(PART, "the file was written again, with the same values")]


def test_a_part_that_was_written_again_with_its_partition_columns_is_too(copied: Copied) -> None:
    folder = copied(("region", "year"))
    path = parts_in(folder)[0]
    rows = rows_of(path)
    year = int(path.parent.name.removeprefix("year="))
    column = pa.array([year] * rows.num_rows, pa.int32())
    write(path, rows.append_column("year", column))
    name = path.relative_to(folder).as_posix()
    assert found(folder) == [(name, "the file was written again, with the same values")]


def test_a_change_of_part_and_manifest_alike_is_found_by_a_fresh_generation_alone(
    copied: Copied, finished: Finished
) -> None:
    folder = copied()
    rows = changed(rows_of(folder / PART), "cpu_p95", 3, 0.01)
    write(folder / PART, rows)
    record = _forged(folder, PART)
    edit(folder / "manifest.json", lambda values: values["parts"].__setitem__(2, record))
    edit(folder / "manifest.json", lambda values: values.update(digest=_forged_digest(folder)))
    assert found(folder) == []
    message = "a fresh generation gives other values: is it the same version?"
    assert found(folder, regenerate=1) == []  # it looks at the first part
    assert found(folder, regenerate=6) == [(PART, message)]
    assert found(finished(()), regenerate=6) == []


def test_rows_that_part_and_manifest_both_lack_are_found(copied: Copied) -> None:
    folder = copied()
    rows = rows_of(folder / PART)
    write(folder / PART, rows.slice(0, rows.num_rows - 1))
    record = _forged(folder, PART)
    edit(folder / "manifest.json", lambda values: values["parts"].__setitem__(2, record))
    edit(folder / "manifest.json", lambda values: values.update(digest=_forged_digest(folder)))
    less = f"its rows: rows is {rows.num_rows - 1}: expected {rows.num_rows}"
    last = 'its rows: end is "2023-02-10T12:00:00": expected "2023-02-10T18:00:00"'
    assert found(folder) == [(PART, less), (PART, last)]


def _forged(folder: Path, name: str) -> dict[str, Any]:
    record: dict[str, Any]
    (record,) = [part for part in manifest_of(folder)["parts"] if part["path"] == name]
    data = (folder / name).read_bytes()
    return record | {
        "digest": digest_file(folder / name),
        "sha256": sha256(data).hexdigest(),
        "size": len(data),
    }


def _forged_digest(folder: Path) -> str:
    return combine(
        b"".join(leaf for path in parts_in(folder) for leaf in file_leaves(path).values())
    )


# Files


def test_a_missing_part_is_named(copied: Copied) -> None:
    folder = copied()
    (folder / PART).unlink()
    assert found(folder) == [(PART, "this part is missing")]


def test_a_renamed_part_is_named_with_what_it_was(copied: Copied) -> None:
    folder = copied()
    (folder / PART).rename(folder / "data" / "part-00009.parquet")
    assert found(folder) == [
        (
            PART,
            "this part is missing; data/part-00009.parquet has its content: was it renamed?",
        ),
        ("data/part-00009.parquet", "this file is not in the manifest"),
    ]


def test_two_parts_that_changed_places_are_both_named(copied: Copied) -> None:
    folder = copied()
    other = "data/part-00003.parquet"
    (folder / PART).rename(folder / "aside")
    (folder / other).rename(folder / PART)
    (folder / "aside").rename(folder / other)
    assert [path for path, _ in found(folder)] == [PART, other]


def test_a_foreign_file_is_named(copied: Copied) -> None:
    folder = copied(("region",))
    shutil.copy(parts_in(folder)[0], folder / "data" / "region=x.parquet")
    assert found(folder) == [("data/region=x.parquet", "this file is not in the manifest")]


def test_files_beside_the_data_are_nobodys_business(copied: Copied) -> None:
    folder = copied()
    (folder / "README.txt").write_text("mine")
    assert found(folder) == []


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_truncated_part_is_named(copied: Copied, share: float) -> None:
    folder = copied()
    data = (folder / PART).read_bytes()
    (folder / PART).write_bytes(data[: int(len(data) * share)])
    ((path, message),) = found(folder)
    assert path == PART
    assert message.startswith(f"cannot read {folder / PART}: ")


def test_every_fault_is_named_at_once(copied: Copied) -> None:
    folder = copied()
    first, second, third, fourth, *_ = parts_in(folder)
    first.unlink()
    second.rename(second.with_name("part-x.parquet"))
    third.write_bytes(third.read_bytes()[:-20])
    write(fourth, changed(rows_of(fourth), "cpu_p95", 0, 0.01))
    paths = [first.name, second.name, "part-x.parquet", third.name, fourth.name]
    assert [path for path, _ in found(folder)] == [DATA + name for name in paths]


# The manifest and the scenario


def test_an_edited_digest_of_the_whole_is_named(copied: Copied) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values.update(digest="0" * 64))
    assert found(folder) == [("manifest.json", "the digest of the whole is not that of its parts")]


@pytest.mark.parametrize("key", ["digest", "sha256"])
def test_an_edited_digest_of_a_part_is_named(copied: Copied, key: str) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values["parts"][2].update({key: "0" * 64}))
    assert [path for path, _ in found(folder)] == [PART]


def test_a_part_that_was_taken_out_of_the_manifest_is_named(copied: Copied) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values["parts"].pop(2))
    assert found(folder) == [(PART, "this file is not in the manifest")]
    (folder / PART).unlink()
    assert found(folder) == [(PART, "this part is missing")]


def test_a_part_that_was_put_into_the_manifest_is_named(copied: Copied) -> None:
    folder = copied()
    name = "data/part-00009.parquet"
    shutil.copy(folder / PART, folder / name)
    edit(
        folder / "manifest.json",
        lambda values: values["parts"].append(values["parts"][2] | {"path": name}),
    )
    assert found(folder) == [(name, "the scenario has no such part")]


def test_an_edited_scenario_is_refused(copied: Copied) -> None:
    folder = copied()
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(text.replace("seed: 42", "seed: 43"))
    assert "seed: 42" in text
    with pytest.raises(InputError, match=r"scenario\.yaml at .* is not the scenario of its"):
        verify(str(folder))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1}'])
def test_a_manifest_that_cannot_be_understood_is_refused(copied: Copied, content: bytes) -> None:
    folder = copied()
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match="is not a manifest of this version"):
        verify(str(folder))


@pytest.mark.parametrize("name", ["manifest.json", "scenario.yaml"])
def test_a_folder_without_its_description_is_refused(copied: Copied, name: str) -> None:
    folder = copied()
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"has no {name}"):
        verify(str(folder))


@pytest.mark.parametrize("content", ["", "seed: [", "seed: 1\nseed: 2\n", "nothing: 1\n"])
def test_a_scenario_that_cannot_be_read_is_refused(copied: Copied, content: str) -> None:
    folder = copied()
    (folder / "scenario.yaml").write_text(content)
    with pytest.raises(FleetsynthError, match=r"scenario\.yaml|seed"):
        verify(str(folder))


def test_a_finding_reads_as_place_and_fault() -> None:
    assert str(Finding("data/a.parquet", "is odd")) == "data/a.parquet: is odd"


# The command line


def test_a_folder_that_is_fine_exits_with_zero(copied: Copied, fleetsynth: Fleetsynth) -> None:
    copied()
    assert fleetsynth.prints("verify", "fleet") == "fleet: ok\n"
    assert fleetsynth.prints("verify", "fleet/", "--regenerate", "2") == "fleet/: ok\n"
    assert json.loads(fleetsynth.prints("verify", "fleet", "--json")) == {
        "path": "fleet",
        "ok": True,
        "findings": [],
    }


def test_a_fault_exits_with_one_and_stands_in_the_output(
    copied: Copied, fleetsynth: Fleetsynth
) -> None:
    (copied() / PART).unlink()
    plain = fleetsynth("verify", "fleet")
    assert (plain.code, plain.err) == (1, "")
    assert plain.out == f"{PART}: this part is missing\n"
    as_json = fleetsynth("verify", "fleet", "--json")
    assert (as_json.code, as_json.err) == (1, "")
    assert json.loads(as_json.out) == {
        "path": "fleet",
        "ok": False,
        "findings": [{"path": PART, "message": "this part is missing"}],
    }


def test_what_is_no_dataset_exits_with_one_and_an_error(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "empty").mkdir()
    ran = fleetsynth("verify", "empty")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: empty has no manifest.json: it is unfinished, or no dataset\n"
    assert list(fleetsynth.folder.glob("**/*")) == [fleetsynth.folder / "empty"]


def test_a_folder_that_is_not_there_is_not_made(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("verify", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: there is no file or folder nowhere\n"
    assert list(fleetsynth.folder.iterdir()) == []


def test_less_than_no_part_cannot_be_made_again(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("verify", "nowhere", "--regenerate", "-1")
    assert ran.code == 2
    assert "--regenerate" in ran.err
