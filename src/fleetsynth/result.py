"""What a run of `generate` tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import html
from fleetsynth.errors import UsageError
from fleetsynth.size import in_bytes
from fleetsynth.stores.places import is_url

if TYPE_CHECKING:
    from fleetsynth.plan import Plan
    from fleetsynth.tables.statistics import Moments


@dataclass(frozen=True)
class MadeTable:
    """A table that `generate` made besides the data.

    Attributes:
        url: its file, or the folder of its parts.
        bytes: its size; 0 while a folder is not committed.
        digest: its content digest; empty while a folder is not committed.
        rows: of the table `events`, how many there are; None of others, and while a folder is not
            committed.
    """

    url: str
    bytes: int
    digest: str
    rows: int | None = None


@dataclass(frozen=True, repr=False)
class Result:
    """What `generate` made: a file, or a folder of parts.

    Attributes:
        url: the file, folder or URL, as it was given.
        plan: what the dataset was made from.
        seconds: wall time.
        rows: rows that this run made; of a folder, others may have been there or be still to come.
        bytes: size of the file, or of all parts; 0 while a folder is not committed.
        digest: content digest, the same for the same data in any format; empty while a folder is
            not committed.
        statistics: of a file, `mean` and `sd` by archetype and column; of a folder, empty.
        parts: number of parts of the whole folder; 0 for a file.
        made: parts that this run made.
        already: whether all of a folder was there before, finished.
        rows_of_whole: rows of the whole folder; None before the commit, unless the plan tells.
        tables: what else was made, by name, each with its own `url`, `bytes` and `digest`: the
            ledger of `events` if anything can happen to the fleet, and what was asked for.
        clean_digest: content digest of the same data without a fault of the collector, as
            `clean=True` gives them; empty where it has none, or a folder is not committed.
    """

    url: str
    plan: Plan
    seconds: float
    rows: int
    bytes: int = 0
    digest: str = ""
    statistics: dict[str, dict[str, Moments]] = field(default_factory=dict)
    parts: int = 0
    made: int = 0
    already: bool = False
    rows_of_whole: int | None = None
    tables: dict[str, MadeTable] = field(default_factory=dict)
    clean_digest: str = ""

    @property
    def path(self) -> Path:
        """The file or folder on this machine.

        Raises:
            UsageError: if it is in an object store.
        """
        if is_url(self.url):
            raise UsageError(f"{self.url} is in an object store: take url instead of path")
        return Path(self.url)

    @property
    def committed(self) -> bool:
        """Whether the whole dataset is there; False after a shard of a folder."""
        return bool(self.digest)

    def __repr__(self) -> str:
        """Say in a line what was made."""
        return f"<Result {self.url}: {self._summary()}>"

    def _summary(self) -> str:
        if not self.parts:
            what = f"{self.rows:,} rows of {len(self.plan.columns)} columns"
        elif self.already:
            what = f"all of {self.parts:,} parts were there"
        else:
            what = f"{self.made:,} of {self.parts:,} parts made, {self.rows:,} rows"
        whole = ["not committed"]
        if self.committed:
            whole = [in_bytes(self.bytes), f"digest {self.digest[:12]}…"]
        return ", ".join([what, f"{self.seconds:.2f} s", *whole])

    def _repr_html_(self) -> str:
        """Show what was made, and of a file mean and sd by archetype, as notebooks do."""
        if not self.statistics:
            return f"<p>{escape(repr(self))}</p>"
        header = ["archetype", "servers", *(f"{m.label} ({m.unit})" for m in self.plan.metrics)]
        about = "about " if self.plan.fleet.counts_are_expected else ""
        rows = [
            [name, f"{about}{count:,}"]
            + [f"{m.mean:.1f} ±{m.sd:.1f}" for m in self.statistics.get(name, {}).values()]
            for name, count in self.plan.fleet.counts().items()
        ]
        return html.table(f"{self.url}: {self._summary()}", header, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the run as JSON-ready values."""
        scenario = self.plan.scenario
        facts: dict[str, Any] = {
            "path": self.url,
            "rows": self.rows if not self.parts else self.rows_of_whole,
            "columns": len(self.plan.columns),
            "servers": self.plan.fleet.size,
            "start": scenario.start_date.isoformat(),
            "end": scenario.end_date.isoformat(),
            "granularity": scenario.granularity,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows / self.seconds),
            "bytes": self.bytes if self.committed else None,
            "digest": self.digest or None,
            "scenario_digest": self.plan.digest,
        }
        if self.plan.is_faulty:
            facts["clean_digest"] = self.clean_digest or None
        if self.tables:
            facts["tables"] = {
                name: {
                    "path": made.url,
                    "bytes": made.bytes if self.committed else None,
                    "digest": made.digest or None,
                    **({} if made.rows is None else {"rows": made.rows}),
                }
                for name, made in self.tables.items()
            }
        if self.parts:
            facts |= {"parts": self.parts, "parts_made": self.made, "already_there": self.already}
        return facts
