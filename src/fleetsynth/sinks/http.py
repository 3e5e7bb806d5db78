"""One connection to a server that takes samples over HTTP, and what its answers mean."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from math import inf
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from fleetsynth._version import __version__
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.shown import destination, shown
from fleetsynth.sinks.streamed import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse

    from fleetsynth.sinks.access import Access

TIMEOUT_SECONDS = 120.0
_TOO_MANY = 429
_NEVER = re.compile(
    "CERTIFICATE|WRONG_VERSION_NUMBER|UNKNOWN_CA|HANDSHAKE_FAILURE|PROTOCOL_VERSION|UNSUPPORTED"
)
"""What TLS says where to ask again would not help: of a server, or of us."""
_MOST_SAID = 1 << 16
_PLAIN = re.compile(r"[!-~]*")


class Refused(OutputError):  # noqa: N818 - as `Unavailable`
    """A request that a server will not take, however often.

    Attributes:
        status: of its answer; 0 if there was none.
        said: the text of it.
    """

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status, self.said = status, said


class Proxy(NamedTuple):
    """A server that passes requests on.

    Attributes:
        host, port: where it is.
        headers: that say who we are, for nobody else.
    """

    host: str
    port: int
    headers: Mapping[str, str]


def split_url(url: str) -> SplitResult:
    """Return the parts of a destination. Raises UsageError if it has none."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{destination(url)}: {error}") from error


def proxy_of(scheme: str, host: str) -> Proxy | None:
    """Return the proxy that the environment names for a host; None for none.

    Raises:
        UsageError: if what it names is none; the text does not repeat it.
    """
    said = getproxies().get(scheme)
    if not said or proxy_bypass(host):
        return None
    problem = UsageError(
        f"{scheme.upper()}_PROXY: expected the URL of a proxy, such as http://proxy:3128"
    )
    try:
        parts = urlsplit(said if "://" in said else f"http://{said}")
        port = parts.port
    except ValueError:
        raise problem from None  # its own text has the URL, and credentials may be in that
    if parts.scheme != "http" or not parts.hostname or port is None:
        raise problem
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname, port, headers)


class Http:
    """A connection that is kept open, and opened anew when it is lost.

    Args:
        url: where requests go, ``http://host:port/path``, with a query if there is one.
        access: credentials and certificates.
        default_path: where they go if the URL says nothing but the host.

    Raises:
        UsageError: if that is no such URL, or has credentials in it.
    """

    def __init__(self, url: str, access: Access, default_path: str = "/") -> None:
        parts = split_url(url)
        if "@" in parts.netloc:
            raise UsageError(
                "credentials do not belong into a destination, where others see them: put them"
                " into FLEETSYNTH_USER and FLEETSYNTH_PASSWORD, or into a file (password_file=)"
            )
        try:
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")
        except ValueError:  # UnicodeError is one
            host = port = None
        if parts.scheme not in ("http", "https") or not host or " " in host:
            raise UsageError(f"{destination(url)}: expected a URL such as http://localhost:9090")
        if not _PLAIN.fullmatch(parts.path + parts.query):
            raise UsageError(
                f"{destination(url)}: a URL has neither blanks nor characters beyond ASCII: write"
                " them as %20 and so on"
            )
        self._access = access
        self._path = (parts.path if parts.path not in ("", "/") else default_path) + (
            f"?{parts.query}" if parts.query else ""
        )
        self.where = f"{parts.scheme}://{parts.netloc}"
        proxy = proxy_of(parts.scheme, host)
        there = (host, port) if proxy is None else (proxy.host, proxy.port)
        self._connection = (
            HTTPSConnection(*there, timeout=TIMEOUT_SECONDS, context=access.context())
            if parts.scheme == "https"
            else HTTPConnection(*there, timeout=TIMEOUT_SECONDS)
        )
        self._of_proxy: Mapping[str, str] = {}
        if proxy is not None and parts.scheme == "https":
            self._connection.set_tunnel(host, port, dict(proxy.headers))
        elif proxy is not None:
            self._path, self._of_proxy = self.where + self._path, proxy.headers

    def post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Send a body; return what the server answers once it says that it has it.

        Raises:
            Unavailable: if it may be sent again: the server is not there, or busy, or broken.
            Refused: if it may not.
        """
        everything = {
            "User-Agent": f"fleetsynth/{__version__}", **headers, **self._access.headers(),
            **self._of_proxy,
        }  # fmt: skip
        try:
            self._connection.request("POST", self._path, body, everything)
            answer = self._connection.getresponse()
            content = self._content(answer)
        except (OSError, HTTPException) as error:
            self.close()
            if isinstance(error, ssl.SSLError) and _NEVER.search(error.reason or ""):
                raise Refused(f"{self.where}: {_why(error)}", 0, "") from error
            raise Unavailable(f"{self.where}: {_why(error)}") from error
        except BaseException:
            self.close()  # half of a request may be under way
            raise
        if not 200 <= answer.status < 300:
            said = content.decode("utf-8", "replace").strip()
            self._raise(answer, self._access.hidden(said))
        return content

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._connection.close()

    def _content(self, answer: HTTPResponse) -> bytes:
        content = answer.read(_MOST_SAID)
        if answer.read(1):
            self.close()
        return content

    def _raise(self, answer: HTTPResponse, said: str) -> None:
        status = answer.status
        told = f"{self.where} answers {status} {answer.reason}"
        told += f": {shown(said)}" if said else ""
        if status == _TOO_MANY or status >= 500 or status == 408:
            raise Unavailable(told, wait_of(answer.getheader("Retry-After")))
        if status in (401, 403):
            told += "; credentials come from FLEETSYNTH_TOKEN, or FLEETSYNTH_USER and _PASSWORD"
        if 300 <= status < 400:
            place = destination(shown(answer.getheader("Location")))
            told += f"; redirected to {place}: name that place"
        raise Refused(told, status, said)


def wait_of(header: str | None, now: datetime | None = None) -> float | None:
    """Return how many seconds a ``Retry-After`` says, as a number or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(int(header)))
    except OverflowError:
        return inf
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
