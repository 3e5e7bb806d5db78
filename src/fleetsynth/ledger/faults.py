"""Faults of the collector, found from a window alone, for many servers and kinds at once.

Time is cut into epochs of 64 days, counted from the Unix epoch. How many faults of a kind an epoch
of a server has, one uniform decides, so that a higher rate keeps those of a lower one. Addresses
hold neither the step nor the span, and faults begin at whole minutes. A fault spoils the rows whose
ticks begin within it; one that spoils none is none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.ledger.fault_rates import EPOCH, how, rates_of
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, encode, mixed, mixed_uniforms, words_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Kind
    from fleetsynth.ledger.fault_rates import Rates
    from fleetsynth.ledger.sources import Span
    from fleetsynth.plan import Plan

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]
    Lives = tuple[NDArray[np.int64], ...]

SAMPLE = 300
"""Seconds that a sample lasts, unless ticks are shorter."""
FLEET = "fleet"
"""The entity of a fault that spoils the rows of all servers."""
_MINUTE = 60
_FIRST_EPOCH = 1 << 20
"""Added to the numbers of epochs, of which those before 1970 are negative."""
_WHEN, _SINGLE, _LONG, _METRIC, _SIZE, _SIGN = range(6)
"""What is drawn of a fault, by the place in its stream."""


@dataclass(frozen=True)
class Found:
    """Faults by server and begin; an array of shape (faults,) each.

    Attributes:
        kind: index of the kind among those that were asked for.
        server: index of the server in the plan, less the first that was asked for; -1 of faults
            of the whole fleet.
        begin: seconds since the Unix epoch.
        end: same, one past the last.
        size: how badly; NaN where that does not count.
        metric: index of the metric among those of the kind; 0 where rows are spoilt.
        words: keys of further draws.
    """

    kind: Ints
    server: Ints
    begin: Ints
    end: Ints
    size: Floats
    metric: Ints
    words: Words

    def __len__(self) -> int:
        """How many there are."""
        return len(self.begin)

    def take(self, rows: NDArray[Any]) -> Found:
        """Return some of them."""
        return Found(*(getattr(self, field.name)[rows] for field in fields(self)))


def find(plan: Plan, first: int, stop: int, span: Span) -> Iterator[tuple[Kind, Found]]:
    """Yield the faults that spoil rows of servers first..stop-1 in a span, kind by kind.

    Faults of the whole fleet are among them, whether or not one of these servers has rows then.

    Args:
        plan: what they belong to.
        first: first server.
        stop: one past the last.
        span: of seconds; a fault is found if the tick of a row that it spoils begins in it.
    """
    prefix, step = address(plan.scenario.seed, "fault"), plan.clock.step
    for rates, is_fleet in zip(rates_of(plan), (False, True), strict=True):
        if not rates.kinds:
            continue
        if is_fleet:
            codes, ids, lives = np.zeros(1, np.int64), [encode(FLEET)], None
        else:
            codes = plan.fleet.archetype_codes(first, stop)
            ids = plan.fleet.encoded_ids(first, stop)
            lives = plan.fleet.days_of_life(first, stop)
        found = _drawn(rates, words_after(prefix, ids), codes, step, span)
        found = found.take(_spoiling(rates, found, step, span, lives))
        if is_fleet:
            found.server[:] = -1
        if rates.without and len(found):
            found = found.take(_wanted(rates, found, plan, first))
        found = _whole(rates, found)
        edges = np.searchsorted(found.kind, np.arange(len(rates.kinds) + 1)).tolist()
        for kind, low, high in zip(rates.kinds, edges[:-1], edges[1:], strict=True):
            if low < high:
                yield kind, found.take(np.arange(low, high))


def ticks_of(found: Found, step: int) -> tuple[Ints, Ints]:
    """Return the first tick that begins in each fault, and one past the last."""
    return -(-found.begin // step), -(-found.end // step)


def names_of(found: Found, plan: Plan, first: int) -> list[str]:
    """Return the entity of each fault, given the first server that was asked for."""
    if not len(found) or int(found.server[0]) < 0:
        return [FLEET] * len(found)
    low, high = int(found.server.min()), int(found.server.max())
    names = plan.fleet.server_ids(first + low, first + high + 1)
    return [names[server] for server in (found.server - low).tolist()]


def _drawn(rates: Rates, words: Words, codes: Ints, step: int, span: Span) -> Found:
    """Return faults with a tick whose time may touch a span, by kind, server and begin.

    Nothing is known yet of metrics and sizes.
    """
    longest = max(rates.longest, SAMPLE)
    epochs = np.arange((span.first - longest) // EPOCH, (span.stop - 1) // EPOCH + 1)
    own = rates.words[:, None] ^ words
    streams = mixed(own[:, :, None], epochs + _FIRST_EPOCH)
    count = _counts(rates, mixed_uniforms(streams, 0), codes).ravel()
    which = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    keys = mixed(streams.ravel()[which], number + 1)
    minute = (mixed_uniforms(keys, _WHEN) * (EPOCH // _MINUTE)).astype(np.int64)
    begin = epochs[which % len(epochs)] * EPOCH + minute * _MINUTE
    near = np.flatnonzero((begin < span.stop) & (begin + longest > span.first))
    which, begin, keys = which[near] // len(epochs), begin[near], keys[near]
    kind = which // len(words)
    single = mixed_uniforms(keys, _SINGLE) < rates.single[kind]
    end = begin + min(SAMPLE, step)
    seen = np.flatnonzero(~single | (-(-begin // step) * step < end))
    if len(seen) < len(which):
        which, begin, end, kind = which[seen], begin[seen], end[seen], kind[seen]
        keys, single = keys[seen], single[seen]
    long = np.flatnonzero(~single)
    end[long] = begin[long] + _seconds(rates, kind[long], keys[long])
    found = _bare(kind, which - kind * len(words), begin, end, keys)
    first_tick, end_tick = ticks_of(found, step)
    found = found.take(np.flatnonzero(first_tick < end_tick))
    found = found.take(np.lexsort((-found.end, found.begin, found.server, found.kind)))
    again = np.diff(found.begin) == 0
    again &= (np.diff(found.server) == 0) & (np.diff(found.kind) == 0)
    # One of each minute, for an id has its minute: the longest, which sees ticks if any does.
    return found.take(np.append(True, ~again)) if again.any() else found


def _bare(kind: Ints, server: Ints, begin: Ints, end: Ints, words: Words) -> Found:
    return Found(kind, server, begin, end, np.full(len(kind), np.nan), np.zeros_like(kind), words)


def _seconds(rates: Rates, kind: Ints, keys: Words) -> Ints:
    """Return how long faults last that last longer than a sample."""
    hours = rates.least[kind] * rounded(np.exp(mixed_uniforms(keys, _LONG) * rates.ratio[kind]))
    minutes = np.rint(hours * (HOUR_SECONDS // _MINUTE))
    return np.maximum(1, minutes).astype(np.int64) * _MINUTE


def _counts(rates: Rates, u: Floats, codes: Ints) -> Ints:
    """Return how many faults of each kind each epoch of each server has: Poisson numbers."""
    out = np.zeros(u.shape, np.int64)
    for code in np.unique(codes).tolist():
        rows = codes == code
        for kind, cumulated in enumerate(rates.cumulated):
            out[kind, rows] = np.searchsorted(cumulated[code], u[kind, rows], side="right")
    return out


def _spoiling(
    rates: Rates, found: Found, step: int, span: Span, lives: Lives | None
) -> NDArray[np.bool_]:
    """Tell which faults spoil a row in a span and a life."""
    begin, end = ticks_of(found, step)
    if lives is not None:
        born, gone = (days[found.server] * (DAY_SECONDS // step) for days in lives)
        begin, end = np.maximum(begin, born), np.minimum(end, gone)
    # What stays as it was for a single row is as it should be.
    least = np.array([2 if how(kind).act == "freeze" else 1 for kind in rates.kinds])
    whole = end - begin >= least[found.kind]
    begin = np.maximum(begin, -(-span.first // step))
    end = np.minimum(end, -(-span.stop // step))
    out: NDArray[np.bool_] = whole & (begin < end)
    return out


def _wanted(rates: Rates, found: Found, plan: Plan, first: int) -> NDArray[np.bool_]:
    """Tell which faults the scenario does not take away."""
    kinds = [rates.kinds[kind].name for kind in found.kind.tolist()]
    each = zip(kinds, names_of(found, plan, first), found.begin.tolist(), strict=True)
    return np.array([one not in rates.without for one in each], np.bool_)


def _whole(rates: Rates, found: Found) -> Found:
    """Return faults with their metrics and sizes."""
    which, much, sign = (mixed_uniforms(found.words, at) for at in (_METRIC, _SIZE, _SIGN))
    low, high = rates.size[found.kind].T
    size, metric = np.rint(low + (high - low) * much), found.metric
    for number, kind in enumerate(rates.kinds):
        of = how(kind)
        rows = np.flatnonzero(found.kind == number)
        if of.either:
            size[rows] = np.where(sign[rows] < 0.5, -size[rows], size[rows])
        if of.size is None:
            size[rows] = np.nan
        if of.of:
            metric[rows] = (which[rows] * len(of.of)).astype(np.int64)
        for place, sizes in enumerate(of.of.values()):
            here = rows[metric[rows] == place] if sizes else rows[:0]
            if len(here):
                size[here] = np.array(sizes)[(much[here] * len(sizes)).astype(np.int64)]
    return Found(found.kind, found.server, found.begin, found.end, size, metric, found.words)
