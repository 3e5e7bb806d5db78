"""From clean rows to those that a collector has: a pure function of the plan and the block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import Block
from fleetsynth.collector.arrivals import arrivals, in_order
from fleetsynth.collector.cells import Rows
from fleetsynth.collector.values import spoil
from fleetsynth.ledger.fault_rates import how
from fleetsynth.ledger.faults import find
from fleetsynth.ledger.sources import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Kind
    from fleetsynth.ledger.faults import Found
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]

ACTS = ("freeze", "scale", "round", "blank", "shift", "hold", "scatter", "repeat", "drop")
"""What faults do, in the order in which they do it."""


def collect(plan: Plan, block: Block, look: Callable[[Window], Block]) -> Block:
    """Return the rows that a collector has of clean ones.

    Args:
        plan: whose collector it is.
        block: clean rows of a window, each cell once at most.
        look: returns the clean values of another window, whether or not servers live in it.
    """
    window, step = block.window, plan.clock.step
    span = Span(window.first_tick * step, window.stop_tick * step)
    faults = sorted(
        find(plan, window.first_server, window.stop_server, span),
        key=lambda each: ACTS.index(how(each[0]).act),
    )
    rows = Rows(block)
    values = spoil(plan, block, rows, faults, look)
    times = _times(rows, faults, step)
    place, again = _kept(times)
    server, tick = _places(block, place, times)
    arrival, delayed = arrivals(plan, block, rows, faults)
    arrival = arrival[place]
    if len(again):
        arrival[again] += RESENT_SECONDS
        delayed.append(place[again])
    late = np.concatenate([np.zeros(0, np.int64), *delayed])
    moved = in_order(window, step, late, place, (server, tick, arrival))
    if moved is not None:
        into, out_of = moved
        for column in (place, server, tick, arrival):
            column[into] = column[out_of]
    shift = _shifts(block, rows, faults, step)
    return Block(
        window,
        np.take(values, place, axis=1),
        server,
        tick,
        None if shift is None else shift[place],
        arrival,
    )


RESENT_SECONDS = 20
"""After which a row is sent again whose arrival nobody confirmed."""


def _kept(times: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return the row of the block that each row is, and which of these come again."""
    kept, twice = np.flatnonzero(times), np.flatnonzero(times > 1)
    if not len(twice):
        return kept, twice
    after = np.searchsorted(kept, twice) + 1
    return np.insert(kept, after, twice), after + np.arange(len(twice))


def _places(block: Block, place: Ints, times: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return server and tick of rows, given how often each row of the block is among them."""
    if block.server is not None and block.tick is not None:
        return block.server[place], block.tick[place]
    servers, ticks = block.window.shape
    of_each = times.reshape(servers, ticks).sum(axis=1, dtype=np.int64)
    server = np.repeat(np.arange(servers), of_each)
    return server, place - server * ticks


def _shifts(block: Block, rows: Rows, faults: list[tuple[Kind, Found]], step: int) -> Ints | None:
    """Return how far stamps are from the truth; a stamp never leaves its month."""
    out: Ints | None = None
    for kind, found in faults:
        if how(kind).act == "shift":
            row, fault = rows.hit(found, step)
            _, tick = rows.places(row)
            stamp = (tick + block.window.first_tick) * step
            told = stamp + found.size[fault].astype(np.int64)
            months = told.astype("datetime64[s]").astype("datetime64[M]")
            same = months == stamp.astype("datetime64[s]").astype("datetime64[M]")
            out = np.zeros(block.rows, np.int64) if out is None else out
            out[row] = np.where(same, told - stamp, 0)
    return out


def _times(rows: Rows, faults: list[tuple[Kind, Found]], step: int) -> NDArray[np.uint8]:
    """Return how often each row arrives: once, twice, or not at all."""
    out = np.ones(rows.count, np.uint8)
    for kind, found in faults:
        act = how(kind).act
        if act in ("repeat", "drop"):
            out[rows.hit(found, step).row] = 2 if act == "repeat" else 0
    return out
