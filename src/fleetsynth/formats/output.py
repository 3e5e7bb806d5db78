"""Where the bytes of a file go: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import OutputError, UsageError
from fleetsynth.files import AtomicFile, os_errors, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


class File:
    """A file of this machine.

    Args:
        path: where to.
        overwrite: replace a file that is there.
        stale: files that go with the one that is replaced; they are removed before it is.

    Attributes:
        stream: takes its bytes.

    Raises:
        OutputError: if it exists and is not to be replaced, or cannot be opened.
    """

    def __init__(self, path: Path, *, overwrite: bool, stale: Sequence[Path] = ()) -> None:
        self._path = path
        self._stale = stale
        self._file = AtomicFile(path, overwrite=overwrite)
        with self._file.opening():
            self.stream: Any = pa.OSFile(str(self._file.temporary), "wb")

    def guard(self) -> AbstractContextManager[None]:
        """Turn a failure of the system into an error that names the file."""
        return os_errors(self._path)

    def opening(self) -> AbstractContextManager[None]:
        """Guard the opening of a writer: if it fails, nothing is left."""
        return self._file.opening()

    def finish(self) -> None:
        """Hand over the last bytes. May be called again."""
        with self.guard():
            self.stream.close()

    def commit(self) -> int:
        """Give the file its name; return its size in bytes."""
        self.finish()
        return self._file.commit(self._stale)

    def withdraw(self) -> None:
        """Remove the file again."""
        self._file.withdraw()

    def abort(self) -> None:
        """Remove what was written, and the folders that were made for it."""
        self._file.abort()


class StandardOutput:
    """What stands behind our output: a pipe, or wherever a shell has sent it.

    What was written cannot be taken back. A reader that goes away is not a failure of ours:
    BrokenPipeError is left to the caller.

    Attributes:
        stream: takes its bytes.

    Raises:
        UsageError: if it is a terminal, and the format is nothing for one.
        OutputError: if it is closed.
    """

    def __init__(self, ending: str, *, binary: bool) -> None:
        if sys.stdout is None:
            raise OutputError("standard output is closed: there is nothing to write to")
        if binary and sys.stdout.isatty():
            raise UsageError(
                f"{ending} cannot be shown on a terminal: send it to a file or a program (> or |)"
            )
        sys.stdout.flush()
        self._counted = _Counted(sys.stdout.buffer)
        self.stream: Any = self._counted

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn a failure of the system into an error, but for a reader that goes away."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            message = (
                f"cannot write to standard output: {reason_of(error)}; the output is incomplete"
            )
            raise OutputError(message) from error

    def opening(self) -> AbstractContextManager[None]:
        """Guard the opening of a writer."""
        return self.guard()

    def finish(self) -> None:
        """Hand over the last bytes."""
        with self.guard():
            self._counted.flush()

    def commit(self) -> int:
        """Hand over the last bytes; return how many there were."""
        self.finish()
        return self._counted.size

    def withdraw(self) -> None:
        """Nothing: what was written cannot be taken back."""

    def abort(self) -> None:
        """Write no more: the end of a format would make what is short look whole."""
        self._counted.ended = True


class _Counted:
    """A stream that only goes forward, and knows how far it has come.

    Attributes:
        closed: never: the stream is not ours to close.
        size: bytes so far.
        ended: whether bytes go nowhere from now on.
    """

    closed = False

    def __init__(self, raw: Any) -> None:
        self._raw, self.size, self.ended = raw, 0, False

    def write(self, data: Any) -> int:
        """Pass bytes on, all of them."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest and not self.ended:
            # Unbuffered, as under PYTHONUNBUFFERED, output may take less than it is given.
            taken = self._raw.write(rest)
            if taken is None:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            rest = rest[taken:]
        self.size += size
        return size

    def tell(self) -> int:
        """Return how many bytes there were."""
        return self.size

    def flush(self) -> None:
        """Pass on what waits."""
        if not self.ended:
            self._raw.flush()

    def close(self) -> None:
        """Nothing: who opened the stream closes it."""

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True
