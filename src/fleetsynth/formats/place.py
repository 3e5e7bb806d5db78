"""Where in a dataset something is, as a user is told it."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple


class Place(NamedTuple):
    """The first row of a batch.

    Attributes:
        file: what to call the file.
        row: number of the batch's first row, counted from 1.
    """

    file: str
    row: int = 1

    def at(self, offset: int) -> str:
        """Return the place of one of the batch's rows."""
        return f"{self.file}, row {self.row + offset:,}"


def quoted(value: object, most: int = 60) -> str:
    """Return a value of foreign data as it may be printed: short, without control characters."""
    text = repr(str(value))
    clean = "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)
    return clean if len(clean) <= most else f"{clean[:most]}…"


def saying(role: str, column: str) -> str:
    """Write how a caller names the column of a role."""
    return f"columns={{{role!r}: {quoted(column)}}}"
