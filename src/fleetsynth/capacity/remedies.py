"""What would help, and what each would buy: only what the data carry.

Where types are not known, one size up is twice the size, and else the next type of the family; what
that is in cores or GiB is said where sizes are known. One replica more takes its share of the load
as a failover would: of n alike, each is left with n / (n + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity import passage
from fleetsynth.capacity.course import LOADS, oftener
from fleetsynth.capacity.estimate import MIDDLE, Status
from fleetsynth.capacity.machines import OF
from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.course import Course
    from fleetsynth.capacity.estimate import Outlook
    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.machines import Machines
    from fleetsynth.capacity.trend import Line
    from fleetsynth.instances import InstanceType

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

REPLICA, SIZE_UP, SIZE_DOWN = "one replica more", "one size up", "one size down"
RESETS = {"disk": "clean up more often", "memory": "restart more often"}
_SIZE = 2.0
_OFTENER = 0.5
_IDLE = [Status.LEVEL, Status.FALLING, Status.LATER, Status.CONSTANT]
_LEAST_DAYS = 14
"""Days below which something buys too little to be named."""


class Remedy(NamedTuple):
    """One thing that would help.

    Attributes:
        action: what to do.
        before: replicas, size, or days between resets, as they are.
        after: as they would be.
        days: until the usable capacity is reached then; None for not within the horizon.
        types: of the server, before and after, where types are known.
        sizes: what the server has of the metrics of `OF`, where its type is not known and that is.
    """

    action: str
    before: float
    after: float
    days: int | None
    types: tuple[InstanceType, InstanceType] | None = None
    sizes: tuple[float, ...] | None = None


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
    machines: Machines | None = None

    @property
    def typed(self) -> NDArray[np.bool_]:
        """Of which series a type says what there is, shape (series,)."""
        if self.machines is None or self.metric not in OF:
            return np.zeros(len(self.usable), np.bool_)
        out: NDArray[np.bool_] = self.machines.now >= 0
        return out


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
    typed = case.typed
    _larger(out, case, needy[typed[needy]])
    needy = needy[~typed[needy]]
    sizes = ([1.0] * len(needy), [_SIZE] * len(needy))
    _note(out, case, needy, (SIZE_UP, *sizes), _days(case, needy, _SIZE))
    _smaller(out, case)
    if case.machines is not None:
        out = {row: [_priced(each, case, row) for each in found] for row, found in out.items()}
    return {row: found for row, found in out.items() if found}


def _larger(out: dict[int, list[Remedy]], case: Case, rows: Ints) -> None:
    """Note the next type of each server's family that has more."""
    machines = case.machines
    if machines is None:
        return
    next_of = [machines.larger(case.metric, row) for row in rows.tolist()]
    there = np.array([each is not None for each in next_of], np.bool_)
    rows, larger = rows[there], [each for each in next_of if each is not None]
    before = machines.has[rows, OF[case.metric]]
    after = np.array([each.capacities[OF[case.metric]] for each in larger])
    change = (SIZE_UP, before.tolist(), after.tolist())
    _note(out, case, rows, change, _days(case, rows, after / before))


def _priced(remedy: Remedy, case: Case, row: int) -> Remedy:
    """Name the types, or sizes, of a remedy that is of whole servers."""
    machines = case.machines
    if machines is None or case.metric not in OF or remedy.action in RESETS.values():
        return remedy
    if machines.now[row] < 0:
        return _sized(remedy, machines.has[row], case.metric)
    if remedy.action == SIZE_DOWN:
        return remedy
    now = machines.types.types[int(machines.now[row])]
    larger = machines.larger(case.metric, row)
    after = larger if remedy.action == SIZE_UP and larger is not None else now
    return remedy._replace(types=(now, after))


def _sized(remedy: Remedy, has: Floats, metric: str) -> Remedy:
    """Say a change of size in what a server has, if that is known."""
    size = float(has[OF[metric]])
    if size != size:
        return remedy
    times = 1.0 if remedy.action == REPLICA else size
    before, after = remedy.before * times, remedy.after * times
    return remedy._replace(before=before, after=after, sizes=tuple(has.tolist()))


def least(case: Case) -> Floats:
    """Return the smallest size among those of the types that lasts, infinity where none is sure.

    It holds what was used lately with its headroom, and what is to come, as far as dates are given.
    What a server has is the largest that is tried.
    """
    machines = case.machines
    out = np.full(len(case.usable), np.inf)
    if machines is None or case.metric not in OF:
        return out
    has = machines.has[:, OF[case.metric]]
    sizes = np.unique(machines.sizes(case.metric, np.arange(len(machines.types.types))))
    rows = np.flatnonzero(np.isin(case.outlook.status, _IDLE) & case.typed)
    need = has[rows] * case.looked.used[rows] / case.usable[rows]
    place = np.searchsorted(sizes, need)
    while len(rows):
        tried = np.append(sizes, np.inf)[place]
        last = tried >= has[rows]
        out[rows[last]] = has[rows[last]]
        rows, place, tried = rows[~last], place[~last] + 1, tried[~last]
        lasts = _days(case, rows, tried / has[rows]) > case.outlook.horizon[rows]
        out[rows[lasts]] = tried[lasts]
        rows, place = rows[~lasts], place[~lasts]
    return out


def _smaller(out: dict[int, list[Remedy]], case: Case) -> None:
    """Note what could be half the size, and for how long that would do."""
    rows = np.flatnonzero(
        np.isin(case.outlook.status, _IDLE)
        & (case.looked.used * _SIZE <= case.usable)
        & ~case.typed
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
