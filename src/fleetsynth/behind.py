"""Large files, written so that they do not fill the system's memory on their way to disk."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

PIECE_BYTES = 32 << 20
"""What is on its way to disk together; twice as much is waited for."""


class WrittenBehind:
    """A new file whose pages are let go as soon as they are on disk.

    Otherwise the system keeps gigabytes that nobody reads soon, takes them from what others read,
    and clears as much memory for it first, which takes longer than the writing. Where a system
    cannot be told so, this is a file like any other.

    Args:
        file: opened to be written, at its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written = self._told = 0
        self._pool = ThreadPoolExecutor(1)
        self._coming: Future[None] | None = None

    def __enter__(self) -> WrittenBehind:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if kind is None and self._coming is not None:
            self._coming.result()

    def write(self, content: bytes | memoryview) -> None:
        """Write all of some bytes. Raises OSError, also for what was written before."""
        whole = memoryview(content)
        for at in range(0, len(whole), PIECE_BYTES):
            self._written += self._file.write(whole[at : at + PIECE_BYTES])
            if self._written - self._told >= PIECE_BYTES:
                self._let_go()

    def _let_go(self) -> None:
        if self._coming is not None:
            self._coming.result()
        begin, size = self._told, self._written - self._told
        self._told = self._written
        self._coming = self._pool.submit(_let_go, self._file.fileno(), begin, size)


def _let_go(handle: int, begin: int, size: int) -> None:
    if hasattr(os, "posix_fadvise"):
        os.fdatasync(handle)
        os.posix_fadvise(handle, begin, size, os.POSIX_FADV_DONTNEED)
