"""What would help, and what each would buy: only what the data carry.

Until capacities are known, one size up is twice the size, and one replica more takes its share of
the load as a failover would: of n alike, each is left with n / (n + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity import passage
from fleetsynth.capacity.course import LOADS, oftener
from fleetsynth.capacity.estimate import MIDDLE, Status
from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.course import Course
    from fleetsynth.capacity.estimate import Outlook
    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

REPLICA, SIZE_UP, SIZE_DOWN = "one replica more", "one size up", "one size down"
RESETS = {"disk": "clean up more often", "memory": "restart more often"}
_SIZE = 2.0
_OFTENER = 0.5
_LEAST_DAYS = 14
"""Days below which something buys too little to be named."""


class Remedy(NamedTuple):
    """One thing that would help.

    Attributes:
        action: what to do.
        before: replicas, size, or days between resets, as they are.
        after: as they would be.
        days: until the usable capacity is reached then; None for not within the horizon.
    """

    action: str
    before: float
    after: float
    days: int | None


@dataclass(frozen=True)
class Case:
    """The series of one metric, and what is known of them."""

    metric: str
    looked: Looked
    course: Course
    outlook: Outlook
    usable: Floats
    replicas: Ints
    offset: int


def remedies(case: Case) -> dict[int, list[Remedy]]:
    """Return what would help, by the place of the series."""
    status = case.outlook.status
    needy = np.flatnonzero(np.isin(status, [Status.ABOVE, Status.DATED, Status.PEAKS]))
    out: dict[int, list[Remedy]] = {int(row): [] for row in needy}
    if case.metric in RESETS:
        rows = np.array([row for row in needy.tolist() if row in case.course.saws], np.int64)
        line = oftener(case.course, rows, np.full(len(rows), _OFTENER)) if len(rows) else None
        every = [case.course.saws[row].days for row in rows.tolist()]
        after = [max(1.0, float(round(days * _OFTENER))) for days in every]
        before = [float(round(days)) for days in every]
        _note(out, case, rows, (RESETS[case.metric], before, after), _days(case, rows, 1.0, line))
    if case.metric in LOADS:
        rows = needy[case.replicas[needy] > 0]
        size = case.replicas[rows].astype(np.float64)
        found = _days(case, rows, (size + 1) / size)
        _note(out, case, rows, (REPLICA, size.tolist(), (size + 1).tolist()), found)
    sizes = ([1.0] * len(needy), [_SIZE] * len(needy))
    _note(out, case, needy, (SIZE_UP, *sizes), _days(case, needy, _SIZE))
    _smaller(out, case)
    return {row: found for row, found in out.items() if found}


def _smaller(out: dict[int, list[Remedy]], case: Case) -> None:
    """Note what could be half the size, and for how long that would do."""
    idle = [Status.LEVEL, Status.FALLING, Status.LATER, Status.CONSTANT]
    rows = np.flatnonzero(
        np.isin(case.outlook.status, idle) & (case.looked.used * _SIZE <= case.usable)
    )
    days = _days(case, rows, 1 / _SIZE)
    for row, found in zip(rows.tolist(), days.tolist(), strict=True):
        if found > case.outlook.horizon[row]:
            out[row] = [Remedy(SIZE_DOWN, 1.0, 1 / _SIZE, None)]


def _days(case: Case, rows: Ints, times: Floats | float, line: Line | None = None) -> Floats:
    """Return the days until some series reach their usable capacity, were it larger."""
    until = passage.ends(int(case.outlook.horizon.max(initial=WEEK)) // WEEK + 1)
    out = np.full(len(rows), np.inf)
    level = case.usable[rows] * times
    for first in range(0, len(rows), 512):
        some = slice(first, first + 512)
        own = None if line is None else line.rows(np.arange(len(rows))[some])
        chances = case.course.chance(rows[some], level[some], until, own, likely=True)
        out[some] = passage.days_until(chances, MIDDLE, until)
    left: Floats = np.maximum(out - case.offset, 0)
    return left


def _note(
    out: dict[int, list[Remedy]],
    case: Case,
    rows: Ints,
    change: tuple[str, list[float], list[float]],
    days: Floats,
) -> None:
    """Keep what buys time."""
    action, before, after = change
    now = np.nan_to_num(case.outlook.days_usable[rows], nan=0.0)
    for row, old, new, found, had in zip(
        rows.tolist(), before, after, days.tolist(), now.tolist(), strict=True
    ):
        if found >= had + _LEAST_DAYS and new != old:
            within = found <= case.outlook.horizon[row]
            out[row].append(Remedy(action, old, new, round(found) if within else None))
