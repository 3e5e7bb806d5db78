"""Folders in object stores: what `store.Store` asks for, through obstore."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager, suppress
from filecmp import cmp
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

from fleetsynth.errors import FleetsynthError, InputError, OtherBytesError, OutputError, UsageError
from fleetsynth.formats import FORMATS, ending_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_UPLOADED = 5_000_000_000
"""Bytes of one request; object stores take no more."""


class Stamp(NamedTuple):
    """What a store knows of a file without reading it.

    Attributes:
        size: in bytes.
        written: text that changes when the file is written again: an ETag and a time, or the number
            of the file and a time.
    """

    size: int
    written: str


class ObjectStore:
    """A bucket and prefix, through obstore. Credentials come from the standard chain.

    A file is uploaded when it is finished, in one conditional request, so that nothing unfinished
    can ever be seen, and of two uploads under one name one is refused.
    """

    def __init__(self, url: str) -> None:
        try:
            import obstore
            from obstore.store import from_url
        except ImportError:
            message = f"{url} needs obstore: pip install 'fleetsynth[cloud]'"
            raise UsageError(message) from None
        _refuse_odd_endpoints()
        self.name = url.rstrip("/")
        self._obstore: Any = obstore
        with self._errors():
            self._store = from_url(self.name, **_credentials(self.name))

    def check_room(self, rows: int, need: float, part_bytes: int) -> None:  # noqa: ARG002
        """Refuse parts that are too large for one request; otherwise there is room for all."""
        if part_bytes > MOST_UPLOADED:
            raise UsageError(
                f"parts of {part_bytes:,} bytes are too large: {self.name} takes files in one "
                f"request each, of {MOST_UPLOADED:,} bytes at most"
            )

    @contextmanager
    def building(self, key: str, *, replace: bool = False) -> Iterator[Path]:
        """Yield a path in a temporary folder; upload it at the end."""
        with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
            path = Path(folder) / Path(key).name
            yield path
            # Mapped, not read: an upload of a large part must not take its size in memory.
            with path.open("rb") as file, _mapped(file) as data:
                if self._put(key, data, replace=replace):
                    return
            with self.fetch(key) as there:
                if not cmp(path, there, shallow=False):
                    raise other_bytes(f"{self.name}/{key}")

    def create(self, key: str, data: bytes) -> bool:
        """Upload a small file, unless there is one.

        Raises:
            OutputError: if the store does not know conditional requests.
        """
        if not self._put(key, data, replace=False):
            return False
        # A store that does not know the condition would take a second one as well.
        if self._put(key, data, replace=False):
            self.delete(key)
            raise OutputError(
                f"{self.name} does not support conditional uploads (If-None-Match), so two "
                "runs could mix: use another store, or generate a local folder and copy it"
            )
        return True

    def write(self, key: str, data: bytes) -> None:
        """Upload a small file."""
        self._put(key, data, replace=True)

    def replace(self, key: str, before: bytes, data: bytes) -> bool:
        """Upload a small file in the place of one, in a conditional request (If-Match).

        A store that does not know the condition takes it as any other upload.
        """
        with self._errors():
            try:
                there = self._obstore.get(self._store, key)
                if bytes(there.bytes()) != before:
                    return False
                put = self._obstore.put
                version = {name: there.meta[name] for name in ("e_tag", "version")}
                version = {name: value for name, value in version.items() if value}
                put(self._store, key, data, mode=version, **self._said(key))
            except (FileNotFoundError, self._obstore.exceptions.PreconditionError):
                return False
        return True

    def _said(self, key: str) -> dict[str, Any]:
        """Return what is said of every upload."""
        ending = ending_of(key)
        kind = {"Content-Type": FORMATS[ending].media_type} if ending else None
        return {"attributes": kind, "use_multipart": False}

    def _put(self, key: str, data: Any, *, replace: bool) -> bool:
        """Upload; tell whether the object is ours, or was there before."""
        mode = "overwrite" if replace else "create"
        with self._errors():
            try:
                self._obstore.put(self._store, key, data, mode=mode, **self._said(key))
            except self._obstore.exceptions.AlreadyExistsError:
                return False
        return True

    def read(self, key: str) -> bytes | None:
        """Download a file."""
        with self._errors():
            try:
                return bytes(self._obstore.get(self._store, key).bytes())
            except FileNotFoundError:
                return None

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Download a file to a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
            path = Path(folder) / Path(key).name
            with self._errors(), path.open("wb") as out:
                try:
                    found = self._obstore.get(self._store, key)
                except FileNotFoundError:
                    raise InputError(f"there is no file {self.name}/{key}") from None
                for chunk in found.stream():
                    out.write(chunk)
            yield path

    def size(self, key: str) -> int | None:
        """Return a file's size, or None."""
        with self._errors():
            try:
                return int(self._obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def _entries(self, prefix: str) -> Iterator[dict[str, Any]]:
        folder = prefix.rpartition("/")[0] or None
        with self._errors():
            found = self._obstore.list(self._store, prefix=folder).collect()
        return (entry for entry in found if entry["path"].startswith(prefix))

    def list(self, prefix: str = "") -> list[str]:
        """Return the keys below a prefix."""
        return sorted(entry["path"] for entry in self._entries(prefix))

    def stamps(self, prefix: str) -> dict[str, Stamp]:
        """Return size, ETag and time of each object, in as many requests as a listing takes."""
        return {
            entry["path"]: Stamp(int(entry["size"]), f"{entry['e_tag']} {entry['last_modified']}")
            for entry in self._entries(prefix)
        }

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self._errors(), suppress(FileNotFoundError):
            self._obstore.delete(self._store, key)

    def tidy(self) -> None:
        """Nothing: what is not uploaded whole is not there."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FleetsynthError:
            raise
        except (OSError, ValueError, self._obstore.exceptions.BaseError) as error:
            reason = _reason(error)
            raise OutputError(f"the object store at {self.name} failed: {reason}") from error


@contextmanager
def _mapped(file: BinaryIO) -> Iterator[mmap | bytes]:
    if not os.fstat(file.fileno()).st_size:
        yield b""  # nothing can be mapped
        return
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield data


def other_bytes(name: str) -> OtherBytesError:
    """Say what to do about a file that is there, and is another one."""
    return OtherBytesError(
        f"{name} is there already, with other bytes: another run or version made it. Choose "
        "another folder, or start again with overwrite=True"
    )


def _credentials(url: str) -> dict[str, Any]:
    """Return what boto's standard chain finds, unless the environment says all there is to say.

    obstore itself knows the environment and the roles of machines, but neither profiles nor the
    sessions of ``aws sso login``.
    """
    if not url.startswith("s3://") or {"AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE"} & set(os.environ):
        return {}
    try:
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        return {}
    try:
        return {"credential_provider": Boto3CredentialProvider()}
    except BotoCoreError as error:
        raise OutputError(f"no AWS credentials for {url}: {error}") from error
    except ValueError as error:
        raise OutputError(
            f"no AWS credentials for {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE, or run where a role gives them"
        ) from error


def _refuse_odd_endpoints() -> None:
    """Refuse addresses that obstore would end our process over, or send our keys to nobody."""
    for name, value in os.environ.items():
        if re.fullmatch(r"AWS_ENDPOINT(_URL)?(_S3)?", name) and value:
            try:
                parts = urlsplit(value)
                fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            except ValueError:
                fits = False
            if not fits or not value.isprintable() or " " in value:
                raise UsageError(
                    f"{name} ends in {value.rpartition('@')[2]!r}: expected http://host:port or "
                    "https://host"
                )


def _reason(error: Exception) -> str:
    """Return the first line, for the rest repeats the request, with the code of an XML answer."""
    text = str(error) or type(error).__name__
    code = re.search(r"<Code>(\w+)</Code>", text)
    first = text.splitlines()[0].partition(": <")[0]
    return f"{first} ({code[1]})" if code else first
