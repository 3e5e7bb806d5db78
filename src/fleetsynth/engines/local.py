"""This machine: parts in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from fleetsynth.dataset.job import make_part
from fleetsynth.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fleetsynth.dataset.job import Job, PartRecord

ATTEMPTS = 3
"""How often a part is tried whose worker disappears."""


@dataclass(frozen=True)
class LocalEngine:
    """Parts in `workers` processes of this machine; with one, in this process itself.

    Attributes:
        workers: how many.
        progress: called with rows done of the current part; only with one worker.
        make: what makes a part.
    """

    workers: int = 1
    progress: Callable[[int], None] | None = None
    make: Callable[..., PartRecord] = make_part

    def run(self, job: Job, indices: Sequence[int]) -> Iterator[PartRecord]:
        """Make parts; see `Engine.run`."""
        if self.workers == 1 or len(indices) == 1:
            for index in indices:
                yield self.make(job, index, self.progress, self.workers)
            return
        workers = [_Worker() for _ in range(min(self.workers, len(indices)))]
        try:
            yield from self._run(job, indices, workers)
        finally:
            for worker in workers:
                worker.stop()

    def _run(self, job: Job, indices: Sequence[int], idle: list[_Worker]) -> Iterator[PartRecord]:
        waiting, attempts = deque(indices), Counter[int]()
        running: dict[Future[PartRecord], tuple[int, _Worker]] = {}
        failure: BaseException | None = None
        while running or (waiting and not failure):
            # No more than the workers can start: an error must not find a long queue.
            while waiting and idle and not failure:
                index, worker = waiting.popleft(), idle.pop()
                running[worker.submit(self.make, job, index)] = index, worker
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index, worker = running.pop(future)
                idle.append(worker)
                error = future.exception()
                attempts[index] += 1
                if error is None:
                    yield future.result()
                elif isinstance(error, BrokenProcessPool) and attempts[index] < ATTEMPTS:
                    waiting.append(index)
                else:
                    failure = failure or error
        if isinstance(failure, BrokenProcessPool):
            raise OutputError(
                "a worker was killed, and again when its part was repeated; this is often the "
                "system running out of memory: try fewer --workers"
            )
        if failure:
            raise failure


class _Worker:
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
        return ProcessPoolExecutor(1, mp_context=context, initializer=_begin_worker)


@contextmanager
def _holding_back_ctrl_c() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """Let a worker end quietly on Ctrl-C, and together with the process that started it."""
    signal.signal(signal.SIGINT, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent:
            parent.join()
        _leave()

    Thread(target=follow, daemon=True).start()


def _make(make: Callable[..., PartRecord], job: Job, index: int) -> PartRecord:
    """Make a part in a worker; on Ctrl-C, stop and tidy up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return make(job, index)
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    os._exit(1)
