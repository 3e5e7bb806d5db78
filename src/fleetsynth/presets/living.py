"""Rows only while a server lives: what a model makes of a window, cut once for all models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import Block
from fleetsynth.models.parts import Part, Parts
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

    Ints = NDArray[np.int64]

_ENOUGH = 0.6
"""Share of a window's cells that servers live in from which on it is not cut any further."""


def block_of_lives(make: Callable[[Plan, Window], Block], plan: Plan, window: Window) -> Block:
    """Return the rows that a model makes of a window, of the ticks that servers live in."""
    lives = lives_in(plan, window)
    if lives is None:
        return make(plan, window)
    out = [_Cut.of(make(plan, piece), lives, window) for piece in pieces(lives, window)]
    nothing = np.zeros((len(plan.metrics), 0), np.int32)
    values = [nothing, *(cut.of_rows(cut.block.values) for cut in out)]
    return _joined(out, np.concatenate(values, axis=1), window)


def parts_of_lives(make: Callable[[Plan, Window], Parts], plan: Plan, window: Window) -> Parts:
    """Return what a window's values are made of, of the ticks that servers live in."""
    lives = lives_in(plan, window)
    if lives is None:
        return make(plan, window)
    # Where nobody lives, what there is to know of the parts is asked of one cell.
    one = Window(*window[:1], window.first_server + 1, window.first_tick, window.first_tick + 1)
    made = [make(plan, piece) for piece in pieces(lives, window) or [one]]
    cuts = [_Cut.of(each.block, lives, window) for each in made]

    def cut(columns: Iterable[NDArray[np.int32]]) -> NDArray[np.int32]:
        each = zip(cuts, columns, strict=True)
        return np.concatenate([of.of_rows(column[None])[0] for of, column in each])

    values = [of.of_rows(of.block.values) for of in cuts]
    return Parts(
        block=_joined(cuts, np.concatenate(values, axis=1), window),
        parts=tuple(
            {name: Part(cut(m.parts[metric][name].of_rows() for m in made)) for name in names}
            for metric, names in enumerate(made[0].parts)
        ),
        places=tuple(
            None if places[0] is None else cut(each for each in places if each is not None)
            for places in zip(*(each.places for each in made), strict=True)
        ),
    )


def lives_in(plan: Plan, window: Window) -> Ints | None:
    """Return the first tick of each server's life in a window and one past its last.

    None if all servers live in all of it.
    """
    lives = plan.lives(window.first_server, window.stop_server)
    if lives is None:
        return None
    lives = np.clip(lives, window.first_tick, window.stop_tick)
    if (lives[:, 1] - lives[:, 0]).sum() == window.cells:
        return None
    return lives


def pieces(lives: Ints, window: Window) -> list[Window]:
    """Return windows that hold all lives in a window, by server, with little else in them."""
    living = np.flatnonzero(lives[:, 0] < lives[:, 1])
    if not len(living):
        return []
    first, stop = int(living[0]), int(living[-1]) + 1
    within = lives[first:stop]
    around = Window(
        window.first_server + first,
        window.first_server + stop,
        int(lives[living, 0].min()),
        int(lives[living, 1].max()),
    )
    if stop - first == 1 or (within[:, 1] - within[:, 0]).sum() >= _ENOUGH * around.cells:
        return [around]
    half = (stop - first) // 2
    middle = around.first_server + half
    return [
        *pieces(within[:half], around._replace(stop_server=middle)),
        *pieces(within[half:], around._replace(first_server=middle)),
    ]


class _Cut(NamedTuple):
    """Which rows of a block are of a life, and their server and tick in a window."""

    block: Block
    kept: Ints
    server: Ints
    tick: Ints

    @classmethod
    def of(cls, block: Block, lives: Ints, window: Window) -> _Cut:
        """Cut a block, which lies in a window with those lives."""
        there = block.window
        before = there.first_server - window.first_server
        within = lives[before : before + there.shape[0]] - there.first_tick
        if block.server is None or block.tick is None:
            ticks = np.arange(there.shape[1])
            kept = np.flatnonzero((ticks >= within[:, :1]) & (ticks < within[:, 1:]))
            server, tick = np.divmod(kept, there.shape[1])
        else:
            of_row = within[block.server]
            kept = np.flatnonzero((block.tick >= of_row[:, 0]) & (block.tick < of_row[:, 1]))
            server, tick = block.server[kept], block.tick[kept]
        return cls(block, kept, server + before, tick + (there.first_tick - window.first_tick))

    def of_rows(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the values of rows that are kept, shape (metrics, rows)."""
        return values.reshape(len(values), -1)[:, self.kept]


def _joined(cuts: Sequence[_Cut], values: NDArray[np.int32], window: Window) -> Block:
    nothing = np.zeros(0, np.int64)
    server = np.concatenate([nothing, *(cut.server for cut in cuts)])
    tick = np.concatenate([nothing, *(cut.tick for cut in cuts)])
    return Block(window, values, server, tick)
