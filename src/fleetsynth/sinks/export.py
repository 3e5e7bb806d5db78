"""``fleetsynth.export``: a dataset, or a scenario, into a system."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from fleetsynth import pipeline
from fleetsynth.errors import UsageError
from fleetsynth.formats import STANDARD_OUTPUT
from fleetsynth.presets import as_plan
from fleetsynth.shown import destination
from fleetsynth.sinks import find_system
from fleetsynth.sinks.base import Wanted
from fleetsynth.sinks.contents import Contents, contents_of_data, contents_of_plan
from fleetsynth.sinks.push import Push, Streaming
from fleetsynth.sinks.result import Exported
from fleetsynth.sinks.shapes import KNOWN
from fleetsynth.stores.paths import is_path, refuse_missing
from fleetsynth.stores.places import is_dataset
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.table import COMPONENTS, LABELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    import pyarrow as pa

    from fleetsynth.presets import ScenarioLike
    from fleetsynth.sinks import System
    from fleetsynth.sinks.base import TablesSink


def export(
    data: ScenarioLike | Contents | Push = None,
    to: str | PathLike[str] = "",
    *,
    schema: str | None = None,
    file_format: str | None = None,
    components: bool = False,
    labels: bool = False,
    overwrite: bool = False,
    append: bool = False,
    streaming: Streaming | None = None,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Publish all tables of a dataset in a database, a lake or a file: all of them, or none.

    Or send the series of a scenario to a monitoring system, where nothing can be taken back: then
    what has been acknowledged stays, and the same call goes on where it ended.

    The tables are ``server_metrics`` (the data), ``servers``, ``events`` where anything can happen,
    and what else the dataset has. Whoever reads the old ones meanwhile is not disturbed, and a run
    that fails leaves them as they were. The same dataset may be exported again: it is there once.

    Args:
        data: a dataset of ours: a file, a folder or ``s3://bucket/prefix``; or a Scenario, a YAML
            file, a mapping, a Plan, or None for the packaged scenario, which is simulated on the
            way, without a file in between.
        to: where to, such as ``postgresql://host/database``, ``fleet.duckdb``, ``fleet.sqlite``;
            see docs/export.md. Credentials come from the URL, the environment or the system's own
            files, and appear nowhere.
        schema: the schema of the tables, where the system has schemas; made if it is not there.
        file_format: of standard output (``-``): ``csv``, ``jsonl`` ….
        components: of a scenario, export the table of what its values are made of as well.
        labels: of a scenario, export the table of what is anomalous and why as well; to a
            monitoring system, the series of it.
        overwrite: replace our tables of another dataset; tables of others never are.
        append: add the rows that are not there yet, told by their keys, to tables that are.
        streaming: to a monitoring system, which series are sent, how fast, and by whom.
        progress: called after each batch with how many of the data's rows are done; of a scenario,
            how many of its plan's cells; to a monitoring system, how many samples.

    Returns:
        What was published: rows by table, time, digest.

    Raises:
        ScenarioError: if the scenario is not valid.
        UsageError: if there is no such dataset or system, a library is missing, or arguments do
            not go together.
        InputError: if the dataset cannot be read.
        OutputError: if another dataset is there, or the system does not take this one.
        BrokenPipeError: if whoever reads standard output goes away.
    """
    system, place = find_system(str(to))
    _refuse_together(system, place, schema, file_format, overwrite=overwrite, append=append)
    if system.streamed and not isinstance(data, Push):
        data = open_push(
            data, to, streaming, components=components, labels=labels, overwrite=overwrite
        )
    if isinstance(data, Push):
        return data.run(progress)
    if streaming is not None:
        raise UsageError(f"streaming=... is for monitoring systems, and not for {system.label}")
    if place == STANDARD_OUTPUT and (components or labels):
        name = COMPONENTS.name if components else LABELS.name
        raise UsageError(f"{name}=True is a second table, and standard output takes one")
    contents = open_contents(data, components=components, labels=labels)
    if place == STANDARD_OUTPUT:
        contents = replace(contents, tables={"data": contents.tables["data"]})
    begun = time.perf_counter()
    wanted = Wanted(
        place=place,
        name=destination(str(to)),
        shapes=tuple(content.shape for content in contents.tables.values()),
        dataset=contents.dataset,
        metadata=contents.metadata,
        known=KNOWN,
        schema=schema,
        file_format=file_format,
        overwrite=overwrite,
        append=append,
        appends=system.appends,
    )
    sink = system.open(wanted)
    counts: dict[str, int] = {}
    digest, facts = contents.digest or "", {}
    try:
        if not sink.already:
            counts, digest = _fill(sink, contents, progress)
            facts = dict(sink.publish())
    except BaseException:
        sink.abort()
        raise
    return Exported(
        to=wanted.name,
        system=system.label,
        tables=counts,
        seconds=time.perf_counter() - begun,
        digest=digest,
        already=sink.already,
        facts=facts,
    )


def open_contents(
    data: ScenarioLike | Contents, *, components: bool = False, labels: bool = False
) -> Contents:
    """Open what is exported: a dataset, or a scenario whose tables are still to be made.

    Raises:
        UsageError, InputError, ScenarioError: as `export`.
    """
    if isinstance(data, Contents):
        return data
    asked = {COMPONENTS.name: components, LABELS.name: labels}
    tables = tuple(name for name, wanted in asked.items() if wanted)
    if is_path(data) and is_dataset(str(data)):
        if tables:
            raise UsageError(
                f"{tables[0]}=True is for scenarios: of a dataset all tables that it has are "
                "exported"
            )
        refuse_missing([data])
        return contents_of_data(str(data))
    return contents_of_plan(as_plan(data), tables)


def open_push(
    data: ScenarioLike | Contents,
    to: str | PathLike[str],
    streaming: Streaming | None = None,
    *,
    components: bool = False,
    labels: bool = False,
    overwrite: bool = False,
) -> Push:
    """Open a stream of a scenario's series to a monitoring system.

    Raises:
        UsageError, OutputError, ScenarioError: as `export`.
    """
    system, place = find_system(str(to))
    if components:
        raise UsageError(f"components=True is a table, and {system.label} takes series")
    if isinstance(data, Contents) or (is_path(data) and is_dataset(str(data))):
        raise UsageError(
            f"{system.label} takes the series of a scenario: name the scenario that the dataset was"
            " made from (a folder has it as scenario.yaml)"
        )
    how = streaming or Streaming()
    how = replace(how, truth=how.truth or labels)
    return Push(as_plan(data), system, place, destination(str(to)), how, overwrite=overwrite)


def _refuse_together(
    system: System,
    place: str,
    schema: str | None,
    file_format: str | None,
    *,
    overwrite: bool,
    append: bool,
) -> None:
    """Refuse arguments that have nothing to do together, before anything is opened."""
    if file_format is not None and place != STANDARD_OUTPUT:
        raise UsageError("file_format=... is for standard output: elsewhere the destination tells")
    if overwrite and place == STANDARD_OUTPUT:
        raise UsageError("overwrite=True is for files: standard output is what a shell makes of it")
    if schema is not None and not system.schemas:
        raise UsageError(f"schema=... is not for {system.label}: name another place instead")
    if schema is not None and not schema.strip():
        raise UsageError("schema=... is empty: expected a name")
    if append and overwrite:
        raise UsageError("append=True keeps what is there, and overwrite=True replaces it: choose")
    if append and not system.appends:
        raise UsageError(
            f"append=True is not for {system.label}: export the whole dataset again, with "
            "overwrite=True"
        )


def _fill(
    sink: TablesSink, contents: Contents, progress: Callable[[int], None] | None
) -> tuple[dict[str, int], str]:
    """Write all tables; return rows by table, and the digest of the data where it is known."""
    counting = {name: _Rows(sink, content.shape.name) for name, content in contents.tables.items()}
    if contents.made and contents.plan is not None:
        outcome = pipeline.run(
            contents.plan,
            counting["data"],
            further={n: s for n, s in counting.items() if n not in ("data", *PLAN_TABLES)},
            of_plan={n: s for n, s in counting.items() if n in PLAN_TABLES},
            workers=pipeline.available_workers(),
            progress=progress,
        )
        digest = outcome.digest
    else:
        digest = contents.digest or ""
        for name, content in contents.tables.items():
            if content.batches is None:
                continue
            for batch in pipeline.ahead(content.batches()):
                counting[name].write(batch)
                if progress and name == "data":
                    progress(counting[name].rows)
    return {rows.table: rows.rows for rows in counting.values()}, digest


class _Rows:
    """A table on its way into a sink, as the pipeline writes one; published with all others.

    Attributes:
        table: what it is called there.
        rows: how many there were.
    """

    def __init__(self, sink: TablesSink, table: str) -> None:
        self._sink, self.table, self.rows = sink, table, 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Pass rows on, if there are any."""
        if batch.num_rows:
            self._sink.write(self.table, batch)
            self.rows += batch.num_rows

    def finish(self) -> None:
        """Nothing: tables end together."""

    def commit(self) -> int:
        """Nothing: tables appear together."""
        return 0

    def withdraw(self) -> None:
        """Nothing: nothing has appeared."""

    def abort(self) -> None:
        """Nothing: whoever opened the sink aborts it."""
