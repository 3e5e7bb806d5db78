"""This machine: parts in this process, or in several."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from fleetsynth.errors import OutputError, UsageError
from fleetsynth.folders.engines.worker import Worker, WorkerLostError
from fleetsynth.folders.job import make_part
from fleetsynth.pipeline import available_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.part_record import PartRecord

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
        workers = [Worker() for _ in range(min(self.workers, len(indices)))]
        try:
            yield from self._run(job, indices, workers)
        finally:
            for worker in workers:
                worker.tell_to_stop()
            for worker in workers:
                worker.stop()

    def _run(self, job: Job, indices: Sequence[int], workers: list[Worker]) -> Iterator[PartRecord]:
        waiting, attempts, idle = deque(indices), Counter[int](), list(workers)
        running: dict[Connection, tuple[int, Worker]] = {}
        failure: Exception | None = None
        while running or (waiting and not failure):
            # No more than the workers can start: an error must not find a long queue.
            while waiting and idle and not failure:
                index, worker = waiting.popleft(), idle.pop()
                worker.submit(self.make, job, index)
                running[worker.connection] = index, worker
            ready = wait(list(running))
            for connection in [each for each in running if each in ready]:
                index, worker = running.pop(connection)
                idle.append(worker)
                attempts[index] += 1
                try:
                    yield worker.result()
                except WorkerLostError:
                    if attempts[index] < ATTEMPTS:
                        waiting.append(index)
                        continue
                    failure = failure or OutputError(
                        "a worker was killed, and again when its part was repeated; this is often "
                        "the system running out of memory: try fewer workers"
                    )
                except Exception as error:  # noqa: BLE001 - raised when the others have ended
                    failure = failure or error
        if failure:
            raise failure


def open_engine(
    *, workers: int | None, master: str | None, progress: Callable[[int], None]
) -> LocalEngine:
    """Return the engine with so many processes; None for one per processor."""
    if master is not None:
        raise UsageError("master=... is for Spark: say engine='spark'")
    return LocalEngine(workers or available_workers(), progress)
