"""A process that makes parts. Every heavy import waits until it has begun."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from fleetsynth.startup import lose_no_signal, start_lightly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from fleetsynth.dataset.job import Job, PartRecord


class Worker:
    """One process that makes parts, and another in its place if it is lost.

    In a pool of several, the loss of one would end all, and not say whose part was the cause.
    """

    def __init__(self) -> None:
        self._pool = self._start()

    def submit(self, make: Callable[..., PartRecord], job: Job, index: int) -> Future[PartRecord]:
        """Begin to make a part."""
        with _holding_back_ctrl_c():  # a process that is started meanwhile inherits that
            try:
                return self._pool.submit(_make, make, job, index)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(_make, make, job, index)

    def stop(self) -> None:
        """End when the part under way has ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        # A fresh interpreter: forked ones inherit Arrow's threads half-alive.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_begin)


@contextmanager
def _holding_back_ctrl_c() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Let a worker end quietly on Ctrl-C, and together with the process that started it."""
    signal.signal(signal.SIGINT, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent:
            parent.join()
        _leave()

    Thread(target=follow, daemon=True).start()
    start_lightly()
    lose_no_signal()


def _make(make: Callable[..., PartRecord], job: Job, index: int) -> PartRecord:
    """Make a part in a worker; on Ctrl-C, stop and tidy up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return make(job, index)
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    os._exit(1)
