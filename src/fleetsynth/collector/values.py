"""Faults of values: they are missing, stay as they are, are of another unit, are coarse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.clock import DAY_SECONDS
from fleetsynth.ledger.fault_rates import how
from fleetsynth.ledger.faults import ticks_of
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.collector.cells import Rows
    from fleetsynth.kinds.kind import Kind
    from fleetsynth.ledger.faults import Found
    from fleetsynth.plan import Plan

    Ints = NDArray[np.int64]
    Values = NDArray[np.int32]

_MOST = -float(NULL_HUNDREDTHS) - 1
"""Hundredths beyond which no value can be told."""


def spoil(
    plan: Plan,
    block: Block,
    rows: Rows,
    faults: list[tuple[Kind, Found]],
    look: Callable[[Window], Block],
) -> Values:
    """Return the values of a block's rows as they are told, shape (metrics, rows).

    Args:
        plan: what the block belongs to.
        block: clean rows.
        rows: the same, by server and tick.
        faults: of values, in the order in which they act; others are passed over.
        look: returns the clean values of another window.
    """
    values = block.values.reshape(len(block.values), -1)
    spoilt = [(how(kind), found) for kind, found in faults if how(kind).of]
    if spoilt:
        values = values.copy()
    for of, found in spoilt:
        hit = rows.hit(found, plan.clock.step)
        metric = found.metric[hit.fault]
        held = _begins(plan, block, rows, found, look) if of.act == "freeze" else None
        for place, stem in enumerate(of.of):
            here = np.flatnonzero(metric == place)
            row, fault = hit.row[here], hit.fault[here]
            for column in (i for i, each in enumerate(plan.metrics) if each.stem == stem):
                if held is not None:
                    values[column, row] = held[column][fault]
                else:
                    told = _told(of.act, values[column, row], found.size[fault])
                    values[column, row] = told
    return values


def _told(act: str, values: Values, size: NDArray[np.float64]) -> Values:
    """Return what is told in place of hundredths."""
    if act == "blank":
        return np.full(values.shape, NULL_HUNDREDTHS, np.int32)
    known = values.astype(np.float64)
    if act == "scale":
        told = np.minimum(np.rint(known * size), _MOST)
    elif act == "round":
        told = rounded_to(known, size)
    else:
        raise AssertionError(act)
    out: Values = np.where(values == NULL_HUNDREDTHS, NULL_HUNDREDTHS, told).astype(np.int32)
    return out


def rounded_to(hundredths: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hundredths on a grid of so many per cent, a whole number of which make one."""
    per_cent = np.rint(1 / size)
    out: NDArray[np.float64] = np.rint(np.rint(hundredths * per_cent / 100) * 100 / per_cent)
    return out


def _begins(
    plan: Plan, block: Block, rows: Rows, found: Found, look: Callable[[Window], Block]
) -> dict[int, Values]:
    """Return the clean values at the first tick of each fault, by metric; of lives, of theirs."""
    window, step = block.window, plan.clock.step
    begin, _ = ticks_of(found, step)
    lives = plan.fleet.days_of_life(window.first_server, window.stop_server)
    if lives is not None:
        begin = np.maximum(begin, lives[0][found.server] * (DAY_SECONDS // step))
    clean = block.values.reshape(len(block.values), -1)
    inside = np.flatnonzero((begin >= window.first_tick) & (begin < window.stop_tick))
    out = np.zeros((len(clean), len(found)), np.int32)
    place = found.server * window.shape[1] + begin - window.first_tick
    out[:, inside] = clean[:, rows.at(place[inside])]
    for fault in np.setdiff1d(np.arange(len(found)), inside).tolist():
        if begin[fault] >= window.stop_tick:
            continue
        server, tick = int(found.server[fault]) + window.first_server, int(begin[fault])
        there = look(Window(server, server + 1, tick, tick + 1))
        out[: len(there.values), fault] = there.values.reshape(len(there.values), -1)[:, 0]
    return dict(enumerate(out))
