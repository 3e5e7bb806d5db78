"""Each step in its order, and another process between any two: what a race only sometimes shows."""

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleetsynth import pipeline
from fleetsynth.errors import (
    ExistsError,
    InputError,
    OtherBytesError,
    OutputError,
    SupersededError,
    UsageError,
)
from fleetsynth.files import AtomicFile, put_in_place
from fleetsynth.folders import begin as beginning
from fleetsynth.folders import folder as folders
from fleetsynth.folders import job as jobs
from fleetsynth.folders.begin import look
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import missing
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, job_key, make_part, state_key
from fleetsynth.folders.run_record import job_from, values_of
from fleetsynth.folders.verify import verify
from fleetsynth.presets import resolve
from fleetsynth.stores.store import LocalStore
from tests.dataset import stepping
from tests.dataset.folders import digest_in, files_in
from tests.dataset.stepping import MONTHS, OTHER, TWO_MONTHS
from tests.support import digest_of

FILES = [
    "README.md",
    "_versions/2022-02-02/leaves.bin",
    "croissant.json",
    "data/year=2022/month=1/part-00000.parquet",
    "data/year=2022/month=2/part-00001.parquet",
    *("manifest.json", "scenario.yaml", "servers.parquet"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where nothing is yet."""
    return tmp_path / "fleet"


def first(folder: Path, scenario: Any = TWO_MONTHS, **options: Any) -> Job:
    """Begin a run that has made nothing yet."""
    job = Job.of(scenario, str(folder), partition_by=MONTHS, part_bytes=256_000_000)
    return beginning.begin(job, **options)


def is_other(folder: Path) -> bool:
    """Whether a folder has the dataset of the other seed, all of it and nothing else."""
    assert files_in(folder) == FILES
    assert verify(str(folder)).findings == []
    return digest_in(folder) == digest_of(resolve(OTHER))


class Between:
    """Does something once, just before a function is called for the first or a later time."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        owner: Any,
        name: str,
        act: Callable[[], Any],
        *,
        time: int = 1,
    ) -> None:
        real, self.left = getattr(owner, name), time

        def instead(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                act()
            return real(*arguments, **options)

        patch.setattr(owner, name, instead)


# What a power cut must not take


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed and put in place, in order."""
    done: list[str] = []

    def fsync(handle: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")

    def link(path: Path, whole: Path) -> None:
        done.append(f"link {path.name}")
        os.link(whole, path)

    def rename(whole: Path, path: Path) -> Path:
        done.append(f"rename {path.name}")
        whole.rename(path)
        return path

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "hardlink_to", link)
    monkeypatch.setattr(Path, "replace", rename)
    return done


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@needs_proc
def test_a_file_is_on_disk_before_it_has_its_name_and_its_folders_after(
    tmp_path: Path, synced: list[str]
) -> None:
    file = AtomicFile(tmp_path / "a" / "b" / "x.csv", overwrite=False)
    file.temporary.write_bytes(b"1")
    file.commit()
    assert synced == [
        f"sync {file.temporary.name}",
        "link x.csv",
        *("sync b", f"sync {tmp_path.name}", "sync a"),
    ]
    synced.clear()
    file = AtomicFile(tmp_path / "a" / "b" / "x.csv", overwrite=True)
    file.temporary.write_bytes(b"2")
    file.commit()
    assert synced == [f"sync {file.temporary.name}", "rename x.csv", "sync b"]


@needs_proc
def test_a_part_is_on_disk_before_its_record_and_the_folders_that_lead_to_it_too(
    folder: Path, synced: list[str]
) -> None:
    job = first(folder)
    synced.clear()
    make_part(job, 0)
    names = [step if ".tmp" not in step else step.split(".")[1] for step in synced]
    assert names == [
        *("part-00000", "rename part-00000.parquet"),  # in its own folder, out of sight
        names[2],
        *("link part-00000.parquet", "sync month=1", "sync fleet", "sync data", "sync year=2022"),
        *("part-00000", "rename part-00000.json", "sync _parts"),
    ]
    assert names[2].startswith("sync making-")


@needs_proc
def test_the_manifest_is_the_last_thing_that_gets_its_name(folder: Path, synced: list[str]) -> None:
    stepping.generate(str(folder))
    named = [step.split()[1] for step in synced if step.startswith(("link", "rename"))]
    assert named[-1] == "manifest.json"
    last = ["servers.parquet", "scenario.yaml", "leaves.bin", "croissant.json", "README.md"]
    assert named[-6:-1] == last


# File systems without hard links


def test_without_hard_links_a_name_is_still_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "x", tmp_path / "whole"

    def none(*_: Any) -> None:
        raise OSError(errno.EPERM, "no hard links")

    monkeypatch.setattr(Path, "hardlink_to", none)
    whole.write_bytes(b"one")
    put_in_place(whole, path, replace=False)
    whole.write_bytes(b"two")
    with pytest.raises(FileExistsError):
        put_in_place(whole, path, replace=False)
    assert path.read_bytes() == b"one"
    put_in_place(whole, path, replace=True)
    assert path.read_bytes() == b"two"
    assert files_in(tmp_path) == ["x"]


def test_no_other_failure_is_taken_for_a_lack_of_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(Path, "hardlink_to", fail)
    (tmp_path / "whole").write_bytes(b"one")
    with pytest.raises(OSError, match="the disk is gone"):
        put_in_place(tmp_path / "whole", tmp_path / "x", replace=False)
    assert files_in(tmp_path) == ["whole"]


# What is there stays


def test_a_name_is_taken_once_and_what_has_it_stays(folder: Path) -> None:
    store = LocalStore(folder)
    assert store.create("a/b", b"first")
    assert not store.create("a/b", b"second")
    assert store.read("a/b") == b"first"
    assert files_in(folder) == ["a/b"]


def test_a_part_of_other_bytes_is_an_error_and_nothing_is_left_of_it(folder: Path) -> None:
    store = LocalStore(folder)
    build(store, b"mine")
    build(store, b"mine")
    with pytest.raises(OtherBytesError, match="part is there already"):
        build(store, b"yours")
    assert store.read("part") == b"mine"
    build(store, b"yours", replace=True)
    assert store.read("part") == b"yours"
    assert sorted(path.name for path in folder.iterdir()) == ["part"]


def build(store: LocalStore, data: bytes, *, replace: bool = False) -> None:
    with store.building("part", replace=replace) as path:
        path.write_bytes(data)


def test_what_fails_while_it_is_built_leaves_nothing(folder: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("no more")

    building = LocalStore(folder).building("data/part")
    with pytest.raises(RuntimeError, match="no more"), building as path:
        fail(path)
    assert list(folder.iterdir()) == []


def test_what_lies_behind_a_link_is_neither_read_nor_touched(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "x").write_bytes(b"theirs")
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "data").symlink_to(tmp_path / "theirs")
    store = LocalStore(tmp_path / "fleet")
    tries: list[Callable[[], object]] = [
        lambda: store.read("data/x"),
        lambda: store.size("data/x"),
        lambda: store.write("data/x", b"ours"),
        lambda: store.create("data/y", b"ours"),
        lambda: store.delete("data/x"),
        lambda: store.fetch("data/x").__enter__(),
        lambda: store.building("data/y").__enter__(),
        store.list,
        store.tidy,
    ]
    for each in tries:
        with pytest.raises(OutputError, match="is a link to another folder"):
            each()
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["x"]
    assert (tmp_path / "theirs" / "x").read_bytes() == b"theirs"


def test_two_writers_of_one_name_have_each_their_own_temporary_file(tmp_path: Path) -> None:
    one, two = (AtomicFile(tmp_path / "x", overwrite=True) for _ in range(2))
    assert one.temporary != two.temporary
    one.abort()
    two.abort()


# Records


def test_a_part_is_made_already_only_if_its_bytes_and_its_record_say_so(folder: Path) -> None:
    job = first(folder)
    make_part(job, 0)
    make_part(job, 1)
    assert missing(job) == []
    store = LocalStore(folder)
    path, record = folder / job.parts[0].path, folder / state_key(0)
    whole, said = path.read_bytes(), record.read_bytes()
    path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    assert missing(job) == [0]  # of the same size
    path.write_bytes(whole[:-1])
    assert missing(job) == [0]
    path.unlink()
    assert missing(job) == [0]
    path.write_bytes(whole)
    for old, new in (
        (job.run, job.run[::-1]),
        ('"index": 0', '"index": 1'),
        ("month=1", "month=2"),
    ):
        record.write_text(said.decode().replace(old, new))
        assert missing(job) == [0]
    record.write_bytes(said)
    assert (missing(job), store.size(state_key(0))) == ([], len(said))


# Another process between two steps


def test_a_run_that_lost_its_folder_publishes_no_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cut otherwise, the other dataset has no part of that name that could be in the way.
    job = first(folder)

    def take_over() -> None:
        generate_folder(OTHER, str(folder), workers=1, overwrite=True)

    Between(monkeypatch, jobs, "file_digest", take_over)
    with pytest.raises(SupersededError):
        make_part(job, 0)
    assert files_in(folder) == [FILES[0], FILES[2], "data/part-00000.parquet", *FILES[5:]]
    assert verify(str(folder)).findings == []


def test_a_run_that_lost_its_folder_leaves_the_records_of_the_next_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = first(folder)

    def take_over() -> None:
        make_part(first(folder, OTHER, overwrite=True), 0)

    Between(monkeypatch, jobs, "_record", take_over)
    with pytest.raises(SupersededError):
        make_part(job, 0)
    next_one = job_from(look(LocalStore(folder)).run or {}, str(folder), 2)
    assert missing(next_one) == [1]


def test_a_record_that_comes_too_late_is_taken_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = first(folder)
    Between(monkeypatch, LocalStore, "write", lambda: stepping.overwrite_with_other(str(folder)))
    with pytest.raises(SupersededError):
        make_part(job, 0)
    assert is_other(folder)


def test_the_number_of_a_run_is_not_taken_for_the_run(folder: Path) -> None:
    # Numbers begin anew when a dataset is finished: the next run's is that of the dead one.
    job = first(folder)
    stepping.resume(str(folder))
    other = first(folder, OTHER, overwrite=True)
    assert (other.generation, other.run == job.run) == (job.generation, False)
    make_part(other, 0)
    with pytest.raises(SupersededError):
        make_part(job, 0)
    assert missing(other) == [1]


def test_a_run_that_another_has_only_begun_to_replace_publishes_no_more(folder: Path) -> None:
    job = first(folder)
    store = LocalStore(folder)
    store.create(job_key(2), json.dumps(values_of(replace(job, run="f" * 16))).encode())
    with pytest.raises(SupersededError):
        make_part(job, 0)
    assert files_in(folder) == [job_key(1), job_key(2)]


def test_a_dataset_that_is_being_replaced_is_not_committed(folder: Path) -> None:
    stepping.generate(str(folder))
    job = Job.of(TWO_MONTHS, str(folder), partition_by=MONTHS, run="f" * 16)
    store = LocalStore(folder)
    store.create(job_key(1), json.dumps(values_of(job)).encode())
    with pytest.raises(InputError, match="is being replaced"):
        stepping.commit_it(str(folder))
    assert files_in(folder) == sorted([job_key(1), *FILES])
    with pytest.raises(UsageError, match="seed was 42, now 7"):
        stepping.generate(str(folder), OTHER, resume=True)
    assert files_in(folder) == sorted([job_key(1), *FILES])
    stepping.resume(str(folder))
    assert files_in(folder) == FILES


def test_a_commit_that_lost_its_folder_writes_no_manifest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    Between(monkeypatch, folders, "seal", lambda: first(folder, OTHER, overwrite=True))
    with pytest.raises(SupersededError):
        stepping.commit_it(str(folder))
    assert not (folder / "manifest.json").exists()
    monkeypatch.undo()
    stepping.generate(str(folder), OTHER, overwrite=True)
    assert is_other(folder)


def test_a_manifest_that_appears_at_the_last_moment_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    Between(monkeypatch, LocalStore, "create", lambda: stepping.overwrite_with_other(str(folder)))
    with pytest.raises(SupersededError):
        stepping.commit_it(str(folder))
    assert is_other(folder)


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize("ended", [False, True])
def test_a_commit_removes_nothing_of_a_run_that_begins_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ended: bool, time: int
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    begun: list[Job] = []

    def take_over() -> None:
        monkeypatch.undo()
        if ended:  # by another commit: the new run has the number of the old one
            stepping.commit_it(str(folder))
        begun.append(first(folder, OTHER, overwrite=True))
        make_part(begun[0], 0)
        (folder / "_parts" / "making-0123abcd").mkdir()
        (folder / "_parts" / "making-0123abcd" / "part-00001.parquet").write_bytes(b"PAR1")

    Between(monkeypatch, folders, "_another_has_begun", take_over, time=time)
    stepping.commit_it(str(folder))  # no other look comes between
    assert begun[0].generation == (1 if ended else 2)
    assert (folder / job_key(begun[0].generation)).exists()
    assert (folder / "_parts" / "making-0123abcd" / "part-00001.parquet").exists()
    assert missing(begun[0]) == [1]


def test_a_run_that_another_finishes_meanwhile_leaves_no_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other one's commit has removed the records, but not the job, when ours is written.
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    store = LocalStore(folder)
    job = job_from(look(store).run or {}, str(folder), 1)

    def end(_: int) -> None:
        if (folder / "manifest.json").exists():
            store.delete(job_key(1))

    monkeypatch.setattr(folders, "missing", lambda *_: [0, 1])
    Between(monkeypatch, LocalStore, "write", lambda: folders._write_end(store, job))
    assert stepping.generate(str(folder), resume=True, progress=end).digest == digest_in(folder)
    assert files_in(folder) == FILES
    assert verify(str(folder)).findings == []


def test_a_run_whose_part_is_tidied_away_by_a_commit_says_that_or_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    job = job_from(look(LocalStore(folder)).run or {}, str(folder), 1)
    monkeypatch.setattr(folders, "missing", lambda *_: [0])

    def gone(*arguments: Any, **options: Any) -> Any:
        outcome = real(*arguments, **options)
        stepping.commit_it(str(folder))
        return outcome

    real = pipeline.run
    monkeypatch.setattr(pipeline, "run", gone)
    with pytest.raises(SupersededError):
        list(folders.make(job, LocalEngine(1), [0], 2))
    assert files_in(folder) == FILES
    assert verify(str(folder)).findings == []


def test_an_overwrite_that_lost_its_folder_removes_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.generate(str(folder))
    Between(
        monkeypatch,
        beginning,
        "refuse_if_superseded",
        lambda: stepping.overwrite_with_other(str(folder)),
    )
    with pytest.raises(SupersededError):
        stepping.overwrite(str(folder))
    assert is_other(folder)


def test_an_overwrite_removes_what_was_committed_before_its_claim(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    Between(monkeypatch, beginning, "claim", lambda: stepping.commit_it(str(folder)))
    stepping.overwrite_with_other(str(folder))
    assert is_other(folder)


def test_a_run_that_begins_after_another_has_ended_leaves_that_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Between(monkeypatch, beginning, "claim", lambda: stepping.generate_other(str(folder)))
    with pytest.raises(ExistsError, match="holds a dataset"):
        stepping.generate(str(folder))
    assert is_other(folder)


def test_a_failure_of_a_run_that_lost_its_folder_is_told_as_that(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = first(folder)

    def take_over() -> None:
        stepping.overwrite_with_other(str(folder))
        raise OtherBytesError("what is written there is another's")

    Between(monkeypatch, jobs, "Frame", take_over)
    with pytest.raises(SupersededError, match=r"has taken .* over"):
        list(folders.make(job, LocalEngine(1), [0], 1))
    assert is_other(folder)


# What is removed, in which order


def test_an_overwrite_removes_the_manifest_last_and_earlier_runs_from_the_latest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.generate(str(folder))
    store = LocalStore(folder)
    for number in (1, 2, 3):
        job = replace(Job.of(TWO_MONTHS, str(folder), partition_by=MONTHS), run=f"{number:016}")
        store.create(job_key(number), json.dumps(values_of(job)).encode())
    removed: list[str] = []
    real = LocalStore.delete

    def note(self: LocalStore, key: str) -> None:
        removed.append(key)
        real(self, key)

    monkeypatch.setattr(LocalStore, "delete", note)
    first(folder, overwrite=True)
    assert removed[:2] == FILES[3:5]
    assert FILES[1] in removed[2:-4]
    assert removed[-4:] == [job_key(3), job_key(2), job_key(1), "manifest.json"]
    assert files_in(folder) == [job_key(4)]


def test_a_commit_removes_its_job_record_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))
    removed: list[str] = []
    monkeypatch.setattr(LocalStore, "delete", lambda _, key: removed.append(key))
    with suppress(AttributeError):
        stepping.commit_it(str(folder))
    assert removed == [state_key(0), state_key(1), job_key(1)]
