"""This machine: parts in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetsynth.dataset.job import make_part
from fleetsynth.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fleetsynth.dataset.job import Job, PartRecord

ATTEMPTS = 3
"""How often a part is tried whose worker disappears."""


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
                yield self.make(job, index, self.progress)
            return
        attempts = dict.fromkeys(indices, 0)
        while attempts:
            try:
                for record in self._run_pool(job, list(attempts)):
                    del attempts[record.index]
                    yield record
            except BrokenProcessPool:
                attempts = {index: tried + 1 for index, tried in attempts.items()}
                if max(attempts.values()) >= ATTEMPTS:
                    raise OutputError(
                        "a worker was killed, and again when its part was repeated; this is "
                        "often the system running out of memory: try fewer --workers"
                    ) from None

    def _run_pool(self, job: Job, indices: list[int]) -> Iterator[PartRecord]:
        # A fresh interpreter per worker: forked ones inherit Arrow's threads half-alive.
        context = multiprocessing.get_context("spawn")
        waiting = deque(indices)
        running: set[Future[PartRecord]] = set()
        pool = ProcessPoolExecutor(min(self.workers, len(indices)), mp_context=context)
        try:
            while waiting or running:
                # No more than the workers can start: an error must not find a long queue.
                while waiting and len(running) < self.workers:
                    running.add(pool.submit(self.make, job, waiting.popleft()))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
