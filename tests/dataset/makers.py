"""Ways to make a part that fail on purpose; importable by the workers of every engine.

What has happened already is remembered in files beside the folder, for a worker that is killed
remembers nothing.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from fleetsynth.errors import OutputError
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord

FAULTY = 3
"""The number of the part that fails."""


def attempts(folder: Path | str, index: int) -> int:
    """How often a part was tried by a maker that counts."""
    return len(list(_notes(folder).glob(f"{index}-*")))


def killed_once(job: Job, index: int, *_: object) -> PartRecord:
    """At the first attempt of one part, kill the process that makes it."""
    if _attempt(job, index) == 1 and index == FAULTY:
        _die()
    return make_part(job, index)


def killed_once_each(job: Job, index: int, *_: object) -> PartRecord:
    """At the first attempt of every part, kill the process that makes it."""
    if _attempt(job, index) == 1:
        _die()
    return make_part(job, index)


def killed_when_done(job: Job, index: int, *_: object) -> PartRecord:
    """Publish one part, and kill the process before it can tell."""
    record = make_part(job, index)
    if _attempt(job, index) == 1 and index == FAULTY:
        _die()
    return record


def killed_always(job: Job, index: int, *_: object) -> PartRecord:
    """Kill the process whenever one part is tried."""
    _attempt(job, index)
    if index == FAULTY:
        _die()
    return make_part(job, index)


def failing_once(job: Job, index: int, *_: object) -> PartRecord:
    """At the first attempt of one part, raise what nobody expects."""
    if _attempt(job, index) == 1 and index == FAULTY:
        raise RuntimeError("a passing failure")
    return make_part(job, index)


def failing_always(job: Job, index: int, *_: object) -> PartRecord:
    """Fail whenever one part is tried."""
    _attempt(job, index)
    if index == FAULTY:
        raise OutputError("there is no room for this part")
    return make_part(job, index)


def made_twice(job: Job, index: int, *_: object) -> PartRecord:
    """Make every part twice, as if two workers had not known of each other."""
    _attempt(job, index)
    first = make_part(job, index)
    assert make_part(job, index) == first
    return first


def busy_when_the_parent_dies(*_: object) -> None:
    """Kill the process that asked, while no other thread of this one can run."""
    sys.setswitchinterval(1_000)
    os.write(1, b"killing ")
    os.kill(os.getppid(), signal.SIGKILL)
    without_letting_go = ctypes.PyDLL(None)
    without_letting_go.sleep(3)
    without_letting_go.write(1, b"and still alive", 15)


def first_fails(folder: str, index: int, *_: object) -> int:
    """Fail at the part of number 0; note all, and end the others a moment after that failed."""
    Path(folder, str(index)).touch()
    if index == 0:
        raise OutputError("there is no room for this part")
    while not Path(folder, "0").exists():
        time.sleep(0.01)
    time.sleep(1)
    return index


def deaf(*_: object) -> None:
    """Say so, and take no notice of signals for a while."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    frame = sys._getframe(2)
    frame.f_locals["connection"].send("deaf")
    time.sleep(60)


def told_while_finalizing(folder: str, *_: object) -> None:
    """Be told to stop while an object is finalized, where Python ignores what is raised."""

    class Told:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    try:
        Told()
        time.sleep(30)
        Path(folder, "never told").touch()
    finally:
        Path(folder, "tidied up").touch()


def _attempt(job: Job, index: int) -> int:
    """Note an attempt; return its number, from 1."""
    notes = _notes(job.url)
    notes.mkdir(exist_ok=True)
    number = len(list(notes.glob(f"{index}-*"))) + 1
    (notes / f"{index}-{number}").touch()
    return number


def _notes(folder: Path | str) -> Path:
    return Path(f"{folder}.attempts")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
