"""When rows arrive, and in which order they stand for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.ledger.fault_rates import how
from fleetsynth.streams import address, mixed_uniforms, words_after

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.collector.cells import Rows
    from fleetsynth.kinds.kind import Kind
    from fleetsynth.ledger.faults import Found
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]

_LATENCY, _CYCLE = 30, 10
"""Seconds: a server's own way to the collector takes up to so long, and a round of the collector,
which is the same for all servers, up to so long more, and less than a tick."""
_NOT_NEGATIVE = 1 << 40
"""Added to seconds, of which those before 1970 are negative."""
_CATCH_UP = 10
"""So many times as fast as they came, rows that waited are sent."""


def arrivals(
    plan: Plan, block: Block, rows: Rows, faults: list[tuple[Kind, Found]]
) -> tuple[Ints, list[Ints]]:
    """Return when rows arrive, in seconds since the Unix epoch, shape (rows,), and which are late.

    That is when their tick is over, and a little later; later still where a fault holds them back.

    Args:
        plan: what they belong to.
        block: the rows.
        rows: the same, by server and tick.
        faults: in the order in which they act.
    """
    window, step = block.window, plan.clock.step
    seconds = plan.clock.seconds(window.first_tick, window.stop_tick)
    own, usual = latencies(plan, window), seconds + step + cycles(plan, seconds)
    if block.server is None or block.tick is None:
        arrival = (usual + own[:, None]).ravel()
    else:
        arrival = usual[block.tick] + own[block.server]
    delayed = []
    for kind, found in faults:
        act = how(kind).act
        if act not in ("hold", "scatter"):
            continue
        row, fault = rows.hit(found, step)
        server, tick = rows.places(row)
        if act == "hold":
            waited = (seconds[tick] - found.begin[fault]) // _CATCH_UP
            sent = found.end[fault] + waited + own[server]
            arrival[row] = np.maximum(arrival[row], sent)
        else:
            u = mixed_uniforms(found.words[fault], seconds[tick] + _NOT_NEGATIVE)
            arrival[row] += (u * found.size[fault]).astype(np.int64)
        delayed.append(row)
    return arrival, delayed


def latencies(plan: Plan, window: Window) -> Ints:
    """Return the seconds that a server's rows take at least, shape (servers,)."""
    ids = plan.fleet.encoded_ids(window.first_server, window.stop_server)
    words = words_after(address(plan.scenario.seed, "latency"), ids)
    out: Ints = 1 + (mixed_uniforms(words, 0) * _LATENCY).astype(np.int64)
    return out


def cycles(plan: Plan, seconds: Ints) -> Ints:
    """Return the seconds that the collector takes at some ticks, shape (ticks,)."""
    word = np.frombuffer(address(plan.scenario.seed, "cycle").digest()[:8], "<u8")
    most = min(_CYCLE, plan.clock.step)
    out: Ints = (mixed_uniforms(word, seconds + _NOT_NEGATIVE) * most).astype(np.int64)
    return out


def in_order(
    window: Window, step: int, delayed: Ints, place: Ints, columns: tuple[Ints, Ints, Ints]
) -> tuple[Ints, Ints] | None:
    """Return where rows have to stand, and where they are, so that they stand as they arrived.

    A server's rows of a month stay together, for a reader has all of one before the next.

    Args:
        window: that the rows lie in.
        step: seconds of a tick.
        delayed: which rows of the block may be late.
        place: index in the block of each row, ascending.
        columns: server, tick and arrival of each row.

    Returns:
        Rows and rows to put there; None if all are where they have to be.
    """
    server, tick, arrival = columns
    first = np.searchsorted(place, np.unique(delayed))
    first = first[first < len(place)]
    if not len(first):
        return None
    # Others arrive within a tick of each other: those after a late row that arrive before it.
    wait = arrival[first] - (tick[first] + window.first_tick + 1) * step
    stop = np.searchsorted(place, place[first] + wait // step + 2)
    begins = np.append(True, first[1:] >= np.maximum.accumulate(stop)[:-1])
    start, stop = first[begins], np.maximum.reduceat(stop, np.flatnonzero(begins))
    run = np.repeat(np.arange(len(start)), stop - start)
    rows = np.arange(len(run)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start)
    rows += start[run]
    second = (tick[rows] + window.first_tick) * step
    month = second.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    return rows, rows[np.lexsort((arrival[rows], month, server[rows], run))]
