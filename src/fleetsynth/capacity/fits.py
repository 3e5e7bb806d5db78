"""Servers' rows in cores, GiB and money: what there is, what is to spare, which type would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.machines import OF, UNITS, in_words, totals
from fleetsynth.capacity.remedies import SIZE_DOWN, Remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.machines import Machines

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MACHINE = (
    "instance_type",
    "size",
    "unit",
    "slack",
    "price_month",
    "currency",
    "right_size",
    "right_price_month",
)
"""Keys of a row where types are known."""


@dataclass(frozen=True)
class Fits:
    """What servers are and would do with, by row of the table.

    Attributes:
        machines: of all servers.
        metrics: of each row.
        now: index of its server's type, -1 where it is not known, shape (rows,).
        right: of the smaller one that would do for all its metrics, else -1.
        slack: of the resource, what is beyond what was used and its headroom.
        helps: that a smaller type would do, by row.
        totals: of all servers.
    """

    machines: Machines
    metrics: Sequence[str]
    now: Ints
    right: Ints
    slack: Floats
    helps: dict[int, list[Remedy]]
    totals: dict[str, Any]

    def lists(self, at: Ints) -> list[list[Any]]:
        """Return the values of some rows, a list for each of `MACHINE`."""
        names, types = self.machines.types.names, self.machines.types.types
        now, right = self.now[at].tolist(), self.right[at].tolist()
        rows = list(zip(at.tolist(), now, strict=True))
        size = [self._size(row) if kind >= 0 else None for row, kind in rows]
        return [
            [names[kind] if kind >= 0 else None for kind in now],
            size,
            [UNITS.get(self.metrics[row]) if has is not None else None
             for (row, _), has in zip(rows, size, strict=True)],
            [round(float(self.slack[row]), 2) if self.slack[row] == self.slack[row] else None
             for row, _ in rows],
            [types[kind].price_month if kind >= 0 else None for kind in now],
            [types[kind].currency if kind >= 0 else None for kind in now],
            [names[kind] if kind >= 0 else None for kind in right],
            [types[kind].price_month if kind >= 0 else None for kind in right],
        ]  # fmt: skip

    def _size(self, row: int) -> float | None:
        metric = self.metrics[row]
        if metric not in OF:
            return None
        return float(self.machines.types.types[int(self.now[row])].capacities[OF[metric]])

    def together(self, members: Sequence[int]) -> dict[str, Any]:
        """Return the values of a group's row: sums, and types where all have the same."""
        columns = dict(zip(MACHINE, self.lists(np.array(members)), strict=True))
        out: dict[str, Any] = {
            name: columns[name][0] if len(set(columns[name])) == 1 else None
            for name in ("instance_type", "unit", "currency", "right_size")
        }
        for name in ("size", "slack", "price_month"):
            known = [value for value in columns[name] if value is not None]
            out[name] = round(sum(known), 2) if known else None
        prices = zip(columns["right_price_month"], columns["price_month"], strict=True)
        after = [old if new is None else new for new, old in prices]
        smaller = any(value is not None for value in columns["right_price_month"])
        out["right_price_month"] = round(sum(filter(None, after)), 2) if smaller else None
        return out


def fitted(
    machines: Machines,
    at: Ints,
    metrics: Sequence[str],
    holds: NDArray[np.bool_],
    used: Floats,
    usable: Floats,
) -> Fits:
    """Return what servers are and would do with.

    Args:
        machines: of all servers.
        at: place of each row's server among them, shape (rows,).
        metrics: of each row.
        holds: of which rows the smaller type would do, and for what is to come.
        used: what was used lately, in percent.
        usable: usable capacity in percent.
    """
    confirmed = machines.right.copy()
    confirmed[at[~holds & np.isin(np.array(metrics), list(OF))]] = -1
    size, right = np.full((2, len(at)), np.nan)
    for metric in OF:
        rows = np.flatnonzero(np.array(metrics) == metric)
        size[rows] = machines.sizes(metric, machines.now[at[rows]])
        right[rows] = machines.sizes(metric, confirmed[at[rows]])
    helps = {}
    for row in np.flatnonzero(right < size).tolist():
        pair = machines.now[at[row]], confirmed[at[row]]
        before, after = (machines.types.types[int(index)] for index in pair)
        helps[row] = [Remedy(SIZE_DOWN, float(size[row]), float(right[row]), None, (before, after))]
    return Fits(
        machines=machines,
        metrics=metrics,
        now=machines.now[at],
        right=confirmed[at],
        slack=np.maximum(size * (1 - used / usable), 0.0),
        helps=helps,
        totals=totals(machines, confirmed),
    )


def priced(remedy: Remedy, metric: str) -> dict[str, Any]:
    """Return what is to be said of a remedy's types besides; nothing where they are not known."""
    if remedy.types is None:
        return {}
    before, after = remedy.types
    count = f"{remedy.before:g} → {remedy.after:g}"
    return {
        "type_from": before.name,
        "type_to": after.name,
        "price_month_from": before.price_month,
        "price_month_to": after.price_month,
        "currency": after.currency,
        "words": in_words(remedy.types, metric, count),
    }
