"""Values of any servers at any time; whole tiles are remembered for the next question."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import nullcontext
from itertools import count, groupby
from math import lcm
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.window import BLOCK, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan

    Hundredths = NDArray[np.int32]

_NUMBERS = count()
_TOGETHER = 64
"""Servers that are simulated together."""
_MOST_CELLS = 1 << 21
"""Servers times ticks that are simulated together."""
_SMALL_CELLS = 1 << 14
"""Servers times ticks whose simulation holds the interpreter: two at a time take as long as one
after the other, and both are late."""


class _Missing(NamedTuple):
    """Tiles that nobody remembers.

    Attributes:
        row: place of the server in the answer.
        server: which.
        first: the first tile.
        stop: one past the last.
    """

    row: int
    server: int
    first: int
    stop: int


class Memory:
    """The tiles that were made last, whatever they are of, up to so many bytes.

    Attributes:
        most_bytes: that are remembered.
        bytes: that are.
        turn: held by whoever simulates little.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._lock, self.turn = Lock(), Lock()
        self._kept: OrderedDict[tuple[int, int, int], Hundredths] = OrderedDict()

    def get(self, key: tuple[int, int, int]) -> Hundredths | None:
        """Return a tile, if it is remembered; it is not forgotten soon."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def __contains__(self, key: tuple[int, int, int]) -> bool:
        return key in self._kept

    def keep(self, tiles: Iterable[tuple[tuple[int, int, int], Hundredths]]) -> None:
        """Remember tiles."""
        with self._lock:
            for key, values in tiles:
                if key not in self._kept:
                    self._kept[key] = values.copy()
                    self.bytes += values.nbytes
            while self.bytes > self.most_bytes:
                self.bytes -= self._kept.popitem(last=False)[1].nbytes


class Tiles:
    """Hundredths of a plan's metrics, by server and tick.

    Args:
        plan: its values.
        simulate: makes them.
        memory: where tiles are kept; others may keep theirs there.

    Attributes:
        ticks: of a tile.
    """

    def __init__(
        self, plan: Plan, simulate: Callable[[Plan, Window], Block], memory: Memory
    ) -> None:
        self._plan, self._simulate, self._memory = plan, simulate, memory
        per_tick = plan.samples_per_row
        self.ticks = lcm(BLOCK, per_tick) // per_tick
        self._number = next(_NUMBERS)
        self._whole: Tiles | None = None
        self._parts: dict[str, Tiles] = {}

    def only(self, stem: str) -> Tiles:
        """Return those of the metrics of one stem, which a model has to be able to make alone.

        Where the metrics of another stem were asked for before, all are made together.
        """
        if stem not in self._parts:
            part = Tiles(self._plan.only(stem), self._simulate, self._memory)
            part._whole = self
            self._parts[stem] = part
        return self._parts[stem]

    def room_for(self, servers: int, ticks: int) -> bool:
        """Tell whether tiles of so many servers and ticks can be remembered together."""
        tiles = ticks // self.ticks + 2
        size = servers * tiles * self.ticks * len(self._plan.metrics) * 4
        return size <= self._memory.most_bytes // 2

    def values(self, servers: NDArray[np.int64], first: int, stop: int) -> Hundredths:
        """Return hundredths at ticks first..stop-1, shape (metrics, servers, ticks).

        `NULL_HUNDREDTHS` where there is no row, or no value; of repeated rows the last one counts.
        """
        out = np.empty((len(self._plan.metrics), len(servers), stop - first), np.int32)
        missing = [
            found
            for row, server in enumerate(servers.tolist())
            if (found := self._recalled(out, row, server, first)) is not None
        ]
        keeps = self.room_for(len(missing), stop - first)
        for group in self._groups(missing):
            begin, end = group[0].first * self.ticks, group[0].stop * self.ticks
            made = self._made(Window(group[0].server, group[-1].server + 1, begin, end))
            low, high = max(begin, first), min(end, stop)
            rows = slice(group[0].row, group[0].row + len(group))
            out[:, rows, low - first : high - first] = made[:, :, low - begin : high - begin]
            if keeps:
                self._keep(group, made)
        return out

    def load(self, servers: NDArray[np.int64], first: int, stop: int) -> None:
        """Simulate what is not remembered, neighbours together, and remember it."""
        self.values(servers, first, stop)

    def _recalled(self, out: Hundredths, row: int, server: int, first: int) -> _Missing | None:
        """Write what is remembered of a server; return the tiles from the first to the last gap."""
        size, stop = self.ticks, first + out.shape[2]
        gaps = []
        for tile in range(first // size, (stop - 1) // size + 1):
            kept = self._get(server, tile)
            if kept is None:
                gaps.append(tile)
                continue
            begin = tile * size
            low, high = max(begin, first), min(begin + size, stop)
            out[:, row, low - first : high - first] = kept[:, low - begin : high - begin]
        return _Missing(row, server, gaps[0], gaps[-1] + 1) if gaps else None

    def _groups(self, missing: list[_Missing]) -> Iterator[list[_Missing]]:
        """Yield neighbours that lack the same tiles, as many as are simulated together."""

        def run(numbered: tuple[int, _Missing]) -> tuple[int, ...]:
            place, gap = numbered
            return gap.server - place, gap.row - place, gap.first, gap.stop

        for (_, _, first, stop), found in groupby(enumerate(missing), run):
            gaps = [gap for _, gap in found]
            most = max(1, min(_TOGETHER, _MOST_CELLS // ((stop - first) * self.ticks)))
            for begin in range(0, len(gaps), most):
                yield gaps[begin : begin + most]

    def _made(self, window: Window) -> Hundredths:
        whole = self._whole
        if whole is not None and whole.is_known(window.first_server, window.first_tick):
            servers = np.arange(window.first_server, window.stop_server)
            values = whole.values(servers, window.first_tick, window.stop_tick)
            return values[[whole._plan.metrics.index(metric) for metric in self._plan.metrics]]
        with self._memory.turn if window.cells <= _SMALL_CELLS else nullcontext():
            block = self._simulate(self._plan, window)
        if block.is_full:
            return block.values
        out = np.full((len(block.values), *window.shape), NULL_HUNDREDTHS, np.int32)
        server, tick, values = block.listed()
        out[:, server, tick] = values
        return out

    def is_known(self, server: int, tick: int) -> bool:
        """Tell whether a tile is remembered, or a part of it."""
        place = server, tick // self.ticks
        return any((each._number, *place) in self._memory for each in (self, *self._parts.values()))

    def _get(self, server: int, tile: int) -> Hundredths | None:
        return self._memory.get((self._number, server, tile))

    def _keep(self, group: list[_Missing], made: Hundredths) -> None:
        first = group[0].first
        self._memory.keep(
            ((self._number, gap.server, tile), made[:, place, begin : begin + self.ticks])
            for place, gap in enumerate(group)
            for tile in range(gap.first, gap.stop)
            for begin in [(tile - first) * self.ticks]
        )
