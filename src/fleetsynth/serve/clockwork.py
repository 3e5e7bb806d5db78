"""The wall clock and the scenario's: what time it is there, at some speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Replay(NamedTuple):
    """How the scenario's time goes with the wall clock's.

    Attributes:
        at_ms: the scenario's time when the replay began, in milliseconds since the Unix epoch.
        began_ms: the wall clock's time then.
        speed: seconds of the scenario in a second of the wall clock.
    """

    at_ms: int
    began_ms: int
    speed: float = 1.0

    def scenario_ms(self, wall_ms: int) -> int:
        """Return the scenario's time at a time of the wall clock."""
        return self.at_ms + round((wall_ms - self.began_ms) * self.speed)

    def wall_seconds(self, seconds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return when it is some times of the scenario by the wall clock, in seconds each."""
        out: NDArray[np.float64] = (seconds * 1000 - self.at_ms) / self.speed
        return np.round((out + self.began_ms) / 1000, 3)
