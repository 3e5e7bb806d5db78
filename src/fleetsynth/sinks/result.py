"""What an export tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Exported:
    """What `export` has published.

    Attributes:
        to: the destination, without secrets.
        system: what people call the system.
        tables: rows of each table, by the name that it has there.
        seconds: wall time.
        digest: content digest of the data, where it is known; empty otherwise.
        already: whether just this dataset was there, and nothing was written.
        facts: what else the system tells, such as ``bytes`` of files.
    """

    to: str
    system: str
    tables: dict[str, int]
    seconds: float
    digest: str = ""
    already: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of the data."""
        return next(iter(self.tables.values()), 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the run as JSON-ready values."""
        return {
            "to": self.to,
            "system": self.system,
            "tables": self.tables,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows / self.seconds) if self.seconds else None,
            "digest": self.digest or None,
            "already_there": self.already,
            **self.facts,
        }
