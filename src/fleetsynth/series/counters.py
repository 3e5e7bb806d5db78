"""Exact counters of a server at any time: whole numbers, counted from its last boot.

The value of a tick covers the time since the tick before, and counters grow evenly in it. So at
second t, in tick T, a counter is ``before * step + rate * (t - (T - 1) * step)``: `rate` is the
tick's value in hundredths, and `before` the sum of those since the boot. All of it is int64, and no
sum of one server needs another one.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.series.boots import course
from fleetsynth.series.families import MODES
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.series.boots import Boot
    from fleetsynth.series.tiles import Tiles

    Ints = NDArray[np.int64]

FULL = 10_000
"""Hundredths of all of a CPU."""
SHARES = {
    "iowait": (0.0, 0.06),
    "irq": (0.0, 0.0),
    "nice": (0.0, 0.004),
    "softirq": (0.0, 0.02),
    "steal": (0.0, 0.01),
    "system": (0.15, 0.35),
}
"""Least and greatest share of a server's busy time in each mode; `user` is the rest."""
_PARTS = 1_000
_MOST_KEPT = 200_000
"""Servers whose last sums are remembered."""
_SHARES_KEPT = 1 << 14


class Counted(NamedTuple):
    """Counters of a server at some ticks.

    Attributes:
        first: the first tick.
        step: seconds from tick to tick.
        rate: hundredths of each counter that a tick adds, shape (counters, ticks): `MODES`, then
            traffic in and out, as far as there are such metrics.
        before: the sum of `rate` since the boot, up to the tick before, same shape.
        booted: second of the last boot, shape (ticks,).
    """

    first: int
    step: int
    rate: Ints
    before: Ints
    booted: Ints

    def at(self, counter: int, tick: Ints, elapsed: Ints, per_second: int = 1) -> Ints:
        """Return a counter in hundredths times parts of a second.

        Args:
            counter: which.
            tick: of each moment, shape (moments,).
            elapsed: parts of a second since the tick before, same shape.
            per_second: how many parts a second has.
        """
        at = tick - self.first
        out: Ints = self.before[counter, at] * (self.step * per_second)
        out += self.rate[counter, at] * elapsed
        return out


class Counters:
    """The counters of a plan's servers.

    Args:
        plan: its ticks are samples.
        tiles: its values, whether servers live or not.
    """

    def __init__(self, plan: Plan, tiles: Tiles) -> None:
        self._plan, self._tiles = plan, tiles
        self._lock = Lock()
        self._last: tuple[tuple[int, int, int], Counted] | None = None
        self._kept: OrderedDict[int, tuple[int, int, Ints]] = OrderedDict()
        self.place = {metric.stem: index for index, metric in enumerate(plan.metrics)}

    def of(self, server: int, first: int, stop: int) -> Counted:
        """Return the counters of a server at ticks first..stop-1 of its life.

        The last answer is remembered: the next series of a server asks for the same.
        """
        asked, last = (server, first, stop), self._last
        if last is None or last[0] != asked:
            last = self._last = asked, self._worked_out(server, first, stop)
        return last[1]

    def _worked_out(self, server: int, first: int, stop: int) -> Counted:
        boots = course(self._plan, server, first, stop).boots
        anchor, base = self._from(server, boots[0].tick, first)
        values = self._tiles.values(np.array([server]), anchor, stop)[:, 0]
        rate = self._rates(server, values)
        total = np.cumsum(rate, axis=1)
        if base is not None:
            total += base[:, None]
        before = np.concatenate([total[:, :1] - rate[:, :1], total[:, :-1]], axis=1)
        booted = np.full(stop - anchor, boots[0].second)
        _restart(boots, anchor, stop, rate, total, before, booted)
        with self._lock:
            self._kept[server] = boots[-1].tick, stop, total[:, -1].copy()
            self._kept.move_to_end(server)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        cut = slice(first - anchor, None)
        return Counted(first, self._plan.clock.step, rate[:, cut], before[:, cut], booted[cut])

    def _from(self, server: int, boot: int, first: int) -> tuple[int, Ints | None]:
        """Return from which tick on is to be summed, and what was summed before it.

        The next question often begins where the last one ended.
        """
        with self._lock:
            kept = self._kept.get(server)
        if kept and kept[0] == boot and boot < kept[1] <= first:
            return kept[1], kept[2]
        return boot, None

    def _rates(self, server: int, values: NDArray[np.int32]) -> Ints:
        """Return what each tick adds to each counter, shape (counters, ticks)."""
        known = np.where(values == NULL_HUNDREDTHS, 0, values).astype(np.int64)
        rows = []
        if "cpu" in self.place:
            rows += by_mode(known[self.place["cpu"]], self.shares(server))
        rows += [known[self.place[stem]] for stem in ("net_in", "net_out") if stem in self.place]
        return np.array(rows, np.int64).reshape(-1, values.shape[1])

    def counter(self, stem: str, mode: str = "idle") -> int:
        """Return the place of a counter among those of `Counted`."""
        if stem == "cpu":
            return MODES.index(mode)
        before = len(MODES) if "cpu" in self.place else 0
        return before + (stem == "net_out" and "net_in" in self.place)

    @property
    def size(self) -> int:
        """How many counters a server has."""
        traffic = sum(stem in self.place for stem in ("net_in", "net_out"))
        return traffic + (len(MODES) if "cpu" in self.place else 0)

    def shares(self, server: int) -> Mapping[str, int]:
        """Return the share of each mode in a server's busy time, in thousandths."""
        (name,) = self._plan.fleet.server_ids(server, server + 1)
        return _shares(self._plan.scenario.seed, name)


@lru_cache(maxsize=_SHARES_KEPT)
def _shares(seed: int, server: str) -> Mapping[str, int]:
    return {
        mode: int(_PARTS * (low + (high - low) * uniform(seed, "cpu mode", mode, server)))
        for mode, (low, high) in SHARES.items()
    }


def by_mode(busy: Ints, shares: Mapping[str, int]) -> list[Ints]:
    """Split hundredths of busy time among `MODES`; with `idle` they add up to `FULL`.

    Args:
        busy: shape (ticks,).
        shares: of all modes but `idle` and `user`, in thousandths.
    """
    out = {mode: busy * share // _PARTS for mode, share in shares.items()}
    left = busy.copy()
    for part in out.values():
        left -= part
    out |= {"idle": FULL - busy, "user": left}
    return [out[mode] for mode in MODES]


def _restart(
    boots: tuple[Boot, ...],
    anchor: int,
    stop: int,
    rate: Ints,
    total: Ints,
    before: Ints,
    booted: Ints,
) -> None:
    """Let sums begin anew at each boot, in place."""
    ends = [*(boot.tick for boot in boots[1:]), stop]
    for boot, end in zip(boots, ends, strict=True):
        at = boot.tick - anchor
        if at < 0:  # summed from later on
            continue
        here = slice(at, end - anchor)
        if boot.is_birth:
            rate[:, at] = 0
        total[:, here] = np.cumsum(rate[:, here], axis=1)
        before[:, here] = total[:, here] - rate[:, here]
        booted[here] = boot.second
