"""A process that makes parts. Every heavy import waits until it has begun."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pickle import PicklingError
from threading import Thread
from traceback import format_exc
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from fleetsynth.errors import FleetsynthError, OutputError
from fleetsynth.startup import SHELL_SIGNALS, lose_no_signal, start_lightly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.part_record import PartRecord

GRACE_SECONDS = 4.0
"""How long workers may take to tidy up when they are told to stop, before they are killed; what is
left then, the next run removes."""
_ENDING = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


class WorkerLostError(OutputError):
    """A worker ended before its part did; the system kills processes when memory runs out."""


class Worker:
    """One process that makes parts, one at a time, and another in its place if it is lost.

    Attributes:
        connection: becomes ready when the part has been made, or the process is lost.
    """

    connection: Connection

    def __init__(self) -> None:
        self._start()

    def submit(self, make: Callable[..., PartRecord], job: Job, index: int) -> None:
        """Begin to make a part."""
        if not self._process.is_alive():
            self._start()
        with suppress(BrokenPipeError):  # lost at this moment: `result` will say so
            self.connection.send((make, job, index))

    def result(self) -> PartRecord:
        """Return the record of the part, waiting for it.

        Raises:
            WorkerLostError: if the process is gone.
            Exception: what making the part raised.
        """
        try:
            found = self.connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise WorkerLostError("a worker was killed") from None
        if isinstance(found, BaseException):
            raise found
        record: PartRecord = found
        return record

    def tell_to_stop(self) -> None:
        """Ask the process to end, in the middle of its part if it has one."""
        self._patience_ends = time.monotonic() + GRACE_SECONDS
        self.connection.close()
        self._process.terminate()

    def stop(self) -> None:
        """Wait until the process, told to stop, has tidied up; kill it if that takes too long."""
        self._process.join(max(0.0, self._patience_ends - time.monotonic()))
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _start(self) -> None:
        # A fresh interpreter: forked ones inherit Arrow's threads half-alive.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
        with _holding_back_ctrl_c(), _without_main():  # the new process inherits both
            self._process.start()
        theirs.close()


@contextmanager
def _holding_back_ctrl_c() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep a new process from running the caller's script again, which may not expect that.

    Whatever parts are made of lies in modules, and none of it in a script.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(connection: Connection, parent: int) -> None:
    """Make parts until there is nobody left to ask for them."""
    _end_together_with(parent)
    for number in _ENDING:
        signal.signal(number, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(_ENDING))
    start_lightly()
    lose_no_signal(_unwind_on_signals)
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send(_answer(*connection.recv()))


def _answer(make: Callable[..., PartRecord], job: Job, index: int) -> Any:
    """Make a part; return its record, or what went wrong."""
    _unwind_on_signals()
    try:
        return make(job, index)
    except FleetsynthError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, the run is told
        error.add_note(format_exc())
        return _sendable(error)
    finally:
        for number in _ENDING:
            signal.signal(number, _leave)


def _sendable(error: Exception) -> Exception:
    try:
        multiprocessing.reduction.ForkingPickler.dumps(error)
    except (PicklingError, TypeError, AttributeError):
        return RuntimeError(format_exc())
    return error


def _unwind_on_signals() -> None:
    for number in _ENDING:
        signal.signal(number, _unwind)


def _unwind(number: int, _frame: object) -> NoReturn:
    """Tidy up and end; no second signal must interrupt that."""
    for other in _ENDING:
        signal.signal(other, _take_no_notice)
    raise SystemExit(SHELL_SIGNALS + number)


def _take_no_notice(*_: object) -> None:
    """Let a signal pass; were it ignored, Python would complain of one that is under way."""


def _leave(*_: object) -> None:
    os._exit(1)


def _end_together_with(parent: int) -> None:
    """See to it that this process ends with the one that started it, however that ends."""
    if sys.platform == "linux":  # at once, even in the middle of a computation
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        _leave()
    above = multiprocessing.parent_process()

    def follow() -> None:
        if above:
            above.join()
        _leave()

    Thread(target=follow, daemon=True).start()
