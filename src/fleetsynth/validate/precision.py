"""How much a dataset can tell: the information about each parameter, by simulation of its law.

The law at a factor does not depend on the data, so it is sampled once, with a fixed seed, at a few
levels per archetype; the counts of rows then weight the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.validate.likelihood import scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.validate.design import Design
    from fleetsynth.validate.likelihood import Density

    Floats = NDArray[np.float64]

_SAMPLE = 120_000
"""Simulated rows per archetype: the information is good to about a percent."""
_LEAST = 3_000
_RESOLUTION = 0.08
"""Levels closer than this, relatively, share a sample."""


@dataclass(frozen=True)
class Samples:
    """Simulated scores of one archetype.

    Attributes:
        node: which sample each group uses, shape (groups,).
        scores: of each sample, shape (scores, rows).
    """

    node: NDArray[np.int64]
    scores: list[Floats]


def sample(design: Design, archetype: int) -> Samples:
    """Simulate an archetype's rows at the levels that occur, and return their scores."""
    density = design.densities[archetype]
    if density is None:
        raise AssertionError("an archetype without noise has no samples")
    demand = design.demand[archetype]
    g = design.group_growth()[0, archetype]
    keys = np.rint(np.log(np.maximum([demand, g], 1e-3)) / _RESOLUTION).astype(np.int64)
    _, node = np.unique(keys[0] * 10_000 + keys[1], return_inverse=True)
    ticks = np.bincount(design.group, minlength=design.groups).astype(np.float64)
    weight = np.bincount(node, ticks)
    generator = np.random.Generator(np.random.Philox(key=archetype))
    out = []
    for number, share in enumerate(weight / weight.sum()):
        at = node == number
        level = [float(np.average(x[at], weights=ticks[at])) for x in (demand, g)]
        scale = design.scale(np.array(level[0]), np.array(level[1]))
        size = max(_LEAST, round(_SAMPLE * float(share)))
        out.append(_simulate(density, design.base[archetype] * scale, size, generator))
    return Samples(node.astype(np.int64), out)


def _simulate(density: Density, level: Floats, size: int, generator: np.random.Generator) -> Floats:
    law = density.law
    lower = np.linalg.cholesky(law.correlation)
    mean = np.broadcast_to(level[:, None], (len(level), size))
    values = mean + law.sd[:, None] * (lower @ generator.standard_normal(mean.shape))
    spikes = generator.random(size) < law.probability
    values = np.where(spikes, values * law.factor[:, None], values)
    values = np.clip(values, density.low[:, None], density.high[:, None])
    return scores(density, np.rint(values * 100) / 100, mean)
