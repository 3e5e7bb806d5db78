"""The values of a server's series at some moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.series.boots import course
from fleetsynth.series.counters import FULL, by_mode
from fleetsynth.series.families import ACTIVE, MODES
from fleetsynth.series.sizes import BLOCK_BYTES, PAGE_BYTES, available, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.series.counters import Counted
    from fleetsynth.series.families import Family
    from fleetsynth.series.select import Catalog

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

LINK_BYTES = 1_250
"""Bytes that a hundredth of a Mbps is in a second."""


class Moments(NamedTuple):
    """Moments at whole multiples of some seconds.

    Attributes:
        seconds: since the Unix epoch, shape (moments,).
        ms: the same in milliseconds.
        step: seconds between them.
    """

    seconds: Ints
    ms: Ints
    step: int

    @classmethod
    def of(cls, first: int, last: int, step: int) -> Moments:
        """Return the moments from one second to another, both included."""
        seconds = np.arange(-(-first // step), last // step + 1, dtype=np.int64) * step
        return cls(seconds, seconds * 1000, step)

    def ticks(self, step: int) -> Ints:
        """Return the tick whose value covers each moment: the first that is no earlier."""
        out: Ints = -(-self.seconds // step)
        return out


def own_values(catalog: Catalog, family: Family, server: int, when: Moments) -> list[Floats]:
    """Return the values of a server's series of a family, one array a row; NaN where there is none.

    Args:
        catalog: what they belong to.
        family: which.
        server: its place in the plan; it lives at all moments.
        when: the moments; at least one.
    """
    if family.quantity in catalog.further:
        return catalog.further[family.quantity](server, when)
    if not family.is_fine:
        return [_published(catalog, family, server, when)]
    return _BY_QUANTITY[family.quantity](catalog, server, when)


def _published(catalog: Catalog, family: Family, server: int, when: Moments) -> Floats:
    ticks = when.ticks(catalog.plan.clock.step)
    first, stop = int(ticks[0]), int(ticks[-1]) + 1
    columns = [metric.column for metric in catalog.plan.metrics]
    metric = columns.index(family.quantity)
    values = catalog.published.values(np.array([server]), first, stop)[metric, 0]
    return in_units(values, whole=catalog.plan.metrics[metric].whole)


def rows_at(catalog: Catalog, server: int, when: Moments) -> NDArray[np.bool_] | None:
    """Tell at which moments the dataset has a row of a server; None if at all while it lives.

    What the dataset has not, nobody has seen, whatever it is made of.
    """
    if catalog.plan.is_gapless:
        return None
    ticks = when.ticks(catalog.plan.clock.step)
    first, stop = int(ticks[0]), int(ticks[-1]) + 1
    values = catalog.published.values(np.array([server]), first, stop)[:, 0]
    out: NDArray[np.bool_] = (values != NULL_HUNDREDTHS).any(axis=0)[ticks - first]
    return out


def in_units(values: NDArray[np.int32], *, whole: bool) -> Floats:
    """Return values as they are published; NaN where there is none."""
    return np.where(values == NULL_HUNDREDTHS, np.nan, values / (1 if whole else 100))


def _counted(catalog: Catalog, server: int, when: Moments) -> tuple[Counted, Ints, Ints]:
    """Return counters, the tick of each moment, and the seconds since the tick before."""
    step = catalog.samples.clock.step
    ticks = when.ticks(step)
    counted = catalog.counters.of(server, int(ticks[0]), int(ticks[-1]) + 1)
    return counted, ticks, when.seconds - (ticks - 1) * step


def _cpu(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
    counted, ticks, elapsed = _counted(catalog, server, when)
    places = (catalog.counters.counter("cpu", mode) for mode in MODES)
    return [counted.at(place, ticks, elapsed) / FULL for place in places]


def _traffic(*stems: str) -> Callable[[Catalog, int, Moments], list[Floats]]:
    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        counted, ticks, elapsed = _counted(catalog, server, when)
        totals = (counted.at(catalog.counters.counter(stem), ticks, elapsed) for stem in stems)
        return [(total * LINK_BYTES).astype(np.float64) for total in totals]

    return of


def _lately(stem: str) -> Callable[[Catalog, int, Moments], list[Floats]]:
    """Make bytes since the moment before, which is never in another tick."""

    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        rate = _used(catalog, server, when, stem)
        return [_or_nan(rate, rate.astype(np.int64) * (LINK_BYTES * when.step))]

    return of


def _used(catalog: Catalog, server: int, when: Moments, stem: str) -> NDArray[np.int32]:
    """Return the hundredths of a metric that cover each moment."""
    ticks = when.ticks(catalog.samples.clock.step)
    first, stop = int(ticks[0]), int(ticks[-1]) + 1
    values = catalog.clean.values(np.array([server]), first, stop)
    out: NDArray[np.int32] = values[catalog.counters.place[stem], 0][ticks - first]
    return out


def _or_nan(known: NDArray[np.int32], values: NDArray[Any]) -> Floats:
    """Return values; NaN where nobody knows what they are made from."""
    return np.where(known == NULL_HUNDREDTHS, np.nan, values)


def _spent(modes: tuple[str, ...], per: int) -> Callable[[Catalog, int, Moments], list[Floats]]:
    """Make the shares of modes in the time of a CPU, so many hundredths of a point to the unit."""

    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        used = _used(catalog, server, when, "cpu")
        each = by_mode(used.astype(np.int64), catalog.counters.shares(server))
        shares = dict(zip(MODES, each, strict=True)) | {ACTIVE: used}
        return [_or_nan(used, shares[mode] / per) for mode in modes]

    return of


def _share(
    stem: str, per: int, *, free: bool = False, both: bool = False
) -> Callable[[Catalog, int, Moments], list[Floats]]:
    """Make what is used, or free, or both, so many hundredths of a point to the unit."""

    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        used = _used(catalog, server, when, stem)
        out = [_or_nan(used, used / per), _or_nan(used, (FULL - used.astype(np.int64)) / per)]
        return out if both else [out[free]]

    return of


def _amount(what: str, *, both: bool = False) -> Callable[[Catalog, int, Moments], list[Floats]]:
    """Make the bytes that are used, or these and those that are free."""

    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        (size,) = _BY_QUANTITY[f"{what} size"](catalog, server, when)
        (left,) = _BY_QUANTITY[f"{what} available"](catalog, server, when)
        return [size - left, left] if both else [size - left]

    return of


def _uptime(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
    (booted,) = _booted(catalog, server, when)
    return [when.seconds - booted]


def boot_seconds(catalog: Catalog, server: int, ms: Ints) -> Ints:
    """Return the second of the last boot of a server before each of some moments.

    Args:
        catalog: what it belongs to.
        server: its place in the plan; it lives at all moments.
        ms: milliseconds of the moments, ascending; at least one.
    """
    (booted,) = _booted(catalog, server, Moments(ms // 1000, ms, catalog.scrape_seconds))
    return booted.astype(np.int64)


def _booted(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
    ticks = when.ticks(catalog.samples.clock.step)
    first, stop = int(ticks[0]), int(ticks[-1]) + 1
    boots = course(catalog.samples, server, first, stop).boots
    starts = np.array([boot.tick for boot in boots])
    seconds = np.array([boot.second for boot in boots], np.float64)
    return [seconds[np.searchsorted(starts, ticks, side="right") - 1]]


def _up(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
    ticks = when.ticks(catalog.samples.clock.step)
    out = np.ones(len(ticks))
    for begin, end in course(catalog.samples, server, int(ticks[0]), int(ticks[-1]) + 1).off:
        out[(ticks >= begin) & (ticks < end)] = 0.0
    return [out]


def _size(what: str) -> Callable[[Catalog, int, Moments], list[Floats]]:
    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        ticks = when.ticks(catalog.samples.clock.step)
        first, stop = int(ticks[0]), int(ticks[-1]) + 1
        size: Ints = getattr(sizes(catalog.samples, server, first, stop), what)
        return [size[ticks - first].astype(np.float64)]

    return of


def _available(what: str, stem: str, unit: int) -> Callable[[Catalog, int, Moments], list[Floats]]:
    def of(catalog: Catalog, server: int, when: Moments) -> list[Floats]:
        ticks = when.ticks(catalog.samples.clock.step)
        first, stop = int(ticks[0]), int(ticks[-1]) + 1
        values = catalog.clean.values(np.array([server]), first, stop)
        used = values[catalog.counters.place[stem], 0]
        size: Ints = getattr(sizes(catalog.samples, server, first, stop), what)
        return [available(used, size, unit)[ticks - first]]

    return of


_BY_QUANTITY: dict[str, Callable[[Catalog, int, Moments], list[Floats]]] = {
    "boot time": _booted,
    "cpu time": _cpu,
    "cpu utilization": _spent(MODES, FULL),
    "disk used": _amount("disk"),
    "disk used and free": _amount("disk", both=True),
    "disk used percent": _share("disk", 100),
    "disk utilization": _share("disk", FULL, both=True),
    "memory available percent": _share("mem", 100, free=True),
    "memory used": _amount("memory"),
    "memory used and free": _amount("memory", both=True),
    "memory used percent": _share("mem", 100),
    "memory utilization": _share("mem", FULL, both=True),
    "received lately": _lately("net_in"),
    "sent lately": _lately("net_out"),
    "traffic": _traffic("net_in", "net_out"),
    "uptime": _uptime,
    "disk available": _available("disk", "disk", BLOCK_BYTES),
    "disk size": _size("disk"),
    "memory available": _available("memory", "mem", PAGE_BYTES),
    "memory size": _size("memory"),
    "received": _traffic("net_in"),
    "sent": _traffic("net_out"),
    "up": _up,
    **{f"cpu {mode} percent": _spent((mode,), 100) for mode in (*MODES, ACTIVE)},
}
"""What each quantity's values are."""
