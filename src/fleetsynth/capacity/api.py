"""``fleetsynth.capacity``: what runs out, when, and what would help."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import html
from fleetsynth.capacity.ask import USABLE, Ask
from fleetsynth.capacity.backtest import Backtest
from fleetsynth.capacity.estimate import Status
from fleetsynth.capacity.gather import gather
from fleetsynth.capacity.judge import judge
from fleetsynth.capacity.listed import Listed, known_of
from fleetsynth.capacity.look import PERCENTILE
from fleetsynth.capacity.machines import hints, machines_of
from fleetsynth.capacity.rows import Exports
from fleetsynth.capacity.table import SCOPES, full_within, not_judged, rows
from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.presets.files import catalogue_types
from fleetsynth.reader import ReadOptions, open_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fleetsynth.capacity.table import Columns

_SHOWN = 20
_ROUNDED = 0.05 * 365
"""Days that are lost where a time is told in tenths of a year."""


@dataclass(frozen=True, repr=False)
class Capacity:
    """What runs out, when, and what would help: rows of plain values.

    Attributes:
        as_of: the last day of the data, such as ``2025-12-31``; days are counted from it.
        servers: how many have a value.
        usable: usable capacity in percent, by metric.
        columns: the table itself; `rows` gives it out.
        backtest: how far such dates were off on these very data; empty if that was not asked for.
        understood: what was understood of each export.
        strangers: servers and services of the list of events that the data do not name.
        unknown_types: instance types of the data that the catalogue does not have.
        hints: what could be said of machines, and is not, and why.
    """

    as_of: str
    servers: int
    usable: dict[str, float]
    columns: Columns
    backtest: list[dict[str, Any]] = field(default_factory=list)
    understood: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    unknown_types: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Say in a line what it is."""
        return f"<Capacity of {self.servers:,} servers as of {self.as_of}>"

    def rows(self, by: str | None = None, top: int | None = None) -> list[dict[str, Any]]:
        """Return the rows as dictionaries of plain values, what needs somebody first.

        Args:
            by: server, service, archetype, unit or region; None for all.
            top: how many of each at most.

        Raises:
            UsageError: if there is no such scope.
        """
        return list(self.iter_rows(by, top))

    def iter_rows(self, by: str | None = None, top: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows that `rows` returns, one at a time."""
        if by is not None and by not in SCOPES:
            raise UsageError(f"by={by!r}: no such scope{did_you_mean(by, SCOPES)}")
        return rows(self.columns, by, top)

    def full_within(self, days: int) -> list[dict[str, Any]]:
        """Return the servers' rows of what is full, or as likely as not will be within days."""
        return list(self.columns.rows(full_within(self.columns, days)))

    @property
    def totals(self) -> dict[str, Any] | None:
        """What all servers have and cost, and could give back; None where that is not known.

        Keys are servers, vcpus, memory_gib, disk_gb, price_month, currency and `to_give_back`,
        which has the first five again. Where no types are known, there is no price.
        """
        return self.columns.fits.totals if self.columns.fits else None

    @property
    def not_judged(self) -> int:
        """How many series of servers are too short, or have ended: nothing is said of them.

        What is too short and was seen to be full is not among them: it is above already.
        """
        return not_judged(self.columns)

    def later_than_known(self, days: int) -> int:
        """Return how many series rise, and have dates for less than so many days ahead."""
        rising = self.columns.status == Status.LATER
        return int((rising & (self.columns.years * 365 + _ROUNDED < days)).sum())

    def has(self, scope: str) -> bool:
        """Whether the data say of any server what a scope goes by."""
        return scope == "server" or bool((self.columns.texts[SCOPES[scope]][0] >= 0).any())

    def save(
        self,
        path: Path | str,
        *,
        by: str | None = None,
        top: int | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the rows to a file, whose ending names the format, as for datasets.

        Args:
            path: where to.
            by: as `rows` takes it.
            top: as `rows` takes it.
            overwrite: replace a file that is there already.

        Raises:
            UsageError: if the ending names no format.
            OutputError: if the file exists, or cannot be written; nothing is left.
        """
        from fleetsynth.capacity.write import save

        path = Path(path)
        save(self.iter_rows(by, top), self.columns.names(), path, overwrite=overwrite)
        return path

    def _repr_html_(self) -> str:
        """Show what needs somebody first, as notebooks do."""
        names = ("name", "metric", "status", "now", "trend_month", "date_usable")
        head = ["server", "metric", "status", "now (%)", "a month", "reached"]
        body = [
            ["" if row[name] is None else str(row[name]) for name in names]
            for row in self.rows("server", _SHOWN)
        ]
        return html.table(f"{self.servers:,} servers as of {self.as_of}", head, body)


def capacity(
    data: Any,
    *,
    usable: float | Mapping[str, float] = USABLE,
    thresholds: Sequence[float] = (),
    horizon: int | None = None,
    link: float | None = None,
    lead_time: int | None = None,
    percentile: float = PERCENTILE,
    columns: Mapping[str, str] | None = None,
    options: ReadOptions | None = None,
    backtest: bool = False,
    events: Path | str | None = None,
    instance_types: Path | str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Capacity:
    """Tell what runs out, when, and what would help.

    A server's metric runs out on the first day on which 3 of the last 7 daily values are at or
    above the usable capacity. A daily value is what is published, or the 95th percentile of the
    day's samples. Each date is the day by which that is as likely as not; early and late hold it
    in nine cases of ten. Rows in order of server, as fleetsynth writes them, are read once and in
    blocks; others go through temporary files first.

    Args:
        data: a file or folder, of fleetsynth or of anything else, or a table of Arrow, pandas or
            polars, at any step; or a list of them, in which a server of several is one server.
        usable: usable capacity in percent, for all metrics or by metric: cpu, memory, disk,
            network, net_out.
        thresholds: more levels to date, in percent, beside 80, the usable capacity and 100.
        horizon: days ahead beyond which no date is given, up to three years; None for these, or as
            many as the history has.
        link: what the network can take, in Mbps; without it network is not judged.
        lead_time: days that an order takes, for the day to order by.
        percentile: of the last 93 days' values, by which a server could be half as large.
        columns: columns by role, as `facts` takes them; what is not said is found by name.
        options: how to read it, if more must be said; `columns` is added to its own.
        backtest: also make the dates as they would have been made at several earlier dates, and
            hold them against what came.
        events: what happened to servers and services: a file such as `fleetsynth events -o`
            writes, with at least begin, end, entity and kind. The history of a server is cut at
            what changed its level for good, and days on which something else happened are left
            out. Data of ours carry theirs.
        instance_types: a catalogue of types, as scenarios name one, or ``packaged``: servers are
            of the type that their column `instance_type` says. Data of ours carry theirs.
        progress: called with the number of rows read so far.

    Raises:
        ScenarioError: if the catalogue is not valid.
        UsageError: if the path or a column is not there, there is nothing to judge, or a level,
            horizon or link cannot be.
        InputError: if the data cannot be read.
    """
    ask = Ask(usable, tuple(thresholds), horizon, link, lead_time, percentile)
    said = options or ReadOptions()
    said = replace(said, columns={**said.columns, **(columns or {})})
    many = data if isinstance(data, list | tuple) else [data]
    if not many:
        raise UsageError("no data: name a file, a folder or a table")
    datasets = [open_dataset(each, said) for each in many]
    exports = Exports(datasets, network=link is not None, progress=progress)
    tested = Backtest(ask) if backtest else None
    listed = None if events is None else Listed(events)
    catalogue = None if instance_types is None else catalogue_types(instance_types)
    gathered = gather(exports, link, percentile, tested, known_of(datasets, listed))
    servers = len(gathered.of_servers())
    results = tested.results() if tested else []
    machines = machines_of(datasets, gathered, catalogue)
    more = hints(gathered, machines)
    table = judge(gathered, ask, exports.statistics(), machines)
    return Capacity(
        as_of=table.last.isoformat(),
        servers=servers,
        usable={metric: ask.by_metric[metric] for metric in exports.metrics},
        columns=table,
        backtest=results,
        understood=[each.understood.to_dict() for each in datasets],
        strangers=listed.strangers if listed else [],
        unknown_types=machines.unknown if machines else [],
        hints=more,
    )
