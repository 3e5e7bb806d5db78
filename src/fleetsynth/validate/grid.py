"""Order, duplicates and gaps: the timestamps of each server against a regular grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from fleetsynth.clock import DAY_MICROS, HOUR_SECONDS, SECOND_MICROS
from fleetsynth.validate.places import SHOWN, Faults, moment
from fleetsynth.validate.rows import MISSING
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.validate.rows import Columns, Rows

    Ints = NDArray[np.int64]

_MONTH = 365 * DAY_MICROS // 12
"""Stands for the step of a month: a twelfth of a year, in microseconds."""
_LEAST_MONTH = 28 * DAY_MICROS
_FROM_BEGIN, _FROM_END = 1, 2
"""How far into its month each point of a server lies; or how far before its end."""
_NEVER = np.iinfo(np.int64).min

T = TypeVar("T", bound=np.generic)


class Growing(Generic[T]):
    """An array of one number per server that grows with the servers."""

    def __init__(self, fill: float, dtype: type[T]) -> None:
        self._fill = fill
        self.values: NDArray[T] = np.full(64, fill, dtype=dtype)

    def upto(self, size: int) -> NDArray[T]:
        """Make room for `size` servers and return the array."""
        if size > len(self.values):
            more = np.full(max(size, 2 * len(self.values)), self._fill, self.values.dtype)
            more[: len(self.values)] = self.values
            self.values = more
        return self.values


class GridCheck:
    """Checks timestamps in passing, in memory that grows with the servers only.

    Rows of a server that go back in time need a second pass, over `Presence`.

    Args:
        columns: the names of servers.
        step: microseconds from tick to tick; None for each server's own, the most frequent of the
            first batch that shows one.
        span: first and last timestamp that each server should have; None if nothing says so, and
            each server has a grid that begins where most of its first rows are.
        is_gapless: whether a row that is missing, repeated or late is a fault.
        lives: returns the first and the last timestamp that each server should have, shape
            (servers,) each, the last before the first where it should have none; None if all
            should have the whole span.
    """

    def __init__(
        self,
        columns: Columns,
        step: int | None,
        span: tuple[int, int] | None,
        *,
        is_gapless: bool = True,
        lives: Callable[[], tuple[Ints, Ints]] | None = None,
    ) -> None:
        self._allowed = not is_gapless
        self._lives = lives
        self._columns = columns
        self.step = step
        self._span = span
        self._origin, self._own, self._monthly = (Growing(0, np.int64) for _ in range(3))
        self.first, self.last = Growing(-_NEVER - 1, np.int64), Growing(_NEVER, np.int64)
        self.count = Growing(0, np.int64)
        self.disorder, self._duplicates = Faults(), Faults()
        self._missing, self._off, self._untimed = Faults(), Faults(), Faults()
        self.goes_back = False
        self._uncounted = ""
        self._by_time, self._latest = True, _NEVER
        self._file, self._before = 0, -1
        self._seen_in = Growing(-1, np.int64)

    @property
    def planned(self) -> bool:
        """Whether a plan says what the step is."""
        return self._span is not None

    def new_file(self) -> None:
        """Files of a folder need not be in order, only each of them."""
        self._file, self._before = self._file + 1, -1
        self._latest = _NEVER

    def update(self, rows: Rows) -> None:
        """Take rows."""
        untimed = rows.micros == MISSING
        server, micros = rows.server, rows.micros
        if untimed.any():
            self._untimed.add(untimed, lambda row: f"row {row} of a batch")
            server, micros = server[~untimed], micros[~untimed]
        if not len(server):
            return
        self._order(server, micros)
        rows = rows.together()
        timed = rows.micros != MISSING
        self._steps(rows.server[timed], rows.micros[timed])

    def _order(self, server: Ints, micros: Ints) -> None:
        """Each server's rows together, in order of time; or, if nothing says so, all by time."""
        if self._by_time:
            self._by_time = bool(micros[0] >= self._latest and (np.diff(micros) >= 0).all())
            self._latest = int(micros[-1])
        same = server[1:] == server[:-1]
        self.disorder.add(
            same & (micros[1:] < micros[:-1]), lambda row: self._at(server, micros, row + 1)
        )
        starts = np.concatenate(([0], np.flatnonzero(~same) + 1))
        seen = self._seen_in.upto(len(self._columns.servers))
        here = server[starts]
        again = (seen[here] == self._file) & (here != self._before)
        again[_repeats(here)] = True
        self.disorder.add(again, lambda run: self._at(server, micros, int(starts[run])))
        seen[here] = self._file
        self._before = int(server[-1])

    def _steps(self, server: Ints, micros: Ints) -> None:
        """Compare each timestamp with the one before of the same server."""
        size = len(self._columns.servers)
        first, last, count = self.first.upto(size), self.last.upto(size), self.count.upto(size)
        change = server[1:] != server[:-1]
        starts = np.concatenate(([0], np.flatnonzero(change) + 1))
        here = server[starts]
        before = np.empty_like(micros)
        before[1:] = micros[:-1]
        before[starts] = last[here]
        new = before == _NEVER
        step = micros - np.where(new, micros, before)
        own = self.steps(server, self._learn(server, micros, step, starts))
        backward = ~new & (step < 0)
        if backward.any():
            self.goes_back = True
        self._duplicates.add(~new & (step == 0), lambda row: self._at(server, micros, row))
        even = self.even(server, micros)
        off = (even - self._origins(server, even, starts[new[starts]])) % np.maximum(own, 1) != 0
        self._off.add(off & (own > 0), lambda row: self._at(server, micros, row))
        apart = np.where(new, 0, even - self.even(server, np.where(new, micros, before)))
        jumps = np.flatnonzero((own > 0) & (apart > own))
        self._missing.note(
            [
                f"{self._name(server[row])} after {moment(int(before[row]))}"
                for row in jumps[:SHOWN].tolist()
            ],
            int((apart[jumps] // own[jumps] - 1).sum()),
        )
        np.minimum.at(first, server, micros)
        np.maximum.at(last, server, micros)
        count += np.bincount(server, minlength=len(count))

    def _learn(self, server: Ints, micros: Ints, step: Ints, starts: Ints) -> bool:
        """Learn the steps of servers that have none yet; tell whether all have one by a plan."""
        if self.planned:
            return True
        if self.step is None:
            self.step = _most_frequent(step[step > 0])
        own = self._own.upto(len(self._columns.servers))
        monthly = self._monthly.upto(len(self._columns.servers))
        for begin, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(server)], strict=True):
            here = step[begin:stop]
            if own[server[begin]] == 0 and (found := _most_frequent(here[here > 0])):
                this = int(server[begin])
                own[this] = found
                if found >= _LEAST_MONTH and (by_months := _by_months(micros[begin:stop])):
                    own[this], monthly[this] = by_months
        return False

    def steps(self, server: Ints, planned: bool) -> Ints:
        """Return the step of each row's server, 0 where it is not known."""
        if planned:
            return np.full(len(server), self.step or 0)
        own = self._own.upto(len(self._columns.servers))[server]
        return np.where(own > 0, own, self.step or 0)

    def even(self, server: Ints, micros: Ints) -> Ints:
        """Return times on an even grid: those of servers with a step of a month, by months."""
        monthly = self._monthly.upto(len(self._columns.servers))[server]
        if not monthly.any():
            return micros
        months, within, to_end = _in_months(micros)
        from_begin, from_end = months * _MONTH + within, (months + 1) * _MONTH - to_end
        return np.select(
            [monthly == _FROM_BEGIN, monthly == _FROM_END], [from_begin, from_end], micros
        )

    def _origins(self, server: Ints, micros: Ints, new: Ints) -> Ints | int:
        """Return where the grid of each row's server begins: where most of its first rows are.

        `new` are the rows at which servers begin that were not seen before.
        """
        if self._span:
            return self._span[0]
        origin = self._origin.upto(len(self._columns.servers))
        step = np.maximum(self.steps(server[new], planned=False), 1)
        for begin, each in zip(new.tolist(), step.tolist(), strict=True):
            own = micros[begin:][server[begin:] == server[begin]]
            origin[server[begin]] = _most_frequent(own % each) or 0
        return origin[server]

    def verdicts(self) -> Iterator[Verdict]:
        """Return what was found."""
        if self._span:
            self._ends(*self._span)
        by_time = self._span is None and self._by_time and self.disorder.count > 0
        if by_time:
            yield Verdict("order", "ok", "by time")
        else:
            yield self.disorder.verdict(
                "order",
                "{count} places are not in order of server and time",
                "by server and time",
                allowed=self._allowed,
            )
        yield (
            self._untimed.verdict(
                "timestamps", "{count} rows have no timestamp", "every row has one"
            )
            if self._untimed.count
            else self._off.verdict(
                "timestamps",
                "{count} rows are off the grid",
                f"on a grid of {self._durations()}",
            )
        )
        if self._uncounted and not self._duplicates.count:
            yield Verdict("duplicates", "untestable", self._uncounted)
        else:
            yield self._duplicate_rows()
        if self._uncounted:
            yield Verdict("gaps", "untestable", self._uncounted)
        else:
            yield self._missing.verdict(
                "gaps", "{count} ticks are missing", "no tick is missing", allowed=self._allowed
            )

    def _durations(self) -> str:
        """Return the steps of servers in words, the commonest first."""
        steps, counts = np.unique(self._every(), return_counts=True)
        order = np.argsort(-counts, kind="stable")[:SHOWN]
        if len(order) < 2:
            return _duration(int(steps[0]) if len(steps) else self.step)
        return ", ".join(f"{_duration(int(steps[i]))} ({counts[i]:,} servers)" for i in order)

    def _every(self) -> Ints:
        """Return the step of each server that has rows; of the others 1."""
        size = len(self._columns.servers)
        every = self.steps(np.arange(size), self.planned)
        return np.where(every > 0, every, 1)[self.count.upto(size)[:size] > 0]

    def _duplicate_rows(self) -> Verdict:
        return self._duplicates.verdict(
            "duplicates",
            "{count} rows repeat the server and timestamp of another",
            "no server has a timestamp twice",
            allowed=self._allowed,
        )

    def _ends(self, begin: int, end: int) -> None:
        """Count what is missing before a server's first and after its last row."""
        size = len(self._columns.servers)
        first, last = self.first.upto(size)[:size], self.last.upto(size)[:size]
        step = self.step or 1
        seen = self.count.upto(size)[:size] > 0
        begins, ends = self._lives() if self._lives else np.array([[begin], [end]])
        begins, ends = (np.broadcast_to(each, size) for each in (begins, ends))
        due = seen & (begins <= ends)
        late = np.flatnonzero(due & (first > begins))
        early = np.flatnonzero(due & (last < ends))
        self._missing.note(
            [f"{self._name(s)} begins {moment(int(first[s]))}" for s in late[:SHOWN]],
            int(((np.minimum(first, ends + step) - begins)[late] // step).sum()),
        )
        self._missing.note(
            [f"{self._name(s)} ends {moment(int(last[s]))}" for s in early[:SHOWN]],
            int(((ends - np.maximum(last, begins - step))[early] // step).sum()),
        )
        outside = np.flatnonzero(seen & ((first < begins) | (last > ends)))
        self._off.note(
            [
                f"{self._name(s)} has {moment(int(first[s]))} to {moment(int(last[s]))}, "
                "beyond the scenario"
                for s in outside[:SHOWN]
            ],
            len(outside),
        )

    def ticks(self) -> Ints:
        """Return how many ticks there are from each server's first to its last."""
        size = len(self._columns.servers)
        first, last = self.first.upto(size)[:size], self.last.upto(size)[:size]
        seen = self.count.upto(size)[:size] > 0
        servers = np.arange(size)
        step = np.maximum(self.steps(servers, self.planned), 1)
        apart = self.even(servers, last) - self.even(servers, first)
        return np.where(seen, apart // step + 1, 0)

    def recount(self, duplicates: Faults, missing: Faults) -> None:
        """Replace what was counted in passing by what a second pass found."""
        self._duplicates, self._missing = duplicates, missing

    def give_up_counting(self) -> None:
        """Say that no second pass was made where one was needed."""
        ticks = int(self.ticks().sum())
        self._uncounted = f"in no order, over {ticks:,} ticks: too many to count"

    def _name(self, server: int) -> str:
        return str(list(self._columns.servers)[int(server)])

    def _at(self, server: Ints, micros: Ints, row: int) -> str:
        return f"{self._name(server[row])} {moment(int(micros[row]))}"


def _repeats(values: Ints) -> Ints:
    """Return the indices at which a value occurs again."""
    order = np.argsort(values, kind="stable")
    again = values[order[1:]] == values[order[:-1]]
    out: Ints = order[1:][again]
    return out


def _most_frequent(steps: Ints) -> int | None:
    if not len(steps):
        return None
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])


def _in_months(micros: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the months of times, and how far they are from their begin and from their end."""
    stamps = micros.astype("datetime64[us]")
    months = stamps.astype("datetime64[M]")
    within = (stamps - months.astype("datetime64[us]")).astype(np.int64)
    to_end = ((months + 1).astype("datetime64[us]") - stamps).astype(np.int64)
    return months.astype(np.int64), within, to_end


def _by_months(micros: Ints) -> tuple[int, int] | None:
    """Return the step of times that come every so many months, and what is the same of all.

    The first of a month by a clock ahead of UTC is as far before the end of a month in UTC, and so
    are last days.
    """
    months, within, to_end = _in_months(micros)
    step = int(np.gcd.reduce(np.diff(months)))
    if step and (within == within[0]).all():
        return step * _MONTH, _FROM_BEGIN
    if step and (to_end == to_end[0]).all():
        return step * _MONTH, _FROM_END
    return None


def _duration(step: int | None) -> str:
    if not step or step == 1:
        return "unknown step"
    if step % _MONTH == 0:
        return "a month" if step == _MONTH else f"{step // _MONTH} months"
    for size, one, many in (
        (DAY_MICROS, "a day", "days"),
        (HOUR_SECONDS * SECOND_MICROS, "an hour", "hours"),
        (60 * SECOND_MICROS, "a minute", "minutes"),
    ):
        if step % size == 0:
            return one if step == size else f"{step // size} {many}"
    return f"{step / SECOND_MICROS:g} seconds"
