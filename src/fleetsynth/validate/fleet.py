"""Servers: which there are, what is said of each, and whether two have the same values."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.fleet import server_id
from fleetsynth.validate.grid import Growing
from fleetsynth.validate.places import ALLOWED, SHOWN, Faults, moment
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.validate.rows import Columns, Rows

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

FOREIGN = -1
"""Index in the plan of a server that the plan does not know."""
_UNKNOWN = -2
_TOGETHER = 128
_LIVES_TOGETHER = 1 << 14
_LEAST_ROWS = 5
"""Fewer equal rows than this may be alike by chance, where values are coarse."""


class ServerCheck:
    """The servers of a dataset, compared with a plan if there is one.

    Args:
        columns: the names of servers.
        plan: what the dataset should be.
        own: whether the dataset was made from that plan, and not only after the same model: then
            what is drawn per server has to agree as well.
    """

    def __init__(self, columns: Columns, plan: Plan | None, *, own: bool) -> None:
        self._columns = columns
        self._plan = plan
        self._own = own
        self._in_plan = Growing(_UNKNOWN, np.int64)
        self._labels: dict[str, Growing[np.int64]] = {}
        self._changing: dict[str, Faults] = {}
        self._contrary: dict[str, Faults] = {}
        self._blocks: dict[int, dict[str, list[str]]] = {}
        self._foreign = Faults()
        self._content = Growing(0, np.uint64)
        self._measured = False
        self._rows = Growing(0, np.int64)

    def in_plan(self) -> Ints:
        """Return each server's index in the plan, `FOREIGN` if it has none."""
        size = len(self._columns.servers)
        in_plan = self._in_plan.upto(size)[:size]
        new = np.flatnonzero(in_plan == _UNKNOWN)
        if len(new):
            names = list(self._columns.servers)
            for server in new.tolist():
                in_plan[server] = _index(names[server], self._plan)
                if self._plan and in_plan[server] == FOREIGN:
                    self._foreign.note([str(names[server])])
        return in_plan

    def lives(self) -> tuple[Ints, Ints]:
        """Return the first and the last timestamp of each server by the plan, shape (servers,).

        The last is before the first where it has none; what is not of the plan has any.
        """
        if self._plan is None:
            raise AssertionError("no plan, no lives")
        in_plan = self.in_plan()
        step = self._plan.clock.step * SECOND_MICROS
        known = np.flatnonzero(in_plan >= 0)
        ticks = np.broadcast_to([self._plan.clock.first, self._plan.clock.stop], (len(in_plan), 2))
        ticks = ticks.copy()
        for first in range(0, len(known), _LIVES_TOGETHER):
            some = known[first : first + _LIVES_TOGETHER]
            part = replace(self._plan, fleet=self._plan.fleet.select(in_plan[some]))
            lives = part.lives(0, len(some))
            if lives is not None:
                ticks[some] = lives
        return ticks[:, 0] * step, (ticks[:, 1] - 1) * step

    def archetypes(self, rows: Rows) -> Ints:
        """Return the archetype of each row's server in the plan, or else that of its label."""
        if self._plan is None:
            raise AssertionError("no plan, no archetypes")
        fleet = self._plan.fleet
        return self._codes(rows, fleet.archetype_codes, "server_type", list(fleet.archetypes))

    def units(self, rows: Rows) -> Ints:
        """Return the business unit of each row's server in the plan, or else that of its label."""
        if self._plan is None:
            raise AssertionError("no plan, no business units")
        fleet, column = self._plan.fleet, "business_unit"
        return self._codes(rows, partial(fleet.metadata_codes, column), column, fleet.odds[column])

    def _codes(
        self,
        rows: Rows,
        of_plan: Callable[[int, int], NDArray[np.integer]],
        column: str,
        known_words: Iterable[str],
    ) -> Ints:
        in_plan = self.in_plan()
        known = np.full(len(in_plan), -1, dtype=np.int64)
        for server in np.flatnonzero(np.bincount(rows.server)).tolist():
            if in_plan[server] >= 0:
                at = int(in_plan[server])
                known[server] = of_plan(at, at + 1)[0]
        out: Ints = known[rows.server]
        if (out < 0).any() and column in rows.texts:
            words, names = list(self._columns.words), list(known_words)
            codes = np.array([names.index(w) if w in names else -1 for w in words])
            out = np.where(out < 0, codes[rows.texts[column]], out)
        return out

    def update(self, rows: Rows) -> None:
        """Take rows, each server's together."""
        starts = np.concatenate(([0], np.flatnonzero(np.diff(rows.server)) + 1))
        here = rows.server[starts]
        size = len(self._columns.servers)
        self.in_plan()
        for column, codes in rows.texts.items():
            self._label(column, codes, rows, here, starts)
        self._measured |= bool(rows.metrics)
        mixed = content(rows.micros, rows.metrics)
        total = self._content.upto(size)
        total[here] += np.add.reduceat(mixed, starts)
        self._rows.upto(size)[here] += np.add.reduceat(_has_values(rows), starts)

    def _label(self, column: str, codes: Ints, rows: Rows, here: Ints, starts: Ints) -> None:
        """Hold a text column against what it said of the server before, and against the plan."""
        said = self._labels.setdefault(column, Growing(-1, np.int64)).upto(
            len(self._columns.servers)
        )
        new = said[here] < 0
        said[here[new]] = codes[starts[new]]
        words = list(self._columns.words)
        names = list(self._columns.servers)
        wrong = codes != said[rows.server]
        self._changing.setdefault(column, Faults()).add(
            wrong,
            lambda row: (
                f"{names[rows.server[row]]} {moment(int(rows.micros[row]))}: "
                f"{words[codes[row]]}, before {words[said[rows.server[row]]]}"
            ),
        )
        if self._plan is None or column not in self._plan.columns:
            return
        if not self._own and column != "server_type":
            return
        faults = self._contrary.setdefault(column, Faults())
        in_plan = self.in_plan()
        for server in here[new].tolist():
            at = int(in_plan[server])
            if at >= 0:
                expected, found = self._metadata(self._plan, at)[column], words[said[server]]
                if found != expected:
                    faults.note([f"{names[server]} is {found}, the scenario says {expected}"])

    def _metadata(self, plan: Plan, index: int) -> dict[str, str]:
        """Return what the plan says of a server; neighbours are worked out together."""
        block = index // _TOGETHER
        if block not in self._blocks:
            if len(self._blocks) >= 16:
                self._blocks.clear()
            first = block * _TOGETHER
            stop = min(first + _TOGETHER, plan.fleet.size)
            self._blocks[block] = plan.fleet.metadata(first, stop)
        return {name: words[index % _TOGETHER] for name, words in self._blocks[block].items()}

    def contents(self) -> dict[int, int]:
        """Return the content of each server of the plan, by its index there."""
        in_plan = self.in_plan()
        total = self._content.values
        return {int(at): int(total[server]) for server, at in enumerate(in_plan) if at >= 0}

    def verdicts(self) -> Iterator[Verdict]:
        """Return what was found."""
        yield self._set()
        changing, contrary = Faults(), Faults()
        for column, faults in self._changing.items():
            changing.note([f"{column} of {place}" for place in faults.places], faults.count)
        for column, faults in self._contrary.items():
            contrary.note([f"{column} of {place}" for place in faults.places], faults.count)
        if self._changing:
            yield changing.verdict(
                "metadata", "{count} values are not those of the server's other rows",
                "the same in all rows of a server",
            )  # fmt: skip
        if self._contrary:
            yield contrary.verdict(
                "metadata of the scenario", "{count} values are not the scenario's",
                "as the scenario says",
            )  # fmt: skip
        if self._measured:
            yield self._copies()

    def _set(self) -> Verdict:
        count = len(self._columns.servers)
        if None in self._columns.servers:
            return Verdict(
                "servers", "fail", "rows without a server (is a blank one the one above?)"
            )
        if self._plan is None:
            return Verdict("servers", "ok", f"{count:,} servers")
        in_plan = self.in_plan()
        fleet = self._plan.fleet
        there = np.zeros(fleet.size, dtype=np.bool_)
        there[in_plan[in_plan >= 0]] = True
        absent = np.flatnonzero(~there & self._due(self._plan))
        if not len(absent) and not self._foreign.count:
            return Verdict("servers", "ok", f"all {count:,} of the scenario, and no other")
        exact = self._plan.is_full or (self._own and self._plan.is_gapless)
        if not exact and not self._foreign.count:
            found = f"{count:,} of the scenario's {fleet.size:,}, and no other{ALLOWED}"
            return Verdict("servers", "ok", found)
        places = [f"{fleet.server_ids(i, i + 1)[0]} is missing" for i in absent[:SHOWN].tolist()]
        places += [f"{name} is not in the scenario" for name in self._foreign.places]
        message = f"{len(absent):,} are missing, {self._foreign.count:,} are not in the scenario"
        return Verdict("servers", "fail", message, places=tuple(places[:SHOWN]))

    def _due(self, plan: Plan) -> NDArray[np.bool_]:
        """Tell which servers of the plan have a tick to live in."""
        out = np.ones(plan.fleet.size, dtype=np.bool_)
        for first in range(0, len(out) if self._own else 0, _LIVES_TOGETHER):
            stop = min(first + _LIVES_TOGETHER, len(out))
            lives = plan.lives(first, stop)
            if lives is None:
                break
            out[first:stop] = lives[:, 0] < lives[:, 1]
        return out

    def _copies(self) -> Verdict:
        size = len(self._columns.servers)
        contents, rows = self._content.upto(size)[:size], self._rows.upto(size)[:size]
        names = list(self._columns.servers)
        order = np.argsort(contents, kind="stable")
        same = (contents[order[1:]] == contents[order[:-1]]) & (rows[order[1:]] >= _LEAST_ROWS)
        pairs = zip(order[1:][same].tolist(), order[:-1][same].tolist(), strict=True)
        faults = Faults()
        faults.note([f"{names[one]} has the values of {names[other]}" for one, other in pairs])
        return faults.verdict(
            "copied series", "{count} servers have all values of another", "no two are alike"
        )


def _has_values(rows: Rows) -> Ints:
    """Tell, by 1 and 0, which rows have any value: servers without are not copies."""
    out = np.zeros(len(rows), dtype=np.bool_)
    for values in rows.metrics.values():
        out |= ~np.isnan(values)
        if out.all():
            break
    return out.astype(np.int64)


_ODD = np.array(
    [
        0x9E3779B97F4A7C15,
        0xBF58476D1CE4E5B9,
        0x94D049BB133111EB,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
        0xE7037ED1A0B428DB,
        0x8EBC6AF09C88C6E3,
        0x589965CC75374CC3,
    ],
    dtype=np.uint64,
)
"""Multipliers that spread a row's values over 64 bits."""
_WIDEST = 2.0**62


def content(micros: Ints, metrics: Mapping[str, Floats]) -> NDArray[np.uint64]:
    """Return a number per row; a server's sum of them tells its content, in any order of rows."""
    mixed: NDArray[np.uint64] = micros.astype(np.uint64) * _ODD[0]
    for odd, column in zip(cycle(_ODD[1:]), sorted(metrics), strict=False):
        with np.errstate(over="ignore"):
            whole = np.nan_to_num(np.rint(metrics[column] * 1e4), nan=-_WIDEST, posinf=0, neginf=0)
        mixed += np.clip(whole, -_WIDEST, _WIDEST).astype(np.int64).astype(np.uint64) * odd
        mixed ^= mixed >> np.uint64(31)
    mixed *= _ODD[-1]
    mixed ^= mixed >> np.uint64(29)
    mixed *= _ODD[1]
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _index(name: str | None, plan: Plan | None) -> int:
    """Return a server's index in the plan, by its name."""
    digits = (name or "").removeprefix("server_")
    if plan is None or not digits.isdecimal() or len(digits) > 18:
        return FOREIGN
    index = int(digits)
    return index if index < plan.fleet.total and server_id(index) == name else FOREIGN
