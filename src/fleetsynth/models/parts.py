"""Named parts that add up to published values, in whole hundredths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]
    Hundredths = NDArray[np.int32]

GREATEST = 1e9
"""Hundredths beyond which a partial sum is cut off, so that a part fits 32 bits.

No published value comes near it. What is cut off one part is missing in a later one.
"""


class Part(NamedTuple):
    """One part of the values of one metric.

    Attributes:
        values: in hundredths, int32, shaped like a metric of the block, or (kinds, ticks) where
            `kind` says which row each server has.
        kind: shape (servers,).
    """

    values: Hundredths
    kind: NDArray[np.integer] | None = None

    def of_rows(self) -> Hundredths:
        """Return the part of each row, shaped like a metric of the block."""
        return self.values if self.kind is None else self.values[self.kind]


class Parts(NamedTuple):
    """What the published values of a window are made of.

    Attributes:
        block: the published values, as `simulate` returns them.
        parts: of each metric, by name; they add up to its values.
        places: of each metric, which sample of the tick is published, counted from 0, int32,
            shaped like the metric; None where a tick is one sample, or no sample is.
    """

    block: Block
    parts: tuple[dict[str, Part], ...]
    places: tuple[Hundredths | None, ...]


@dataclass(frozen=True)
class Components:
    """How a model says what its values are made of.

    Attributes:
        names: of the parts of each metric, in the order in which they are added.
        placed: of each metric, whether `Parts.places` says which sample is published.
        make: returns a window's values and parts, from one simulation.
    """

    names: Callable[[Any], tuple[tuple[str, ...], ...]]
    placed: Callable[[Any], tuple[bool, ...]]
    make: Callable[[Any, Window], Parts]


def whole(values: Floats, *, small: bool = False) -> Floats:
    """Round to whole hundredths, as published values are; far beyond them is cut off.

    Args:
        values: in the metric's unit; changed in place and returned.
        small: whether all are known to be far from where they would be cut off.
    """
    values *= 100
    np.rint(values, out=values)
    return values if small else np.clip(values, -GREATEST, GREATEST, out=values)
