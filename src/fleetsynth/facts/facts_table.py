"""Facts beside the real ranges: what is known of each fact, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fleetsynth import html
from fleetsynth.facts import quiet
from fleetsynth.scenario import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.facts.fleet_facts import Value

STEP = quiet.STEP
"""Seconds from point to point at which the facts are defined: at another step the same servers
have other figures, which nothing here can be compared with."""
PLAIN = "plain"
"""The source that is not a trace."""


@dataclass(frozen=True)
class Reference:
    """Where real figures come from.

    Attributes:
        label: its short name.
        about: what was measured.
    """

    label: str
    about: str


@dataclass(frozen=True)
class Fact:
    """What is known of a fact before any data are looked at.

    Attributes:
        label: what it is called.
        unit: its unit; empty for a pure number.
        decimals: how many are shown.
        wanted: lowest and highest value that a preset like real fleets may have.
        only: the words that a text may be made of; empty for numbers.
        real: measured figures by source.
        stated: lowest and highest real value, where no source has a figure of its own.
    """

    label: str
    unit: str
    decimals: int
    wanted: tuple[float, float] | None = None
    only: tuple[str, ...] = ()
    real: Mapping[str, float] = field(default_factory=dict)
    stated: tuple[float, float] | None = None

    def range(self) -> tuple[float, float] | None:
        """Return the lowest and the highest real value."""
        measured = [value for source, value in self.real.items() if source != PLAIN]
        return (min(measured), max(measured)) if measured else self.stated

    def holds(self, value: Value) -> bool | None:
        """Tell whether a value is as wanted; None if there is nothing to tell."""
        if isinstance(value, str):
            return set(value.split(", ")) <= set(self.only) if self.only else None
        if value is None or self.wanted is None:
            return None
        low, high = self.wanted
        return low <= value <= high

    def shown(self, value: Value) -> str:
        """Return a value as people read it, with as many decimals as say something."""
        if value is None or isinstance(value, str):
            return value or "–"
        return f"{value:.{self.decimals}f}"


@cache
def known_facts() -> dict[str, Fact]:
    """Return every fact by name, in the order in which they are shown."""
    return {
        name: Fact(
            label=row["label"],
            unit=row["unit"],
            decimals=row["decimals"],
            wanted=tuple(row["wanted"]) if "wanted" in row else None,
            only=tuple(row.get("only", ())),
            real=row.get("real", {}),
            stated=tuple(row["stated"]) if "stated" in row else None,
        )
        for name, row in _table()["facts"].items()
    }


@cache
def sources() -> dict[str, Reference]:
    """Return the sources of real figures by name."""
    return {name: Reference(**row) for name, row in _table()["sources"].items()}


@cache
def _table() -> dict[str, Any]:
    path = resources.files("fleetsynth.facts") / "facts.yaml"
    return text.parse(path.read_text("utf-8"), "facts.yaml")


def _span(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{bounds[0]:g} – {bounds[1]:g}"


@dataclass(frozen=True, repr=False)
class Facts:
    """What a dataset is like.

    Attributes:
        path: the file or folder.
        columns: which column was taken for what, by role.
        servers: number of servers that were measured.
        left_out: number of servers with fewer than two points.
        rows: number of rows.
        points: number of points of CPU.
        repeated: points that came more than once; the last of each counted.
        step: seconds from one point to the next, on most servers.
        values: every fact by name; None where the data do not allow it.
        network_by_type: median CPU-network correlation by server type.
        undefined: by number, on how many servers it is not defined (no variance, too short).
        understood: what the reader understood of the dataset, and what looks wrong.
        faults: of how the data were collected, by kind: how many were found in the rows and the
            metrics that were read, and where the first are (docs/collector.md).
    """

    path: str
    columns: dict[str, str]
    servers: int
    left_out: int
    rows: int
    points: int
    repeated: int
    step: int
    values: dict[str, Value]
    network_by_type: dict[str, float]
    undefined: dict[str, int]
    understood: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say in a line what was measured."""
        outside = f"not as wanted: {', '.join(self.missed()) or 'none'}"
        told = outside if self.comparable else f"every {self.step:,} s: not comparable"
        return f"<Facts of {self.path}: {self.servers:,} servers, {self.rows:,} rows, {told}>"

    def _repr_html_(self) -> str:
        """Show each fact, beside real fleets if they are comparable, as notebooks do."""
        rows = [
            [
                f"{fact.label} {fact.unit}",
                fact.shown(self.values[name]),
                _span(fact.range() if self.comparable else None),
            ]
            for name, fact in known_facts().items()
        ]
        caption = f"{self.path}: {self.servers:,} servers, {self.rows:,} rows"
        return html.table(caption, ["fact", "here", "real fleets"], rows)

    @property
    def comparable(self) -> bool:
        """Whether the step is the one at which real fleets were measured."""
        return self.step == STEP

    def holds(self, name: str) -> bool | None:
        """Tell whether a fact is as wanted; None if there is nothing to tell."""
        return known_facts()[name].holds(self.values[name]) if self.comparable else None

    def missed(self) -> list[str]:
        """Return the names of the facts that are outside what is wanted."""
        return [name for name in self.values if self.holds(name) is False]

    def unmeasured(self) -> list[str]:
        """Return the names of the facts that it is held to and that the data cannot tell.

        They cannot tell any where they are not comparable.
        """
        held = (name for name, fact in known_facts().items() if fact.wanted or fact.only)
        return [name for name in held if self.values[name] is None or not self.comparable]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values, with the real ranges beside each fact.

        Not where the step is another than theirs: then nothing stands beside it.
        """
        beside = self.comparable
        facts = {
            name: {
                "value": self.values[name],
                "unit": fact.unit,
                "comparable": beside,
                "wanted": (list(fact.wanted or fact.only) or None) if beside else None,
                "holds": self.holds(name),
                "real": dict(fact.real) if beside else {},
                "range": fact.range() if beside else None,
            }
            for name, fact in known_facts().items()
        }
        return vars(self) | {"comparable": beside, "values": facts, "missed": self.missed()}
