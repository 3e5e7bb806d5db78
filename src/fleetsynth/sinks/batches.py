"""How the samples of a plan are cut into batches: on in time, the same whenever they are cut."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.series.selection import Selection
from fleetsynth.sinks.streamed import Batch, Longer
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.sinks.streamed import Cut

    _Rectangle = tuple[tuple[int, int], NDArray[np.int64], Longer | None]


_TOGETHER = 1 << 24
"""Samples that are worked out together, at most, where they are sent in shorter spans."""


class Cutting(NamedTuple):
    """Spans of time, and servers within each.

    Attributes:
        seconds: of a span: tiles of the simulation, or a piece of one.
        servers: of a batch, at most.
        by_server: whether all spans of some servers come before those of others.
    """

    seconds: int
    servers: int
    by_server: bool = False


def cutting(everything: Selection, cut: Cut) -> Cutting:
    """Return how to cut what is sent, so that tiles are simulated as rarely as can be."""
    size = max(1, len(everything.everyone))
    catalog = everything.catalog
    tile = catalog.samples.clock.step * BLOCK
    per_second = sum(len(rows) / catalog.step(family) for family, rows in everything.chosen)
    heads = cut.each_series * sum(len(rows) for _, rows in everything.chosen)

    def fits(servers: int) -> float:
        """Return how many seconds of some servers a batch has room for."""
        return (cut.samples / servers - heads) / per_second

    def servers_in(seconds: int) -> int:
        return max(1, int(cut.samples / (per_second * seconds + heads)))

    if cut.by_server:
        end = everything.span[1] - everything.span[0] + 2 * tile
        if fits(1) >= end:
            return Cutting(end // tile * tile, servers_in(end), by_server=True)
        return Cutting(max(1, int(fits(1) // tile)) * tile, 1, by_server=True)
    if fits(size) >= tile:
        return Cutting(int(fits(size) // tile) * tile, size)
    if cut.late_seconds is None:
        seconds = _piece(everything, min(fits(1), tile))
        return Cutting(seconds, servers_in(seconds))
    if fits(size) >= cut.late_seconds:
        return Cutting(_piece(everything, fits(size)), size)
    seconds = _piece(everything, min(cut.late_seconds, tile))
    return Cutting(seconds, servers_in(seconds))


def _piece(everything: Selection, seconds: float) -> int:
    """Return the length of equal pieces of a tile that are no longer than some seconds.

    They are whole ticks where they can be: counters go on from where a piece has ended.
    """
    catalog = everything.catalog
    step = catalog.samples.clock.step
    unit = step if seconds >= step else min(catalog.step(of) for of, _ in everything.chosen)
    units = step * BLOCK // unit
    pieces = min(units, -(-units // max(1, int(seconds // unit))))
    return units // pieces * unit


def batches(everything: Selection, how: Cutting, first: int = 0) -> Iterator[Batch]:
    """Yield batches that together have each sample once, from a number on; none is empty."""
    cut = _by_server if how.by_server else _on_in_time
    for number, (span, servers, longer) in enumerate(cut(everything, how)):
        if number >= first:
            selection = Selection(everything.catalog, everything.chosen, servers, span)
            if selection.samples:
                yield Batch(number, selection, selection.samples, longer)


def _by_server(everything: Selection, how: Cutting) -> Iterator[_Rectangle]:
    for servers in _groups(everything, how):
        yield from ((span, servers, None) for span in _spans(everything, how))


def _on_in_time(everything: Selection, how: Cutting) -> Iterator[_Rectangle]:
    """Yield spans and servers; short spans as parts of longer ones, which are worked out once."""
    groups = _groups(everything, how)
    for spans in _runs(everything, how):
        whole = spans[0][0], spans[-1][1]
        longer: list[Longer | None] = [None] * len(groups)
        if len(spans) > 1:
            longer = [Longer(Selection(everything.catalog, everything.chosen, servers, whole))
                      for servers in groups]  # fmt: skip
        for span in spans:
            yield from ((span, *each) for each in zip(groups, longer, strict=True))


def _runs(everything: Selection, how: Cutting) -> Iterator[list[tuple[int, int]]]:
    """Yield spans that follow each other, as many as there is room for, and none beyond a tile."""
    catalog = everything.catalog
    each = sum(len(rows) * how.seconds / catalog.step(of) for of, rows in everything.chosen)
    most = max(1, int(_TOGETHER / (each * max(1, len(everything.everyone)))))
    spans = _spans(everything, how)
    step = catalog.samples.clock.step
    for _, of_tile in groupby(spans, lambda span: (span[1] + step - 1) // (step * BLOCK)):
        of = list(of_tile)
        size = -(-len(of) // -(-len(of) // most))  # equal parts
        yield from (of[at : at + size] for at in range(0, len(of), size))


def _groups(everything: Selection, how: Cutting) -> list[NDArray[np.int64]]:
    size = len(everything.everyone)
    return [everything.everyone[at : at + how.servers] for at in range(0, size, how.servers)]


def _spans(everything: Selection, how: Cutting) -> Iterator[tuple[int, int]]:
    """Yield first and last second of each span; a tick's value covers the time before it."""
    begin, end = everything.span
    step = everything.catalog.samples.clock.step
    tile = step * BLOCK
    edge = (begin // tile) * tile - step + 1
    while edge <= end:
        whole = max(tile, how.seconds)
        for at in range(edge, edge + whole, how.seconds):
            span = max(at, begin), min(at + how.seconds, edge + whole) - 1
            if span[0] <= min(span[1], end):
                yield span[0], min(span[1], end)
        edge += whole
