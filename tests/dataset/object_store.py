"""An object store in a process of its own, and a gate before it that can be closed."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from html import unescape
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from re import findall
from typing import BinaryIO
from urllib.parse import quote

import pytest
from obstore.store import MemoryStore

HOST = "127.0.0.1"
BUCKET = "fleet-bucket"
KEY, SECRET = "AKIAFLEETSYNTHTEST00", "not/so+secret-but-never-to-be-printed"

Allows = Callable[[str, str], bool]
"""Decides by method and target whether a request may pass."""


def environment(port: int) -> dict[str, str]:
    """What tells a client where the store is, and who it is."""
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


def request(port: int, method: str, target: str, data: bytes = b"") -> bytes:
    """Send a request and return the body of the answer, which must be good."""
    connection = HTTPConnection(HOST, port, timeout=60)
    # Without a signer's name the store takes us for a stranger; the signature it does not check.
    signer = f"AWS4-HMAC-SHA256 Credential={KEY}/20240101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"{signer}, SignedHeaders=host, Signature=0"}
    connection.request(method, target, data, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status in (200, 204), body
    return body


def keys(port: int, prefix: str = "") -> list[str]:
    """The keys that can be seen in the bucket."""
    body = request(port, "GET", f"/{BUCKET}?list-type=2&max-keys=1000&prefix={prefix}").decode()
    return [unescape(key) for key in findall(r"<Key>([^<]*)</Key>", body)]


def uploads(port: int) -> list[str]:
    """The keys of multipart uploads that are neither completed nor aborted."""
    body = request(port, "GET", f"/{BUCKET}?uploads").decode()
    return [unescape(key) for key in findall(r"<Key>([^<]*)</Key>", body)]


def empty(port: int) -> None:
    """Forget all there is, and make an empty bucket."""
    request(port, "POST", "/moto-api/reset")
    request(port, "PUT", f"/{BUCKET}")


_MOTO = f"""
import sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer({HOST!r}, 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
"""A server on a free port, which it tells, for as long as its standard input is open."""


@contextmanager
def moto(folder: Path) -> Iterator[int]:
    """Run a moto server; yield its port."""
    log = folder / "moto.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", _MOTO],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as server,
    ):
        assert server.stdout
        port = server.stdout.readline()
        assert port, log.read_text()
        yield int(port)


def put(port: int, objects: Mapping[str, bytes]) -> None:
    """Put objects into the bucket, as they are."""
    for key, data in objects.items():
        request(port, "PUT", f"/{BUCKET}/{quote(key)}", data)


def store_in_memory(patch: pytest.MonkeyPatch) -> None:
    """Let every bucket be one in the memory of this process."""
    memory = MemoryStore()
    patch.setenv("AWS_SKIP_SIGNATURE", "true")

    def whole(file: BinaryIO) -> AbstractContextManager[bytes]:
        return nullcontext(file.read())  # what is mapped, the store would keep

    patch.setattr("fleetsynth.stores.object_store._mapped", whole)
    patch.setattr("obstore.store.from_url", lambda *_, **__: memory)


class Gate:
    """Passes requests on to a server, except those that it is told to refuse.

    Attributes:
        port: where it listens.
        allows: decides by method and target; a request that may not pass is answered with 403.
        seen: method and target of every request.
        closed: whether it answers no more.
    """

    def __init__(
        self, behind: int, allows: Allows, keeps: Callable[[str], bool] = lambda _: True
    ) -> None:
        self.allows = allows
        self.seen: list[tuple[str, str]] = []
        self.closed = False
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                gate.seen.append((self.command, self.path))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                allowed = gate.allows(self.command, self.path)
                if gate.closed:
                    self.close_connection = True
                    return
                if not allowed:
                    self._answer(403, [], b"<Error><Code>AccessDenied</Code></Error>")
                    return
                onward = HTTPConnection(HOST, behind, timeout=60)
                headers = {name: value for name, value in self.headers.items() if keeps(name)}
                onward.request(self.command, self.path, body, headers)
                answer = onward.getresponse()
                self._answer(answer.status, answer.getheaders(), answer.read())
                onward.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815

            def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response(status)
                length = str(len(body))
                for name, value in headers:
                    if name.lower() == "content-length":
                        length = value  # an answer to HEAD has no body, but a length
                    elif name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that gives up an upload closes its connections; so be it."""

        self._server = Server((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Answer no more, not even what is under way."""
        self.closed = True
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def gate(behind: int, allows: Allows = lambda *_: True) -> Iterator[Gate]:
    """Open a gate before a server."""
    opened = Gate(behind, allows)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def forgetful(behind: int) -> Iterator[Gate]:
    """Open a gate that makes of a server one that does not know conditional uploads."""
    opened = Gate(behind, lambda *_: True, lambda name: name.lower() != "if-none-match")
    try:
        yield opened
    finally:
        opened.close()
