"""What events do to series: pieces of time, and what multiplies or is added there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Course, Effect, Event

    Floats = NDArray[np.float64]


class Ticks(NamedTuple):
    """Ticks first..stop-1 since the Unix epoch, of some seconds each."""

    first: int
    stop: int
    step: int


class Piece(NamedTuple):
    """Some ticks of a row, and what an event is worth there.

    Attributes:
        begin: first tick, counted from the grid's first.
        end: one past the last.
        values: one for all of them, or one each, shape (ticks,).
    """

    begin: int
    end: int
    values: float | Floats


_MOST = 1e30
"""Far beyond every limit, and not infinite: nothing times infinity is no number."""

Felt = Mapping[str, Sequence[tuple[int, Piece]]]
"""By channel: rows, and what happens to them."""


def felt(rows: Iterable[Iterable[Event]], grid: Ticks) -> Felt:
    """Return what the events of some rows do, by channel: row by row, in their order."""
    out: dict[str, list[tuple[int, Piece]]] = {}
    for row, events in enumerate(rows):
        for event in events:
            for effect in event.effects:
                found = [(row, piece) for piece in _pieces(event, effect, grid)]
                if found:
                    out.setdefault(effect.channel, []).extend(found)
    return out


def within(begin: int, end: int | None, grid: Ticks) -> tuple[int, int]:
    """Return the ticks of an interval of seconds, counted from the grid's first.

    A tick belongs to it if its time does: begin <= time < end.
    """
    first = max(-(-begin // grid.step), grid.first)
    stop = grid.stop if end is None else min(-(-end // grid.step), grid.stop)
    return first - grid.first, max(first, stop) - grid.first


def _pieces(event: Event, effect: Effect, grid: Ticks) -> Iterator[Piece]:
    edges: list[tuple[int, int | None, float, float]]
    if event.rises and event.end is not None:
        edges = [(event.begin, event.end, 0.0, 1.0)]
    elif event.course and event.end is not None:
        edges = _way(event.course, event.begin, event.end)
    else:
        edges = _edges(event)
    for begin, end, low, high in edges:
        at, stop = within(begin, end, grid)
        if at >= stop:
            continue
        if low == high:
            yield Piece(at, stop, _strength(effect, high))
            continue
        seconds = np.arange(grid.first + at, grid.first + stop, dtype=np.float64) * grid.step
        share = (seconds - begin) / (float(end or 0) - begin)
        share *= high - low
        share += low
        share *= effect.size - effect.start
        share += effect.start
        yield Piece(at, stop, share)


def _edges(event: Event) -> list[tuple[int, int | None, float, float]]:
    """Cut an event into its coming, its time at full strength, and its going."""
    begin, end, ramp = event.begin, event.end, event.ramp
    if not ramp:
        return [(begin, end, 1.0, 1.0)]
    goes = not event.stays
    if end is not None:
        ramp = min(ramp, (end - begin) // (2 if goes else 1))
    out: list[tuple[int, int | None, float, float]] = [(begin, begin + ramp, 0.0, 1.0)]
    if end is None or not goes:
        return [*out, (begin + ramp, end, 1.0, 1.0)]
    return [*out, (begin + ramp, end - ramp, 1.0, 1.0), (end - ramp, end, 1.0, 0.0)]


def _way(course: Course, begin: int, end: int) -> list[tuple[int, int | None, float, float]]:
    """Stretch a course to the length of an event."""
    at = [(begin + int(share * (end - begin)), strength) for share, strength in course]
    return [(first, stop, low, high) for (first, low), (stop, high) in pairwise(at)]


def _strength(effect: Effect, share: float) -> float:
    return effect.start + share * (effect.size - effect.start)


def multiply(values: Floats, found: Iterable[tuple[int, Piece]]) -> None:
    """Multiply values, shape (rows, ticks), in place."""
    for row, (begin, end, size) in found:
        part = values[row, begin:end]
        np.clip(np.multiply(part, size, out=part), -_MOST, _MOST, out=part)


def divide(values: Floats, found: Iterable[tuple[int, Piece]]) -> None:
    """Divide values, shape (rows, ticks), in place."""
    for row, (begin, end, size) in found:
        part = values[row, begin:end]
        np.clip(np.divide(part, size, out=part), -_MOST, _MOST, out=part)


def add(values: Floats, found: Iterable[tuple[int, Piece]]) -> None:
    """Add to values, shape (rows, ticks), in place."""
    for row, (begin, end, size) in found:
        values[row, begin:end] += size


def switch_off(values: NDArray[np.generic], found: Iterable[tuple[int, Piece]]) -> None:
    """Make values 0, shape (rows, ticks), in place."""
    for row, (begin, end, _) in found:
        values[row, begin:end] = 0
