"""The content digest of a table whose columns are words and whole numbers, nearly all of them 0.

It is the digest that `PlanDigest` gives, found without looking at each row of a server in a month
in which nothing happens.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.tables.digest import (
    digest,
    integers,
    runs,
    text_run,
    when,
    who,
    word_runs,
)
from fleetsynth.tables.plan_digest import PlanDigest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan

    Codes = NDArray[np.integer]


def digest_of(plan: Plan) -> PlanDigest:
    """Return what collects the leaves of a plan's table."""
    is_coded = all(metric.whole or metric.words for metric in plan.metrics)
    return _CodesDigest(plan) if is_coded and plan.is_gapless else PlanDigest(plan)


class _CodesDigest(PlanDigest):
    """Collects the leaves of rows that are there from the first tick of each life to its last."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._columns = [(metric.column, metric.words) for metric in plan.metrics]
        self._waiting: dict[int, list[Codes]] = {}
        self._quiet_numbers = cache(self._numbers_when)
        self._quiet_words = cache(self._words_of)
        self._times = cache(self._times_of)
        self._zeros = cache(lambda rows: digest(bytes(8 * rows)))

    def update(self, block: Block) -> None:
        """Take a window's rows."""
        window, clock = block.window, self._plan.clock
        lives = self._plan.lives(window.first_server, window.stop_server)
        lived = [(clock.first, clock.stop)] * window.shape[0] if lives is None else lives.tolist()
        ids = self._plan.fleet.server_ids(window.first_server, window.stop_server)
        for row, values in _of_servers(block):
            index, (born, gone) = row + window.first_server, lived[row]
            begun = max(born, window.first_tick)
            for place, (_, *whole) in enumerate(self._months):
                first, stop = max(whole[0], born), min(whole[1], gone)
                begin, end = max(first, window.first_tick), min(stop, window.stop_tick)
                if begin >= end:
                    continue
                rows = [*self._waiting.pop(index, ()), values[:, begin - begun : end - begun]]
                if end < stop:
                    self._waiting[index] = [*rows[:-1], rows[-1].copy()]
                    continue
                codes = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
                self._put_codes(index, place, (first, stop), ids[row], codes)

    def _put_codes(
        self, index: int, place: int, ticks: tuple[int, int], server: str, codes: Codes
    ) -> None:
        """Write the leaf of a server in a month."""
        quiet = not codes.max()
        dates = self._quiet_numbers(place, *ticks) if quiet else None
        words = self._quiet_words(ticks[1] - ticks[0]) if quiet else self._words_of(0, codes)
        leaf = sha256(b"fleetsynth leaf\n" + who(server, words))
        leaf.update(dates or self._numbers_when(place, *ticks, codes))
        self._put(index, place, leaf)

    def _numbers_when(self, place: int, first: int, stop: int, codes: Codes | None = None) -> bytes:
        """Digest the times of a leaf and its columns of numbers; all 0 if it says no codes."""
        columns = {"timestamp": self._times(first, stop)}
        known = {b"": self._zeros(stop - first)}  # metrics share what befalls them
        for i, (name, words) in enumerate(self._columns):
            if not words:
                its = np.zeros(1, np.int8) if codes is None else codes[i]
                key = its.tobytes() if its.max() else b""
                if key not in known:
                    known[key] = digest(integers(its))
                columns[name] = known[key]
        return when(self._months[place][0], stop - first, (), columns)

    def _times_of(self, first: int, stop: int) -> bytes:
        return digest(integers(self._plan.clock.seconds(first, stop) * SECOND_MICROS))

    def _words_of(self, rows: int, codes: Codes | None = None) -> dict[str, bytes]:
        """Digest the columns of words; of so many rows with the first word if it says no codes."""
        known: dict[tuple[tuple[str, ...], bytes], bytes] = {}
        out = {}
        for i, (name, words) in enumerate(self._columns):
            if words:
                key = words, b"" if codes is None else codes[i].tobytes()
                if key not in known:
                    run = text_run(rows, words[0])
                    known[key] = digest(run if codes is None else word_runs(codes[i], words))
                out[name] = known[key]
        return out


def _of_servers(block: Block) -> Iterator[tuple[int, Codes]]:
    """Yield the row of each server in its window, and its values, shape (columns, rows)."""
    if block.server is None:
        for row in range(block.values.shape[1]):
            yield row, block.values[:, row]
        return
    for first, stop in runs(np.diff(block.server) != 0, block.rows):
        yield int(block.server[first]), block.values[:, first:stop]
