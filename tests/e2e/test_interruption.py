"""Runs that are stopped in the middle of writing."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fleetsynth.formats import FORMATS
from tests.e2e.command import (
    INTERRUPTIBLE,
    SMALL,
    Fleetsynth,
    as_told_by_a_shell,
    contents,
)

ENDLESS = ("--servers", "2000", "--granularity", "hourly")
"""Half a minute of work that nobody waits for; more would be refused where little room is left."""


@contextmanager
def writing(fleetsynth: Fleetsynth, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a long run, and yield once the file that it writes has grown beyond its head."""
    with fleetsynth.start("generate", *ENDLESS, *arguments, before=INTERRUPTIBLE) as child:
        try:
            while not any(path.stat().st_size > 10_000 for path in fleetsynth.folder.rglob(".*")):
                assert child.poll() is None, "the run ended before it could be stopped"
                time.sleep(0.01)
            yield child
        finally:
            child.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "ending"),
    [
        *((signal.SIGINT, ending) for ending in FORMATS),
        (signal.SIGTERM, ".csv.gz"),  # unwinds as an interruption does, whatever is written
        (signal.SIGTERM, ".parquet"),
        (signal.SIGHUP, ".parquet"),
    ],
)
def test_a_run_that_is_stopped_leaves_nothing(
    fleetsynth: Fleetsynth, ending: str, sent: signal.Signals
) -> None:
    with writing(fleetsynth, "-o", f"new/deep/fleet{ending}") as child:
        child.send_signal(sent)
        out, err = child.communicate()
    code = as_told_by_a_shell(child.returncode)
    said = b"error: interrupted" if sent == signal.SIGINT else b""
    assert (code, out, err.strip()) == (128 + sent, b"", said)
    assert contents(fleetsynth.folder) == {}


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_existing_file_survives_a_run_that_is_stopped(
    fleetsynth: Fleetsynth, sent: signal.Signals
) -> None:
    (fleetsynth.folder / "fleet.parquet").write_bytes(b"mine")
    with writing(fleetsynth, "-o", "fleet.parquet", "--overwrite") as child:
        child.send_signal(sent)
    assert contents(fleetsynth.folder)["fleet.parquet"] == b"mine"


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_file_under_the_final_name(fleetsynth: Fleetsynth) -> None:
    with writing(fleetsynth, "-o", "fleet.parquet") as child:
        child.kill()
    (left,) = contents(fleetsynth.folder)
    assert re.fullmatch(r"\.fleet\.parquet\.\w+\.tmp", left)
    # What is left does not stand in the way.
    fleetsynth.prints("generate", *SMALL, "-o", "fleet.parquet", "--quiet")
    assert sorted(contents(fleetsynth.folder)) == [left, "fleet.parquet"]
