"""What a validation found: one verdict per question."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from fleetsynth import html

Status = Literal["ok", "fail", "untestable"]


@dataclass(frozen=True)
class Verdict:
    """The answer to one question about a dataset.

    Attributes:
        name: the question, such as ``gaps`` or ``holiday``.
        subject: what it is about, such as an archetype and a field; empty for the whole dataset.
        status: ok, fail or untestable (the data cannot tell).
        found: what was found, in words.
        places: the first few places where something is wrong.
        kind: structure, or statistics for what was estimated.
        expected: what the scenario says, of an estimate.
        estimate: what the data say.
        low: lower end of the confidence interval that goes with the test's level.
        high: its upper end.
        p_value: probability of an estimate so far off, were the scenario right.
        level: the p-value below which the verdict is fail.
        detectable: the smallest deviation that would be caught with a probability of 0.99.
        relative: whether deviations are best read in per cent of what is expected.
    """

    name: str
    status: Status
    found: str
    subject: str = ""
    places: tuple[str, ...] = ()
    kind: Literal["structure", "statistics"] = "structure"
    expected: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    level: float | None = None
    detectable: float | None = None
    relative: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes that have a value, ready for JSON."""
        values = {**vars(self), "places": list(self.places)}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True, repr=False)
class Validation:
    """All verdicts on a dataset.

    Attributes:
        path: the dataset.
        rows: how many it has.
        servers: how many.
        scenario: digest of the scenario that it was compared with; None if there was none.
        verdicts: one per question, structure first.
        understood: what was understood of the data, as `Understood.to_dict` gives it.
    """

    path: str
    rows: int
    servers: int
    scenario: str | None
    verdicts: tuple[Verdict, ...] = field(repr=False)
    understood: dict[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        """Say in a line how it went."""
        return f"<Validation of {self._summary()}>"

    def _summary(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts().items())
        return f"{self.path}: {counts} ({self.rows:,} rows, {self.servers:,} servers)"

    def _repr_html_(self) -> str:
        """Show what failed, or every verdict if nothing did, as notebooks do."""
        shown = self.failed or self.verdicts
        rows = [[v.name, v.subject, v.status, v.found, "; ".join(v.places)] for v in shown]
        return html.table(self._summary(), ["check", "of", "verdict", "found", "where"], rows)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """What failed."""
        return tuple(verdict for verdict in self.verdicts if verdict.status == "fail")

    def counts(self) -> dict[str, int]:
        """Return the number of verdicts by status."""
        return dict(Counter(verdict.status for verdict in self.verdicts))

    def to_dict(self) -> dict[str, Any]:
        """Return everything, the verdicts included, ready for JSON."""
        return {
            "path": self.path,
            "ok": self.ok,
            "rows": self.rows,
            "servers": self.servers,
            "scenario_digest": self.scenario,
            "counts": self.counts(),
            "understood": self.understood,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }
