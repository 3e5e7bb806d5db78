"""What every system that samples are streamed to can do; what is sent cannot be taken back.

A `Stream` encodes batches, in order, and sends what it has encoded: `send` returns when all of a
batch has been acknowledged, and raises `Unavailable` where it may be tried again. All else is
`push`'s, the same for every system: what is cut into batches, how often and how fast they are sent,
how far it has come when it is interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from fleetsynth.series.selection import NAME, Drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.series.select import Catalog
    from fleetsynth.series.selection import Named, Selection
    from fleetsynth.sinks.access import Access


class Cut(NamedTuple):
    """How a system wants samples to be cut into batches.

    Batches go on in time, and a batch has all samples that some servers have in a span.

    Attributes:
        samples: in a batch, at most.
        late_seconds: how much older than the newest sample that was sent the samples of a batch may
            be; None if they may be as old as they like. Where little is allowed, a batch has all
            servers, and a shorter span.
        each_series: how many samples the labels of a series count for, in each batch.
        by_server: whether batches go on in servers, and not in time: then those of a server follow
            each other.
    """

    samples: int = 1_000_000
    late_seconds: int | None = None
    each_series: int = 0
    by_server: bool = False


@dataclass(frozen=True)
class Batch:
    """Samples of some servers in a span of time; any number of equal calls give the same.

    Attributes:
        number: counted from 0.
        selection: servers, span and families.
        samples: how many there are, at most.
        longer: of the same servers in a longer span, from which they are taken; None if nothing
            else is.
    """

    number: int
    selection: Selection
    samples: int
    longer: Longer | None = None

    @property
    def servers(self) -> NDArray[np.int64]:
        """Places in the plan of the servers that `Drawn.named` counts."""
        return (self.longer.whole if self.longer else self.selection).servers

    def series(self) -> Iterator[Drawn]:
        """Yield the series that have samples, server by server.

        `Drawn.named` says what each is, and of whom.
        """
        if self.longer:
            return self.longer.drawn(self.selection.span)
        return self.selection.drawn(by_server=True)


class Longer:
    """The series of some servers in a span that is sent in several batches: worked out once.

    Args:
        whole: the servers, and all of the span.

    Attributes:
        whole: likewise.
    """

    def __init__(self, whole: Selection) -> None:
        self.whole = whole
        self._drawn: list[Drawn] | None = None

    def drawn(self, span: tuple[int, int]) -> Iterator[Drawn]:
        """Yield the series that have samples in a part of the span.

        Args:
            span: its first and last second.
        """
        if self._drawn is None:
            self._drawn = list(self.whole.drawn(by_server=True))
        edges = np.array([span[0] * 1000, span[1] * 1000 + 1])
        parts: dict[int, tuple[slice, NDArray[np.int64]]] = {}
        for named, ms, values in self._drawn:
            found = parts.get(id(ms))
            if found is None:
                cut = slice(*np.searchsorted(ms, edges).tolist())
                found = parts[id(ms)] = cut, ms[cut]
            cut, times = found
            if len(times):
                yield Drawn(named, times, values[cut])


class Encoded(NamedTuple):
    """A batch as a system takes it.

    Attributes:
        samples: how many there are.
        bodies: of the requests that bring it, one after the other; none where there are no samples.
    """

    samples: int
    bodies: tuple[bytes, ...]


@dataclass(frozen=True)
class Sending:
    """What is to be sent, and where.

    Attributes:
        place: where, as the destination has it behind its scheme; without credentials.
        name: what to call it in messages.
        catalog: the series.
        access: credentials and certificates.
        overwrite: replace a file that is there; never asked of a stream that resumes.
    """

    place: str
    name: str
    catalog: Catalog
    access: Access
    overwrite: bool = False


class Unavailable(Exception):  # noqa: N818 - it is no error until nobody tries again
    """A batch that was not taken now, and may be taken later.

    Args:
        reason: what the system said, for people; without credentials.
        after: seconds that it wants us to wait, where it says so.

    Attributes:
        reason, after: likewise.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Stream(Protocol):
    """A destination of samples; opened by `open_stream`.

    Attributes:
        cut: how it wants them to be cut.
        resumes: whether a later process can go on where this one ended; otherwise all is sent
            again.
    """

    cut: Cut
    resumes: bool

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as the system takes it; called in a thread of its own, in order.

        Raises:
            UsageError, OutputError: if it cannot be written so.
        """

    def send(self, encoded: Encoded, *, again: bool) -> None:
        """Send a batch; return once the system has acknowledged all of it.

        Args:
            encoded: the batch; to send it twice has to come to the same as once.
            again: whether it may have been sent before, as a whole or in part, by us or by a
                process that has ended, and some of it may be there.

        Raises:
            Unavailable: if it may be tried again.
            OutputError: if the system refuses it for good; the text says why, and what would help.
        """

    def finish(self) -> Mapping[str, Any]:
        """End what was sent, when all is; return more facts to be told. Raises OutputError."""

    def close(self) -> None:
        """Let go of the destination; may be called at any time, and twice."""


def labels_of_server(named: Named) -> dict[str, str]:
    """Return the labels of the server that a series is of, without those that tell its series."""
    row = named.family.rows[named.row]
    return {name: value for name, value in named.labels if name != NAME and name not in row}
