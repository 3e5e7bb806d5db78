"""OpenTelemetry's metrics over HTTP, in protobuf: what its Collector and most backends take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth._version import __version__
from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.errors import OutputError
from fleetsynth.series.conventions import OPENTELEMETRY, SEMCONV
from fleetsynth.series.values import boot_seconds
from fleetsynth.shown import shown
from fleetsynth.sinks.http import Http
from fleetsynth.sinks.streamed import Cut, Encoded, labels_of_server
from fleetsynth.wire import otlp
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.series.families import Family
    from fleetsynth.sinks.streamed import Batch, Sending

    Ints = NDArray[np.int64]

CONVENTION = OPENTELEMETRY
PATH = "/v1/metrics"
HEADERS = {"Content-Encoding": "gzip", "Content-Type": "application/x-protobuf"}
SCHEMA_URL = f"https://opentelemetry.io/schemas/{SEMCONV}"
_WHOLE = frozenset(["cpu.logical_number"])
"""Attributes that the conventions have as whole numbers; all others are text."""
_SCOPE = ("fleetsynth", __version__)
_TOGETHER = 20_000
"""Points of a series that are never apart."""
_ENOUGH_BYTES = 12 << 20
"""Of points in a request, unpacked: with what is added to them, below the 20 MB of a Collector."""


class Otlp:
    """A server that takes OTLP over HTTP.

    What is sent twice has the same times and attributes, and is one point to whoever stores it.
    """

    cut = Cut(samples=1_000_000, late_seconds=HOUR_SECONDS, each_series=2)
    resumes = True

    def __init__(self, sending: Sending) -> None:
        self._http = Http(sending.place, sending.access, PATH)
        self._catalog = sending.catalog
        self._booted: dict[int, tuple[Ints, Ints]] = {}
        self._rows = {
            (family.name, row): otlp.attributes(7, _typed(pairs))
            for family in sending.catalog.families
            for row, pairs in enumerate(family.rows)
        }

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as requests, with a resource for each server."""
        from isal import igzip

        counts, bodies = [], []
        for samples, body in self._bodies(batch):
            counts.append(samples)
            bodies.append(igzip.compress(body, 1))
        return Encoded(sum(counts), tuple(bodies))

    def _bodies(self, batch: Batch) -> Iterator[tuple[int, bytes]]:
        """Yield how many points a request has, and the request."""
        resources: dict[int, _Resource] = {}
        servers = batch.servers
        count = size = 0
        for drawn in batch.series():
            named = drawn.named
            start_ms = None
            if named.family.kind == "counter":
                start_ms = self._start_ms(int(servers[named.place]), drawn.ms)
            for at in range(0, len(drawn.ms), _TOGETHER):
                here = slice(at, at + _TOGETHER)
                points = otlp.points(
                    drawn.ms[here],
                    drawn.values[here],
                    self._rows[named.family.name, named.row],
                    None if start_ms is None else start_ms[here],
                )
                if named.place not in resources:
                    resources[named.place] = _Resource(labels_of_server(named))
                resources[named.place].add(points, named.family)
                count, size = count + len(drawn.ms[here]), size + len(points)
                if size > _ENOUGH_BYTES:
                    yield count, _request(resources)
                    resources, count, size = {}, 0, 0
        if count:
            yield count, _request(resources)

    def _start_ms(self, server: int, ms: Ints) -> Ints:
        """Return since when is counted what has some value at each moment: the last boot."""
        if server not in self._booted or self._booted[server][0] is not ms:
            self._booted[server] = ms, boot_seconds(self._catalog, server, ms) * 1000
        return self._booted[server][1]

    def send(self, encoded: Encoded, *, again: bool) -> None:  # noqa: ARG002 - twice is once
        """Send a batch."""
        for body in encoded.bodies:
            count, why = _rejected(self._http.post(body, HEADERS))
            if count:
                raise OutputError(
                    f"{self._http.where} has not taken {count:,} points:"
                    f" {shown(why) or 'it does not say why'}"
                )

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do: what is acknowledged is there."""
        return {"semconv": SEMCONV}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class _Resource:
    """What one server says in a request.

    Args:
        labels: of the server, by the names of OpenTelemetry.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._metrics: dict[str, tuple[Family, list[bytes]]] = {}

    def add(self, points: bytes, family: Family) -> None:
        """Take the points of a series."""
        self._metrics.setdefault(family.name, (family, []))[1].append(points)

    def encoded(self) -> bytes:
        """Return all of it."""
        metrics = (
            otlp.metric(name, family.kind, family.help, family.unit, points)
            for name, (family, points) in self._metrics.items()
        )
        return otlp.resource(otlp.attributes(1, self._labels), _SCOPE, SCHEMA_URL, metrics)


def _typed(pairs: Mapping[str, str]) -> dict[str, str | int]:
    return {name: int(value) if name in _WHOLE else value for name, value in pairs.items()}


def _request(resources: Mapping[int, _Resource]) -> bytes:
    return b"".join(each.encoded() for each in resources.values())


def _rejected(answer: bytes) -> tuple[int, str]:
    """Return what an answer says of points that were not taken; one in other words says nothing."""
    try:
        return otlp.rejected(answer)
    except WireError:
        return 0, ""


open_stream = Otlp
