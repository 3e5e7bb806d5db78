"""Faults of collectors, found in the rows of a server alone: what is missing, late, wrong, coarse.

Nothing here looks at a ledger: what is found in data of ours is found in anybody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import HOUR_SECONDS, SECOND_MICROS
from fleetsynth.reader.value_faults import of_values, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

OUTAGE_SECONDS = 2 * HOUR_SECONDS
"""A hole that lasts so long, and not one tick alone, is an outage; a shorter one is a gap."""
_LATE_SECONDS = 120
"""Beyond the usual delay of its server, from which on a row is late."""
_FARTHEST_TICKS = 4
"""Ticks that a wrong clock is sought within, where no arrival says how far it was off."""


class Spotted(NamedTuple):
    """Rows, or ticks without a row, that one fault has spoilt.

    Attributes:
        kind: of the fault, as ledgers call it.
        begin: time of the first, in microseconds since the Unix epoch.
        end: time of the last.
        role: the metric; empty where it is the whole row.
    """

    kind: str
    begin: int
    end: int
    role: str = ""


class Seen(NamedTuple):
    """Rows of a server as they stand.

    Attributes:
        time: of each row, microseconds since the Unix epoch, shape (rows,).
        arrival: likewise; None where nothing says when rows arrived.
        values: by metric; NaN where one is missing.
    """

    time: Ints
    arrival: Ints | None
    values: Mapping[str, Floats]


def spot(seen: Seen, step: int) -> Iterator[Spotted]:
    """Yield the faults of a server's rows.

    Args:
        seen: the rows, in the order in which they stand.
        step: seconds of a tick.
    """
    micros = step * SECOND_MICROS
    phase = _phase(seen.time, micros)
    tick, skewed = _ticks(seen, micros, phase)
    order = np.argsort(tick, kind="stable")
    tick, time = tick[order], seen.time[order]
    skewed = skewed[order]
    for first, last in runs_of(skewed):
        yield Spotted("clock_skew", int(time[first]), int(time[last]))
    again = np.append(False, tick[1:] == tick[:-1])
    once = ~again
    twice = np.bincount(np.cumsum(once) - 1) > 1
    for first, last in runs_of(twice):
        yield Spotted("duplicate", int(time[once][first]), int(time[once][last]))
    yield from _delays(seen, order[once], time[once], tick[once], micros, skewed[once])
    tick, time = tick[once], time[once]
    for at in np.flatnonzero(np.diff(tick) > 1).tolist():
        absent = int(tick[at + 1] - tick[at]) - 1
        begin = int(tick[at] + 1) * micros + phase
        long = absent > 1 and absent * step >= OUTAGE_SECONDS
        kind = "agent_outage" if long else "gap"
        yield Spotted(kind, begin, begin + (absent - 1) * micros)
    off = seen.values["cpu"][order][once] == 0 if "cpu" in seen.values else np.zeros(0, np.bool_)
    for role, values in seen.values.items():
        for kind, first, last in of_values(values[order][once], role, off):
            yield Spotted(kind, int(time[first]), int(time[last]), role)


def _phase(time: Ints, micros: int) -> int:
    """Return where most times lie within a tick."""
    phases, counts = np.unique(time % micros, return_counts=True)
    return int(phases[np.argmax(counts)])


def _ticks(seen: Seen, micros: int, phase: int) -> tuple[Ints, Flags]:
    """Return the tick of each row, and which rows have a wrong stamp."""
    away = seen.time - phase
    tick, beside = np.divmod(away, micros)
    skewed = np.minimum(beside, micros - beside) >= SECOND_MICROS
    if not skewed.any():
        return np.rint(away / micros).astype(np.int64), skewed
    right = np.unique(tick[~skewed])
    if seen.arrival is not None:
        delay = seen.arrival - seen.time
        usual = int(np.median(delay[~skewed])) if (~skewed).any() else int(np.median(delay))
    for shift in np.unique(beside[skewed]).tolist():
        mine = skewed & (beside == shift)
        low = tick[mine]
        if seen.arrival is not None:
            off = int(np.median(seen.arrival[mine] - seen.time[mine])) - usual
            tick[mine] = low + int(np.rint((shift + off) / micros))
            continue
        # Of the ways to put them back the one that meets the fewest rows that are there.
        ways = sorted(range(-_FARTHEST_TICKS, _FARTHEST_TICKS + 1), key=lambda k: abs(2 * k - 1))
        tick[mine] = low + min(ways, key=lambda k: int(np.isin(low + k, right).sum()))
    return tick, skewed


def _delays(
    seen: Seen, order: Ints, time: Ints, tick: Ints, micros: int, skewed: Flags
) -> Iterator[Spotted]:
    """Yield what came late: held back together, or each for itself."""
    if seen.arrival is None:
        back = order < np.maximum.accumulate(order)
        for first, last in runs_of(back):
            yield Spotted("out_of_order", int(time[first]), int(time[last]))
        return
    arrival = seen.arrival[order]
    delay = arrival - tick * micros
    sound = delay[~skewed] if (~skewed).any() else delay
    late = delay > np.median(sound) + _LATE_SECONDS * SECOND_MICROS
    late &= ~skewed
    near = late.copy()  # a row or two in between that came in time do not make it two faults
    for first, last in runs_of(~late):
        if last - first < 2 and first > 0 and last < len(late) - 1:
            near[first : last + 1] = True
    for first, last in runs_of(near):
        came = arrival[first : last + 1]
        kind = "out_of_order" if (np.diff(came) < 0).any() else "late"
        yield Spotted(kind, int(time[first]), int(time[last]))
