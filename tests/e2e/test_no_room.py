"""A disk that is full before, in the middle of, or at the end of a run."""

import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import pytest

from fleetsynth.formats import FORMATS
from fleetsynth.pipeline import BATCH_ROWS
from fleetsynth.presets import as_plan
from fleetsynth.size import estimate
from tests.e2e.command import SMALL, Fleetsynth, Ran, command, contents, room

BATCHES = {"num_servers": 40, "granularity": "hourly", "end_date": "2024-03-31"}
LARGE = ("--servers", "40", "--granularity", "hourly", "--end", "2024-03-31")
SIZES = estimate(as_plan(BATCHES))
"""Three batches; an estimate is good to a third, so that 60 % of it are too few."""

MOUNT = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99
cd "$2"; shift 2
"$@"; code=$?
ls -A
exit $code
"""
"""Runs a command in a folder with a file system of its own, and lists what is left there."""


class Disk(Protocol):
    """Runs the command line where there is room for `size` bytes."""

    def __call__(self, fleetsynth: Fleetsynth, size: int, *arguments: str) -> Ran: ...


def limited(fleetsynth: Fleetsynth, size: int, *arguments: str) -> Ran:
    return fleetsynth(*arguments, before=room(size))


def mounted(unshare: Sequence[str], fleetsynth: Fleetsynth, size: int, *arguments: str) -> Ran:
    words = [*unshare, "sh", "-c", MOUNT, "sh", str(size), str(fleetsynth.folder)]
    ran = subprocess.run(
        [*words, *command(arguments)], capture_output=True, encoding="utf-8", check=False
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def disks() -> dict[str, Disk]:
    """Ways to run out of room: a limit on files always, file systems where one may mount them."""
    found: dict[str, Disk] = {"file size limit": limited}
    for name, options in {"tmpfs": [], "tmpfs of a user": ["--user", "--map-root-user"]}.items():
        unshare = ["unshare", "--mount", *options]
        if shutil.which("unshare") and not subprocess.call(
            [*unshare, "sh", "-c", MOUNT, "sh", "1m", "/tmp", "true"], stderr=subprocess.DEVNULL
        ):
            return found | {name: partial(mounted, unshare)}
    return found


DISKS = disks()
SOME = (".parquet", ".csv.gz")
"""Formats that a full file system meets; what a limit does is the same error for the writer."""


def no_room(error: str, path: str) -> None:
    """Assert that an error is the one of a disk without room."""
    assert error.startswith(f"error: cannot write {path}: no room for it (")
    assert error.endswith("); nothing was left behind\n")
    assert error.count("\n") == 1


def test_the_large_dataset_has_several_batches() -> None:
    assert 2 * BATCH_ROWS < SIZES.rows < 4 * BATCH_ROWS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disk", "ending"),
    [
        *((limited, ending) for ending in FORMATS),
        *((disk, ending) for disk in DISKS.values() if disk is not limited for ending in SOME),
    ],
)
def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(
    fleetsynth: Fleetsynth, disk: Disk, ending: str
) -> None:
    path = f"new/deep/fleet{ending}"
    ran = disk(fleetsynth, SIZES.bytes[ending] * 6 // 10, "generate", *LARGE, "-o", path)
    assert (ran.code, ran.out) == (1, "")
    no_room(ran.err, path)
    assert contents(fleetsynth.folder) == {}


@pytest.mark.parametrize("size", [0, 100])
@pytest.mark.parametrize("ending", FORMATS)
def test_a_disk_that_is_full_from_the_start_leaves_nothing(
    fleetsynth: Fleetsynth, ending: str, size: int
) -> None:
    path = f"new/fleet{ending}"
    ran = fleetsynth("generate", *SMALL, "-o", path, before=room(size))
    assert (ran.code, ran.out) == (1, "")
    no_room(ran.err, path)
    assert contents(fleetsynth.folder) == {}


@pytest.mark.parametrize("ending", FORMATS)
def test_an_existing_file_survives_a_run_that_fails(fleetsynth: Fleetsynth, ending: str) -> None:
    (fleetsynth.folder / f"fleet{ending}").write_bytes(b"mine")
    path = f"fleet{ending}"
    ran = fleetsynth("generate", *SMALL, "-o", path, "--overwrite", before=room(1000))
    assert ran.code == 1
    no_room(ran.err, path)
    assert contents(fleetsynth.folder) == {path: b"mine"}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("config", "init", "new/a.yaml"), "new/a.yaml"),
        (("config", "schema", "-o", "new/a.json"), "new/a.json"),
        (("preview", "--end", "2022-01-07", "-o", "new/a.png"), "new/a.png"),
    ],
)
def test_other_outputs_leave_nothing_either(
    fleetsynth: Fleetsynth, fonts: dict[str, str], arguments: tuple[str, ...], path: str
) -> None:
    ran = fleetsynth(*arguments, before=room(1000), env=fonts)
    assert ran.code == 1
    no_room(ran.err, path)
    assert contents(fleetsynth.folder) == {}
