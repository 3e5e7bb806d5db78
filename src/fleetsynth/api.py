"""The library's verbs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import html, pipeline
from fleetsynth._version import __version__
from fleetsynth.errors import UsageError
from fleetsynth.formats import format_of, open_sink
from fleetsynth.presets import as_plan
from fleetsynth.size import estimate, in_bytes, refuse_without_room
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    import pyarrow as pa

    from fleetsynth.plan import Plan
    from fleetsynth.presets import ScenarioLike
    from fleetsynth.tables.statistics import Moments


DEFAULT_OUTPUT = Path("data/synthetic/server_metrics.parquet")


@dataclass(frozen=True, repr=False)
class Result:
    """What `generate` made.

    Attributes:
        path: the file.
        plan: what it was made from.
        rows: how many were written.
        seconds: wall time.
        bytes: size of the file.
        digest: content digest, the same for the same data in any format.
        statistics: mean and sd by archetype and column.
    """

    path: Path
    plan: Plan
    rows: int
    seconds: float
    bytes: int
    digest: str
    statistics: dict[str, dict[str, Moments]]

    def __repr__(self) -> str:
        """Say in a line what was made."""
        return f"<Result {self.path}: {self._summary()}>"

    def _summary(self) -> str:
        return (
            f"{self.rows:,} rows of {len(self.plan.columns)} columns, "
            f"{in_bytes(self.bytes)}, {self.seconds:.2f} s, digest {self.digest[:12]}…"
        )

    def _repr_html_(self) -> str:
        """Show mean and standard deviation by archetype, as notebooks do."""
        header = ["archetype", "servers", *(f"{m.label} ({m.unit})" for m in self.plan.metrics)]
        rows = [
            [name, f"{count:,}"]
            + [f"{m.mean:.1f} ±{m.sd:.1f}" for m in self.statistics.get(name, {}).values()]
            for name, count in self.plan.fleet.counts().items()
        ]
        return html.table(f"{self.path}: {self._summary()}", header, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the run as JSON-ready values."""
        scenario = self.plan.scenario
        return {
            "path": str(self.path),
            "rows": self.rows,
            "columns": len(self.plan.columns),
            "servers": scenario.num_servers,
            "start": scenario.start_date.isoformat(),
            "end": scenario.end_date.isoformat(),
            "granularity": scenario.granularity,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows / self.seconds),
            "bytes": self.bytes,
            "digest": self.digest,
            "scenario_digest": self.plan.digest,
        }


def generate(
    scenario: ScenarioLike = None,
    path: Path | str = DEFAULT_OUTPUT,
    *,
    overwrite: bool = False,
    csv_safe: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Generate a dataset into a file, whose ending names the format.

    Args:
        scenario: a Scenario, a YAML file, a mapping, or None for the packaged scenario.
        path: where to; missing folders are made.
        overwrite: replace a file that is there already.
        csv_safe: in CSV, write text that a spreadsheet would take for a formula so that it does
            not: with a single quote before it. The digest stays that of the values.
        workers: with two or more, a batch is written while the next one is made; no byte depends
            on it. None for as many as there are processors.
        progress: called after each batch with how many of the plan's cells are done.

    Raises:
        ScenarioError: if the scenario is not valid.
        UsageError: if the ending of `path` names no format, or `csv_safe` is not for it.
        OutputError: if the file exists, cannot be written, or would not fit; nothing is left.
    """
    plan = as_plan(scenario)
    path = Path(path)
    refuse_without_room(path, plan.cells, estimate(plan).bytes[format_of(path)])
    begun = time.perf_counter()
    sink = open_sink(path, schema(plan), provenance(plan), overwrite=overwrite, csv_safe=csv_safe)
    outcome = pipeline.run(
        plan, sink, workers=workers or pipeline.available_workers(), progress=progress
    )
    return Result(
        path=path,
        plan=plan,
        rows=outcome.rows,
        seconds=time.perf_counter() - begun,
        bytes=outcome.size,
        digest=outcome.digest,
        statistics=outcome.statistics,
    )


def batches(
    scenario: ScenarioLike = None,
) -> Iterator[pa.RecordBatch]:
    """Yield a dataset as Arrow record batches, in row order, in constant memory."""
    return pipeline.batches(as_plan(scenario))


def to_table(
    scenario: ScenarioLike = None,
) -> pa.Table:
    """Return a dataset as an Arrow table; its text columns are dictionary-encoded."""
    import pyarrow as pa

    plan = as_plan(scenario)
    return pa.Table.from_batches(pipeline.batches(plan), schema=schema(plan))


def to_pandas(
    scenario: ScenarioLike = None,
) -> pd.DataFrame:
    """Return a dataset as a pandas DataFrame; its text columns are plain strings."""
    frame: pd.DataFrame = plain(to_table(scenario)).to_pandas()
    return frame


def save_frame(frame: pd.DataFrame, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write any DataFrame through the sink that the ending of `path` names.

    An index with a name becomes a column; one that only numbers the rows is left out.
    """
    import pyarrow as pa

    path = Path(path)
    try:
        table = pa.Table.from_pandas(_with_index(frame)).replace_schema_metadata(None)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"this DataFrame cannot be written: {error}") from error
    sink = open_sink(path, table.schema, {"fleetsynth.version": __version__}, overwrite=overwrite)
    try:
        for batch in table.to_batches(max_chunksize=pipeline.BATCH_ROWS):
            sink.write(batch)
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    return path


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of an index that has names, and drop one that only numbers rows.

    Raises:
        UsageError: if the index is neither, or shares its name with a column.
    """
    index = frame.index
    if list(index.names) == [None] and index.dtype.kind in "iu":
        return frame.set_axis(range(len(frame)))
    for name in index.names:
        if name is None or name in frame.columns:
            fault = "has no name" if name is None else f"is named {name!r}, as a column is"
            raise UsageError(
                f"this DataFrame's index {fault}: name it, or say reset_index(drop=True) if it "
                "is not to be written"
            )
    return frame.reset_index()
