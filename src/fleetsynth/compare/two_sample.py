"""The classifier two-sample test: how well somebody who has seen both can tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fleetsynth.compare.stretches import Stretch

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Fit = Callable[[Floats, Ints, Floats, int], Callable[[Floats], Floats]]

SPLITS = 5
"""Different halvings of the servers, each of whose halves is once what is learned from."""
LEAST_SERVERS = 4


@dataclass(frozen=True)
class Told:
    """How well two sets of stretches are told apart.

    Attributes:
        auc: of servers that were not learned from, mean over the splits: .5 cannot tell, 1 always
            knows. NaN where there are fewer than four servers of either.
        sd: standard deviation over the splits.
    """

    auc: float
    sd: float


def told_apart(
    rows: tuple[Floats, Floats],
    servers: tuple[Sequence[str], Sequence[str]],
    fit: Fit,
    splits: int = SPLITS,
) -> Told:
    """Learn from half of the servers, ask about the others, several times.

    Args:
        rows: of either dataset, shape (stretches, features).
        servers: the server of each stretch.
        fit: learns from rows, labels, weights and a seed, and returns what scores others.
        splits: how many halvings.
    """
    if min(len(set(side)) for side in servers) < LEAST_SERVERS:
        return Told(np.nan, np.nan)
    labels = np.repeat([0, 1], [len(side) for side in rows])
    both = np.concatenate(rows)
    scores = []
    for split in range(splits):
        # By name: what is learned of a server must not be asked of its copy in the other dataset.
        halves = [_half(side, "apart", split) for side in servers]
        learned = np.concatenate(halves)
        aucs = []
        for mine in (learned, ~learned):
            score = fit(both[mine], labels[mine], _weights(labels[mine]), split)
            asked = score(both[~mine])
            aucs.append(auc(asked[labels[~mine] == 1], asked[labels[~mine] == 0]))
        scores.append(float(np.mean(aucs)))
    return _told(scores)


def floor(rows: Floats, servers: Sequence[str], fit: Fit) -> Told:
    """Return how well two halves of one dataset are told apart, mean over several halvings."""
    found = []
    for split in range(SPLITS):
        half = _half(servers, "floor", split)
        names = _where(servers, half), _where(servers, ~half)
        told = told_apart((rows[half], rows[~half]), names, fit, splits=1)
        found.append(told.auc)
    return _told(found)


def _told(found: Sequence[float]) -> Told:
    return Told(round(float(np.mean(found)), 4), round(float(np.std(found)), 4))


def halved(stretches: Sequence[Stretch], split: int) -> tuple[list[Stretch], list[Stretch]]:
    """Return the stretches of either half of the servers."""
    half = _half([stretch.server for stretch in stretches], "floor", split).tolist()
    one = [stretch for stretch, mine in zip(stretches, half, strict=True) if mine]
    return one, [stretch for stretch, mine in zip(stretches, half, strict=True) if not mine]


def auc(high: Floats, low: Floats) -> float:
    """Return the chance that one of `high` is above one of `low`; ties count half."""
    if not len(high) or not len(low):
        return float("nan")
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left")
    upto = np.searchsorted(ordered, high, side="right")
    return float((below + upto).mean()) / 2 / len(low)


def _where(servers: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, mine in zip(servers, chosen, strict=True) if mine]


def _half(servers: Sequence[str], purpose: str, split: int) -> NDArray[np.bool_]:
    """Return which stretches belong to a half of the servers, drawn by their names."""
    names = sorted(set(servers), key=lambda name: (uniform("halves", purpose, split, name), name))
    mine = set(names[: (len(names) + split % 2) // 2])
    return np.array([name in mine for name in servers], bool)


def _weights(labels: Ints) -> Floats:
    """Return weights by which both classes are worth the same."""
    counts = np.maximum(np.bincount(labels, minlength=2), 1)
    return np.asarray(0.5 / counts[labels])
