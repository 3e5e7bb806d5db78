"""Servers' rows in cores, GiB and money: what there is, what is to spare, which type would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.machines import OF, UNITS, in_words
from fleetsynth.capacity.remedies import REPLICA, SIZE_DOWN, Remedy
from fleetsynth.capacity.right import right_types, totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
"""Keys of a row where sizes or types are known."""


@dataclass(frozen=True)
class Fits:
    """What servers are and would do with, by row of the table.

    Attributes:
        machines: of all servers.
        metrics: of each row.
        now: index of its server's type, -1 where it is not known, shape (rows,).
        size: what the server has of the metric's resource, NaN where it is not known.
        right: of the smaller type that would do for all its metrics, else -1.
        slack: of the resource, what is beyond what was used and its headroom.
        helps: that a smaller type would do, by row.
        totals: of all servers.
    """

    machines: Machines
    metrics: Sequence[str]
    now: Ints
    size: Floats
    right: Ints
    slack: Floats
    helps: dict[int, list[Remedy]]
    totals: dict[str, Any]

    def lists(self, at: Ints) -> list[list[Any]]:
        """Return the values of some rows, a list for each of `MACHINE`."""
        names, types = self.machines.types.names, self.machines.types.types
        now, right = self.now[at].tolist(), self.right[at].tolist()
        rows = list(zip(at.tolist(), now, strict=True))
        size = [float(value) if value == value else None for value in self.size[at]]
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
    least: Floats,
    shares: Floats,
    helps: Mapping[int, Sequence[Remedy]],
) -> Fits:
    """Return what servers are and would do with.

    Args:
        machines: of all servers.
        at: place of each row's server among them, shape (rows,).
        metrics: of each row.
        least: of a metric's resource, the smallest size that lasts.
        shares: what was used lately, of what is usable.
        helps: what would help rows, whether or not their types are known.
    """
    rows_of = {metric: np.flatnonzero(np.array(metrics) == metric) for metric in OF}
    needs = {metric: (at[rows], least[rows]) for metric, rows in rows_of.items()}
    confirmed = right_types(machines, needs)
    size, right = np.full((2, len(at)), np.nan)
    for metric, rows in rows_of.items():
        size[rows] = machines.has[at[rows], OF[metric]]
        right[rows] = machines.sizes(metric, confirmed[at[rows]])
    smaller = {}
    for row in np.flatnonzero(right < size).tolist():
        pair = machines.now[at[row]], confirmed[at[row]]
        before, after = (machines.types.types[int(index)] for index in pair)
        sizes = float(size[row]), float(right[row])
        smaller[row] = [Remedy(SIZE_DOWN, *sizes, None, (before, after))]
    halves = {
        metric: [
            (int(at[row]), each)
            for row in rows.tolist()
            for each in helps.get(row, ())
            if each.action == SIZE_DOWN and each.sizes is not None
        ]
        for metric, rows in rows_of.items()
    }
    return Fits(
        machines=machines,
        metrics=metrics,
        now=machines.now[at],
        size=size,
        right=confirmed[at],
        slack=np.maximum(size * (1 - shares), 0.0),
        helps=smaller,
        totals=totals(machines, confirmed, halves),
    )


def priced(remedy: Remedy, metric: str) -> dict[str, Any]:
    """Return what is to be said of a remedy's types, or sizes, besides; nothing of unknown ones."""
    count = f"{remedy.before:g} → {remedy.after:g}"
    if remedy.types is None and remedy.sizes is None:
        return {}
    if remedy.types is None:
        return {"words": _of_sizes(remedy, metric, count)}
    before, after = remedy.types
    return {
        "type_from": before.name,
        "type_to": after.name,
        "price_month_from": before.price_month,
        "price_month_to": after.price_month,
        "currency": after.currency,
        "words": in_words(remedy.types, metric, count),
    }


def _of_sizes(remedy: Remedy, metric: str, count: str) -> str:
    """Say what a change of size, or one more server of a size, is."""
    if remedy.action != REPLICA:
        return f"{count} {UNITS[metric]}"
    sizes = zip(remedy.sizes or (), UNITS.values(), strict=True)
    return f"{count}, {', '.join(f'{size:g} {unit}' for size, unit in sizes if size == size)} more"
