"""What every engine can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.part_record import PartRecord


class Engine(Protocol):
    """Makes parts of a job, wherever it likes, in any order, at least once each.

    An engine calls `make_part` for each part; that is safe to repeat and to run twice at once.
    A part that fails for a passing reason (a lost worker) is tried again; one that fails for a
    lasting one raises its error, after the parts under way have ended. Parts that are published
    stay published.
    """

    def run(self, job: Job, indices: Sequence[int]) -> Iterator[PartRecord]:
        """Make the parts with these numbers; yield each record when its part is published."""
