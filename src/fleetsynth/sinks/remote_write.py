"""Prometheus's remote write, version 1: what Prometheus, VictoriaMetrics, Mimir and so on take."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.sinks.http import Http, Refused
from fleetsynth.sinks.streamed import Cut, Encoded
from fleetsynth.wire import remote_read, snappy
from fleetsynth.wire.remote_read import Samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.sinks.streamed import Batch, Sending

PATH = "/api/v1/write"
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_THERE = re.compile(r"out.of.(order|bounds)|duplicate sample|too old", re.IGNORECASE)
"""How servers refuse what is older than what they have of a series."""
_GRIDS_KEPT, _LABELS_KEPT = 8, 1 << 16
_HELP = (
    "; Prometheus takes nothing that is older than an hour before its newest sample: send to an"
    " empty one that scrapes nothing, or give it storage.tsdb.out_of_order_time_window"
)


class RemoteWrite:
    """A server that takes remote write.

    A request is taken as a whole or not at all. One that is older than what is there is refused; so
    if a request was sent before, and nobody knows what became of it, that says that it is there.
    """

    # below the 32 MB that VictoriaMetrics takes, labels included
    cut = Cut(samples=1_200_000, late_seconds=HOUR_SECONDS, each_series=20)
    resumes = True

    def __init__(self, sending: Sending) -> None:
        self._http = Http(sending.place, sending.access, PATH)
        self._labels = lru_cache(maxsize=_LABELS_KEPT)(remote_read.labels)

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as one request, a message of series in a block of snappy."""
        pieces, count = [], 0
        grids: dict[int, Samples] = {}
        for named, ms, values in batch.series():
            samples = grids.get(id(ms))
            if samples is None:
                if len(grids) == _GRIDS_KEPT:
                    grids.clear()
                samples = grids[id(ms)] = Samples(ms)
            pieces.append(remote_read.series(self._labels(named.labels), samples.of(values)))
            count += len(ms)
        return Encoded(count, (snappy.block(b"".join(pieces)),) if count else ())

    def send(self, encoded: Encoded, *, again: bool) -> None:
        """Send a batch."""
        for body in encoded.bodies:
            try:
                self._http.post(body, HEADERS)
            except Refused as error:
                if not _THERE.search(error.said):
                    raise
                if not again:
                    raise Refused(f"{error}{_HELP}", error.status, error.said) from error

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do: what is acknowledged is there."""
        return {}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


open_stream = RemoteWrite
