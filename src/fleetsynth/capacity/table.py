"""The table: a row for every server and metric, and for every group of servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.estimate import FULL, NOT_JUDGED, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

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
            "member",
            *COUNTS,
        ]

    def row(self, i: int) -> Row:
        """Return one server's row."""
        out: Row = {"scope": "server", "name": self.word("server", i)}
        out |= {label: self.word(label, i) for label in LABELS}
        out |= {name: self.word(name, i) for name in ("metric", "statistic")}
        out["status"] = str(self.status[i]).format(years=f"{self.years[i]:g}")
        for name, values in self.numbers.items():
            value = values[i].item()
            out[name] = None if value != value else value
        out["weeks"] = int(out["weeks"])
        out["growth"] = self.word("growth", i)
        for level in self.levels:
            for kind in ("early", "date", "late", "days"):
                days = self.days[f"{'days' if kind == 'date' else kind}_{level}"][i].item()
                shown = round(days) if days == days else None
                out[f"{kind}_{level}"] = shown if kind == "days" else self._date(shown)
        out["last_sample"] = self._day(i)
        out |= self._orders(out) | {"help": self._help(i), "note": self.notes.get(i)}
        out |= {"member": None, **dict.fromkeys(COUNTS)}
        return out

    def word(self, name: str, i: int) -> str | None:
        """Return a row's text of a column, None where there is none."""
        codes, words = self.texts[name]
        code = int(codes[i])
        return words[code] if code >= 0 else None

    def _day(self, i: int) -> str:
        return _iso(_EPOCH, int(self.days["last_sample"][i]))

    def _date(self, days: int | None) -> str | None:
        return None if days is None else _iso(self.last, days)

    def _orders(self, row: Row) -> Row:
        """Return by when to order, so that it is there by the date, and by the early date."""
        out: Row = {}
        for name, of in (("order_by", "date_usable"), ("order_by_early", "early_usable")):
            known = self.lead_time is not None and row[of] is not None
            day = date.fromisoformat(row[of]) - timedelta(self.lead_time or 0) if known else None
            out[name] = day.isoformat() if day else None
        return out

    def _help(self, i: int) -> list[Row]:
        return [
            {
                "action": each.action,
                "from": round(each.before, 1),
                "to": round(each.after, 1),
                "days": each.days,
                "date": self._date(each.days),
            }
            for each in self.remedies.get(i, [])
        ]


def server_rows(columns: Columns, order: Iterable[int] | None = None) -> Iterator[Row]:
    """Yield servers' rows, what needs somebody first."""
    for i in columns.order().tolist() if order is None else order:
        yield columns.row(i)


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
    for (code, _), members in groups.items():
        first = columns.row(members[0])
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
            | dict(zip(COUNTS, counts.tolist(), strict=True))
        )


def rows(columns: Columns, by: str | None, top: int | None = None) -> Iterator[Row]:
    """Yield the rows of one scope, or of all; of each scope the first `top`."""
    for scope in SCOPES if by is None else (by,):
        if scope == "server":
            yield from server_rows(columns, columns.order()[:top].tolist())
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
