"""A server that samples are streamed to, which fails as it is told to; a row for each system."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.wire import snappy
from fleetsynth.wire.protobuf import fields, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, int, float]


class Faults:
    """What a receiver does in place of its work; by the number of the request, counted from 0."""

    BROKEN = "answers 503"
    BUSY = "answers 429"
    GONE = "closes when it has read the request"
    HALF = "closes when it has read half of the request"
    LOST = "stores what it gets, and closes without an answer"
    REFUSES = "answers 400"
    ALL = (BROKEN, BUSY, GONE, HALF, LOST)


class How(NamedTuple):
    """How a system speaks.

    Attributes:
        to: the destination, given the URL of a receiver.
        samples: yields what a request brings, given its body and headers.
        in_order: whether a series takes nothing that is not newer than what it has.
        scheme: what it calls tokens.
        is_recent: whether it takes nothing but what is of the last days.
        own: whether who we are is said by tools of its own, and not by our options.
    """

    to: Callable[[str], str]
    samples: Callable[[bytes, Mapping[str, str]], Iterable[Sample]]
    in_order: bool = False
    scheme: str = "Bearer"
    is_recent: bool = False
    own: bool = False


class Receiver:
    """A running receiver.

    Attributes:
        url: where.
        stored: values by series and millisecond.
        requests: headers of each request that came.
        faults: what it does at some requests.
        on_request: called with the number of each request when it has been stored.
        says: in the body of an answer that refuses.
    """

    def __init__(self, how: How, url: str = "") -> None:
        self.how, self.url = how, url
        self.stored: dict[Labels, dict[int, float]] = {}
        self.requests: list[Mapping[str, str]] = []
        self.faults: dict[int, str] = {}
        self.on_request: Callable[[int], None] = lambda _: None
        self.says: Callable[[Mapping[str, str]], str] = lambda _: "no"
        self.lock = threading.Lock()

    def store(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Take a request as a whole, or say why not."""
        samples = list(self.how.samples(body, headers))
        if self.how.in_order:
            newest = {name: max(found) for name, found in self.stored.items()}
            for name, ms, _ in samples:
                if ms <= newest.get(name, -1):
                    return "out of order sample"
                newest[name] = ms
        for name, ms, value in samples:
            self.stored.setdefault(name, {})[ms] = value
        return ""

    def contents(self) -> dict[Labels, list[tuple[int, float]]]:
        """What is there, sorted."""
        return {name: sorted(found.items()) for name, found in sorted(self.stored.items())}


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with receiver.lock:
                number = len(receiver.requests)
                receiver.requests.append(dict(self.headers))
                fault = receiver.faults.get(number)
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size // 2 if fault == Faults.HALF else size)
                if fault in (Faults.HALF, Faults.GONE):
                    self._hang_up()
                    return
                if fault in (Faults.BROKEN, Faults.BUSY, Faults.REFUSES):
                    status = {Faults.BROKEN: 503, Faults.BUSY: 429, Faults.REFUSES: 400}[fault]
                    self._answer(status, receiver.says(dict(self.headers)))
                    return
                refused = receiver.store(body, dict(self.headers))
                receiver.on_request(number)
                if fault == Faults.LOST:
                    self._hang_up()
                elif refused:
                    self._answer(400, refused)
                else:
                    self._answer(204)

        def _hang_up(self) -> None:
            self.close_connection = True

        def _answer(self, status: int, text: str = "") -> None:
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Whoever was killed has hung up."""


@contextmanager
def receiving(how: How, certificate: Path | None = None) -> Iterator[Receiver]:
    """Run a receiver; with a certificate, only for those who have the same one."""
    receiver = Receiver(how)
    with _Quiet(("127.0.0.1", 0), _handler(receiver)) as server:
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.load_verify_locations(certificate)
            context.verify_mode = ssl.CERT_REQUIRED
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def tunnel() -> Iterator[tuple[int, list[str]]]:
    """Run a proxy that opens tunnels; yield its port, and where to it was asked."""
    asked: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            method, where, _ = self.rfile.readline().split()
            assert method == b"CONNECT"
            while self.rfile.readline().strip():
                pass
            asked.append(where.decode())
            host, port = where.decode().split(":")
            with socket.create_connection((host, int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(there, self.connection), daemon=True)
                back.start()
                _pass_on(self.connection, there)
                back.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(1 << 16):
            to.sendall(content)
        to.shutdown(socket.SHUT_WR)


def of_remote_write(body: bytes, headers: Mapping[str, str]) -> Iterator[Sample]:
    """Read a request of remote write."""
    assert headers["Content-Encoding"] == "snappy"
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    for _, series in fields(snappy.decompress(body, 1 << 25)):
        assert isinstance(series, bytes)
        parts: list[tuple[int, dict[int, Any]]] = [
            (number, dict(fields(bytes(each)))) for number, each in fields(series)
        ]
        labels = tuple((part[1].decode(), part[2].decode()) for n, part in parts if n == 1)
        assert list(labels) == sorted(labels)
        for number, part in parts:
            if number == 2:
                yield labels, signed(part[2]), float(np.frombuffer(part[1], "<f8")[0])


def of_otlp(body: bytes, headers: Mapping[str, str]) -> Iterator[Sample]:
    """Read a request of OpenTelemetry by its own library."""
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Type"] == "application/x-protobuf"
    request = metrics_service_pb2.ExportMetricsServiceRequest.FromString(gzip.decompress(body))
    for resource in request.resource_metrics:
        of_server = [(each.key, each.value.string_value) for each in resource.resource.attributes]
        for metric in resource.scope_metrics[0].metrics:
            data = getattr(metric, metric.WhichOneof("data") or "")
            for point in data.data_points:
                own = [(each.key, each.value.string_value) for each in point.attributes]
                labels = tuple(sorted([("__name__", metric.name), *of_server, *own]))
                yield labels, point.time_unix_nano // 1_000_000, point.as_double


def of_influx(body: bytes, headers: Mapping[str, str]) -> Iterator[Sample]:
    """Read lines, none of whose names and tags has a comma, a blank or an equals sign."""
    assert headers["Content-Encoding"] == "gzip"
    for line in gzip.decompress(body).decode().splitlines():
        head, fields_, seconds = line.split(" ")
        measurement, *tags = head.split(",")
        pairs = [(name, value) for name, _, value in (tag.partition("=") for tag in tags)]
        for each in fields_.split(","):
            name, value = each.split("=")
            labels = tuple(sorted([("__name__", f"{measurement}.{name}"), *pairs]))
            yield labels, int(seconds) * 1000, float(value.removesuffix("i"))


def of_cloudwatch(body: bytes, headers: Mapping[str, str]) -> Iterator[Sample]:
    """Read a request as AWS's own client sends it: it packs what is long."""
    assert headers["X-Amz-Target"].endswith(".PutMetricData")
    packed = headers.get("Content-Encoding") == "gzip"
    said = json.loads(gzip.decompress(body) if packed else body)
    assert said["Namespace"] == "Fleet/Test"
    for each in said["MetricData"]:
        pairs = [(pair["Name"], pair["Value"]) for pair in each["Dimensions"]]
        yield (("__name__", each["MetricName"]), *pairs), each["Timestamp"] * 1000, each["Value"]


RECEIVERS: dict[str, How] = {
    "prometheus": How(lambda url: f"prometheus:{url}", of_remote_write, in_order=True),
    "otlp": How(lambda url: f"otlp:{url}", of_otlp),
    "influx": How(lambda url: f"influx:{url}/write", of_influx, scheme="Token"),
    "cloudwatch": How(lambda _: "cloudwatch:Fleet/Test", of_cloudwatch, is_recent=True, own=True),
}
"""How each streamed system speaks that is a server; a new one is a row here."""


def record(path: Path) -> dict[str, Any]:
    """What a record says."""
    out: dict[str, Any] = json.loads(path.read_text())
    return out
