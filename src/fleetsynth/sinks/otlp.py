"""OpenTelemetry's metrics over HTTP, in protobuf: what its Collector and most backends take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth._version import __version__
from fleetsynth.errors import OutputError
from fleetsynth.series.conventions import OPENTELEMETRY, SEMCONV
from fleetsynth.series.values import boot_seconds
from fleetsynth.shown import shown
from fleetsynth.sinks.http import Http
from fleetsynth.sinks.streamed import Cut, Encoded, labels_of_server
from fleetsynth.wire import otlp
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.series.families import Family
    from fleetsynth.series.select import Drawn
    from fleetsynth.sinks.streamed import Batch, Sending

    Ints = NDArray[np.int64]

CONVENTION = OPENTELEMETRY
PATH = "/v1/metrics"
HEADERS = {"Content-Encoding": "gzip", "Content-Type": "application/x-protobuf"}
SCHEMA_URL = f"https://opentelemetry.io/schemas/{SEMCONV}"
_SCOPE = ("fleetsynth", __version__)


class Otlp:
    """A server that takes OTLP over HTTP.

    What is sent twice has the same times and attributes, and is one point to whoever stores it.
    """

    # below the 20 MB, unpacked, that the Collector takes: a point has some 100 bytes at most
    cut = Cut(samples=150_000, late_seconds=3_600, each_series=2)
    resumes = True

    def __init__(self, sending: Sending) -> None:
        self._http = Http(sending.place, sending.access, PATH)
        self._catalog = sending.catalog
        self._rows = {
            (family.name, row): otlp.attributes(7, pairs)
            for family in sending.catalog.families
            for row, pairs in enumerate(family.rows)
        }

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as one request, with a resource for each server."""
        from isal import igzip

        resources: dict[int, _Resource] = {}
        count = 0
        servers = batch.selection.servers
        for drawn in batch.series():
            place = drawn.named.place
            if place not in resources:
                resources[place] = _Resource(labels_of_server(drawn.named), int(servers[place]))
            resources[place].add(self._points(resources[place], drawn), drawn.named.family)
            count += len(drawn.ms)
        body = b"".join(each.encoded() for each in resources.values())
        return Encoded(count, (igzip.compress(body, 1),) if count else ())

    def _points(self, resource: _Resource, drawn: Drawn) -> bytes:
        named, ms, values = drawn
        counted = named.family.kind == "counter"
        start_ms = resource.booted_ms(self._catalog, ms) if counted else None
        return otlp.points(ms, values, self._rows[named.family.name, named.row], start_ms)

    def send(self, encoded: Encoded, *, again: bool) -> None:  # noqa: ARG002 - twice is once
        """Send a batch."""
        for body in encoded.bodies:
            count, why = _rejected(self._http.post(body, HEADERS))
            if count:
                raise OutputError(
                    f"{self._http.where} has not taken {count:,} of {encoded.samples:,} points:"
                    f" {shown(why) or 'it does not say why'}"
                )

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do: what is acknowledged is there."""
        return {"semconv": SEMCONV}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class _Resource:
    """What one server says in a batch.

    Args:
        labels: of the server, by the names of OpenTelemetry.
        server: its place in the plan.
    """

    def __init__(self, labels: Mapping[str, str], server: int) -> None:
        self._labels, self._server = labels, server
        self._metrics: dict[str, tuple[Family, list[bytes]]] = {}
        self._booted: tuple[Ints, Ints] | None = None

    def add(self, points: bytes, family: Family) -> None:
        """Take the points of a series."""
        self._metrics.setdefault(family.name, (family, []))[1].append(points)

    def booted_ms(self, catalog: Any, ms: Ints) -> Ints:
        """Return since when is counted what has some value at each moment."""
        if self._booted is None or self._booted[0] is not ms:
            self._booted = ms, boot_seconds(catalog, self._server, ms) * 1000
        return self._booted[1]

    def encoded(self) -> bytes:
        """Return all of it."""
        metrics = (
            otlp.metric(name, family.kind, family.help, family.unit, points)
            for name, (family, points) in self._metrics.items()
        )
        return otlp.resource(otlp.attributes(1, self._labels), _SCOPE, SCHEMA_URL, metrics)


def _rejected(answer: bytes) -> tuple[int, str]:
    """Return what an answer says of points that were not taken; one in other words says nothing."""
    try:
        return otlp.rejected(answer)
    except WireError:
        return 0, ""


open_stream = Otlp
