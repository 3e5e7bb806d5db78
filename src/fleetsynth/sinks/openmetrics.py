"""OpenMetrics as a file, for ``promtool tsdb create-blocks-from openmetrics``.

The format wants all of a family together, and all samples of a series. So samples are kept aside as
numbers, a file for each row of a family, server by server, and become text at the end, which is
written once: this stream is published whole, or not at all.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from struct import Struct
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from fleetsynth.behind import WrittenBehind
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.files import AtomicFile, os_errors, reason_of
from fleetsynth.formats import STANDARD_OUTPUT
from fleetsynth.sinks.streamed import Cut, Encoded
from fleetsynth.wire.openmetrics import END, about, samples, seconds_texts, series_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.series.families import Family
    from fleetsynth.sinks.streamed import Batch, Sending

_HEAD = Struct("<qq")
"""Before the samples of a series in a span: the server's place in the plan, and how many."""
_TIMES_KEPT = 8
"""Grids of times whose text is remembered: servers share them."""


class OpenMetrics:
    """A file of text, or standard output."""

    cut = Cut(samples=1_000_000, by_server=True)
    resumes = False

    def __init__(self, sending: Sending) -> None:
        self._rows: list[tuple[Family, int]] = [
            (family, row) for family in sending.catalog.families for row in range(len(family.rows))
        ]
        self._place = {(family.name, row): at for at, (family, row) in enumerate(self._rows)}
        self._index = sending.catalog.index
        self._texts: dict[bytes, Any] = {}
        self._file: AtomicFile | None = None
        folder = None
        if sending.place != STANDARD_OUTPUT:
            path = Path(sending.place)
            self._file = AtomicFile(path, overwrite=sending.overwrite)
            folder = path.parent
        elif sending.overwrite:
            raise UsageError("overwrite=True is for files: standard output goes where a shell says")
        self._open = ExitStack()
        self._name = sending.name
        try:
            with os_errors(Path(sending.place)):
                self._aside: list[IO[bytes]] = [
                    self._open.enter_context(TemporaryFile(dir=folder))  # noqa: SIM115
                    for _ in self._rows
                ]
        except BaseException:
            self.close()
            raise

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as numbers, a body for each row of a family."""
        bodies: list[list[bytes]] = [[] for _ in self._rows]
        servers = batch.servers.tolist()
        count = 0
        for named, ms, values in batch.series():
            head = _HEAD.pack(servers[named.place], len(ms))
            body = bodies[self._place[named.family.name, named.row]]
            body += (head, ms.tobytes(), values.tobytes())
            count += len(ms)
        return Encoded(count, tuple(map(b"".join, bodies)))

    def send(self, encoded: Encoded, *, again: bool) -> None:  # noqa: ARG002 - nothing fails twice
        """Keep a batch aside."""
        try:
            for file, body in zip(self._aside, encoded.bodies, strict=True):
                file.write(body)
        except OSError as error:
            raise OutputError(f"cannot write {self._name}: {reason_of(error)}") from error

    def finish(self) -> Mapping[str, Any]:
        """Put all together, and give the file its name."""
        if self._file is None:
            self._write(sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return {}
        with self._file.opening():
            with self._file.temporary.open("wb") as file, WrittenBehind(file) as out:
                self._write(out)
            return {"bytes": self._file.commit()}

    def close(self) -> None:
        """Remove what lies aside."""
        self._open.close()
        if self._file is not None:
            self._file.abort()

    def _write(self, out: IO[bytes] | WrittenBehind) -> None:
        said = ""
        for (family, row), file in zip(self._rows, self._aside, strict=True):
            if not file.tell():
                continue
            if family.name != said:
                out.write(about(family.name, family.kind, family.help).encode())
                said = family.name
            file.seek(0)
            self._write_row(out, family, row, file)
        out.write(END)

    def _write_row(
        self, out: IO[bytes] | WrittenBehind, family: Family, row: int, file: IO[bytes]
    ) -> None:
        head, last = "", -1
        while packed := file.read(_HEAD.size):
            server, count = _HEAD.unpack(packed)
            times, values = file.read(count * 8), np.frombuffer(file.read(count * 8), np.float64)
            if server != last:
                (labels,) = self._index.labels(np.array([server]))
                pairs = sorted({**labels, **family.rows[row]}.items())
                head, last = series_name(family.name, pairs), server
            out.write(samples(head, values, self._text_of(times)))

    def _text_of(self, times: bytes) -> Any:
        """Write times, or remember what was written of the same ones."""
        if times not in self._texts:
            if len(self._texts) >= _TIMES_KEPT:
                del self._texts[next(iter(self._texts))]
            self._texts[times] = seconds_texts(np.frombuffer(times, np.int64))
        return self._texts[times]


open_stream = OpenMetrics
