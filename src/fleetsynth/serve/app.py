"""What is answered at which path, apart from any socket."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

import click

from fleetsynth.errors import FleetsynthError, UsageError
from fleetsynth.serve import lists
from fleetsynth.serve.exposition import OPENMETRICS, PLAIN, wants_openmetrics
from fleetsynth.serve.own import Own
from fleetsynth.serve.read import answer
from fleetsynth.shown import shown
from fleetsynth.wire import remote_read, snappy
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fleetsynth.series.select import Catalog
    from fleetsynth.serve.live import Live

READ = "/api/v1/read"
OWN_METRICS = "/-/metrics"
MOST_REQUEST_BYTES = 4 << 20
_WAIT_SECONDS = 30.0
_GZIP_LEVEL = 1
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: of HTTP.
        kind: of its content.
        size: of its content, in bytes.
        chunks: the content.
        encoding: by which it is compressed; empty if it is not.
    """

    status: int
    kind: str
    size: int
    chunks: Iterable[bytes]
    encoding: str = ""

    @classmethod
    def of(cls, status: int, content: bytes | str, kind: str = _TEXT, encoding: str = "") -> Reply:
        """Return an answer that is there already."""
        content = content.encode() if isinstance(content, str) else content
        return cls(status, kind, len(content), (content,), encoding)


class Request(NamedTuple):
    """What is asked.

    Attributes:
        method: of HTTP.
        target: path and query.
        headers: by their names in lower case.
        body: what came with it.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class App:
    """What is served.

    Attributes:
        catalog: the series.
        live: the fleet as a scrape sees it; None with the reason in `no_live`.
        no_live: why there is no fleet to be scraped.
        most_queries: answered at a time; others wait.
        ready: set once all is prepared.
        own: what it says of itself.
    """

    catalog: Catalog
    live: Live | None = None
    no_live: str = ""
    most_queries: int = 4
    ready: Event = field(default_factory=Event)
    own: Own = field(default_factory=Own)

    def __post_init__(self) -> None:
        self._turns = BoundedSemaphore(self.most_queries)

    def reply(self, request: Request) -> Reply:
        """Answer a request; what cannot be answered is said in words, here and in the log."""
        try:
            path = urlsplit(request.target).path
        except ValueError as error:
            return Reply.of(400, f"bad request: {shown(error)}\n")
        known, answer_it = self._route(path)
        with self.own.timing(known):
            try:
                out = answer_it(request)
            except FleetsynthError as error:
                out = self._refused(request, known, error)
            except WireError as error:
                log(f"{path}: bad request: {error}")
                out = Reply.of(400, f"bad request: {shown(error)}\n")
        self.own.add("requests", labels=f'{{asked="{known}",status="{out.status}"}}')
        return out

    def _route(self, path: str) -> tuple[str, Callable[[Request], Reply]]:
        """Return what is asked for, by a name of which there are few, and what answers it."""
        routes: dict[str, tuple[str, Callable[[Request], Reply]]] = {
            READ: ("read", self._read),
            "/metrics": ("metrics", self._metrics),
            OWN_METRICS: ("own metrics", self._own_metrics),
            "/-/healthy": ("health", lambda _: Reply.of(200, "healthy\n")),
            "/-/ready": ("health", self._ready),
            "/": ("home", self._home),
        }
        if path in routes:
            return routes[path]
        return ("lists", self._lists) if path.startswith("/api/v1/") else ("nothing", _nothing)

    def _refused(self, request: Request, known: str, error: FleetsynthError) -> Reply:
        if isinstance(error, BusyError | NotReadyError):
            status = 503
        else:
            status = 422 if error.exit_code == UsageError.exit_code else 503
        if known == "read":
            self.own.add("refused")
        log(f"{urlsplit(request.target).path}: refused: {error}")
        if known == "lists":
            return _problem(400, "bad_data", str(error))
        return Reply.of(status, f"fleetsynth: {error}\n")

    def _read(self, request: Request) -> Reply:
        if request.method != "POST":
            return Reply.of(405, "remote read takes POST\n")
        message = snappy.decompress(request.body, MOST_REQUEST_BYTES)
        queries = remote_read.queries(message)
        if not self._turns.acquire(timeout=_WAIT_SECONDS):
            raise BusyError(
                f"{self.most_queries} queries are being answered already: ask again later, or start"
                " with a higher --max-queries"
            )
        try:
            out = answer(self.catalog, queries)
        finally:
            self._turns.release()
        self.own.add("series", out.series)
        self.own.add("samples", out.samples)
        return Reply(200, "application/x-protobuf", out.size, out.chunks, "snappy")

    def _lists(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        asked = parse_qs(parts.query)
        if request.method == "POST":
            asked |= parse_qs(request.body.decode("utf-8", "replace"))
        found = lists.listed(self.catalog, parts.path, asked)
        if found is None:
            return _problem(404, "not_found", lists.NOT_HERE)
        answer = {"status": "success", "data": found.data}
        if found.warnings:
            answer["warnings"] = found.warnings
        return Reply.of(200, json.dumps(answer), _JSON)

    def _metrics(self, request: Request) -> Reply:
        if self.live is None:
            raise UsageError(self.no_live)
        if not self.ready.wait(_WAIT_SECONDS):
            raise NotReadyError("the fleet is being made ready: try again in some seconds")
        openmetrics = wants_openmetrics(request.headers.get("accept", ""))
        content = self.live.text(time.time_ns() // 1_000_000, openmetrics=openmetrics)
        kind = OPENMETRICS if openmetrics else PLAIN
        return _packed(request, content, kind)

    def _own_metrics(self, request: Request) -> Reply:
        gauges = {"cache_bytes": float(self.catalog.memory.bytes)}
        return _packed(request, self.own.text(gauges).encode(), PLAIN)

    def _ready(self, _request: Request) -> Reply:
        return (
            Reply.of(200, "ready\n") if self.ready.is_set() else Reply.of(503, "being made ready\n")
        )

    def _home(self, _request: Request) -> Reply:
        return Reply.of(
            200,
            "fleetsynth serves the history of a fleet.\n\n"
            f"{READ}      Prometheus's remote read\n"
            "/metrics          the fleet as it is now in the scenario\n"
            f"{OWN_METRICS}        this server\n"
            "/-/healthy /-/ready\n"
            "/api/v1/labels /api/v1/label/NAME/values /api/v1/series /api/v1/metadata\n",
        )


class BusyError(FleetsynthError):
    """Too much is being answered at once."""


class NotReadyError(FleetsynthError):
    """What is asked for is not there yet."""


def log(message: object) -> None:
    """Write a line to standard error, with the time."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    click.echo(f"{stamp} {shown(message, None)}", file=sys.stderr)


def _nothing(request: Request) -> Reply:
    path = urlsplit(request.target).path
    return Reply.of(404, f"there is nothing at {shown(path, 200)}; see /\n")


def _problem(status: int, kind: str, text: str) -> Reply:
    """Say what is wrong as Prometheus's API does."""
    return Reply.of(
        status, json.dumps({"status": "error", "errorType": kind, "error": text}), _JSON
    )


def _packed(request: Request, content: bytes, kind: str) -> Reply:
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Reply.of(200, content, kind)
    from isal import igzip

    return Reply.of(200, igzip.compress(content, _GZIP_LEVEL), kind, "gzip")
