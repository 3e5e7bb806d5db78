"""Where a dataset folder lives: a local folder or an object store, behind one small protocol."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from filecmp import cmp
from hashlib import file_digest
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from typing import TYPE_CHECKING, Protocol, cast

from fleetsynth.errors import (
    ExistsError,
    InputError,
    OutputError,
    UsageError,
    WriteError,
)
from fleetsynth.files import locked, make_folders, os_errors, put_in_place, sync_folder, whole_file
from fleetsynth.formats import FORMATS
from fleetsynth.size import refuse_without_room
from fleetsynth.stores.object_store import Stamp, other_bytes
from fleetsynth.stores.places import STORES, check_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

STATE = "_parts/"
"""Where an unfinished run keeps what it knows, until the manifest is written."""
STAGING = f"{STATE}making-"
"""How the folders begin in which files are built."""

_TEMPORARY = r"""(?x)
    ((_parts|_versions/[0-9-]+|data|tables/[a-z_]+)/)? ([^/]+=[^/]*/)*
    \.( (part|job)-[0-9]+(?P<ending>(\.[a-z]+)+) | (manifest|job|end-[0-9a-f]+)\.json
       | scenario\.yaml | (servers|events)\.parquet | leaves\.bin
       | croissant\.json | README\.md )
    \.[0-9a-f]{8}\.tmp
"""
"""Names of the temporary files that we make in a dataset, and of no others."""
_FOLDERS = (
    r"_parts(/making-[0-9a-f]{8})?|(data|tables/[a-z_]+)(/[^/]+=[^/]*)*|tables"
    r"|_versions(/\d{4}-\d\d-\d\d)?"
)
"""Names of the folders that we make in a dataset, and of no others."""


class Store(Protocol):
    """Files by name, each visible whole or not at all.

    Attributes:
        name: what to call the folder in messages.
    """

    name: str

    def check_room(self, rows: int, need: float, part_bytes: int) -> None:
        """Refuse rows that take so many bytes if it is plain that they do not fit."""

    def building(self, key: str, *, replace: bool = False) -> AbstractContextManager[Path]:
        """Yield a path to build a file at; publish it at the end of the block.

        The file is there at the end of the block, whole, or not at all. One that is there already
        with the same bytes stays; one with other bytes is an error, unless it is to be replaced.
        """

    def create(self, key: str, data: bytes) -> bool:
        """Publish a small file unless there is one of that name; tell whether this call did."""

    def write(self, key: str, data: bytes) -> None:
        """Publish a small file, replacing one that is there."""

    def replace(self, key: str, before: bytes, data: bytes) -> bool:
        """Publish a small file in the place of one with such bytes; False if that is not there.

        Nobody can change the file between the look at it and its replacement, where the system
        that keeps it has a way to say so.
        """

    def read(self, key: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """Yield a local path to read a file at; InputError if it cannot be read."""

    def size(self, key: str) -> int | None:
        """Return a file's size in bytes, or None if there is none."""

    def list(self, prefix: str = "") -> list[str]:
        """Return the names of all files below a prefix, sorted; unfinished ones are left out."""

    def stamps(self, prefix: str) -> dict[str, Stamp]:
        """Return what tells whether a file was written again, of all that `list` returns."""

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""

    def tidy(self) -> None:
        """Remove the unfinished files, and the empty folders, of runs that were killed."""


def open_store(url: str) -> Store:
    """Open the store that a path or URL names."""
    check_url(url)
    for scheme, home in STORES.items():
        if url.startswith(scheme):
            module, _, name = home.partition(":")
            return cast("Store", getattr(import_module(module), name)(url))
    return LocalStore(Path(url))


def hash_of(store: Store, key: str) -> str:
    """Return the SHA-256 of a stored file."""
    with store.fetch(key) as path, path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


class LocalStore:
    """A folder on this machine, or one that it has mounted."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file: name a folder")
        self._folder = folder
        self.name = str(folder)

    def check_room(self, rows: int, need: float, part_bytes: int) -> None:  # noqa: ARG002
        """Compare with what is free on the disk."""
        refuse_without_room(self._folder, rows, need)

    @contextmanager
    def building(self, key: str, *, replace: bool = False) -> Iterator[Path]:
        """Yield a path in a folder of its own, so that readers of parts never see it."""
        final = self._path(key)
        staging = self._folder / f"{STAGING}{token_hex(4)}"
        staged = staging / final.name
        try:
            with os_errors(final):
                staging.mkdir(parents=True)
            try:
                yield staged
            except WriteError as error:
                raise (WriteError(final, error.reason) if error.path == staged else error) from None
            with os_errors(final):
                self._publish(staged, final, replace=replace)
        finally:
            rmtree(staging, ignore_errors=True)
            self._remove_empty(staging.parent)

    def _publish(self, staged: Path, final: Path, *, replace: bool) -> None:
        made = make_folders(final.parent)
        try:
            put_in_place(staged, final, replace=replace)
        except FileExistsError:
            if not cmp(staged, final, shallow=False):
                raise other_bytes(str(final)) from None
        for folder in made:
            sync_folder(folder.parent)

    def create(self, key: str, data: bytes) -> bool:
        """Publish a small file, unless there is one."""
        try:
            with whole_file(self._path(key), overwrite=False) as temporary:
                temporary.write_bytes(data)
        except ExistsError:
            return False
        return True

    def write(self, key: str, data: bytes) -> None:
        """Publish a small file."""
        with whole_file(self._path(key), overwrite=True) as temporary:
            temporary.write_bytes(data)

    def replace(self, key: str, before: bytes, data: bytes) -> bool:
        """Publish a small file in the place of one, with the folder locked for that moment."""
        with locked(self._folder):
            if self.read(key) != before:
                return False
            self.write(key, data)
            return True

    def read(self, key: str) -> bytes | None:
        """Return a file's bytes, or None."""
        path = self._path(key)
        try:
            with _reading(path):
                return path.read_bytes()
        except FileNotFoundError:
            return None

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Yield the file itself."""
        path = self._path(key)
        try:
            with _reading(path):
                path.open("rb").close()
        except FileNotFoundError as error:
            raise InputError(f"cannot read {path}: {os.strerror(error.errno or 0)}") from error
        yield path

    def size(self, key: str) -> int | None:
        """Return a file's size, or None."""
        path = self._path(key)
        try:
            with _reading(path):
                return path.stat().st_size if path.is_file() else None
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> list[str]:
        """Return all files but the unfinished ones of runs that were killed."""
        names = (path.relative_to(self._folder).as_posix() for path in self._files())
        found = (name for name in names if name.startswith(prefix) and not is_unfinished(name))
        return sorted(found)

    def stamps(self, prefix: str) -> dict[str, Stamp]:
        """Return size, number and time of each file."""
        out = {}
        for name in self.list(prefix):
            path = self._folder / name
            with suppress(FileNotFoundError), _reading(path):
                of = path.stat()
                out[name] = Stamp(of.st_size, f"{of.st_ino} {of.st_mtime_ns}")
        return out

    def delete(self, key: str) -> None:
        """Remove a file and the folders that it leaves empty."""
        path = self._path(key)
        with locked(self._folder), os_errors(path):
            path.unlink(missing_ok=True)
        self._remove_empty(path.parent)

    def tidy(self) -> None:
        """Remove what was not published, and the folders of ours that are left with nothing."""
        for path in list(self._files()):
            if is_unfinished(path.relative_to(self._folder).as_posix()):
                with os_errors(path):
                    path.unlink(missing_ok=True)
        for folder, _, _ in os.walk(self._folder, topdown=False):
            if re.fullmatch(_FOLDERS, Path(folder).relative_to(self._folder).as_posix()):
                with suppress(OSError):  # not empty, or gone since it was listed
                    Path(folder).rmdir()

    def _path(self, key: str) -> Path:
        """Return where a file is; nothing that is ours lies behind a link to somewhere else."""
        path = self._folder / key
        for folder in path.parents:
            if folder == self._folder:
                break
            if folder.is_symlink():
                raise _is_link(folder)
        return path

    def _files(self) -> Iterator[Path]:
        """Yield every file; a link to a folder is refused, for what it hides would be left out."""

        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):  # gone since it was listed
                raise InputError(f"cannot read {error.filename}: {error.strerror}") from error

        for folder, folders, files in os.walk(self._folder, onerror=fail):
            for name in folders:
                if Path(folder, name).is_symlink():
                    raise _is_link(Path(folder, name))
            yield from (Path(folder, name) for name in files)

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._folder:
                folder.rmdir()
                folder = folder.parent


def is_unfinished(name: str) -> bool:
    """Tell what was never published: what is being built, and temporary files of `AtomicFile`."""
    if name.startswith(STAGING):
        return True
    found = re.fullmatch(_TEMPORARY, name)
    return found is not None and (found["ending"] in (None, ".json") or found["ending"] in FORMATS)


def _is_link(path: Path) -> OutputError:
    return OutputError(
        f"{path} is a link to another folder, and a dataset lies in one folder: put the files "
        "themselves there"
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file that cannot be read; one that is not there is the caller's affair."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
