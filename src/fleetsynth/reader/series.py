"""Rows as servers, each with the step that it has itself, whatever order rows come in."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, MONTH_SECONDS, SECOND_MICROS
from fleetsynth.errors import InputError
from fleetsynth.formats.place import quoted
from fleetsynth.reader.grid import Grid, Server
from fleetsynth.reader.roles import ROLES
from fleetsynth.reader.rows import MOST_DROPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.reader.rows import Converter

    Rows = NDArray[np.void]
    Ints = NDArray[np.int64]

BUCKETS = 128
"""Temporary files that rows are sorted into by server, where they do not come in that order."""

MOST_TICKS = 1 << 25
MOST_ALONE, MOST_TICKS_PER_POINT = 1 << 21, 1 << 10
"""Ticks between a server's first and last point, beyond which something must be wrong."""

UNEVEN = 0.05
"""Share of points that lie a tenth of a step or more beside their tick, of an irregular grid."""

_HASH_FACTOR = 2654435761  # Knuth's, for spreading codes over buckets


class ScatteredError(Exception):
    """Rows of one server come in more than one run."""


class Servers:
    """Rows as servers, whatever the order that they come in.

    Rows that are ordered by server are taken as they come, one server in memory at a time; others
    are first sorted into temporary files by server, one of which is in memory at a time.

    Args:
        begin: returns a new converter, and all rows through it.
        clock: returns the zone by which hours and days are told, once rows have been read.
        watch: called with each server and its rows, in the order in which they stand.
        buckets: number of temporary files.

    Attributes:
        converter: knows how many rows there were.
        steps: how many servers have each step, in seconds, months in their own words.
        whole: different times of servers, all together.
        left_out: servers with fewer than two points.
        irregular: servers whose points do not lie on an even grid.
    """

    def __init__(
        self,
        begin: Callable[[], tuple[Converter, Iterator[Rows]]],
        clock: Callable[[], str] = lambda: "",
        watch: Callable[[str, Rows], None] | None = None,
        buckets: int = BUCKETS,
    ) -> None:
        self._open, self._clock, self._watch, self._buckets = begin, clock, watch, buckets
        self._begin()

    @property
    def step(self) -> int:
        """The commonest step in seconds, the shorter of two; zero without servers."""
        return max(self._seconds, key=lambda step: (self._seconds[step], -step), default=0)

    def in_order(self) -> Iterator[Server]:
        """Yield each server; ScatteredError as soon as rows are not in order of server."""
        self._begin()
        seen: set[int] = set()
        held: list[Rows] = []
        for rows in self._rows:
            for part in _split(rows):
                if held and held[0]["server"][0] != part["server"][0]:
                    yield from self._server(np.concatenate(held))
                    held = []
                if not held:
                    if int(part["server"][0]) in seen:
                        raise ScatteredError
                    seen.add(int(part["server"][0]))
                held.append(part)
        if held:
            yield from self._server(np.concatenate(held))

    def sorted(self) -> Iterator[Server]:
        """Yield each server, by way of temporary files."""
        for rows in self.rows():
            yield from self._server(rows)

    def rows(self) -> Iterator[Rows]:
        """Yield each server's rows as they are, by way of temporary files."""
        self._begin()
        for rows in in_buckets(self._rows, self.converter.dtype, self._buckets):
            yield from _split(rows)

    def _begin(self) -> None:
        self.converter, self._rows = self._open()
        self._seconds: Counter[int] = Counter()
        self.steps: Counter[str] = Counter()
        self.left_out = self.irregular = self.whole = 0

    def _server(self, rows: Rows) -> Iterator[Server]:
        """Yield the server of some rows, unless it has fewer than two points."""
        words = self.converter.words
        first = {role: int(rows[role][0]) for role in words}
        names = {role: words[role][code] if code >= 0 else None for role, code in first.items()}
        name = str(names["server"])
        if self._watch:
            self._watch(name, rows)
        roles = [role for role in self.converter.tallies if role in ROLES]
        some = np.zeros(len(rows), np.bool_)
        for role in roles:
            some |= ~np.isnan(rows[role])
        if not some.all():
            rows = rows[some]
        if (np.diff(rows["time"]) < 0).any():
            rows = rows[np.argsort(rows["time"], kind="stable")]
        self.whole += len(rows) and 1 + int(np.count_nonzero(np.diff(rows["time"])))
        if len(rows) < 2 or rows["time"][0] == rows["time"][-1]:
            self.left_out += 1
            return
        ticks, grid, uneven = grid_of(rows["time"], name, self._clock())
        self._seconds[grid.step] += 1
        self.steps[step_words(grid)] += 1
        self.irregular += uneven
        series: dict[str, Any] = {}
        every: dict[str, Any] = {}
        repeated = 0
        once = bool((np.diff(rows["time"]) > 0).all())
        for role in roles:
            there = np.flatnonzero(~np.isnan(rows[role]))
            if len(there):
                values, at = rows[role][there], ticks[there]
                if not once:
                    kept = last_of_each(rows["time"][there], values, name, role)
                    repeated = max(repeated, len(values) - len(kept))
                    values, at = values[kept], at[kept]
                series[role] = np.full(grid.count, np.nan)
                series[role][at] = values
                if (at[1:] == at[:-1]).any():
                    every[role] = values
        yield Server(name, grid, series, names.get("type"), names.get("service"), repeated, every)


def in_buckets(
    batches: Iterable[Rows], dtype: np.dtype[np.void], buckets: int = BUCKETS
) -> Iterator[Rows]:
    """Yield all rows in order of server, some servers at a time, by way of temporary files."""
    with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
        paths = [Path(folder) / str(bucket) for bucket in range(buckets)]
        for rows in batches:
            mixed = rows["server"].astype(np.uint64) * np.uint64(_HASH_FACTOR)
            where = (mixed & np.uint64(0xFFFFFFFF)) % np.uint64(buckets)
            order = np.argsort(where, kind="stable")
            edges = np.searchsorted(where[order], np.arange(buckets + 1))
            for bucket in np.flatnonzero(np.diff(edges)).tolist():
                with paths[bucket].open("ab") as file:
                    file.write(rows[order[edges[bucket] : edges[bucket + 1]]].tobytes())
        for path in paths:
            if path.exists():
                rows = np.fromfile(path, dtype)
                path.unlink()
                ordered = rows[np.argsort(rows["server"], kind="stable")]
                del rows
                yield ordered


def last_of_each(times: Ints, values: NDArray[np.float64], server: str, role: str) -> Ints:
    """Return the indices of the points, of those with one time the last.

    Raises:
        InputError: if too many of them contradict each other to leave the others out.
    """
    same = times[1:] == times[:-1]
    other = same & (values[1:] != values[:-1])
    lost = int(other.sum())
    if lost > 1 and lost > MOST_DROPPED * len(times):
        at = int(np.flatnonzero(other)[0])
        when = np.datetime_as_string(times[at].astype("datetime64[us]"), unit="s")
        raise InputError(
            f"server {quoted(server)} has {lost:,} of {len(times):,} points of {role} twice with "
            f"different values, such as {values[at]:g} and {values[at + 1]:g} at {when}: are "
            "there several series in one? Say which, such as statistic=Statistic:Average"
        )
    return np.flatnonzero(np.append(~same, True))


def step_of(times: Ints) -> int:
    """Return the median distance of different, ascending times in microseconds, in seconds."""
    apart = np.diff(times)
    return max(1, round(float(np.median(apart[apart > 0])) / SECOND_MICROS))


def step_words(grid: Grid) -> str:
    """Return a step as people say it: ``5 min``, ``1 h``, ``1 month``."""
    if grid.months:
        return f"{grid.months} month{'s' if grid.months > 1 else ''}"
    for seconds, name in ((DAY_SECONDS, "day"), (HOUR_SECONDS, "h"), (60, "min")):
        if grid.step % seconds == 0:
            count = grid.step // seconds
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{grid.step} s"


def grid_of(times: Ints, server: str, zone: str = "") -> tuple[Ints, Grid, bool]:
    """Return the tick of each ascending time, the grid, and whether the points are irregular.

    The grid is even and begins with the first point; points that come once a month, a quarter or
    a year on the same day and time lie on a grid of months.
    """
    monthly = _months(times, zone)
    if monthly:
        return (*monthly, False)
    step = step_of(times)
    first = int(times[0]) // SECOND_MICROS
    away = (times - times[0]) / (step * SECOND_MICROS)
    ticks = np.floor(away + 0.5).astype(np.int64)
    count = int(ticks[-1]) + 1
    if count > min(MOST_TICKS, max(MOST_ALONE, MOST_TICKS_PER_POINT * len(times))):
        raise InputError(
            f"{quoted(server)} has points {count:,} steps of {step} s apart: is it one series?"
        )
    uneven = bool((np.abs(away - ticks) >= 0.1).mean() > UNEVEN)
    return ticks, Grid(first // step, count, step, first % step, zone=zone), uneven


def _months(times: Ints, zone: str) -> tuple[Ints, Grid] | None:
    """Return ticks and grid of points that come every month or so; None for others."""
    if (times[-1] - times[0]) / len(times) < 20 * DAY_SECONDS * SECOND_MICROS / 2:
        return None
    probe = Grid(0, 0, 1, zone=zone)
    stamps = (times + probe.ahead(times // SECOND_MICROS) * SECOND_MICROS).astype("datetime64[us]")
    months = stamps.astype("datetime64[M]")
    numbers = months.astype(np.int64)
    within = (stamps - months.astype("datetime64[us]")).astype(np.int64)
    to_end = ((months + 1).astype("datetime64[us]") - stamps).astype(np.int64)
    apart = np.diff(numbers)
    apart = apart[apart > 0]
    if not len(apart) or (np.unique(within).size > 1 and np.unique(to_end).size > 1):
        return None
    step = int(np.gcd.reduce(apart))
    if np.median(apart) != step or len(np.unique(numbers)) < len(np.unique(times)):
        return None
    first, phase = int(numbers[0]), int(within[0]) // SECOND_MICROS
    ticks = (numbers - first) // step
    grid = Grid(first, int(ticks[-1]) + 1, step * MONTH_SECONDS, phase, zone=zone, months=step)
    return ticks, grid


def _split(rows: Rows) -> Iterator[Rows]:
    """Cut rows where the server changes."""
    edges = np.flatnonzero(np.diff(rows["server"])) + 1
    if len(rows):
        yield from np.split(rows, edges)
