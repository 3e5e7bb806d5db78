"""What is looked up in all series of a dataset, in one pass over its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fleetsynth.capacity.daily import blocks
from fleetsynth.capacity.look import joined, look
from fleetsynth.capacity.past import History, share_of
from fleetsynth.capacity.rows import LABELS, NETWORK, all_blocks
from fleetsynth.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from fleetsynth.capacity.daily import Block
    from fleetsynth.capacity.known import Known
    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.past import Past
    from fleetsynth.capacity.rows import Exports, Rows

    Ints = NDArray[np.int64]


class Watcher(Protocol):
    """Who sees daily values as they are gathered."""

    def begin(self) -> None:
        """Learn that all blocks come, from the first: maybe for the second time."""

    def watch(
        self, block: Block, metric: str, values: NDArray[np.float32], past: Past | None = None
    ) -> None:
        """See a block's daily values of a metric, in percent, and what is known of them."""


@dataclass
class Gathered:
    """Series of servers, by the last day of the block that they came in.

    Attributes:
        last: the last day of all, counted from the epoch.
        names: of servers, by code.
        words: names behind the codes of labels, by role.
        servers: codes of servers, by last day of their blocks.
        labels: codes of labels, by last day and role.
        sampled: whose days have several samples, by last day.
        sizes: what servers have at last, by last day and role.
        looked: what was found, by metric and last day.
    """

    last: int = -1
    names: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    servers: dict[int, list[NDArray[np.int32]]] = field(default_factory=dict)
    labels: dict[int, dict[str, list[NDArray[np.int32]]]] = field(default_factory=dict)
    sampled: dict[int, list[NDArray[np.bool_]]] = field(default_factory=dict)
    sizes: dict[int, dict[str, list[NDArray[np.float64]]]] = field(default_factory=dict)
    looked: dict[str, dict[int, list[Looked]]] = field(default_factory=dict)

    def take(self, metric: str) -> list[Looked]:
        """Return what was found of a metric, and forget it."""
        return [joined(parts) for _, parts in sorted(self.looked.pop(metric).items())]

    def size(self, role: str) -> NDArray[np.float64]:
        """Return what each server has at last by one of `SIZES`, NaN where the data do not say."""
        parts = [sizes.get(role, []) for _, sizes in sorted(self.sizes.items())]
        known = [each for arrays in parts for each in arrays]
        return np.concatenate(known) if known else np.full(len(self.of_servers()), np.nan)

    def of_servers(self) -> Ints:
        """Return the code of each server, in the order in which `take` has series."""
        return _ordered(self.servers)

    def of_label(self, role: str) -> Ints:
        """Return the code of a label of each server, -1 where there is none."""
        return _ordered({last: labels[role] for last, labels in self.labels.items()})


def gather(
    exports: Exports,
    link: float | None,
    percentile: float,
    watcher: Watcher | None = None,
    known: Known | None = None,
) -> Gathered:
    """Look at all series.

    Args:
        exports: the rows.
        link: of the network, in Mbps.
        percentile: of the last months' values, for right-sizing.
        watcher: sees every block.
        known: who knows what happened to servers, if anybody does.

    Raises:
        InputError: if no server has a value.
    """
    out = Gathered()

    def take(parts: Iterable[Rows]) -> None:
        out.__init__()  # type: ignore[misc]
        if watcher:
            watcher.begin()
        for rows in parts:
            of, zone = exports.words["server"], exports.zone()
            for block in blocks(
                rows, exports.metrics, exports.labels, of, zone, out.last, exports.sizes
            ):
                pasts = _pasts(block, exports, known) if known else {}
                _add(out, block, (link, percentile), watcher, pasts)

    all_blocks(exports, take)
    out.names, out.words = exports.words["server"], exports.words
    if out.last < 0:
        raise InputError("no server has a value of any metric")
    return out


def _pasts(block: Block, exports: Exports, known: Known) -> dict[str, Past]:
    """Return what is known of a block's series, by metric."""
    shares = {metric: share_of(found) for metric, found in exports.statistics().items()}
    history = History(known, shares, exports.zone())
    servers = [exports.words["server"][code] for code in block.servers.tolist()]
    services: list[str | None] = [None] * len(servers)
    if "service" in block.labels:
        codes, words = block.labels["service"].tolist(), exports.words["service"]
        services = [words[code] if code >= 0 else None for code in codes]
    days = next(iter(block.values.values())).shape[1]
    found = history.of(servers, services, block.last, days)
    return {metric: history.past(found, metric, block.last, days) for metric in block.values}


def _add(
    out: Gathered,
    block: Block,
    how: tuple[float | None, float],
    watcher: Watcher | None,
    pasts: Mapping[str, Past],
) -> None:
    link, percentile = how
    out.last = max(out.last, block.last)
    out.servers.setdefault(block.last, []).append(block.servers)
    out.sampled.setdefault(block.last, []).append(block.sampled)
    labels = out.labels.setdefault(block.last, {role: [] for role in LABELS})
    for role, parts in labels.items():
        parts.append(block.labels.get(role, np.full(len(block.servers), -1, np.int32)))
    sizes = out.sizes.setdefault(block.last, {role: [] for role in block.sizes})
    for role, size in block.sizes.items():
        sizes[role].append(size)
    for metric, values in block.values.items():
        share = values * np.float32(100 / link) if metric in NETWORK and link else values
        found = look(share, block.last, percentile, pasts.get(metric))
        out.looked.setdefault(metric, {}).setdefault(block.last, []).append(found)
        if watcher:
            watcher.watch(block, metric, share, pasts.get(metric))


def _ordered(parts: dict[int, list[NDArray[np.int32]]]) -> Ints:
    codes = [each for _, arrays in sorted(parts.items()) for each in arrays]
    return np.concatenate(codes).astype(np.int64)
