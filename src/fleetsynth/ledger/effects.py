"""What events do to series: pieces of time, and what multiplies or is added there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Effect, Event

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


def pieces(events: Iterable[Event], channel: str, grid: Ticks) -> Iterator[Piece]:
    """Yield what events do on a channel, in their order."""
    for event in events:
        for effect in event.effects:
            if effect.channel == channel:
                yield from _pieces(event, effect, grid)


def down(events: Iterable[Event], grid: Ticks) -> Iterator[tuple[int, int]]:
    """Yield the ticks at which a server is down, counted from the grid's first."""
    for event in events:
        if event.has("down"):
            begin, end = within(event.begin, event.end, grid)
            if begin < end:
                yield begin, end


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


def _strength(effect: Effect, share: float) -> float:
    return effect.start + share * (effect.size - effect.start)


def multiply(row: Floats, found: Iterable[Piece]) -> None:
    """Multiply a row, shape (ticks,), in place."""
    for begin, end, values in found:
        row[begin:end] *= values


def divide(row: Floats, found: Iterable[Piece]) -> None:
    """Divide a row, shape (ticks,), in place."""
    for begin, end, values in found:
        row[begin:end] /= values


def add(row: Floats, found: Iterable[Piece]) -> None:
    """Add to a row, shape (ticks,), in place."""
    for begin, end, values in found:
        row[begin:end] += values
