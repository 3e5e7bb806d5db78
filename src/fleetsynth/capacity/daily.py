"""A value a day of every server: the one that is published, or the 95th percentile of samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, ahead
from fleetsynth.errors import InputError
from fleetsynth.formats.place import quoted
from fleetsynth.reader.series import last_of_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.void]
    Ints = NDArray[np.int64]
    Values = NDArray[np.float32]

_MICROSECONDS = 1_000_000
_ABOVE = 20
"""One sample in so many lies above the 95th percentile."""
_MOST_DAYS = 366 * 200
_MOST_CELLS = 1 << 19
"""Days of servers that are laid out together."""


@dataclass(frozen=True)
class Block:
    """A value a day of some servers.

    Attributes:
        servers: code of each server, shape (servers,).
        labels: code of each server's labels, by role.
        last: the last day, counted from the epoch: that of the last column.
        values: by metric, shape (servers, days), NaN where there is none.
        sampled: of which servers days have more than one sample.
        sizes: what each server has at last, by role, NaN where that is not known.
    """

    servers: NDArray[np.int32]
    labels: dict[str, NDArray[np.int32]]
    last: int
    values: dict[str, Values]
    sampled: NDArray[np.bool_]
    sizes: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def blocks(
    rows: Rows,
    metrics: list[str],
    labels: list[str],
    names: list[str],
    zone: str,
    last: int,
    sizes: Sequence[str] = (),
) -> Iterator[Block]:
    """Lay rows out by day.

    Args:
        rows: whole servers, each in one run.
        metrics: the roles of the values.
        labels: the roles of the labels.
        names: names of servers, by code.
        zone: by whose clock days are told.
        last: the last day of any server so far; that of a block is not before it.
        sizes: the roles of what servers have.

    Raises:
        InputError: if points contradict each other, or lie too far apart to be one series.
    """
    rows = _in_order(rows)
    seconds = rows["time"] // _MICROSECONDS
    if zone not in ("", "UTC"):
        seconds = seconds + ahead(zone, seconds)
    day = seconds // DAY_SECONDS
    begins = np.flatnonzero(np.diff(rows["server"], prepend=-1))
    ends = np.append(begins[1:], len(rows))
    spans = day[ends - 1] - day[begins] + 1
    if spans.max(initial=0) > _MOST_DAYS:
        far = names[int(rows["server"][begins[int(spans.argmax())]])]
        raise InputError(f"{quoted(far)} has points {spans.max():,} days apart: is it one series?")
    last = max(last, int(day.max()))
    first = 0
    while first < len(begins):
        longest = last - np.minimum.accumulate(day[begins[first:]]) + 1
        fits = int((longest * np.arange(1, len(longest) + 1) <= _MOST_CELLS).sum())
        some = slice(first, first + max(fits, 1))
        yield _block(rows, day, begins[some], ends[some], (metrics, labels, names, sizes), last)
        first = some.stop


def _block(
    rows: Rows,
    day: Ints,
    begins: Ints,
    ends: Ints,
    roles: tuple[list[str], list[str], list[str], Sequence[str]],
    last: int,
) -> Block:
    metrics, labels, names, sizes = roles
    part = slice(int(begins[0]), int(ends[-1]))
    rows, day = rows[part], day[part]
    size = len(begins)
    number = np.repeat(np.arange(size), ends - begins)
    days = last - int(day.min()) + 1
    cell = number * days + (day - (last - days + 1))
    sampled = np.zeros(size, np.bool_)
    if len(cell) == size * days and (cell == np.arange(len(cell))).all():  # each day has one row
        values = {m: rows[m].astype(np.float32).reshape(size, days) for m in metrics}
    else:
        held = _held(day, begins - part.start, ends - part.start)
        values = {}
        for metric in metrics:
            there = np.flatnonzero(~np.isnan(rows[metric]))
            there = _once(rows, there, names, metric)
            found, many = _by_day(cell[there], rows[metric][there], size * days)
            values[metric] = found.reshape(size, days)
            _hold(values[metric], held)
            sampled[many // days] = True
    at = ends - 1 - part.start
    return Block(
        servers=rows["server"][at],
        labels={role: rows[role][at] for role in labels},
        last=last,
        values=values,
        sampled=sampled,
        sizes={role: _at_last(rows[role], begins - part.start) for role in sizes},
    )


def _at_last(values: NDArray[np.float64], begins: Ints) -> NDArray[np.float64]:
    """Return the last value that there is of each run of rows, NaN where there is none."""
    place = np.where(np.isnan(values), -1, np.arange(len(values)))
    last = np.maximum.reduceat(place, begins)
    return np.where(last >= begins, values[last], np.nan)


def _in_order(rows: Rows) -> Rows:
    """Return rows with each server's in order of time."""
    back = (np.diff(rows["time"]) < 0) & (np.diff(rows["server"]) == 0)
    if not back.any():
        return rows
    run = np.cumsum(np.diff(rows["server"], prepend=-1) != 0)
    return rows[np.lexsort((rows["time"], run))]


def _once(rows: Rows, there: Ints, names: list[str], metric: str) -> Ints:
    """Return the rows that count: of those of one server and time the last."""
    server, time = rows["server"][there], rows["time"][there]
    same = (time[1:] == time[:-1]) & (server[1:] == server[:-1])
    if not same.any():
        return there
    keep = np.append(~same, True)
    for code in np.unique(server[1:][same]).tolist():
        mine = np.flatnonzero(server == code)
        last_of_each(time[mine], rows[metric][there[mine]], names[code], metric)
    out: Ints = there[keep]
    return out


def _by_day(cell: Ints, values: Any, size: int) -> tuple[Values, Ints]:
    """Return the value of each cell, and the cells that have several samples."""
    out = np.full(size, np.nan, np.float32)
    begins = np.flatnonzero(np.diff(cell, prepend=-1))
    if len(begins) == len(cell):
        out[cell] = values
        return out, cell[:0]
    counts = np.diff(begins, append=len(cell))
    cells = cell[begins]
    for count in np.unique(counts).tolist():
        some = begins[counts == count]
        place = count - 1 - count // _ABOVE
        for first in range(0, len(some), max(1, _MOST_CELLS // count)):
            at = some[first : first + max(1, _MOST_CELLS // count)]
            samples = values[at[:, None] + np.arange(count)]
            chosen = np.partition(samples, place, axis=1)[:, place] if count > 1 else samples[:, 0]
            out[cell[at]] = chosen
    return out, cells[counts > 1]


def _held(day: Ints, begins: Ints, ends: Ints) -> dict[int, int]:
    """Return for how many days values stand, of servers with longer steps than a day."""
    spans = day[ends - 1] - day[begins]
    out = {}
    for server in np.flatnonzero(spans >= 1.5 * np.maximum(ends - begins - 1, 1)).tolist():
        apart = np.diff(np.unique(day[begins[server] : ends[server]]))
        held = round(float(np.median(apart))) if len(apart) else 1
        if held > 1:
            out[server] = held
    return out


def _hold(values: Values, held: dict[int, int]) -> None:
    """Let values of longer steps than a day stand until the next, or for a step."""
    for server, days in held.items():
        row = values[server]
        places = np.arange(len(row))
        latest = np.maximum.accumulate(np.where(np.isnan(row), -1, places))
        near = (latest >= 0) & (places - latest < days + 1 + days // 20)
        row[near] = row[latest[near]]
