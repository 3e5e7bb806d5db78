"""What a comparison found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import html
from fleetsynth.compare.tells import NAMES, clearest
from fleetsynth.files import refuse_no_page, write_text

if TYPE_CHECKING:
    from fleetsynth.compare.distances import Distance
    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.compare.tells import Tell
    from fleetsynth.compare.two_sample import Told

KINDS = {
    "features": "all features",
    "shape": "features of shape alone",
    "convolutions": "random convolutions",
}
"""What classifiers look at, as people read it."""
DISTANCES = {
    "marginal": "values",
    "autocorrelation": "autocorrelation",
    "cross_correlation": "correlation between metrics",
}
"""What distances are of, as people read it."""
ALL = "all"
"""All metrics together, in the place of one."""


@dataclass(frozen=True)
class Side:
    """One of the two datasets.

    Attributes:
        name: its path, or what it is.
        servers: how many servers it has.
        stretches: how many stretches there were.
        used: how many of them were drawn.
        used_servers: of how many servers those are.
        gapped: stretches that were left out because more than 2 % of each metric is missing.
        left_out: servers with fewer than two points.
        averaged: the steps in words from which its points were averaged; empty where none were.
        facts: each fact that its columns allow, over all of its servers.
        understood: what the reader understood of it.
    """

    name: str
    servers: int
    stretches: int
    used: int
    used_servers: int
    gapped: int
    left_out: int
    averaged: list[str]
    facts: dict[str, Any]
    understood: dict[str, Any]

    def used_of(self, days: int) -> str:
        """Say what of it is compared, in stretches of so many days."""
        parts = [
            f"{self.used:,} of {self.stretches:,} stretches of {days} days",
            f"from {self.used_servers:,} of {self.servers:,} servers",
        ]
        parts += [f"{self.gapped:,} with gaps left out"] if self.gapped else []
        parts += [f"{self.left_out:,} servers with too few points"] if self.left_out else []
        parts += [f"averaged from {' and '.join(self.averaged)}"] if self.averaged else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Apart:
    """How well a classifier tells the datasets apart, beside what it makes of either alone.

    Attributes:
        between: A against B.
        a: half of A's servers against the other half: the floor.
        b: likewise of B.
    """

    between: Told
    a: Told
    b: Told


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two datasets side by side.

    Attributes:
        a: the first.
        b: the second.
        step: seconds from point to point, of both, after what was averaged.
        days: days of a stretch.
        metrics: roles that both have.
        classifiers: by metric (or ``all``), then by what is looked at: ``features``, ``shape``,
            ``convolutions``.
        distances: by metric ``marginal`` and ``autocorrelation``, and where there are several
            under ``all`` ``cross_correlation``.
        forecasts: by metric the scaled errors of `compare.forecast.forecasts`.
        tells: all features that differ by more than is likely by chance, clearest first.
        examples: by metric a typical stretch of A and of B, for pictures; not in `to_dict`.
    """

    a: Side
    b: Side
    step: int
    days: int
    metrics: list[str]
    classifiers: dict[str, dict[str, Apart]]
    distances: dict[str, dict[str, Distance]]
    forecasts: dict[str, dict[str, dict[str, dict[str, float]]]]
    tells: list[Tell]
    examples: dict[str, tuple[Stretch, Stretch]]

    def __repr__(self) -> str:
        """Say in a line how well they are told apart."""
        auc = self.classifiers[self.metrics[0]]["features"].between.auc
        name = NAMES[self.metrics[0]]
        return f"<Comparison of {self.a.name} and {self.b.name}: AUC {auc:.3f} by {name}>"

    def _repr_html_(self) -> str:
        """Show how well they are told apart, and by what, as notebooks do."""
        rows = [
            [f"{NAMES.get(metric, 'all metrics')}, {KINDS[kind]}", *_aucs(apart)]
            for metric, kinds in self.classifiers.items()
            for kind, apart in kinds.items()
        ]
        caption = f"A: {self.a.name}, B: {self.b.name}"
        head = ["a classifier looks at", "A against B", "A against A", "B against B"]
        words = [[tell.sentence, f"{tell.clarity:.2f}"] for tell in self.clearest()[:10]]
        return html.table(caption, head, rows) + html.table(
            "", ["what gives it away", "AUC"], words
        )

    def clearest(self) -> list[Tell]:
        """Return the clearest sure tell of each metric and family, clearest first."""
        return clearest(tell for tell in self.tells if tell.sure)

    def likely(self) -> list[Tell]:
        """Return those of other families that may be chance, for there are few servers."""
        known = {(tell.metric, tell.family) for tell in self.tells if tell.sure}
        return clearest(tell for tell in self.tells if (tell.metric, tell.family) not in known)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        said = {
            "tells": [tell.to_dict() for tell in self.tells],
            "in_words": [tell.sentence for tell in self.clearest()],
        }
        told = asdict(replace(self, tells=[], examples={})) | said
        del told["examples"]
        return told

    def write_html(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write it as one HTML file: the tables, and pictures of what gives a dataset away.

        Raises:
            UsageError: if its name has another ending than .html.
            OutputError: if the file exists or cannot be written.
        """
        from fleetsynth.compare.page import render

        refuse_no_page(Path(path))
        write_text(Path(path), render(self), overwrite=overwrite)
        return Path(path)


def _aucs(apart: Apart) -> list[str]:
    return [f"{told.auc:.3f}" for told in (apart.between, apart.a, apart.b)]
