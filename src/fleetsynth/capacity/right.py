"""The smallest type that would do for a server, and what all of them could give back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.machines import OF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.machines import Machines
    from fleetsynth.capacity.remedies import Remedy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_NAMES = {"cpu": "vcpus", "memory": "memory_gib", "disk": "disk_gb"}


def right_types(machines: Machines, least: Mapping[str, tuple[Ints, Floats]]) -> Ints:
    """Return the cheapest type that has what each server needs, -1 where none costs less.

    Nothing is taken away of what is not measured.

    Args:
        machines: what servers have.
        least: by metric, places of servers and the smallest size that lasts for each.
    """
    out = np.full(len(machines.now), -1)
    types = machines.types.types
    if not types:
        return out
    has = np.array([each.capacities for each in types])
    price = np.array([each.price_month for each in types])
    need = np.hstack([machines.has, has[machines.now, len(OF) :]])
    measured = np.zeros(len(out), np.bool_)
    for metric, (at, sizes) in least.items():
        need[at, OF[metric]] = sizes
        measured[at] = True
    now = machines.prices(machines.now)
    order = sorted(range(len(price)), key=lambda i: (price[i], *has[i]))
    for index in order[::-1]:
        fits = (has[index] >= need).all(axis=1) & (price[index] < now)
        out[fits & measured] = index
    return out


def totals(
    machines: Machines, right: Ints, halves: Mapping[str, Sequence[tuple[int, Remedy]]]
) -> dict[str, Any]:
    """Return what all servers have and cost, and what could be given back.

    Args:
        machines: what servers have.
        right: index of the smaller type of each server that would do with one, else -1.
        halves: by metric, places of servers whose type is not known, and that half would do.
    """
    known, smaller = ~np.isnan(machines.has).all(axis=1), right >= 0
    typed = bool((machines.now >= 0).any())
    out: dict[str, Any] = {"servers": int(known.sum())}
    give: dict[str, Any] = {
        "servers": int(smaller.sum()) + len({at for each in halves.values() for at, _ in each})
    }
    for metric, name in _NAMES.items():
        sizes = machines.has[:, OF[metric]]
        out[name] = round(float(np.nansum(sizes)), 2)
        left = (sizes - machines.sizes(metric, right))[smaller].sum()
        left += sum(each.before - each.after for _, each in halves.get(metric, []))
        give[name] = round(float(left), 2)
    prices = machines.prices(machines.now)
    out["price_month"] = round(float(np.nansum(prices)), 2) if typed else None
    saved = (prices - machines.prices(right))[smaller].sum()
    give["price_month"] = round(float(saved), 2) if typed else None
    currency = machines.types.types[0].currency if typed else None
    return out | {"currency": currency, "to_give_back": give}
