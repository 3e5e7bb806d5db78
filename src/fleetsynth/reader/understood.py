"""What the reader understood of a dataset, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleetsynth.formats.place import quoted
from fleetsynth.tables.frame import column_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.reader.roles import Column

LAYOUTS = {
    "rows": "one row per server and time",
    "long": "one row per metric",
    "wide": "one column per server",
}


@dataclass
class Understood:
    """What was understood; it grows while rows are read.

    Attributes:
        files: how many files were read.
        layout: rows, long or wide.
        columns: which column was taken for what, by role, with its unit.
        times: how times are written, if that was found out or said.
        zone: whose hours, days and weekends count; empty for the clock as written.
        dialect: of CSV, what is out of the ordinary.
        guesses: what was taken by likelihood alone, and how to say otherwise.
        notes: what was skipped or is missing, by name and number.
        warnings: what looks wrong.
        steps: how many servers have each step, by its words.
    """

    files: int = 1
    layout: str = "rows"
    columns: dict[str, str] = field(default_factory=dict)
    times: str = ""
    zone: str = ""
    dialect: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return it as one line for people; what is as expected is not said."""
        parts = [", ".join(f"{role}={name}" for role, name in self.columns.items())]
        if self.layout != "rows":
            parts.append(LAYOUTS[self.layout])
        parts += [f"times in {self.times}"] if self.times else []
        parts += [f"hours of {self.zone}"] if self.zone not in ("", "UTC") else []
        parts += self.dialect + self.guesses + self.notes
        if len(self.steps) > 1:
            steps = (f"{step} on {count:,}" for step, count in self.steps.items())
            parts.append(f"steps differ: {', '.join(steps)} servers")
        return "; ".join(parts)

    def is_ours(self) -> bool:
        """Whether all columns have our names, and nothing else is worth saying."""
        said = self.times or self.dialect or self.guesses or self.notes or len(self.steps) > 1
        return (
            not said and self.layout == "rows" and set(self.columns.values()) <= {*column_types()}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return dict(vars(self))

    def take(self, roles: Mapping[str, Column]) -> None:
        """Note which column was taken for what."""
        self.columns = {
            role: f"{column.name}:{column.unit}" if column.unit else column.name
            for role, column in roles.items()
        }

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass
class Tally:
    """What the values of one role look like, all together."""

    points: int = 0
    infinite: int = 0
    missing: int = 0
    above: int = 0
    highest: float = -float("inf")

    def unit_warning(self, role: str, name: str, metric_unit: str | None) -> str | None:
        """Return a warning where the unit looks off by a factor of 100."""
        if metric_unit != "%" or not self.points:
            return None
        what = f"{role} goes up to {self.highest:,.6g} %"
        if self.highest <= 1 and self.highest > 0:
            return f"{what}: is it a share of 1? Say {role}={shown_name(name)}:share"
        if self.above * 2 > self.points and self.highest <= 10_500:
            return f"{what}: is it in hundredths? Say {role}={shown_name(name)}:hundredths"
        if self.above * 100 > self.points:
            return f"{what}: what unit is it in?"
        return None


def shown_name(name: str) -> str:
    """Return a column's name as it is written after a role."""
    clean = quoted(name)[1:-1]
    return f'"{clean}"' if "," in clean else clean
