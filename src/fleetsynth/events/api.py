"""``fleetsynth.events``: what happens to a fleet, of a dataset or of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth import html
from fleetsynth.errors import UsageError
from fleetsynth.events.ask import Ask, Wanted, wanted
from fleetsynth.formats import open_sink
from fleetsynth.ledger.table import has_ledger
from fleetsynth.presets import as_plan
from fleetsynth.reader.events import Ledger, ledger_of_plan, open_ledger
from fleetsynth.stores.paths import is_path, refuse_missing
from fleetsynth.stores.places import is_dataset
from fleetsynth.tables.events import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import pandas as pd

    from fleetsynth.events.series import Series
    from fleetsynth.presets import ScenarioLike

_SHOWN = 20


@dataclass(frozen=True, repr=False)
class Events:
    """What happens to a fleet: rows of plain values, in order of begin.

    Attributes:
        name: the dataset, or the scenario.
        table: the events as an Arrow table: `event_id`, `kind`, `entity` (a server or a service),
            `begin`, `end` (UTC; null while it lasts), `metrics`, `effect`, `size`, `planned`,
            `cause` (an `event_id`, or words), `severity`.
        server: whose series `draw` draws; None if none was asked for.
    """

    name: str
    table: pa.Table
    server: str | None = None
    _ledger: Ledger | None = field(default=None, compare=False)

    def __len__(self) -> int:
        """Return how many events there are."""
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        """Say in a line what it is."""
        return f"<Events of {self.name}: {len(self):,}>"

    @property
    def quiet(self) -> bool:
        """Whether nothing can happen: the scenario tells of no event, and has none drawn."""
        plan = self._ledger.plan if self._ledger else None
        return plan is not None and not has_ledger(plan)

    @property
    def anew(self) -> bool:
        """Whether the table was missing, and is worked out from the dataset's own scenario."""
        return self._ledger is not None and self._ledger.anew

    def rows(self, top: int | None = None) -> list[dict[str, Any]]:
        """Return the events as dictionaries: times as ``2024-06-01T02:00:00``, metrics as a list.

        Args:
            top: the first so many; None for all.
        """
        return list(self.iter_rows(top))

    def iter_rows(self, top: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows that `rows` returns, one at a time."""
        for batch in (self.table if top is None else self.table.slice(0, top)).to_batches():
            for row in batch.to_pylist():
                row["begin"] = row["begin"].isoformat()
                row["end"] = row["end"] and row["end"].isoformat()
                row["metrics"] = [word for word in row["metrics"].split(",") if word]
                yield row

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def save(self, path: Path | str, *, top: int | None = None, overwrite: bool = False) -> Path:
        """Write the table to a file, whose ending names the format, as for datasets.

        Args:
            path: where to.
            top: the first so many; None for all.
            overwrite: replace a file that is there already.

        Raises:
            UsageError: if the ending names no format.
            OutputError: if the file exists, or cannot be written; nothing is left.
        """
        path = Path(path)
        sink = open_sink(path, SCHEMA, {}, overwrite=overwrite)
        try:
            for batch in (self.table if top is None else self.table.slice(0, top)).to_batches():
                sink.write(batch)
            sink.commit()
        except BaseException:
            sink.abort()
            raise
        return path

    def draw(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Draw the events over the series of the server that was asked for.

        Args:
            path: where to: .png, .svg or .pdf (needs the extra ``fleetsynth[plot]``).
            overwrite: replace a picture that is there already.

        Raises:
            UsageError: if no server was asked for, matplotlib is missing, or the ending names no
                picture.
            OutputError: if the picture exists or cannot be written.
        """
        from fleetsynth.events.picture import draw

        path = Path(path)
        draw(self, path, overwrite=overwrite)
        return path

    def series(self) -> Series:
        """Return the series of the server that was asked for, of the data or as simulated.

        Raises:
            UsageError: if no server was asked for, or there are no series of it.
        """
        from fleetsynth.events.series import series_of

        if self.server is None or self._ledger is None:
            raise UsageError("a picture shows one server: say server=...")
        return series_of(self._ledger, self.server)

    def _repr_html_(self) -> str:
        """Show the first events, as notebooks do."""
        names = ("begin", "end", "kind", "entity", "effect", "cause")
        body = [
            ["" if row[name] is None else str(row[name]) for name in names]
            for row in self.rows(_SHOWN)
        ]
        return html.table(f"{self.name}: {len(self):,} events", list(names), body)


def events(
    data: ScenarioLike = None,
    *,
    kinds: Sequence[str] = (),
    server: str | None = None,
    service: str | None = None,
    entity: str | None = None,
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
) -> Events:
    """Return what happens to a fleet: the ledger of a dataset, or that of a scenario.

    Of a dataset it is the table that lies beside the data. Where that is missing, and the data say
    what they were made from, and of a scenario, it is worked out without generating anything.

    Args:
        data: a dataset of ours: a file, a folder or ``s3://bucket/prefix``; or a Scenario, a YAML
            file, a mapping, a Plan, or None for the packaged scenario.
        kinds: only of these kinds, such as ``["outage", "failover"]``.
        server: only what befalls this server, or its service.
        service: only what befalls this service, or its servers.
        entity: only what befalls this server or service itself.
        start: only what lasts beyond this moment (UTC): a day, or a day and a time.
        end: only what begins before it; if it is a day, on it as well.

    Raises:
        ScenarioError: if the scenario is not valid.
        UsageError: if there is no such dataset, kind, server or service, or a time is none.
        InputError: if the dataset cannot be read, or has no ledger.
    """
    ledger = _ledger_of(data)
    ask = Ask(
        [kinds] if isinstance(kinds, str) else kinds,
        entity,
        server,
        service,
        start,
        end,
    )
    chosen = wanted(ask, ledger)
    batches = [_chosen(batch, chosen) for batch in ledger.batches()]
    table = pa.Table.from_batches(batches, schema=SCHEMA)
    order = sorted(
        zip(_seconds(table["begin"]), table["event_id"].to_pylist(), range(len(table)), strict=True)
    )
    in_order = pa.array([at for *_, at in order], pa.int64())
    return Events(ledger.name, table.take(in_order), server, ledger)


def _ledger_of(data: ScenarioLike) -> Ledger:
    if is_path(data) and is_dataset(str(data)):
        refuse_missing([data])
        return open_ledger(str(data))
    return ledger_of_plan(as_plan(data), str(data) if is_path(data) else "the scenario")


def _chosen(batch: pa.RecordBatch, chosen: Wanted) -> pa.RecordBatch:
    """Return the rows that are asked for."""
    kinds, entities = batch["kind"].to_pylist(), batch["entity"].to_pylist()
    times = zip(_seconds(batch["begin"]), _seconds(batch["end"]), strict=True)
    told = zip(kinds, entities, times, strict=True)
    return batch.filter(
        pa.array([chosen.has(kind, entity, *time) for kind, entity, time in told], pa.bool_())
    )


def _seconds(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return times in seconds since the Unix epoch; None where there is none."""
    micros = column.cast(pa.int64()).to_pylist()
    return [None if each is None else each / 1_000_000 for each in micros]
