"""The table: a row for every server and metric, and for every group of servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.estimate import FULL, NOT_JUDGED, Status
from fleetsynth.capacity.fits import MACHINE, priced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.fits import Fits
    from fleetsynth.capacity.remedies import Remedy

    Row = dict[str, Any]

SCOPES = {
    "server": "",
    "service": "service",
    "archetype": "server_type",
    "unit": "business_unit",
    "region": "region",
}
"""What a row can speak of, and the label whose values name it."""

LABELS = ("service", "server_type", "business_unit", "region", "criticality")
COUNTS = (
    "servers",
    "above",
    "within_90d",
    "within_365d",
    "later",
    "peaks_only",
    "no_trend",
    "not_judged",
)
"""What is counted of a group's servers; each but the first is a part of it."""

_ORDER = (
    Status.ABOVE,
    Status.DATED,
    Status.PEAKS,
    Status.LATER,
    Status.CONSTANT_FULL,
    Status.LEVEL,
    Status.FALLING,
    Status.CONSTANT,
    Status.SHORT,
    Status.ENDED,
)
"""From what needs somebody first to what needs nobody."""
_PLACE = {status.value: place for place, status in enumerate(_ORDER)}
_TOGETHER = 1024
"""Rows that are made together."""
_EPOCH = date(1970, 1, 1)
DIGITS = {
    "trend_month": 2,
    "trend_month_low": 2,
    "trend_month_high": 2,
    "risk_90d": 3,
    "risk_365d": 3,
    "usable": 2,
}


@lru_cache(maxsize=1 << 16)
def _iso(begin: date, days: int) -> str:
    return (begin + timedelta(days)).isoformat()


@lru_cache(maxsize=1 << 12)
def _status(status: str, years: float) -> str:
    return status.format(years=f"{years:g}")


def _known(values: NDArray[np.float64]) -> list[float | None]:
    """Return plain numbers, None for those that are not there."""
    return [value if value == value else None for value in values.tolist()]


def _whole(values: NDArray[np.float64]) -> list[int | None]:
    return [round(value) if value == value else None for value in values.tolist()]


@dataclass(frozen=True)
class Columns:
    """All servers' rows, by column: few objects, however many servers.

    Attributes:
        last: the last day of the data, from which days are counted.
        levels: names of the levels, such as 80, usable and 100.
        texts: codes of each text column, and the words behind them.
        status: shape (rows,).
        years: of each row's horizon.
        numbers: of each numeric column, rounded, NaN where there is none.
        days: early, as likely as not and late, by level.
        remedies: what would help, by row.
        notes: what else is to be said, by row.
        lead_time: days that an order takes, if that is known.
        fits: what servers are and would do with, if that is known.
    """

    last: date
    levels: list[str]
    texts: dict[str, tuple[NDArray[np.int64], list[str]]]
    status: NDArray[np.object_]
    years: NDArray[np.float64]
    numbers: dict[str, NDArray[np.float64]]
    days: dict[str, NDArray[np.float64]]
    remedies: dict[int, list[Remedy]]
    notes: dict[int, str]
    lead_time: int | None
    fits: Fits | None = None

    def __len__(self) -> int:
        return len(self.status)

    def order(self) -> NDArray[np.int64]:
        """Return the rows, what needs somebody first."""
        place = np.array([_PLACE[str(status)] for status in self.status], np.int64)
        days = np.nan_to_num(self.days["days_usable"], nan=np.inf)
        risk = -np.nan_to_num(self.numbers["risk_365d"], nan=0.0)
        now = -np.nan_to_num(self.numbers["now"], nan=-1.0)
        codes, names = self.texts["server"]
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(np.array(names, dtype=object), kind="stable")] = np.arange(len(names))
        return np.lexsort((rank[codes], now, risk, days, place))

    def names(self) -> list[str]:
        """Return the keys of a row, in order."""
        out = ["scope", "name", *LABELS, "metric", "statistic", "status", *self.numbers, "growth"]
        kinds = ("early", "date", "late", "days")
        out += [f"{kind}_{level}" for level in self.levels for kind in kinds]
        return [
            *out,
            "last_sample",
            "order_by",
            "order_by_early",
            "help",
            "note",
            *(MACHINE if self.fits else ()),
            "member",
            *COUNTS,
        ]

    def rows(self, chosen: Sequence[int] | NDArray[np.int64]) -> Iterator[Row]:
        """Yield the rows of some servers and metrics, in the order that is asked for."""
        names = self.names()
        for first in range(0, len(chosen), _TOGETHER):
            at = np.asarray(chosen[first : first + _TOGETHER], np.int64)
            for values in zip(*self._lists(at), strict=True):
                yield dict(zip(names, values, strict=True))

    def _lists(self, at: NDArray[np.int64]) -> list[list[Any]]:
        """Return the values of some rows, a list for each of the names."""
        nothing = [None] * len(at)
        out = [["server"] * len(at), self._words("server", at)]
        out += [self._words(name, at) for name in (*LABELS, "metric", "statistic")]
        years = zip(self.status[at], self.years[at].tolist(), strict=True)
        out.append([_status(str(status), each) for status, each in years])
        for name, values in self.numbers.items():
            out.append((_whole if name == "weeks" else _known)(values[at]))
        out.append(self._words("growth", at))
        dates = {}
        for level in self.levels:
            early, days, late = (
                _whole(self.days[f"{kind}_{level}"][at]) for kind in ("early", "days", "late")
            )
            dates[level] = [[self._date(day) for day in each] for each in (early, days, late)]
            out += [*dates[level], days]
        out.append([_iso(_EPOCH, int(day)) for day in self.days["last_sample"][at].tolist()])
        first, middle, _ = dates["usable"]
        out += [[self._ordered(day) for day in each] for each in (middle, first)]
        rows = at.tolist()
        out += [list(map(self._help, rows)), list(map(self.notes.get, rows))]
        out += self.fits.lists(at) if self.fits else []
        out.append(nothing)
        return [*out, *([nothing] * len(COUNTS))]

    def _words(self, name: str, at: NDArray[np.int64]) -> list[Any]:
        """Return rows' texts of a column, None where there is none."""
        codes, words = self.texts[name]
        return [words[code] if code >= 0 else None for code in codes[at].tolist()]

    def _date(self, days: int | None) -> str | None:
        return None if days is None else _iso(self.last, days)

    def _ordered(self, day: str | None) -> str | None:
        """Return by when to order, so that it is there by a day."""
        if self.lead_time is None or day is None:
            return None
        return (date.fromisoformat(day) - timedelta(self.lead_time)).isoformat()

    def _help(self, i: int) -> list[Row]:
        return [
            {
                "action": each.action,
                "from": round(each.before, 1),
                "to": round(each.after, 1),
                "days": each.days,
                "date": self._date(each.days),
                **priced(each, self._words("metric", np.array([i]))[0]),
            }
            for each in self.remedies.get(i, [])
        ]


def server_rows(columns: Columns, order: NDArray[np.int64] | None = None) -> Iterator[Row]:
    """Yield servers' rows, what needs somebody first."""
    yield from columns.rows(columns.order() if order is None else order)


def group_rows(columns: Columns, scope: str) -> Iterator[Row]:
    """Yield a row for each group of servers and metric: its earliest member, and counts."""
    label = SCOPES[scope]
    order = columns.order()
    codes, words = columns.texts[label]
    metrics = columns.texts["metric"][0]
    counted = kinds(columns)
    groups: dict[tuple[int, int], list[int]] = {}
    for i in order[codes[order] >= 0].tolist():
        groups.setdefault((int(codes[i]), int(metrics[i])), []).append(i)
    earliest = columns.rows([members[0] for members in groups.values()])
    for ((code, _), members), first in zip(groups.items(), earliest, strict=True):
        same = {name: first[name] for name in LABELS}
        for name in LABELS:
            own = columns.texts[name][0][members]
            same[name] = first[name] if (own == own[0]).all() else None
        counts = np.bincount(counted[members], minlength=len(COUNTS))
        counts[0] = len(members)
        yield (
            first
            | same
            | {"scope": scope, "name": words[code], "member": first["name"]}
            | (columns.fits.together(members) if columns.fits else {})
            | dict(zip(COUNTS, counts.tolist(), strict=True))
        )


def rows(columns: Columns, by: str | None, top: int | None = None) -> Iterator[Row]:
    """Yield the rows of one scope, or of all; of each scope the first `top`."""
    for scope in SCOPES if by is None else (by,):
        if scope == "server":
            yield from server_rows(columns, columns.order()[:top])
            continue
        for place, row in enumerate(group_rows(columns, scope)):
            if top is not None and place >= top:
                break
            yield row


def full_within(columns: Columns, days: int) -> NDArray[np.int64]:
    """Return the rows of what is full, or will as likely as not be within some days."""
    left = np.nan_to_num(columns.days["days_usable"], nan=np.inf)
    full = np.isin(columns.status, FULL)
    dated = (columns.status == Status.DATED) & (left <= days)
    return np.flatnonzero(full | dated)


def not_judged(columns: Columns) -> int:
    """Return how many rows nothing is said of: they are too short, or have ended."""
    return int(np.isin(columns.status, NOT_JUDGED).sum())


def kinds(columns: Columns) -> NDArray[np.int64]:
    """Return as what each row is counted, by its place among `COUNTS`."""
    left = np.nan_to_num(columns.days["days_usable"], nan=np.inf)
    dated = columns.status == Status.DATED
    out = np.full(len(columns), COUNTS.index("no_trend"))
    out[np.isin(columns.status, NOT_JUDGED)] = COUNTS.index("not_judged")
    out[columns.status == Status.PEAKS] = COUNTS.index("peaks_only")
    out[dated | (columns.status == Status.LATER)] = COUNTS.index("later")
    out[dated & (left <= 365)] = COUNTS.index("within_365d")
    out[dated & (left <= 90)] = COUNTS.index("within_90d")
    out[np.isin(columns.status, FULL)] = COUNTS.index("above")
    return out
