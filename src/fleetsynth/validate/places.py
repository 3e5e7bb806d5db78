"""The first few places where something is wrong, and how often it is in all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

SHOWN = 5
ALLOWED = ", as the scenario allows"


@dataclass
class Faults:
    """Counts faults of one kind, and remembers the first.

    Attributes:
        count: how many there were.
        places: where the first were.
    """

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, rows: NDArray[np.bool_], place: Callable[[int], str]) -> None:
        """Count the rows that are marked; `place` says where a row is."""
        hits = np.flatnonzero(rows)
        self.count += len(hits)
        for row in hits[: SHOWN - len(self.places)].tolist():
            self.places.append(place(row))

    def note(self, places: Iterable[str], count: int | None = None) -> None:
        """Count places that are already in words."""
        named = list(places)
        self.count += len(named) if count is None else count
        self.places += named[: SHOWN - len(self.places)]

    def verdict(
        self, name: str, wrong: str, right: str, subject: str = "", *, allowed: bool = False
    ) -> Verdict:
        """Return a verdict; `wrong` may have a place for the count.

        What is `allowed`, since the scenario speaks of such data, is counted and no failure.
        """
        if self.count:
            found = wrong.format(count=f"{self.count:,}")
            if allowed:
                return Verdict(name, "ok", f"{found}{ALLOWED}", subject, tuple(self.places))
            return Verdict(name, "fail", found, subject, tuple(self.places))
        return Verdict(name, "ok", right, subject)


def moment(micros: int) -> str:
    """Write a timestamp, without a time of day where it is midnight."""
    text = str(np.datetime64(micros, "us").astype("datetime64[s]"))
    return text.replace("T", " ").removesuffix(" 00:00:00")
