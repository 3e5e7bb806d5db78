"""An engine that tests add: it makes the last part first."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord


class BackwardsEngine:
    """Parts in this process, the last one first."""

    def run(self, job: Job, indices: Sequence[int]) -> Iterator[PartRecord]:
        """Make parts."""
        for index in reversed(indices):
            yield make_part(job, index)


def open_engine(**_options: Any) -> BackwardsEngine:
    """Return the engine."""
    return BackwardsEngine()
