"""Cutting a plan into parts: each a part of the fleet over a part of the time.

A part is itself a small Plan, so whatever generates a plan generates a part. Parts end at month
borders, so that they hold whole leaves of the content digest; but for those of single days, and
for the last month of a dataset that is appended to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise, product
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from fleetsynth.clock import Clock, Days, epoch_day, from_epoch_day
from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.stores.names import DATA, DAY_KEYS, PARTITION_KEYS, SERVER_KEYS, TIME_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from typing import TypeAlias

    from numpy.typing import NDArray

    from fleetsynth.fleet import Fleet
    from fleetsynth.plan import Plan

    Members: TypeAlias = range | NDArray[np.int64]

MOST_PARTS = 100_000
"""Beyond that, every process would be busy with the list of parts alone."""

Span = tuple["date", "date"]


@dataclass(frozen=True, eq=False)
class Part:
    """One file of a dataset folder.

    Attributes:
        index: its number, from 0, among those that are cut together.
        path: where it is, relative to the folder.
        whole: the plan that it is a part of.
        servers: its servers, by their places in that plan, ascending.
        span: its first and last day.
    """

    index: int
    path: str
    whole: Plan
    servers: Members
    span: Span

    @property
    def plan(self) -> Plan:
        """What it holds; worked out when asked for, so that a list of parts is cheap."""
        there = self.servers
        members = np.arange(there.start, there.stop) if isinstance(there, range) else there
        return replace(
            self.whole,
            clock=Clock(*self.span, self.whole.clock.step),
            fleet=servers_of(self.whole, members),
        )


def plan_until(plan: Plan, end: date) -> Plan:
    """Return a plan as it is until an earlier day: of servers only those that have come by then."""
    scenario = plan.scenario.model_copy(update={"end_date": end})
    fleet = replace(plan.fleet, total=scenario.total_servers)
    return replace(plan, clock=Clock(plan.clock.start, end, plan.clock.step), fleet=fleet)


def cut(
    plan: Plan,
    partition_by: Sequence[str],
    rows_per_part: int,
    ending: str = ".parquet",
    *,
    after: date | None = None,
    number: int = 0,
) -> list[Part]:
    """Cut a plan into parts of about `rows_per_part` rows, if all are there: of so many cells.

    Without partitions the parts, one after the other, are in row order: by server, then by time.

    Args:
        plan: what to cut.
        partition_by: hive partition columns, outermost first.
        rows_per_part: most rows of a part.
        ending: of the names of the parts.
        after: cut only the days after this one; None for all.
        number: that of the first part's name.

    Raises:
        UsageError: for a partition key that there is not, or that cannot be used, or for more
            parts than anybody could handle.
    """
    check_keys(plan, partition_by)
    first = plan.clock.start if after is None else after + timedelta(days=1)
    clock = Clock(first, plan.clock.end, plan.clock.step)
    most = plan.fleet.size * clock.count / rows_per_part
    if most > MOST_PARTS:
        raise _too_many(plan, ceil(most))
    parts: list[Part] = []
    spans, groups = list(_spans(clock, partition_by)), list(_groups(plan, partition_by))
    if len(spans) * len(groups) > MOST_PARTS:
        raise _too_many(plan, len(spans) * len(groups))
    for (group_values, members), (span_values, days) in product(groups, spans):
        values = group_values | span_values
        folder = "".join(f"{key}={_quoted(values[key])}/" for key in partition_by)
        for servers, span in _pieces(plan.clock, members, days, rows_per_part):
            index = len(parts)
            if number + index >= MOST_PARTS:
                raise _too_many(plan, number + index + 1)
            path = f"{DATA}{folder}part-{number + index:05d}{ending}"
            parts.append(Part(index, path, plan, servers, span))
    return parts


def _too_many(plan: Plan, parts: int) -> UsageError:
    return UsageError(
        f"{plan.cells:,} rows would be {parts:,} parts or more, and a folder can hold "
        f"{MOST_PARTS:,}: choose larger parts (part_bytes=...), fewer partitions, or fewer rows "
        "(see estimate(scenario))"
    )


def _quoted(value: str) -> str:
    """Quote a value for a path as Hive does: beyond ASCII as it is, for Spark unquotes by bytes."""
    return "".join(quote(char, safe="") if char.isascii() else char for char in value)


def servers_of(plan: Plan, members: NDArray[np.int64]) -> Fleet:
    """Return a selection of a plan's fleet, or the fleet itself if that is all of it."""
    return plan.fleet if len(members) == plan.fleet.size else plan.fleet.select(members)


def check_keys(plan: Plan, partition_by: Sequence[str]) -> None:
    """Refuse partition keys that cannot be used."""
    for key in partition_by:
        if key not in PARTITION_KEYS:
            hint = did_you_mean(key, PARTITION_KEYS)
            raise UsageError(f"cannot partition by {key!r}{hint}")
        if key not in plan.columns and key not in DAY_KEYS:
            raise UsageError(f"cannot partition by {key}: the scenario leaves that column out")
    if len(set(partition_by)) < len(partition_by):
        raise UsageError(f"a partition key is named twice: {', '.join(partition_by)}")
    if "month" in partition_by and "year" not in partition_by:
        raise UsageError("partition by year as well as by month: year,month")
    if "day" in partition_by and "month" not in partition_by:
        raise UsageError("partition by month as well as by day: year,month,day; or by date")


def _spans(clock: Clock, keys: Sequence[str]) -> Iterator[tuple[dict[str, str], Span]]:
    """Yield the time partitions: their key values, first and last day."""
    used = [key for key in TIME_KEYS if key in keys]
    if not used:
        yield {}, (clock.start, clock.end)
        return
    days = Days(epoch_day(clock.start), epoch_day(clock.end))
    label = days.month_index if "month" in keys else days.year
    if not {*DAY_KEYS}.isdisjoint(used):
        label = days.index
    edges = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    for first, stop in pairwise(edges):
        begin = _date(days, first)
        values = {key: str(begin if key == "date" else getattr(begin, key)) for key in used}
        yield values, (begin, _date(days, stop - 1))


def _groups(plan: Plan, keys: Sequence[str]) -> Iterator[tuple[dict[str, str], Members]]:
    """Yield the server partitions: their key values and the servers, ascending."""
    fleet, used = plan.fleet, [key for key in SERVER_KEYS if key in keys]
    if not used:
        yield {}, range(fleet.size)
        return
    codes: list[NDArray[np.int64]] = []
    names: list[list[str]] = []
    for key in used:
        if key == "server_type":
            codes.append(fleet.archetype_codes(0, fleet.size))
            names.append(list(fleet.archetypes))
        else:
            codes.append(fleet.metadata_codes(key, 0, fleet.size).astype(np.int64))
            names.append(list(fleet.odds[key]))
    # Of all combinations, those that servers have: there are no more of them than servers.
    label = np.zeros(fleet.size, dtype=np.int64)
    for values, column in zip(names, codes, strict=True):
        label = label * len(values) + column
    order = np.argsort(label, kind="stable")
    edges = [0, *(np.flatnonzero(np.diff(label[order])) + 1).tolist(), fleet.size]
    for first, stop in pairwise(edges):
        members = order[first:stop]
        own = [values[column[members[0]]] for values, column in zip(names, codes, strict=True)]
        yield dict(zip(used, own, strict=True)), members


def _pieces(
    clock: Clock, members: Members, span: Span, rows_per_part: int
) -> Iterator[tuple[Members, Span]]:
    """Cut a partition into server ranges, and single servers at month borders if they must be."""
    ticks = ((span[1] - span[0]).days + 1) * clock.ticks_per_day
    if ticks <= rows_per_part:
        size, first = len(members), 0
        count = ceil(size / (rows_per_part // ticks))
        for piece in range(count):  # as even as can be, the larger ones first
            stop = first + size // count + (piece < size % count)
            yield members[first:stop], span
            first = stop
        return
    months = list(_month_spans(span, max(1, rows_per_part // clock.ticks_per_day)))
    for place in range(len(members)):
        for days in months:
            yield members[place : place + 1], days


def _month_spans(span: Span, days_per_piece: int) -> Iterator[Span]:
    """Cut a span at month borders into pieces of about so many days, at least a month each."""
    days = Days(epoch_day(span[0]), epoch_day(span[1]))
    borders = [*(np.flatnonzero(np.diff(days.month_index)) + 1).tolist(), len(days.index)]
    first = 0
    for border, after in zip(borders, [*borders[1:], None], strict=True):
        if after is None or after - first > days_per_piece:
            yield _date(days, first), _date(days, border - 1)
            first = border


def _date(days: Days, position: int) -> date:
    return from_epoch_day(int(days.index[position]))
