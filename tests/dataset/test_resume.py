"""Runs that are killed, starved or cut off, and how they go on: real processes, real signals."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fleetsynth.folders.folder import Shard
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.parts import cut
from fleetsynth.folders.verify import verify
from tests.dataset.folders import (
    MIXED,
    PART_BYTES,
    digest_in,
    files_in,
    identities,
    only_whole_parts,
    parts_in,
    records_in,
)
from tests.e2e.command import (
    INTERRUPTIBLE,
    Fleetsynth,
    as_told_by_a_shell,
    room,
)
from tests.support import digest_of, plan_of

LONG = ("--servers", "140", "--granularity", "hourly", "--end", "2022-12-31")
IN_PARTS = ("-o", "fleet/", "--part-size", "729kB")
PARTS = 20
LONG_PLAN = plan_of(num_servers=140, granularity="hourly", end_date="2022-12-31")
"""Long enough to be stopped at many moments: 20 parts of 61,320 rows."""

GROUP = "os.setpgrp()"
"""Python to run before: signals of a group go to this run and its workers alone."""

PATIENT = "from fleetsynth.folders.engines import worker; worker.GRACE_SECONDS = 100.0"
"""Python to run inside: workers have all the time that tidying up takes on a busy machine."""


@pytest.fixture(scope="module")
def undisturbed() -> str:
    """The digest of the long run, without a folder."""
    return digest_of(LONG_PLAN)


def records(folder: Path) -> int:
    """How many parts have their record."""
    return len(list((folder / "_parts").glob("part-*.json")))


def wait_until(true: Callable[[], object], child: subprocess.Popen[bytes]) -> None:
    """Wait for something to come true while a run goes on."""
    while not true():
        assert child.poll() is None, f"the run ended too early: {child.communicate()}"
        time.sleep(0.002)


@contextmanager
def running(
    fleetsynth: Fleetsynth, *arguments: str, before: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a long run in parts; whatever happens, none of its processes is left."""
    child = fleetsynth.start("generate", *LONG, *IN_PARTS, *arguments, before=f"{GROUP}\n{before}")
    try:
        yield child
    finally:
        child.kill()
        child.communicate()
        wait_for_the_end_of(child.pid)


def group(leader: int) -> set[int]:
    """The living processes of a process group."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member_of = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(member_of) == leader and state != "Z":
            found.add(int(stat.parent.name))
    return found


def wait_for_the_end_of(leader: int) -> None:
    """Wait until no process of a group is left; a test that waits too long has failed."""
    for _ in range(12_000):
        if not group(leader):
            return
        time.sleep(0.01)
    left = group(leader)
    os.killpg(leader, signal.SIGKILL)
    raise AssertionError(f"processes {left} outlived the run that started them")


def workers(child: subprocess.Popen[bytes]) -> set[int]:
    """The processes that make parts for a run."""
    found = set()
    for process in group(child.pid) - {child.pid}:
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes()
        except FileNotFoundError:
            continue
        if b"spawn_main" in words:
            found.add(process)
    return found


def kill(fleetsynth: Fleetsynth, count: int, *arguments: str) -> dict[str, tuple[int, int]]:
    """Run until so many parts have their record, kill the run, and return what is whole."""
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, *arguments) as child:
        wait_until(lambda: (folder / "_parts" / "job-0001.json").exists(), child)
        wait_until(lambda: records(folder) >= count, child)
        child.kill()
    only_whole_parts(folder)
    assert count <= records(folder) < PARTS
    recorded = records_in(folder)
    return {path: found for path, found in identities(folder).items() if path in recorded}


def resume(fleetsynth: Fleetsynth, workers: int = 1) -> None:
    """Go on with a run to its end."""
    fleetsynth.prints(
        "generate", *LONG, *IN_PARTS, "--resume", "--quiet", "--workers", str(workers)
    )


def test_the_long_run_has_its_parts() -> None:
    assert len(cut(LONG_PLAN, (), round(583_000 / 9.5))) == PARTS


# Killed


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "count"), [(1, 0), (2, 4)])
def test_a_killed_run_leaves_whole_parts_and_goes_on_where_it_was(
    fleetsynth: Fleetsynth, undisturbed: str, workers: int, count: int
) -> None:
    folder = fleetsynth.folder / "fleet"
    before = kill(fleetsynth, count, "--workers", str(workers))
    resume(fleetsynth)
    after = identities(folder)
    assert {path: after[path] for path in before} == before
    assert len(after) == PARTS
    assert digest_in(folder) == undisturbed
    assert not (folder / "_parts").exists()
    assert not [name for name in files_in(folder) if name.endswith(".tmp")]


@pytest.mark.slow
def test_a_run_that_is_killed_twice_ends_as_if_nothing_had_happened(
    fleetsynth: Fleetsynth, undisturbed: str
) -> None:
    folder = fleetsynth.folder / "fleet"
    first = kill(fleetsynth, 2, "--workers", "2")
    second = kill(fleetsynth, len(first) + 2, "--workers", "1", "--resume")
    assert {path: second[path] for path in first} == first
    resume(fleetsynth, workers=2)
    third = identities(folder)
    assert {path: third[path] for path in second} == second
    assert digest_in(folder) == undisturbed
    assert verify(str(folder)).findings == []


@pytest.mark.slow
def test_workers_do_not_outlive_a_run_that_is_killed(fleetsynth: Fleetsynth) -> None:
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, "--workers", "2") as child:
        wait_until(lambda: len(workers(child)) == 2 and records(folder), child)
        child.kill()
        child.wait()
        wait_for_the_end_of(child.pid)
    only_whole_parts(folder)


# Interrupted


@pytest.mark.slow
@pytest.mark.parametrize(("count", "whole_group"), [(1, False), (2, True)])
def test_a_run_that_is_interrupted_says_so_and_goes_on_where_it_was(
    fleetsynth: Fleetsynth, undisturbed: str, count: int, whole_group: bool
) -> None:
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, "--workers", str(count), before=INTERRUPTIBLE) as child:
        wait_until(lambda: records(folder) >= 3, child)
        (os.killpg if whole_group else os.kill)(child.pid, signal.SIGINT)
        out, err = child.communicate()
    assert (child.returncode, out, err.strip()) == (130, b"", b"error: interrupted")
    only_whole_parts(folder)
    before = identities(folder)
    assert 3 <= len(before) < PARTS
    assert not [name for name in files_in(folder) if name.endswith(".tmp")]
    resume(fleetsynth)
    assert {path: identities(folder)[path] for path in before} == before
    assert digest_in(folder) == undisturbed


@pytest.mark.slow
def test_a_run_that_is_terminated_leaves_nothing_unfinished(fleetsynth: Fleetsynth) -> None:
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, "--workers", "1") as child:
        wait_until(lambda: records(folder) >= 2, child)
        child.terminate()
        out, err = child.communicate()
    assert (as_told_by_a_shell(child.returncode), out, err) == (143, b"", b"")
    only_whole_parts(folder)
    assert not [name for name in files_in(folder) if name.endswith(".tmp")]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_of_two_workers_ends_in_the_middle_of_its_parts(
    fleetsynth: Fleetsynth, sent: signal.Signals
) -> None:
    # Two parts, each of them minutes of work: nobody waits for the part to be whole.
    long = ("--servers", "20000", "--granularity", "hourly", "--part-size", "5GB")
    arguments = ("generate", *long, "-o", "fleet/", "--workers", "2")
    child = fleetsynth.start(*arguments, before=f"{GROUP}\n{INTERRUPTIBLE}", inside=PATIENT)
    try:
        wait_until(lambda: any((fleetsynth.folder / "fleet").glob("_parts/making-*/.*")), child)
        child.send_signal(sent)
        _, err = child.communicate(timeout=300)
    finally:
        child.kill()
        wait_for_the_end_of(child.pid)
    assert as_told_by_a_shell(child.returncode) == 128 + sent
    assert err.strip() == (b"error: interrupted" if sent == signal.SIGINT else b"")
    assert files_in(fleetsynth.folder) == ["fleet/_parts/job-0001.json"]


# Workers that are lost


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(fleetsynth: Fleetsynth, undisturbed: str) -> None:
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, "--workers", "2", "--quiet") as child:
        wait_until(lambda: records(folder) >= 2 and workers(child), child)
        victim = min(workers(child))
        os.kill(victim, signal.SIGKILL)
        out, err = child.communicate()
    assert (child.returncode, out, err) == (0, b"", b"")
    assert digest_in(folder) == undisturbed
    assert len(parts_in(folder)) == PARTS
    assert not [name for name in files_in(folder) if name.endswith(".tmp")]


@pytest.mark.slow
def test_workers_that_are_killed_every_time_end_the_run_with_advice(
    fleetsynth: Fleetsynth, undisturbed: str
) -> None:
    folder = fleetsynth.folder / "fleet"
    with running(fleetsynth, "--workers", "2") as child:
        while child.poll() is None:
            for process in workers(child):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)
        out, err = child.communicate()
    assert (child.returncode, out) == (1, b"")
    assert b"a worker was killed" in err
    assert b"memory" in err
    assert b"fewer workers" in err
    assert f"0 of {PARTS} parts are whole; go on with --resume\n".encode() in err
    assert err.count(b"\n") == 1
    only_whole_parts(folder)
    resume(fleetsynth)
    assert digest_in(folder) == undisturbed


# Parts that are damaged after they were made


def cut_short(part: Path) -> None:
    """Lose the second half of a file."""
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])


def flip(part: Path) -> None:
    """Change one byte in the middle."""
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)


def lose_the_record(part: Path) -> None:
    """Lose what is known of the part."""
    (part.parents[1] / "_parts" / f"{part.stem}.json").unlink()


def spoil_the_record(part: Path) -> None:
    """Leave a record that makes no sense."""
    (part.parents[1] / "_parts" / f"{part.stem}.json").write_bytes(b'{"index": 1, "pa')


@pytest.mark.parametrize(
    ("damage", "replaced"),
    [
        (cut_short, True),
        (flip, True),
        (Path.unlink, True),
        (lose_the_record, False),  # the part is made again, and found to be there
        (spoil_the_record, False),
    ],
)
def test_a_part_that_is_damaged_is_made_again_and_no_other(
    tmp_path: Path, single: str, damage: Callable[[Path], None], replaced: bool
) -> None:
    folder = tmp_path / "fleet"
    _made_without_a_commit(folder)
    before = identities(folder)
    assert len(before) == 6
    damage(folder / "data" / "part-00001.parquet")
    result = generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, resume=True)
    assert (result.made, result.digest) == (1, single)
    after = identities(folder)
    changed = [path for path in before if after[path] != before[path]]
    assert changed == ["data/part-00001.parquet"] * replaced
    assert verify(str(folder)).findings == []


def _made_without_a_commit(folder: Path) -> None:
    for number in (1, 2):
        shard = Shard(number, 2)
        generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, shard=shard)


# No room


@pytest.mark.parametrize("count", [1, 2])
def test_a_full_disk_ends_the_run_with_what_is_whole_and_how_to_go_on(
    fleetsynth: Fleetsynth, count: int
) -> None:
    # One part for a week of 2021, another for the year 2022: there is room for the first.
    span = ("--servers", "30", "--granularity", "6h", "--start", "2021-12-25")
    command = ("generate", *span, "--end", "2022-12-31", "-o", "fleet/", "--partition-by", "year")
    ran = fleetsynth(*command, "--workers", str(count), before=room(60_000))
    assert (ran.code, ran.out) == (1, "")
    path = "fleet/data/year=2022/part-00001.parquet"
    assert ran.err == (
        f"error: cannot write {path}: no room for it (File too large). "
        "1 of 2 parts are whole; go on with --resume\n"
    )
    folder = fleetsynth.folder / "fleet"
    only_whole_parts(folder)
    before = identities(folder)
    assert list(before) == ["data/year=2021/part-00000.parquet"]
    assert not [name for name in files_in(folder) if name.endswith(".tmp")]

    fleetsynth.prints(*command, "--resume", "--quiet", "--workers", "1")
    assert {path: identities(folder)[path] for path in before} == before
    plan = plan_of(num_servers=30, granularity="6h", start_date="2021-12-25", end_date="2022-12-31")
    assert digest_in(folder) == digest_of(plan)


def test_no_room_for_anything_leaves_nothing(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("generate", "-o", "fleet/", "--workers", "1", before=room(100))
    assert ran.code == 1
    assert "no room for it" in ran.err
    assert files_in(fleetsynth.folder) == []
