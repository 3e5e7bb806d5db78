"""The digest of folders, ours and foreign, here and in an object store."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth.api import generate
from fleetsynth.errors import InputError, UsageError
from fleetsynth.folders.generate import generate_folder
from fleetsynth.reader.digests import digest_path
from fleetsynth.reader.file_digest import digest_file
from tests.dataset.conftest import Copied, Finished
from tests.dataset.folders import MIXED, PART_BYTES, PARTITIONS, parts_in, rows_of
from tests.dataset.object_store import BUCKET, empty, environment
from tests.dataset.test_verify import changed, edit, write
from tests.e2e.command import Fleetsynth


@pytest.mark.parametrize("keys", PARTITIONS)
def test_a_folder_has_the_digest_of_a_single_file(
    finished: Finished, single: str, keys: tuple[str, ...]
) -> None:
    assert digest_path(str(finished(keys))) == single


def test_it_is_that_of_the_rows_and_not_of_the_manifest(copied: Copied, single: str) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values.update(digest="0" * 64))
    assert digest_path(str(folder)) == single
    part = parts_in(folder)[0]
    write(part, changed(rows_of(part), "cpu_p95", 0, 0.01))
    assert digest_path(str(folder)) not in (single, "0" * 64)


def test_a_part_that_is_missing_is_an_error(copied: Copied) -> None:
    folder = copied()
    parts_in(folder)[2].unlink()
    with pytest.raises((InputError, UsageError), match=r"part-00002\.parquet"):
        digest_path(str(folder))


def test_a_foreign_folder_is_one_dataset_in_any_order(tmp_path: Path, single: str) -> None:
    generate(MIXED, tmp_path / "whole.parquet")
    rows = pq.read_table(tmp_path / "whole.parquet")
    (tmp_path / "days").mkdir()
    for number in range(7):  # a server's months are in all of them
        pq.write_table(
            rows.take(list(range(number, len(rows), 7))), tmp_path / f"days/{number}.parquet"
        )
    assert digest_path(f"{tmp_path}/days") == single
    assert digest_path(f"{tmp_path}/days/") == single


def test_columns_that_folders_stand_for_are_columns(tmp_path: Path) -> None:
    generate(MIXED, tmp_path / "whole.parquet")
    rows = pq.read_table(tmp_path / "whole.parquet").append_column(
        "site", pa.array(["north & south"] * MIXED.num_servers * 352)
    )
    pq.write_table(rows, tmp_path / "whole.parquet")
    folder = tmp_path / "hive" / "site=north%20%26%20south"
    folder.mkdir(parents=True)
    pq.write_table(rows.drop_columns(["site"]), folder / "a.parquet")
    assert digest_path(str(tmp_path / "hive")) == digest_file(tmp_path / "whole.parquet")
    folder.parent.joinpath("year=soon").mkdir()
    pq.write_table(rows.drop_columns(["year"]), folder.parent / "year=soon" / "b.parquet")
    with pytest.raises(InputError, match=r'b\.parquet: year is "soon", not a whole number'):
        digest_path(str(tmp_path / "hive"))


def test_the_command_takes_files_and_folders_alike(
    copied: Copied, fleetsynth: Fleetsynth, single: str
) -> None:
    folder = copied()
    first = parts_in(folder)[0].relative_to(fleetsynth.folder)
    lines = fleetsynth.prints("digest", "fleet", "fleet/", first).splitlines()
    assert lines[:2] == [f"{single}  fleet", f"{single}  fleet/"]
    assert lines[2] == f"{digest_file(fleetsynth.folder / first)}  {first}"
    told = json.loads(fleetsynth.prints("digest", "fleet", "--leaves", "--json"))
    assert len(told["leaves"]) == MIXED.num_servers * 4


@pytest.mark.parametrize("name", ["nowhere", "nowhere/", "empty", "nowhere.parquet"])
def test_where_nothing_is_there_is_no_digest(fleetsynth: Fleetsynth, name: str) -> None:
    (fleetsynth.folder / "empty").mkdir()
    ran = fleetsynth("digest", name)
    assert (ran.code, ran.out) == (2, "")
    assert name in ran.err


@pytest.mark.xdist_group("object store")
def test_an_object_store_is_read_too(
    object_store: int,
    single: str,
    fleetsynth: Fleetsynth,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(object_store).items():
        monkeypatch.setenv(name, value)
    empty(object_store)
    url = f"s3://{BUCKET}/fleet/"
    generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, partition_by=("region",))
    assert fleetsynth.prints("digest", url) == f"{single}  {url}\n"
    assert digest_path(f"{url}data") == single
    with pytest.raises(UsageError, match="no column that looks like a timestamp"):
        digest_path(f"{url}servers.parquet")
    with pytest.raises(UsageError, match=r"there is no file s3://.*/none\.parquet"):
        digest_path(f"{url}none.parquet")
    assert fleetsynth.prints("verify", url) == f"{url}: ok\n"
