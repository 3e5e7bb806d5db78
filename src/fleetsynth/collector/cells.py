"""The rows of a block that faults spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.ledger.faults import ticks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.ledger.faults import Found
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]


class Hit(NamedTuple):
    """Rows that faults of one kind spoil; of two at once, the one that began later counts.

    Attributes:
        row: index of each row in its block, shape (hits,).
        fault: index of the fault that spoils it, same shape.
    """

    row: Ints
    fault: Ints


class Rows:
    """The rows of a block, by server and tick.

    Attributes:
        count: how many there are.
    """

    def __init__(self, block: Block) -> None:
        self._window, self.count, self._block = block.window, block.rows, block
        self._row: NDArray[np.int64] | None = None
        if block.server is not None and block.tick is not None:
            self._row = np.full(block.window.cells, -1)
            self._row[block.server * block.window.shape[1] + block.tick] = np.arange(block.rows)

    def places(self, row: Ints) -> tuple[Ints, Ints]:
        """Return server and tick of some rows."""
        if self._block.server is not None and self._block.tick is not None:
            return self._block.server[row], self._block.tick[row]
        ticks = self._window.shape[1]
        server = row // ticks
        return server, row - server * ticks

    def at(self, cell: Ints) -> Ints:
        """Return the rows of cells, each of which has one."""
        return cell if self._row is None else self._row[cell]

    def hit(self, found: Found, step: int) -> Hit:
        """Return the rows whose ticks begin within faults."""
        cell, fault = cells(self._window, found, step)
        if self._row is None:
            return Hit(cell, fault)
        row = self._row[cell]
        there = row >= 0
        return Hit(row[there], fault[there])


def cells(window: Window, found: Found, step: int) -> tuple[Ints, Ints]:
    """Return cells of a window in faults, and the fault of each; the last of a cell counts.

    Those of the whole fleet come first, and then all in order of begin.
    """
    servers, ticks = window.shape
    begin, end = ticks_of(found, step)
    begin = np.clip(begin - window.first_tick, 0, ticks)
    end = np.clip(end - window.first_tick, 0, ticks)
    server, fault = found.server, np.arange(len(found))
    everywhere = server < 0
    if everywhere.any():  # one for each server
        which = np.repeat(np.flatnonzero(everywhere), servers)
        fault = np.concatenate([which, np.flatnonzero(~everywhere)])
        server = np.concatenate(
            [np.tile(np.arange(servers), int(everywhere.sum())), server[~everywhere]]
        )
        begin, end = begin[fault], end[fault]
    order = np.lexsort((found.begin[fault], server))
    server, fault, begin, end = server[order], fault[order], begin[order], end[order]
    size = np.maximum(end - begin, 0)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    cell = np.repeat(server * ticks + begin, size) + within
    return cell, np.repeat(fault, size)
