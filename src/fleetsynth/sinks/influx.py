"""InfluxDB's line protocol over HTTP: InfluxDB, VictoriaMetrics, QuestDB and so on take it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlunsplit

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.series.conventions import TELEGRAF
from fleetsynth.shown import destination
from fleetsynth.sinks.http import Http, split_url
from fleetsynth.sinks.streamed import Cut, Encoded, labels_of_server
from fleetsynth.wire import influx
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fleetsynth.series.selection import Drawn
    from fleetsynth.sinks.streamed import Batch, Sending

CONVENTION = TELEGRAF
PATH = "/api/v2/write"
HEADERS = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_WHOLE = ("bytes", "seconds")
"""Units whose values are whole numbers, to Telegraf as well."""
_SECRET = ("u", "p", "token", "password")


class Influx:
    """A server that takes line protocol; the same point sent twice is there once."""

    cut = Cut(samples=500_000)
    resumes = True

    def __init__(self, sending: Sending) -> None:
        access = replace(sending.access, scheme="Token")
        self._http = Http(write_url(sending.place), access)

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as text: a line has what a measurement says of a server at a time."""
        from isal import igzip

        together: dict[tuple[Any, ...], list[Drawn]] = {}
        count = 0
        for drawn in batch.series():
            named = drawn.named
            measurement = named.family.name.partition(".")[0]
            row = tuple(named.family.rows[named.row].items())
            together.setdefault((named.place, measurement, row), []).append(drawn)
            count += len(drawn.ms)
        try:
            pieces = [piece for group in together.values() for piece in _written(group)]
        except WireError as error:
            raise UsageError(f"cannot be sent by the line protocol: {error}") from error
        return Encoded(count, tuple(igzip.compress(each, 1) for each in influx.bodies(pieces)))

    def send(self, encoded: Encoded, *, again: bool) -> None:  # noqa: ARG002 - twice is once
        """Send a batch."""
        for body in encoded.bodies:
            self._http.post(body, HEADERS)

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do: what is acknowledged is there."""
        return {}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def write_url(place: str) -> str:
    """Return where lines go.

    Raises:
        UsageError: if that says too little, too much, or what we do not do.
    """
    parts = split_url(place)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    if any(name in said for name in _SECRET):
        raise UsageError(
            "credentials do not belong into a destination, where others see them: put a token into"
            " FLEETSYNTH_TOKEN or a file (token_file=), a password into FLEETSYNTH_PASSWORD or a"
            " file"
        )
    if said.get("precision", "s") != "s":
        raise UsageError(f"{destination(place)}: times are sent in seconds, precision=s")
    path = parts.path if parts.path not in ("", "/") else PATH
    if path.endswith(PATH) and not said.get("bucket"):
        raise UsageError(
            f"{destination(place)} names no bucket: expected such as"
            " influx:http://HOST:8086?org=ORG&bucket=BUCKET, or for InfluxDB 1 and VictoriaMetrics"
            " influx:http://HOST:8428/write"
        )
    query = "&".join(each for each in (parts.query, "precision=s") if each)
    query = parts.query if "precision" in said else query
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _written(group: Iterable[Drawn]) -> Iterator[bytes]:
    """Write series of one measurement and the same tags; those of the same times share lines."""
    by_times: list[list[Drawn]] = []
    for drawn in group:
        for same in by_times:
            if same[0].ms is drawn.ms:
                same.append(drawn)
                break
        else:
            by_times.append([drawn])
    for same in by_times:
        named, ms, _ = same[0]
        measurement = named.family.name.partition(".")[0]
        tags = {**labels_of_server(named), **named.family.rows[named.row]}
        fields = {each.named.family.name.partition(".")[2]: _values(each) for each in same}
        yield influx.lines(influx.heading(measurement, tags), fields, ms)


def _values(drawn: Drawn) -> Any:
    whole = drawn.named.family.unit in _WHOLE
    return drawn.values.astype(np.int64) if whole else drawn.values


open_stream = Influx
