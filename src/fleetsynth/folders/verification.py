"""What is found wrong with a dataset folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fleetsynth.stores import recorded


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: where, and what."""

    path: str
    message: str

    def __str__(self) -> str:
        """Render as ``path: message``."""
        return f"{recorded.named(self.path)}: {self.message}"


@dataclass(frozen=True, repr=False)
class Verification:
    """What `verify` found.

    Attributes:
        path: the folder.
        findings: what is wrong; nothing, if all is well.
        notes: what is not of the dataset, and what an older format does not let us check.
    """

    path: str
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def __repr__(self) -> str:
        """Say in a line how it went."""
        return f"<Verification of {self.path}: {'ok' if self.ok else self._count()}>"

    def _count(self) -> str:
        return f"{len(self.findings):,} finding{'s' * (len(self.findings) > 1)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON-ready values."""
        facts: dict[str, Any] = {"path": self.path, "ok": self.ok}
        facts["findings"] = [dict(vars(finding)) for finding in self.findings]
        return facts | ({"notes": self.notes} if self.notes else {})
