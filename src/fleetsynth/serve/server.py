"""Sockets and signals: requests in, answers out, until somebody says stop."""

from __future__ import annotations

import re
import signal
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

from fleetsynth._version import __version__
from fleetsynth.errors import UsageError
from fleetsynth.serve.app import MOST_REQUEST_BYTES, Reply, Request, log

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from fleetsynth.serve.app import App

_IDLE_SECONDS = 330.0
"""How long a connection may be silent: longer than scrapers keep theirs."""
_SIZE = re.compile(r"[0-9]{1,18}")
_LAST_SECONDS = 15.0
"""How long answers may take that are being made when the server is told to stop."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = f"fleetsynth/{__version__}", ""
    timeout = _IDLE_SECONDS
    # Else headers and body are two packets, and the second waits 40 ms for the first's receipt.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing of what went well."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without content."""
        self._answer(head=True)

    def _answer(self, *, head: bool = False) -> None:
        with self.server.app.own.answering():
            try:
                self._send(self._reply(), head=head)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    def _reply(self) -> Reply:
        size = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not _SIZE.fullmatch(size):
            self.close_connection = True
            return Reply.of(411, "say how long the request is: Content-Length\n")
        if int(size) > MOST_REQUEST_BYTES:
            self.close_connection = True
            return Reply.of(413, f"at most {MOST_REQUEST_BYTES:,} bytes\n")
        body = self.rfile.read(int(size))
        headers = {name.lower(): value for name, value in self.headers.items()}
        method = "GET" if self.command == "HEAD" else self.command
        try:
            return self.server.app.reply(Request(method, self.path, headers, body))
        except Exception as error:  # noqa: BLE001 - one request must not end the others
            log(f"{self.path}: failed: {type(error).__name__}: {error}")
            return Reply.of(500, "fleetsynth: this failed, and the log says why\n")

    def _send(self, reply: Reply, *, head: bool) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(reply.size))
        if reply.encoding:
            self.send_header("Content-Encoding", reply.encoding)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for chunk in reply.chunks:
            if not head:
                self.wfile.write(chunk)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """An HTTP server, a thread a connection.

    Args:
        host: name or address to listen at.
        port: to listen at; 0 for any that is free.
        app: what answers.

    Raises:
        UsageError: if nothing can listen there.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: App) -> None:
        self.app = app
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, TypeError, UnicodeError) as error:  # the last two: it is no name at all
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any"
            ) from error

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that broke: whoever was there is gone."""


def run(server: Server, prepare: Callable[[], None], started: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is being answered.

    Args:
        server: listens already.
        prepare: makes ready what answers need, while the server already answers.
        started: is called when it does.
    """
    stop = Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        Thread(target=server.serve_forever, name="accepts", daemon=True).start()
        started()
        Thread(target=_prepared, args=(server.app, prepare), name="prepares", daemon=True).start()
        stop.wait()
        server.app.ready.clear()
        log("stopping: no more requests are taken")
        server.shutdown()
        server.server_close()
        _finish(server.app)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prepared(app: App, prepare: Callable[[], None]) -> None:
    try:
        prepare()
    except Exception as error:  # noqa: BLE001 - said where a person sees it
        log(f"cannot be made ready: {type(error).__name__}: {error}")
        return
    app.ready.set()
    log("ready")


def _finish(app: App) -> None:
    until = time.monotonic() + _LAST_SECONDS
    while app.own.in_flight and time.monotonic() < until:
        time.sleep(0.02)
    left = app.own.in_flight
    log(f"stopped; {left} requests were not finished" if left else "stopped")
