"""Activities: something that goes on for a while, at some height, between two seconds.

A sample shows an activity's average over the sample, so a short one is a low first sample and one
that goes on past the end of a sample shows in two. Begins and ends are whole seconds and heights
are made multiples of 2**-20 of at most 2**20, so sums of them are exact: in any order, and however
time is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.numeric import RESOLUTION, rounded
from fleetsynth.streams import address, encode, mixed, mixed_uniforms, words_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

_HIGHEST = 1 / RESOLUTION
"""Height of an activity at most, whatever its unit: sums of thousands are still exact."""
_START, _NORMALS = 0, 1
"""Places in the stream of an activity's word: when it begins, and normals, two words each."""


class Activities(NamedTuple):
    """Some activities; shape (activities,) each.

    Attributes:
        row: the place of the server or service.
        start: first second, counted from the Unix epoch.
        length: seconds, at least 1.
        word: keys whatever else is drawn for it.
    """

    row: Ints
    start: Ints
    length: Ints
    word: Words

    def normals(self, place: int) -> Floats:
        """Return one standard normal each; other places are independent."""
        return normals(self.word, place)

    def uniforms(self, place: int) -> Floats:
        """Return one uniform each; places of their own, beyond those of `normals`."""
        return mixed_uniforms(self.word, 1000 + place)

    def lasting(self, seconds: Floats, least: float, most: float) -> Activities:
        """Return them with lengths, in whole seconds within bounds."""
        return self._replace(length=np.rint(np.clip(seconds, least, most)).astype(np.int64))

    def take(self, which: NDArray[Any]) -> Activities:
        """Return some of them, by a mask or by their places."""
        return Activities(self.row[which], self.start[which], self.length[which], self.word[which])


def together(*several: Activities) -> Activities:
    """Return all activities of several kinds, one kind after the other."""
    return Activities(
        np.concatenate([made.row for made in several]),
        np.concatenate([made.start for made in several]),
        np.concatenate([made.length for made in several]),
        np.concatenate([made.word for made in several]),
    )


class Cells(NamedTuple):
    """Cells of time that have at most so many activities each.

    Attributes:
        seconds: length of a cell; cells are counted from the Unix epoch.
        most: activities in a cell, at most.
    """

    seconds: int
    most: int


def at_random(
    seed: int, purpose: str, names: Sequence[str], span: tuple[int, int], grid: Cells, rate: Floats
) -> Activities:
    """Draw activities that begin at any time, as often as each entity's rate says.

    Each cell has `most` candidates, and each of them happens by a chance of its own, so a higher
    rate only adds some.

    Args:
        seed: of the scenario.
        purpose: what they are: part of their address.
        names: of the entities.
        span: seconds begin..end-1 that they may touch; none is longer than a cell.
        grid: the cells.
        rate: expected in a cell, at most `grid.most`, shape (entities,).

    Returns:
        They, a second long each, in order of entity and cell.
    """
    first, stop = span[0] // grid.seconds - 1, (span[1] - 1) // grid.seconds + 1
    wanted = np.flatnonzero(rate > 0)
    cells = [encode(cell) for cell in range(first, stop)]
    words = np.empty((len(wanted), len(cells)), dtype=np.uint64)
    for place, row in enumerate(wanted.tolist()):
        words[place] = words_after(address(seed, purpose, names[row]), cells)
    happens = mixed_uniforms(words[:, :, None], np.arange(grid.most))
    happens_to = happens < (rate[wanted] / grid.most)[:, None, None]
    server, cell, candidate = np.nonzero(happens_to)
    word = mixed(words[server, cell], grid.most + candidate)
    start = (mixed_uniforms(word, _START) * grid.seconds).astype(np.int64)
    start += (first + cell) * grid.seconds
    return Activities(wanted[server], start, np.ones_like(start), word)


def normals(words: Words, place: int) -> Floats:
    """Return one standard normal of each word, by Box and Muller; not yet rounded."""
    of = np.arange(2)[:, None] + (_NORMALS + 2 * place)
    radius, angle = mixed_uniforms(words, of)
    out: Floats = np.sqrt(-2.0 * np.log(1.0 - radius)) * np.cos(2 * np.pi * angle)
    return out


def lognormal(median: Floats, sigma: Floats | float, normal: Floats) -> Floats:
    """Return lognormal numbers of normals, rounded to 2**-20."""
    return rounded(median * np.exp(sigma * normal))


def averages(
    made: Activities, height: Floats, shape: tuple[int, int], first: int, step: int
) -> Floats:
    """Add up the average of every activity over every sample.

    Args:
        made: some may lie outside.
        height: of each, shape (activities,); rounded to 2**-20, and held within 2**20.
        shape: (entities, samples).
        first: first sample, counted from the Unix epoch.
        step: seconds from sample to sample.

    Returns:
        Shape (entities, samples).
    """
    samples = shape[1]
    width = samples + 2
    begin = np.clip(made.start - first * step, 0, samples * step)
    end = np.clip(made.start + made.length - first * step, 0, samples * step)
    here = np.flatnonzero((end > begin) & (height != 0))
    if not len(here):
        return np.zeros(shape)
    rows, row = np.unique(made.row[here], return_inverse=True)
    base, at, by = row * width, [], []
    height = rounded(np.clip(height[here], -_HIGHEST, _HIGHEST))
    for second, rise in ((begin[here], height), (end[here], -height)):
        sample, late = np.divmod(second, step)
        at_once = rounded(rise * ((step - late) / step))
        at += [base + sample, base + sample + 1]
        by += [at_once, rise - at_once]
    changes = np.bincount(np.concatenate(at), np.concatenate(by), len(rows) * width)
    sums: Floats = changes.reshape(-1, width).cumsum(axis=1)[:, :samples]
    if len(rows) == shape[0]:
        return sums
    out = np.zeros(shape)
    out[rows] = sums
    return out
