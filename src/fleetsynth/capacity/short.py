"""Series that are too short to be judged, and full all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity.estimate import RECENT_DAYS, Status
from fleetsynth.capacity.weekly import RECENT_WEEKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.estimate import Outlook
    from fleetsynth.capacity.remedies import Case

NOTE = "above already, and too short for a trend"


def seen_full(case: Case, levels: NDArray[np.float64], last: int) -> Outlook:
    """Say of short series that they are above already where a breach was seen.

    A breach is something that was seen, and needs no trend: three of seven days at or above the
    usable capacity, in the last 28 days.

    Args:
        case: the series, and what is said of them by what lies ahead.
        levels: in percent, shape (levels, series).
        last: the last day of the whole dataset, from which days are counted.
    """
    said = case.outlook
    recent = case.course.figures[:, -RECENT_WEEKS:]
    highest = np.fmax.reduce(recent, axis=1, initial=-np.inf)
    above = (highest >= levels) & (case.looked.last_day > last - RECENT_DAYS)
    full = (said.status == Status.SHORT) & above[said.usable]
    if not full.any():
        return said
    return replace(
        said,
        status=np.where(full, Status.ABOVE, said.status),
        days=np.where(above & full, 0.0, said.days),
        risks=np.where(full, 1.0, said.risks),
    )
