"""Faults in the values of a metric: missing, stuck, coarse, of another unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_STUCK_TICKS = 36
"""Fewest equal values in a row for which a sensor is taken to be stuck."""
_USUAL, _LONGER = 0.995, 4.0
"""The share of a series' runs of one value that are usual, and how many times the longest of these
one has to be."""
_GRIDS = {1: 16, 15: 30, 30: 60}
"""Points of a coarse grid in one per cent, and the fewest values in a row that lie on it."""
_VALUES = 3
"""Fewest values that such a run has."""
_FULL = 100.0
_HABIT = 0.6
"""Share of a series on a grid, beyond which the grid is its own."""
_FACTORS = (0.001, 0.01, 0.125, 100.0, 1000.0)
_EDGE = 1.6
"""Of logarithms of medians, before and after; the smallest factor has 2.08."""
_SLIP_TICKS = 12
"""Fewest values in a row of another unit."""
_AROUND = 24
"""Values on either side that they are held against."""
_NEAR, _WAVERS, _FAR = 0.2, 6.0, 1.0
"""How far, in logarithms, the values at its ends may lie from those beside them: so far, or so many
times as far as they usually change, but never farther than the last."""
_ALIKE, _STILL = 5.0, 0.01
"""How many times more, or less, values of another unit may waver than those beside them, but for
so little that rounding may have taken it."""
_FINE = 0.1
"""Level below which two decimals tell units too badly apart."""
_COMMON = 0.02
"""Share of a series that may have the value of a stuck sensor beside it."""
_PERCENT = ("cpu", "memory", "disk")


def of_values(values: Floats, role: str, off: Flags) -> Iterator[tuple[str, int, int]]:
    """Yield faults of a metric: kind, and the indices of the first row and the last.

    Args:
        values: of the metric, in order of time.
        role: which.
        off: whether the server was off, where its CPU tells.
    """
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return
    for first, last in runs_of(np.isnan(values)):
        yield "missing_value", first, last
    known = values[there]
    coarse = _coarse(known) if role in _PERCENT else []
    for first, last in coarse:
        yield "quantised", int(there[first]), int(there[last])
    slips = _slips(known)
    for first, last in _stuck(known):
        inside = any(begin <= first and last <= end for begin, end in (*coarse, *slips))
        rows = slice(int(there[first]), int(there[last]) + 1)
        if not inside and not (len(off) and off[rows].mean() > 0.5):
            yield "stuck", int(there[first]), int(there[last])
    for first, last in slips:
        yield "unit_slip", int(there[first]), int(there[last])


def _stuck(known: Floats) -> list[tuple[int, int]]:
    """Return runs of one value that are far longer than the series' own."""
    changes = np.flatnonzero(np.diff(known)) + 1
    starts = np.concatenate(([0], changes))
    lengths = np.diff(np.append(starts, len(known)))
    least = max(_STUCK_TICKS, _LONGER * float(np.quantile(lengths, _USUAL)))
    long = lengths >= least
    edges = known.min(), known.max()  # what is off, idle or full stays where it is
    return [
        (first, first + length - 1)
        for first, length in zip(starts[long].tolist(), lengths[long].tolist(), strict=True)
        if known[first] not in edges
        and np.count_nonzero(known == known[first]) - length <= _COMMON * len(known)
    ]


def _slips(known: Floats) -> list[tuple[int, int]]:
    """Return runs whose values are another unit's, beside those on either side."""
    count = len(known) // _SLIP_TICKS
    if count < 3:
        return []
    logs = np.log(np.maximum(known, 1e-3))
    medians = np.median(logs[: count * _SLIP_TICKS].reshape(count, _SLIP_TICKS), axis=1)
    over = medians[2:] - medians[:-2]  # an edge lies in the block between, or at its ends
    up, down = over > _EDGE, over < -_EDGE
    out: list[tuple[int, int]] = []
    done = 0
    for block in np.flatnonzero(up | down).tolist():
        if block < done:
            continue
        back = np.flatnonzero((down if up[block] else up)[block + 1 :])
        if not len(back):
            break
        other = block + 1 + int(back[0])
        first, stop = _edge(logs, block, up[block]), _edge(logs, other, not up[block])
        before = float(np.median(known[max(0, first - _AROUND) : max(first, 1)]))
        after = float(np.median(known[stop : stop + _AROUND])) if stop < len(known) else 0.0
        if (
            stop - first >= _SLIP_TICKS
            and _is_slip(known[first:stop], before, after)
            and _is_odd(logs, first, stop)
            and _is_sudden(logs, first, stop)
        ):
            out.append((first, stop - 1))
            done = other + 2
    return out


def _edge(logs: Floats, block: int, up: bool) -> int:
    """Return where values jump the farthest in a block and those beside it."""
    begin = block * _SLIP_TICKS
    jumps = np.diff(logs[begin : begin + 3 * _SLIP_TICKS])
    return begin + 1 + int(np.argmax(jumps if up else -jumps))


def _is_slip(run: Floats, before: float, after: float) -> bool:
    level = float(np.median(run))
    if min(before, after) < _FINE or level <= 0 or max(before, after) > 2 * min(before, after):
        return False
    ratio = level / float(np.sqrt(before * after))
    factor = min(_FACTORS, key=lambda f: abs(np.log(ratio / f)))
    if abs(np.log(ratio / factor)) > np.log(1.6):
        return False
    middle = float(np.sqrt(factor)) * float(np.sqrt(before * after))
    beyond = run < middle if factor < 1 else run > middle
    return bool(beyond.mean() > 0.97)


def _is_odd(logs: Floats, first: int, stop: int) -> bool:
    """Tell whether most of a series lies where what is beside a run does, and not where it does."""
    rest = np.concatenate((logs[:first], logs[stop:]))
    beside = np.concatenate((logs[max(0, first - _AROUND) : first], logs[stop : stop + _AROUND]))
    usual, level = float(np.median(rest)), float(np.median(logs[first:stop]))
    return abs(usual - float(np.median(beside))) < abs(usual - level)


def _is_sudden(logs: Floats, first: int, stop: int) -> bool:
    """Tell whether a run begins and ends from one value to the next.

    Work that begins within a tick shows a part of itself there; another unit does not.
    """
    inside, outside = (
        logs[first:stop],
        np.concatenate((logs[max(0, first - _AROUND) : first], logs[stop : stop + _AROUND])),
    )
    wavering, own = (float(np.median(np.abs(np.diff(x)))) for x in (outside, inside))
    if max(wavering, own) > _ALIKE * max(min(wavering, own), _STILL):
        return False
    near = min(max(_NEAR, _WAVERS * wavering), _FAR)
    edges = (
        (logs[first - 1], outside[: min(_AROUND, first)]),
        (logs[first], inside[:_SLIP_TICKS]),
        (logs[stop - 1], inside[-_SLIP_TICKS:]),
        (logs[stop], outside[min(_AROUND, first) :]),
    )
    return all(abs(float(value - np.median(beside))) <= near for value, beside in edges)


def _coarse(known: Floats) -> list[tuple[int, int]]:
    """Return runs on a grid that the rest does not lie on; what is full or off tells nothing."""
    inner = (known > 0) & (known < _FULL)
    if not inner.any():
        return []
    hundredths = np.rint(known * 100)
    for points, least in _GRIDS.items():
        on = np.rint(np.rint(hundredths * points / 100) * 100 / points) == hundredths
        if on[inner].mean() > _HABIT:
            return []
        on |= ~inner
        found = [
            (first, last)
            for first, last in runs_of(on, least)
            if len(told := _some(known, inner, first, last)) >= least
            and len(np.unique(told)) >= _VALUES
        ]
        if found:
            return found
    return []


def _some(known: Floats, which: Flags, first: int, last: int) -> Floats:
    """Return the values of a run that are among some."""
    out: Floats = known[first : last + 1][which[first : last + 1]]
    return out


def runs_of(flags: Flags, least: int = 1) -> Iterator[tuple[int, int]]:
    """Yield the first and the last index of each run of what is flagged, of a least length."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    spans = edges.reshape(-1, 2)
    for first, stop in spans[spans[:, 1] - spans[:, 0] >= least].tolist():
        yield first, stop - 1
