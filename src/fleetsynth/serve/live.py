"""``/metrics`` of a fleet: the scenario replayed by the wall clock.

Counters count by the wall clock, too: at ten times the speed a server's CPU time still grows by a
second a second, and its rates are those that it has in the scenario.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.errors import FleetsynthError
from fleetsynth.series.counters import FULL
from fleetsynth.series.families import MODES
from fleetsynth.series.sizes import BLOCK_BYTES, PAGE_BYTES, available, sizes
from fleetsynth.series.values import LINK_BYTES, in_units
from fleetsynth.serve.exposition import Blocks
from fleetsynth.timestamps import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.series.select import Catalog
    from fleetsynth.serve.clockwork import Replay

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_TICKS = 64
"""Ticks that are made ready at once."""
_MS = 1000


class OverError(FleetsynthError):
    """The scenario has come to its end, or has not begun."""


class Span(NamedTuple):
    """What servers do over some ticks of samples.

    Attributes:
        first: the first tick.
        rate: what each tick adds to each counter, shape (counters, servers, ticks).
        before: the sum since the boot, up to the tick before, same shape.
        booted: second of the last boot, shape (servers, ticks).
        values: hundredths of each metric, shape (metrics, servers, ticks).
        published: those that the dataset has, shape (metrics, servers, ticks of the dataset).
        first_published: the first of these ticks.
        memory: size in bytes, shape (servers, ticks).
        disk: size in bytes, same shape.
        lives: whether servers live, shape (servers, ticks).
    """

    first: int
    rate: Ints
    before: Ints
    booted: Ints
    values: NDArray[np.int32]
    published: NDArray[np.int32]
    first_published: int
    memory: Ints
    disk: Ints
    lives: NDArray[np.bool_]


class Live:
    """The fleet at any moment, as a scrape sees it.

    Args:
        catalog: what is served.
        servers: places of the servers that are shown, ascending.
        replay: how time goes.
    """

    def __init__(self, catalog: Catalog, servers: Ints, replay: Replay) -> None:
        self._catalog, self._servers, self.replay = catalog, servers, replay
        self._step = catalog.samples.clock.step
        self._lock = Lock()
        self._spans: dict[int, Future[Span]] = {}
        self._blocks = Blocks(catalog, servers)

    def prepare(self, wall_ms: int) -> None:
        """Make ready what a scrape needs at a time; what it will need next is begun."""
        self._span(self._tick(self.replay.scenario_ms(wall_ms)) // _TICKS * _TICKS)

    def text(self, wall_ms: int, *, openmetrics: bool) -> bytes:
        """Return all metrics at a time of the wall clock.

        Raises:
            OverError: if the scenario has nothing to say of that time.
        """
        now = self.replay.scenario_ms(wall_ms)
        self._refuse_beyond(now)
        tick = self._tick(now)
        span = self._span(tick // _TICKS * _TICKS)
        at = tick - span.first
        published, lives = self._published(span, now), span.lives[:, at]
        if not self._catalog.plan.is_gapless:  # what the dataset has no row of, nobody has seen
            lives = lives & ~np.isnan(np.hstack([*published.values()])).all(axis=1)
        values = published | self._values(span, at, now)
        return self._blocks.text(values, lives, openmetrics=openmetrics)

    def _values(self, span: Span, at: int, now: int) -> dict[str, Floats]:
        """Return what is made of samples by the name of its family, shape (servers, rows)."""
        catalog, counters = self._catalog, self._catalog.counters
        elapsed = now - (span.first + at - 1) * self._step * _MS
        total = span.before[:, :, at] * (self._step * _MS) + span.rate[:, :, at] * elapsed
        per_second = _MS * self.replay.speed

        def left(stem: str, size: Ints, unit: int) -> Floats:
            return available(span.values[counters.place[stem], :, at], size[:, at], unit)[:, None]

        out: dict[str, Callable[[], Floats]] = {
            "boot time": lambda: self.replay.wall_seconds(span.booted[:, at])[:, None],
            "cpu time": lambda: total[: len(MODES)].T / (FULL * per_second),
            "received": lambda: _bytes(total[counters.counter("net_in")], per_second),
            "sent": lambda: _bytes(total[counters.counter("net_out")], per_second),
            "memory size": lambda: span.memory[:, at, None].astype(np.float64),
            "disk size": lambda: span.disk[:, at, None].astype(np.float64),
            "memory available": lambda: left("mem", span.memory, PAGE_BYTES),
            "disk available": lambda: left("disk", span.disk, BLOCK_BYTES),
        }
        return {f.name: out[f.quantity]() for f in catalog.families if f.quantity in out}

    def _published(self, span: Span, now: int) -> dict[str, Floats]:
        """Return what the dataset has at the tick that covers a time, shape (servers, 1) each."""
        tick = -(-now // (self._catalog.plan.clock.step * _MS))
        values = span.published[:, :, tick - span.first_published]
        names = {family.quantity: family.name for family in self._catalog.families}
        return {
            names[metric.column]: in_units(values[place], whole=metric.whole)[:, None]
            for place, metric in enumerate(self._catalog.plan.metrics)
            if metric.column in names
        }

    def _tick(self, now: int) -> int:
        """Return the tick of samples that covers a time."""
        return -(-now // (self._step * _MS))

    def _refuse_beyond(self, now: int) -> None:
        begin, end = self._catalog.span()
        if not begin * _MS <= now <= end * _MS:
            what = "has not begun" if now < begin * _MS else "is over"
            raise OverError(
                f"it is {text_of(now // _MS)} in the scenario, which {what}: it goes from"
                f" {text_of(begin)} to {text_of(end)}; start again with another --at"
            )

    def _span(self, first: int) -> Span:
        """Return a span; the next one is made meanwhile, so that no scrape waits for it."""
        out = self._coming(first).result()
        if self._step * _TICKS >= self.replay.speed:  # else it is over within a second
            self._coming(first + _TICKS)
        return out

    def _coming(self, first: int) -> Future[Span]:
        with self._lock:
            if first not in self._spans:
                for old in [known for known in self._spans if known < first - _TICKS]:
                    del self._spans[old]
                self._spans[first] = Future()
                Thread(target=self._make, args=(first, self._spans[first]), daemon=True).start()
            return self._spans[first]

    def _make(self, first: int, coming: Future[Span]) -> None:
        try:
            coming.set_result(self._made(first))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits; others try again
            with self._lock:
                self._spans.pop(first, None)
            coming.set_exception(error)

    def _made(self, first: int) -> Span:
        catalog, stop = self._catalog, first + _TICKS
        clock, count = catalog.samples.clock, len(self._servers)
        low, high = max(first, clock.first), min(stop, clock.stop)
        size = catalog.counters.size
        rate, before = np.zeros((2, size, count, _TICKS), np.int64)
        booted, memory, disk = np.zeros((3, count, _TICKS), np.int64)
        lives = np.zeros((count, _TICKS), np.bool_)
        values = np.full((len(catalog.samples.metrics), count, _TICKS), NULL_HUNDREDTHS, np.int32)
        if low < high:
            values[:, :, low - first : high - first] = catalog.clean.values(
                self._servers, low, high
            )
            for row, server in enumerate(self._servers.tolist()):
                begin, end = _life(catalog, server, low, high)
                if begin < end:
                    counted = catalog.counters.of(server, begin, end)
                    here = slice(begin - first, end - first)
                    rate[:, row, here], before[:, row, here] = counted.rate, counted.before
                    booted[row, here], lives[row, here] = counted.booted, True
                    memory[row, here], disk[row, here] = sizes(catalog.samples, server, begin, end)
        published, first_published = values, first
        if catalog.published is not catalog.clean:
            published, first_published = self._published_in(first, stop)
        return Span(
            first, rate, before, booted, values, published, first_published, memory, disk, lives
        )

    def _published_in(self, first: int, stop: int) -> tuple[NDArray[np.int32], int]:
        """Return what the dataset has at the ticks that cover some of samples, and the first."""
        catalog, clock = self._catalog, self._catalog.plan.clock
        low = max((first - 1) * self._step // clock.step + 1, clock.first)
        high = min(-(-(stop - 1) * self._step // clock.step) + 1, clock.stop)
        if low >= high:
            return np.empty((len(catalog.plan.metrics), len(self._servers), 0), np.int32), low
        return catalog.published.values(self._servers, low, high), low


def _life(catalog: Catalog, server: int, low: int, high: int) -> tuple[int, int]:
    lives = catalog.samples.lives(server, server + 1)
    if lives is None:
        return low, high
    begin, end = lives[0].tolist()
    return max(low, begin), min(high, end)


def _bytes(total: Ints, per_second: float) -> Floats:
    return np.floor(total * LINK_BYTES / per_second)[:, None]
