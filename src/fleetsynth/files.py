"""How a file becomes visible only when it is whole."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING

from fleetsynth.errors import ExistsError, OutputError, UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links answer to one."""
_ATTEMPTS = 10
"""How often a folder is made that somebody else removes because it is empty."""


class AtomicFile:
    """A file that is written beside its final place and moved there when it is whole.

    Attributes:
        temporary: where to write in the meantime.

    Raises:
        ExistsError: if there is a file of that name already, and `overwrite` is not said.
        OutputError: if its folder cannot be made or written to.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite
        self._made: list[Path] = []
        self._replaces = False
        # Random, and new: two writers of one path must not share it, nor may it be a link.
        self.temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
        with self.opening():
            refuse_existing(path, overwrite=overwrite)
            self._begin()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Guard the opening of whatever writes to `temporary`: if it fails, nothing is left."""
        try:
            with os_errors(self._path):
                yield
        except BaseException:
            self.abort()
            raise

    def commit(self, stale: Sequence[Path] = ()) -> int:
        """Flush to disk and give the file its final name; return the size in bytes.

        Args:
            stale: files that would not belong to it; they are removed before it appears.
        """
        with os_errors(self._path):
            with self.temporary.open("rb") as whole:
                os.fsync(whole.fileno())
            size = self.temporary.stat().st_size
            refuse_existing(self._path, overwrite=self._overwrite)
            self._replaces = self._path.exists()
            for file in stale:
                remove(file)
            try:
                put_in_place(self.temporary, self._path, replace=self._overwrite)
            except FileExistsError:  # since a moment ago: another writer was faster
                raise _exists(self._path) from None
            for folder in self._made:
                sync_folder(folder.parent)
        return size

    def abort(self) -> None:
        """Remove the temporary file and the folders that were made for it, if still empty."""
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()

    def withdraw(self) -> None:
        """Remove the file after it was given its name; one that has replaced another stays.

        Whole data without their table are worth more than none.
        """
        with os_errors(self._path):
            if not self._replaces:
                self._path.unlink(missing_ok=True)
        self.abort()

    def _begin(self) -> None:
        for attempt in range(_ATTEMPTS):
            self._made += make_folders(self._path.parent)
            try:
                self.temporary.touch(exist_ok=False)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return


def refuse_no_page(path: Path) -> None:
    """Refuse a name that says that it is no page, such as ``report.pdf``; call it early.

    Raises:
        UsageError: if it has another ending than that of HTML.
    """
    if path.suffix.lower() not in ("", ".html", ".htm"):
        raise UsageError(
            f"{path} would be a page of HTML: name it {path.with_suffix('.html').name} (a browser "
            "prints it, to PDF as well)"
        )


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken; called early, before minutes have gone into what is to be there.

    Raises:
        OutputError: if it is a folder, or a file and `overwrite` is not said.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    if path.exists() and not overwrite:
        raise _exists(path)


def _exists(path: Path) -> ExistsError:
    return ExistsError(f"{path} exists: choose another name, or pass overwrite=True")


def remove(file: Path) -> None:
    """Remove a file if it is there, for good, and the folder that it leaves empty."""
    with suppress(FileNotFoundError, NotADirectoryError):  # a file may be called as its folder
        file.unlink()
    with suppress(OSError):
        sync_folder(file.parent)
        file.parent.rmdir()


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were not there, outermost first."""
    missing = [entry for entry in (folder, *folder.parents) if not entry.exists()]
    for entry in reversed(missing):
        with suppress(FileNotFoundError):  # the one above was removed again: the caller repeats
            entry.mkdir(exist_ok=True)
    return missing[::-1]


def put_in_place(whole: Path, path: Path, *, replace: bool) -> None:
    """Give a finished file its final name, for good.

    Without `replace` this is exclusive: of two that try, one succeeds. (Where a file system has no
    hard links, the name is taken by an empty file first, which is seen if the machine stops between
    two system calls.)

    Raises:
        FileExistsError: if there is a file of that name, and it is not to be replaced.
        OSError: if the system does not take it.
    """
    if replace:
        whole.replace(path)
    else:
        try:
            path.hardlink_to(whole)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            path.touch(exist_ok=False)
            whole.replace(path)
        else:
            whole.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system lets one open folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, for moments only; the system lets go of it when a process ends.

    Where there are no such locks (Windows, some network file systems) nothing is held: then no more
    than a look before and after tells of somebody else.
    """
    try:
        from fcntl import LOCK_EX, LOCK_UN, flock
    except ImportError:
        yield
        return
    handle = None
    try:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            flock(handle, LOCK_EX)
        yield
    finally:
        if handle is not None:
            with suppress(OSError):  # by closing alone, a process forked just now would keep it
                flock(handle, LOCK_UN)
            os.close(handle)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file's name as long as the block runs; yield whether nobody else does.

    A hidden file beside it is locked, since the file itself is replaced again and again; the system
    lets go of it when a process ends, however it does. Where there are no such locks (Windows, some
    network file systems), or nothing can be written, nothing is held and the answer is yes.
    """
    try:
        from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
    except ImportError:
        yield True
        return
    beside = path.with_name(f".{path.name}.lock")
    handle, free = None, True
    try:
        with suppress(OSError):
            while handle is None:
                handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
                try:
                    flock(handle, LOCK_EX | LOCK_NB)
                except BlockingIOError:
                    free = False
                    break
                if not _is_open(handle, beside):  # whoever held it has removed it just now
                    os.close(handle)
                    handle = None
        yield free
    finally:
        if handle is not None:
            if free:
                with suppress(OSError):
                    beside.unlink()
                    flock(handle, LOCK_UN)  # as above
            os.close(handle)


def _is_open(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield where to write; publish it at the end of the block, or remove it if that fails."""
    file = AtomicFile(path, overwrite=overwrite)
    with file.opening():
        yield file.temporary
        file.commit()


def write_text(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a small text file, whole or not at all."""
    with whole_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, "utf-8")


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn a failure of the operating system into one clear error about `path`."""
    try:
        yield
    except OSError as error:
        raise WriteError(path, reason_of(error)) from error


def reason_of(error: OSError) -> str:
    """Say why the operating system did not take what was written."""
    code = error.errno
    if code in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"no room for it ({os.strerror(code)})"
    return str(error) if code is None else os.strerror(code)
