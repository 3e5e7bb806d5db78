"""Calendar columns against the timestamps that they stand beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, Days, ahead
from fleetsynth.plan import CALENDAR_COLUMNS
from fleetsynth.validate.places import Faults, moment
from fleetsynth.validate.rows import MISSING
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.validate.fleet import ServerCheck
    from fleetsynth.validate.rows import Columns, Rows

    Ints = NDArray[np.int64]

NOT_CHECKED = "not checked: no scenario says whose holidays they are"
_LONGEST = 200 * 366
"""A batch that spans more days than this is not compared with the calendar."""


class CalendarCheck:
    """Compares calendar columns with the clock, and is_holiday by the country of the server.

    Which country that is, a scenario says; without one is_holiday is not checked.
    """

    def __init__(
        self,
        columns: Columns,
        plan: Plan | None,
        servers: ServerCheck,
        zone: Callable[[], str] = str,
    ) -> None:
        self._zone = zone
        self._columns = columns
        self._plan = plan
        self._servers = servers
        self._faults: dict[str, Faults] = {}
        self._unchecked: dict[str, None] = {}

    def update(self, rows: Rows) -> None:
        """Take rows."""
        if not rows.calendar or not len(rows):
            return
        timed = rows.micros != MISSING
        seconds = np.where(timed, rows.micros, rows.micros[timed][0] if timed.any() else 0) // 10**6
        zone = self._zone()
        day = (seconds + ahead(zone, seconds) if zone else seconds) // DAY_SECONDS
        first, last = int(day.min()), int(day.max())
        if last - first > _LONGEST:
            return
        days = Days(first, last)
        names = list(self._columns.servers)
        for column, found in rows.calendar.items():
            field = CALENDAR_COLUMNS[column]
            if not field and self._plan is None:
                self._unchecked[column] = None
                continue
            if field:
                expected = getattr(days, field).astype(np.int64)[day - first]
            else:
                expected = self._holidays(days, day - first, rows)
            self._faults.setdefault(column, Faults()).add(
                timed & (found != expected),
                lambda row, found=found, expected=expected: (  # type: ignore[misc]
                    f"{names[rows.server[row]]} {moment(int(rows.micros[row]))}: "
                    f"{_shown(found[row])}, not {expected[row]}"
                ),
            )

    def _holidays(self, days: Days, day: Ints, rows: Rows) -> Ints:
        plan = self._plan
        if plan is None:
            return days.is_holiday("US").astype(np.int64)[day]
        out = plan.is_holiday(days, "US").astype(np.int64)[day]
        in_plan = self._servers.in_plan()
        countries = {
            server: plan.countries(int(in_plan[server]), int(in_plan[server]) + 1)[0]
            for server in np.flatnonzero(np.bincount(rows.server)).tolist()
            if in_plan[server] >= 0
        }
        for country in set(countries.values()) - {"US"}:
            there = np.isin(rows.server, [n for n, c in countries.items() if c == country])
            out[there] = plan.is_holiday(days, country)[day[there]]
        return out

    def verdicts(self) -> Iterator[Verdict]:
        """Return a verdict per column."""
        for column, faults in self._faults.items():
            yield faults.verdict(
                "calendar", "{count} rows are not what the timestamp says", "follows the clock",
                column,
            )  # fmt: skip
        for column in self._unchecked:
            yield Verdict("calendar", "untestable", NOT_CHECKED, column)


def _shown(value: int) -> str:
    return "nothing" if value == MISSING else str(value)
