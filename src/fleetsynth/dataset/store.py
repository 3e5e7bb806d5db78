"""Where a dataset folder lives: a local folder or an object store, behind one small protocol."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from fleetsynth.errors import OutputError, UsageError
from fleetsynth.sinks.base import os_errors, whole_file
from fleetsynth.size import refuse_without_room

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

CLOUD_SCHEMES = ("s3://", "gs://", "az://")


class Store(Protocol):
    """Files by name, each visible whole or not at all.

    Attributes:
        name: what to call the folder in messages.
    """

    name: str

    def check_room(self, rows: int, need: float) -> None:
        """Refuse rows that take so many bytes if it is plain that they do not fit."""

    def building(self, key: str) -> AbstractContextManager[Path]:
        """Yield a path to build a file at, by something that itself publishes it whole.

        The file is there at the end of the block, or not at all.
        """

    def write(self, key: str, data: bytes) -> None:
        """Publish a small file, replacing one that is there."""

    def read(self, key: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """Yield a local path to read a file at."""

    def size(self, key: str) -> int | None:
        """Return a file's size in bytes, or None if there is none."""

    def list(self, prefix: str = "") -> list[str]:
        """Return the names of all files below a prefix, sorted; unfinished ones are left out."""

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""

    def tidy(self) -> None:
        """Remove the unfinished files of runs that were killed."""


def open_store(url: str) -> Store:
    """Open the store that a path or URL names."""
    if url.startswith(CLOUD_SCHEMES):
        return ObjectStore(url)
    if "://" in url:
        raise UsageError(f"{url} is no place to write to: use a folder, s3://, gs:// or az://")
    return LocalStore(Path(url))


class LocalStore:
    """A folder on this machine, or one that it has mounted."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file: name a folder")
        self._folder = folder
        self.name = str(folder)

    def check_room(self, rows: int, need: float) -> None:
        """Compare with what is free on the disk."""
        refuse_without_room(self._folder, rows, need)

    @contextmanager
    def building(self, key: str) -> Iterator[Path]:
        """Yield the path itself."""
        yield self._folder / key

    def write(self, key: str, data: bytes) -> None:
        """Publish a small file."""
        with whole_file(self._folder / key, overwrite=True) as temporary:
            temporary.write_bytes(data)

    def read(self, key: str) -> bytes | None:
        """Return a file's bytes, or None."""
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError:
            return None

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Yield the file itself."""
        yield self._folder / key

    def size(self, key: str) -> int | None:
        """Return a file's size, or None."""
        try:
            return (self._folder / key).stat().st_size
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> list[str]:
        """Return all files but the temporary ones of runs that were killed."""
        names = (
            path.relative_to(self._folder).as_posix()
            for path in self._folder.rglob("*")
            if path.is_file() and not _is_unfinished(path)
        )
        return sorted(name for name in names if name.startswith(prefix))

    def delete(self, key: str) -> None:
        """Remove a file and the folders that it leaves empty."""
        path = self._folder / key
        with os_errors(path):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            while path.parent != self._folder:
                path = path.parent
                path.rmdir()

    def tidy(self) -> None:
        """Remove temporary files."""
        for path in filter(_is_unfinished, list(self._folder.rglob("*"))):
            with os_errors(path):
                path.unlink(missing_ok=True)


class ObjectStore:
    """A bucket and prefix, through obstore. Credentials come from the standard chain.

    A file is uploaded when it is finished, so that nothing unfinished can ever be seen:
    an upload that fails is aborted.
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

    def check_room(self, rows: int, need: float) -> None:
        """Nothing: an object store has room for all."""

    @contextmanager
    def building(self, key: str) -> Iterator[Path]:
        """Yield a path in a temporary folder; upload it at the end."""
        with tempfile.TemporaryDirectory(prefix="fleetsynth-") as folder:
            path = Path(folder) / Path(key).name
            yield path
            with self._errors(), path.open("rb") as stream:
                self._obstore.put(self._store, key, stream)

    def write(self, key: str, data: bytes) -> None:
        """Upload a small file."""
        with self._errors():
            self._obstore.put(self._store, key, data)

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
                for chunk in self._obstore.get(self._store, key).stream():
                    out.write(chunk)
            yield path

    def size(self, key: str) -> int | None:
        """Return a file's size, or None."""
        with self._errors():
            try:
                return int(self._obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def list(self, prefix: str = "") -> list[str]:
        """Return the keys below a prefix."""
        with self._errors():
            found = self._obstore.list(self._store).collect()
        return sorted(entry["path"] for entry in found if entry["path"].startswith(prefix))

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
        except OutputError:
            raise
        except (OSError, ValueError, self._obstore.exceptions.BaseError) as error:
            reason = _reason(error)
            raise OutputError(f"the object store at {self.name} failed: {reason}") from error


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


def _is_unfinished(path: Path) -> bool:
    """Tell a temporary file of `AtomicFile` by its name."""
    return re.fullmatch(r"\..+\.(parquet|json|yaml)\..+\.tmp", path.name) is not None


def _reason(error: Exception) -> str:
    """Return the first line, for the rest repeats the request, with the code of an XML answer."""
    text = str(error) or type(error).__name__
    code = re.search(r"<Code>(\w+)</Code>", text)
    first = text.splitlines()[0].partition(": <")[0]
    return f"{first} ({code[1]})" if code else first
