"""Answers of remote read: series after series, compressed as they are made, in constant memory."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

from fleetsynth.errors import UsageError
from fleetsynth.series.select import RefusedError
from fleetsynth.wire import remote_read
from fleetsynth.wire.protobuf import head, varint
from fleetsynth.wire.remote_read import Samples
from fleetsynth.wire.snappy import MOST_BYTES, piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.series.select import Catalog
    from fleetsynth.series.selection import Selection
    from fleetsynth.wire.remote_read import Query

_IN_MEMORY = 32 << 20
"""Bytes of an answer that are kept in memory; more of it waits in a temporary file."""
_PIECE = 1 << 16
"""What snappy looks at together."""
_READ = 1 << 20
_MOST_QUERIES = 100
"""In one request; Prometheus sends one."""


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        size: bytes.
        chunks: the bytes.
        series: how many there are in it.
        samples: how many there are in it.
    """

    size: int
    chunks: Iterator[bytes]
    series: int
    samples: int


class _Result:
    """The answer to one query: compressed pieces, and how long they are when they are not."""

    def __init__(self) -> None:
        self.pieces: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when read
        self.size = self.series = self.samples = 0
        self._waiting: list[bytes] = []
        self._waits = 0

    def add(self, encoded: bytes, samples: int) -> None:
        """Add a series."""
        self.series += 1
        self.samples += samples
        self.size += len(encoded)
        self._waiting.append(encoded)
        self._waits += len(encoded)
        if self._waits >= _PIECE:
            self.flush()

    def flush(self) -> None:
        """Compress what waits to be."""
        if self.size > MOST_BYTES:
            raise UsageError("an answer of more than 4 GB fits no message: ask for less")
        self.pieces.write(piece(b"".join(self._waiting)))
        self._waiting, self._waits = [], 0


def answer(catalog: Catalog, queries: list[Query]) -> Answer:
    """Answer queries.

    Raises:
        UsageError: if one is not to be answered, or all together take too much.
    """
    selections, results = _selected(catalog, queries), []
    try:
        for query, selection in zip(queries, selections, strict=True):
            results.append(_Result())
            _fill(results[-1], selection, labels_only=_wants_labels(query))
    except BaseException:
        for result in results:
            result.pieces.close()
        raise
    heads = [head(1, result.size) for result in results]
    whole = varint(sum(map(len, heads)) + sum(result.size for result in results))
    packed = [piece(each) for each in heads]
    size = len(whole) + sum(map(len, packed)) + sum(result.pieces.tell() for result in results)

    def chunks() -> Iterator[bytes]:
        yield whole
        for front, result in zip(packed, results, strict=True):
            yield front
            with result.pieces as file:
                file.seek(0)
                while chunk := file.read(_READ):
                    yield chunk

    return Answer(
        size, chunks(), sum(each.series for each in results), sum(each.samples for each in results)
    )


def _selected(catalog: Catalog, queries: list[Query]) -> list[Selection]:
    """Return what is to be answered, before any of it is made."""
    if len(queries) > _MOST_QUERIES:
        raise RefusedError(
            f"{len(queries):,} queries in one request, and at most {_MOST_QUERIES} are answered"
            " together: send several requests"
        )
    out, series, samples = [], 0, 0
    for query in queries:
        labels_only = _wants_labels(query)
        found = catalog.select(
            query.matchers, query.start_ms, query.end_ms, labels_only=labels_only
        )
        series, samples = series + found.count, samples + (0 if labels_only else found.samples)
        catalog.refuse(series, samples)
        out.append(found)
    return out


def _wants_labels(query: Query) -> bool:
    return query.function == "series"


def _fill(result: _Result, selection: Selection, *, labels_only: bool) -> None:
    if labels_only:
        for each in selection.named():
            result.add(remote_read.series(remote_read.labels(each.labels), b""), 0)
    else:
        samples = Samples.none()
        for labels, ms, values in selection.series():
            if samples.ms is not ms:
                samples = Samples(ms)
            encoded = remote_read.series(remote_read.labels(labels), samples.of(values))
            result.add(encoded, len(ms))
    result.flush()
