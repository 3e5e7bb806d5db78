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


_NOTHING = np.empty(0, np.int64)
_NONE = Activities(_NOTHING, _NOTHING, _NOTHING, np.empty(0, np.uint64))


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
    if not len(wanted):
        return _NONE
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
    """Add up the average of every activity over every sample, as `Placed.averages` does.

    Args:
        made: some may lie outside.
        height: of each, shape (activities,).
        shape: (entities, samples).
        first: first sample, counted from the Unix epoch.
        step: seconds from sample to sample.
    """
    return placed(made, shape, first, step).averages(height)


class Placed(NamedTuple):
    """Activities laid over samples, for whatever heights they have.

    Attributes:
        here: places of the activities that touch the samples.
        rows: entities that have any, ascending.
        at: where the sum changes: in the sample in which each begins and the next, and in that in
            which it ends and the next, shape (4 * activities here,).
        rises: share of the first sample that is after the begin, shape (activities here,).
        falls: share of the last one that is after the end, same shape.
        shape: (entities, samples).
    """

    here: Ints
    rows: Ints
    at: Ints
    rises: Floats
    falls: Floats
    shape: tuple[int, int]

    def averages(self, height: Floats) -> Floats:
        """Add up the average of every activity over every sample, shape (entities, samples).

        Args:
            height: of each activity; rounded to 2**-20, and held within 2**20.
        """
        if not len(self.here):
            return np.zeros(self.shape)
        samples = self.shape[1]
        high = rounded(np.clip(height[self.here], -_HIGHEST, _HIGHEST))
        up, down = rounded(high * self.rises), rounded(-high * self.falls)
        by = np.concatenate([up, high - up, down, -high - down])
        changes = np.bincount(self.at, by, len(self.rows) * (samples + 2))
        sums: Floats = changes.reshape(len(self.rows), -1).cumsum(axis=1)[:, :samples]
        if len(self.rows) == self.shape[0]:
            return sums
        out = np.zeros(self.shape)
        out[self.rows] = sums
        return out


def placed(made: Activities, shape: tuple[int, int], first: int, step: int) -> Placed:
    """Lay activities over samples; arguments as for `averages`."""
    if not len(made.row):
        return Placed(_NOTHING, _NOTHING, _NOTHING, np.empty(0), np.empty(0), shape)
    samples = shape[1]
    since = made.start - first * step
    begin = np.maximum(since, 0)
    end = np.minimum(since + made.length, samples * step)
    here = np.flatnonzero(end > begin)
    count = np.bincount(made.row[here], minlength=shape[0])
    rows, place = np.flatnonzero(count), np.cumsum(count > 0) - 1
    base, at, late = place[made.row[here]] * (samples + 2), [], []
    for second in (begin[here], end[here]):
        sample = second // step
        at += [base + sample, base + sample + 1]
        late.append((step - (second - sample * step)) / step)
    return Placed(here, rows, np.concatenate(at), late[0], late[1], shape)
