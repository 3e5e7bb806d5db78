"""Apache Spark: one task per part. Needs pyspark 3.5 or newer, but older than 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import OutputError, UsageError
from fleetsynth.folders.job import make_part, read_record
from fleetsynth.stores.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.part_record import PartRecord


@dataclass(frozen=True)
class SparkEngine:
    """Parts as tasks of a Spark job, which repeats those that fail or lose their worker.

    Tasks write their parts and records themselves, and safely so when Spark runs one twice; the
    driver reads the records when all tasks are done.

    Attributes:
        session: a SparkSession whose Python workers can import fleetsynth.
        make: what makes a part.
    """

    session: Any
    make: Callable[[Job, int], PartRecord] = make_part

    def run(self, job: Job, indices: Sequence[int]) -> Iterator[PartRecord]:
        """Make parts; see `Engine.run`."""
        if not indices:
            return
        numbers, make = tuple(indices), self.make

        def tasks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                made = [make(job, numbers[at]).index for at in batch.column(0).to_pylist()]
                yield pa.RecordBatch.from_pydict({"part": pa.array(made, pa.int64())})

        rows = self.session.range(0, len(numbers), 1, len(numbers)).mapInArrow(tasks, "part bigint")
        failure: Exception | None = None
        try:
            rows.collect()
        except Exception as error:  # noqa: BLE001 - whatever Spark's version makes of it
            failure = error
        store = open_store(job.url)
        yield from filter(None, (read_record(store, job, index) for index in numbers))
        if failure:
            raise OutputError(f"the Spark job failed: {_reason(failure)}") from failure


def open_engine(*, master: str | None, **_others: Any) -> SparkEngine:
    """Return the engine at `master`; how many workers there are, Spark decides."""
    return SparkEngine(open_session(master))


def open_session(master: str | None) -> Any:
    """Return the session of this process, or a new one at `master`.

    Raises:
        UsageError: if pyspark is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        message = "the Spark engine needs pyspark: pip install 'fleetsynth[spark]'"
        raise UsageError(message) from None
    builder = SparkSession.builder.appName("fleetsynth")
    return (builder.master(master) if master else builder).getOrCreate()


def _reason(error: Exception) -> str:
    """Find the line that says what a task died of, among Spark's many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("fleetsynth.errors.")]
    named = [line for line in lines if "Error: " in line and not line.startswith("at ")]
    return (ours or named[-1:] or lines or [type(error).__name__])[-1]
