"""The library's verbs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import pipeline
from fleetsynth.errors import UsageError
from fleetsynth.presets import as_plan
from fleetsynth.single_file import generate_file
from fleetsynth.stores.places import is_folder
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.table import COMPONENTS, LABELS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    import pandas as pd
    import pyarrow as pa

    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.verification import Verification
    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.presets import ScenarioLike
    from fleetsynth.preview.samples import Sample
    from fleetsynth.result import Result


DEFAULT_OUTPUT = Path("data/synthetic/server_metrics.parquet")


def generate(
    scenario: ScenarioLike = None,
    path: Path | str = DEFAULT_OUTPUT,
    *,
    overwrite: bool = False,
    file_format: str | None = None,
    csv_safe: bool = False,
    components: bool = False,
    labels: bool = False,
    clean: bool = False,
    partition_by: Sequence[str] = (),
    part_bytes: int | None = None,
    resume: bool = False,
    shard: str | None = None,
    engine: Engine | str | None = None,
    master: str | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Generate a dataset into a file, into a folder of parts with a manifest, or to stdout.

    Args:
        scenario: a Scenario, a YAML file, a mapping, or None for the packaged scenario.
        path: where to; missing folders are made. The ending of a file names its format. A folder is
            what is one already, what ends with a slash, ``s3://bucket/prefix``, and a
            `pathlib.Path` without any ending, as that cannot end with a slash. ``-`` is standard
            output.
        overwrite: replace a file or dataset that is there already.
        file_format: of a folder's parts (None for Parquet) or of standard output, which have no
            ending: ``csv``, ``jsonl.zst`` ….
        csv_safe: in CSV, write text that a spreadsheet would take for a formula so that it does
            not: with a single quote before it. The digest stays that of the values.
        components: write the table `components` as well: the named parts that add up to each value
            (docs/components.md). Beside ``fleet.parquet`` it is the file
            ``fleet.tables/components.parquet``, in a folder the parts in ``tables/components/``.
        labels: write the table `labels` as well, likewise: of each value whether it is in an
            anomaly, the class and the kind of what befalls it (docs/labels.md).
        clean: leave out the faults of the collector: the data as they were before they were
            collected (docs/collector.md). The scenario of the dataset says so, too.
        partition_by: of a folder, hive partition columns, outermost first, such as
            ``["year", "month"]``.
        part_bytes: of a folder, target size of a part; None for 256 million.
        resume: go on with an unfinished folder of the same scenario.
        shard: of a folder, make shard K of N alone, ``"K/N"`` with K from 1, or ``"auto/N"`` in an
            array job; when all are made, `commit` writes the manifest.
        engine: of a folder, where parts are made: ``"local"`` (also if None), ``"spark"``, or an
            engine, such as ``SparkEngine(session)``.
        master: of a folder made by Spark, address of its master, such as ``"local[2]"``.
        workers: processors to use; None for all. Of a folder so many processes make parts; with two
            or more, a batch of a file is written while the next one is made. No byte depends on it.
        progress: called after each batch or part with how many of the plan's cells are done.

    Raises:
        ScenarioError: if the scenario is not valid.
        UsageError: if the ending of `path` is of no known format, arguments do not go together, or
            the model does not say what its values are made of.
        OutputError: if `path` exists or holds something else, cannot be written, or would not fit.
            Nothing is left of a file; parts of a folder stay, and `resume` goes on from them.
        BrokenPipeError: if whoever reads standard output goes away.
    """
    plan = as_plan(scenario)
    if clean and plan.is_faulty:
        plan = as_plan(plan.scenario.clean)
    asked = {COMPONENTS.name: components, LABELS.name: labels}
    tables = tuple(name for name, is_asked in asked.items() if is_asked)
    for name in tables:
        TABLES[name].plan(plan)  # refuses what the model cannot fill, before anything is touched
    _refuse_less_than_one(part_bytes=part_bytes, workers=workers)
    only_folders = {
        "partition_by": partition_by,
        "part_bytes": part_bytes,
        "resume": resume,
        "shard": shard,
        "engine": engine,
        "master": master,
    }
    if not is_folder(path):
        said = [name for name, value in only_folders.items() if value]
        if said:
            words = "resume=True" if said[0] == "resume" else f"{said[0]}=..."
            raise UsageError(f"{words} is for folders: end the path with a slash")
        return generate_file(
            plan,
            Path(path),
            overwrite=overwrite,
            file_format=file_format,
            csv_safe=csv_safe,
            tables=tables,
            workers=workers,
            told=progress,
        )
    if csv_safe:
        raise UsageError("csv_safe=True is for CSV files, and parts of a folder hold text as it is")
    from fleetsynth.folders.generate import generate_folder
    from fleetsynth.folders.job import PART_BYTES
    from fleetsynth.folders.shards import parse_shard
    from fleetsynth.stores.recorded import PART_FORMAT

    return generate_folder(
        plan.scenario,
        str(path),
        partition_by=partition_by,
        part_bytes=part_bytes or PART_BYTES,
        file_format=file_format or PART_FORMAT,
        tables=tables,
        workers=workers,
        engine=engine,
        master=master,
        resume=resume,
        overwrite=overwrite,
        shard=parse_shard(shard) if shard else None,
        progress=progress,
    )


def _refuse_less_than_one(**said: int | None) -> None:
    for name, value in said.items():
        if value is not None and value < 1:
            raise UsageError(f"{name}={value}: expected a whole number from 1")


def append(
    folder: Path | str,
    until: date | str,
    *,
    resume: bool = False,
    restart: bool = False,
    shard: str | None = None,
    engine: Engine | str | None = None,
    master: str | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Append days to a finished dataset folder: new parts beside old ones, which stay as they are.

    The result has the digest of `generate` over the longer span, with the growth that the dataset
    was generated with (docs/append.md). Until all is there, everybody reads the days before.

    Args:
        folder: the folder, or ``s3://bucket/prefix``.
        until: the last day that it is to have, included. One that it has already changes nothing.
        resume: go on with an append that was interrupted, and from there to `until`.
        restart: give such an append up instead, remove what it has made, and begin anew.
        shard: make shard K of N of the new parts alone, as `generate` takes it; then `commit`.
        engine: where parts are made, as `generate` takes it.
        master: address of Spark's master, as `generate` takes it.
        workers: processes; None for one per processor. No byte depends on it.
        progress: called after each batch or part with how many of the new cells are done.

    Returns:
        What was made; `already` if there was nothing to do.

    Raises:
        ScenarioError: if the scenario cannot be that long.
        UsageError: if there is no such folder, the day is before its last one, or other versions of
            what decides values made it.
        InputError: if it is no finished dataset of ours, or not as its manifest says.
        OutputError: if another run is in the folder, or it cannot be written. The dataset stays as
            it was, and `resume` goes on.
    """
    from fleetsynth.folders.append import append_days
    from fleetsynth.folders.shards import parse_shard
    from fleetsynth.stores.paths import refuse_missing
    from fleetsynth.timestamps import to_day

    _refuse_less_than_one(workers=workers)
    refuse_missing([folder])
    try:
        day = to_day(until)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"until={until!r}: expected a day, such as 2026-11-01") from error
    return append_days(
        str(folder),
        day,
        resume=resume,
        restart=restart,
        shard=parse_shard(shard) if shard else None,
        engine=engine,
        master=master,
        workers=workers,
        progress=progress,
    )


def commit(folder: Path | str) -> dict[str, Any]:
    """Check that every part of a folder is there, and write its manifest.

    The last step of a job whose shards ran on several machines. To repeat it does no harm.

    Args:
        folder: the folder, or ``s3://bucket/prefix``.

    Returns:
        The manifest: digest, rows, versions, schema, files and parts.

    Raises:
        UsageError: if there is nothing to be committed.
        OutputError: if parts are missing, or the folder cannot be written.
        InputError: if what stands there is damaged.
    """
    from fleetsynth.folders import folder as folders

    return folders.commit(str(folder))


def verify(
    folder: Path | str, *, regenerate: int = 0, progress: Callable[[int], None] | None = None
) -> Verification:
    """Re-read a dataset folder and hold every byte of it against its manifest.

    Args:
        folder: the folder, or ``s3://bucket/prefix``.
        regenerate: how many parts, evenly spread, to compare with a fresh generation as well.
        progress: called after each part with how many of the plan's cells are done.

    Raises:
        UsageError: if there is no such folder.
        InputError: if manifest or scenario are not there or cannot be understood.
    """
    from fleetsynth.folders.verify import verify
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([folder])
    return verify(str(folder), regenerate=regenerate, progress=progress)


def digest(
    data: Any, columns: Mapping[str, str] | None = None, *, options: ReadOptions | None = None
) -> str:
    """Return the content digest of a dataset: the same for the same rows, wherever they lie.

    Args:
        data: a file, a folder, ``s3://bucket/prefix`` or ``s3://bucket/file.parquet``. Of a
            dataset folder of ours the parts that its manifest names are read, of any other all
            data files, as one dataset. Or a table of Arrow, pandas or polars.
        columns: columns by role, as `facts` takes them; what is not said is found by name.
        options: how to read it, if more must be said; `columns` is added to its own.

    Raises:
        UsageError: if there is nothing there, or it names no format.
        InputError: if it cannot be read, or is not a dataset.
    """
    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.reader.digests import digest_path
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([data])
    said = options or ReadOptions()
    return digest_path(data, replace(said, columns={**said.columns, **(columns or {})}))


def preview(
    scenario: ScenarioLike = None, path: Path | str | None = None, *, overwrite: bool = False
) -> list[Sample]:
    """Return one server of each archetype with its whole series; draw a picture of them if asked.

    Args:
        scenario: a Scenario, a YAML file, a mapping, or None for the packaged scenario.
        path: where to draw: .png, .svg or .pdf (needs the extra ``fleetsynth[plot]``).
        overwrite: replace a picture that is there already.

    Raises:
        ScenarioError: if the scenario is not valid.
        UsageError: if a series is too long to look at, matplotlib is missing, or the ending of
            `path` names no picture.
        OutputError: if the picture exists or cannot be written.
    """
    plan = as_plan(scenario)
    if path is None:
        from fleetsynth.preview.samples import samples

        return samples(plan)
    from fleetsynth.preview.picture import draw

    return draw(plan, Path(path), overwrite=overwrite)


def batches(scenario: ScenarioLike = None) -> Iterator[pa.RecordBatch]:
    """Yield a dataset as Arrow record batches, in row order, in constant memory."""
    return pipeline.batches(as_plan(scenario))


def to_table(scenario: ScenarioLike = None) -> pa.Table:
    """Return a dataset as an Arrow table; its text columns are dictionary-encoded."""
    import pyarrow as pa

    plan = as_plan(scenario)
    return pa.Table.from_batches(pipeline.batches(plan), schema=schema(plan))


def to_pandas(scenario: ScenarioLike = None) -> pd.DataFrame:
    """Return a dataset as a pandas DataFrame; its text columns are plain strings."""
    frame: pd.DataFrame = plain(to_table(scenario)).to_pandas()
    return frame
