"""A dataset in a file, and its further tables beside it: ``fleet.tables/components.parquet``."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth import pipeline
from fleetsynth.errors import ExistsError, UsageError
from fleetsynth.formats import (
    STANDARD_OUTPUT,
    format_of,
    known,
    named_format,
    open_sink,
    open_standard_output,
)
from fleetsynth.formats.together import abort
from fleetsynth.result import MadeTable, Result
from fleetsynth.size import estimate, refuse_without_room
from fleetsynth.stores.names import BESIDE_FILES
from fleetsynth.tables.digest import combine
from fleetsynth.tables.frame import schema
from fleetsynth.tables.of_plan import PLAN_TABLES, tables_in
from fleetsynth.tables.provenance import provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetsynth.formats.base import Sink
    from fleetsynth.plan import Plan


_BESIDE = (*TABLES, *(name for name, table in PLAN_TABLES.items() if table.beside_files))
"""Tables that may lie beside a file."""


def beside(path: Path, table: str) -> Path:
    """Return the file of a further table of the dataset in a file, of the same format."""
    ending = format_of(path)
    stem = path.name[: -len(ending)]
    return path.with_name(f"{stem}{BESIDE_FILES}") / f"{table}{ending}"


def open_files(
    plan: Plan,
    path: Path,
    tables: Sequence[str],
    *,
    overwrite: bool,
    csv_safe: bool,
    replaced: bool,
) -> tuple[Sink, dict[str, Sink], dict[str, Sink]]:
    """Open the file of the data, those of further tables, and those made from the plan, by name.

    What lies beside a file belongs to it, so none of it outlives the data that it was made with.

    Args:
        plan: of the data.
        path: of the data.
        tables: which tables, besides the data.
        overwrite: replace files that are there.
        csv_safe: as `generate` takes it.
        replaced: whether the file of the data is there already, and is to be replaced.

    Raises:
        UsageError: as `open_sink` does.
        OutputError: if one of the files exists, cannot be opened, or plainly would not fit.
    """
    plans = {name: TABLES[name].plan(plan) for name in tables}
    sizes = [estimate(each) for each in (plan, *plans.values())]
    need = sum(size.bytes[format_of(path)] for size in sizes)
    refuse_without_room(path, sizes[0].rows, need)
    of_plan = {table.name: table for table in tables_in(plan, beside_file=True)}
    schemas = {
        **{name: schema(of_table) for name, of_table in plans.items()},
        **{name: table.schema(plan) for name, table in of_plan.items()},
    }
    others = {name: beside(path, name) for name in _BESIDE}
    if not overwrite:
        _refuse_left(path, [other for name, other in others.items() if name not in schemas])
    stale = [other for name, other in others.items() if replaced or name not in schemas]
    said = provenance(plan)
    opened: list[Sink] = []
    try:
        for name, of_table in schemas.items():
            told = {**said, "fleetsynth.table": name}
            sink = open_sink(others[name], of_table, told, overwrite=overwrite, csv_safe=csv_safe)
            opened.append(sink)
        sink = open_sink(
            path, schema(plan), said, overwrite=overwrite, csv_safe=csv_safe, stale=stale
        )
    except BaseException:
        abort(opened)
        raise
    made = dict(zip(schemas, opened, strict=True))
    return sink, {name: made[name] for name in plans}, {name: made[name] for name in of_plan}


def _refuse_left(path: Path, others: Sequence[Path]) -> None:
    """Refuse to put data beside a table that was made with other data."""
    for other in others:
        there = False
        with suppress(OSError):
            there = other.exists()
        if there and not path.exists():
            raise ExistsError(
                f"{other} exists, and would be taken for a table of {path}: choose another name, "
                "or pass overwrite=True"
            )


def generate_file(
    plan: Plan,
    path: Path,
    *,
    overwrite: bool,
    file_format: str | None,
    csv_safe: bool,
    tables: tuple[str, ...],
    workers: int | None,
    told: Callable[[int], None] | None,
) -> Result:
    """Generate a dataset into a file or to standard output; arguments as `api.generate` has them.

    Raises:
        UsageError: if the name has no known ending, or arguments do not go together.
        OutputError: if the file exists, or cannot be written; nothing is left of it.
    """
    _refuse_no_ending(str(path))
    begun = time.perf_counter()
    further: dict[str, Sink] = {}
    of_plan: dict[str, Sink] = {}
    replaced = overwrite and path.exists()
    if str(path) == STANDARD_OUTPUT:
        if tables:
            raise UsageError(f"{tables[0]}=True is a second file, and standard output takes one")
        sink = _standard_output(plan, file_format, overwrite=overwrite, csv_safe=csv_safe)
    else:
        _refuse_file_format(path, file_format)
        sink, further, of_plan = open_files(
            plan, path, tables, overwrite=overwrite, csv_safe=csv_safe, replaced=replaced
        )
    outcome = pipeline.run(
        plan,
        sink,
        further=further,
        of_plan=of_plan,
        data_first=replaced,
        workers=workers or pipeline.available_workers(),
        progress=told,
    )
    return Result(
        url=str(path),
        plan=plan,
        rows=outcome.rows,
        seconds=time.perf_counter() - begun,
        bytes=outcome.size,
        digest=outcome.digest,
        clean_digest=combine(outcome.clean) if plan.is_faulty else "",
        statistics=outcome.statistics,
        tables={
            name: MadeTable(
                str(beside(path, name)),
                made.size,
                made.digest,
                made.rows if name in of_plan else None,
            )
            for name, made in outcome.tables.items()
        },
    )


def _standard_output(
    plan: Plan, file_format: str | None, *, overwrite: bool, csv_safe: bool
) -> Sink:
    if file_format is None:
        raise UsageError(
            f"standard output has no ending that names a format: say file_format=... ({known()})"
        )
    if overwrite:
        raise UsageError("overwrite=True is for files: standard output is what a shell makes of it")
    ending = named_format(file_format)
    return open_standard_output(ending, schema(plan), provenance(plan), csv_safe=csv_safe)


def _refuse_no_ending(path: str) -> None:
    """Refuse a name without any ending, which may be meant for a folder."""
    if not Path(path).suffix and path != STANDARD_OUTPUT:
        raise UsageError(
            f"{path} has no ending that names a format: use one of {known()}, or end it with a "
            "slash for a folder of parts"
        )


def _refuse_file_format(path: Path, file_format: str | None) -> None:
    """Refuse to be told a format where the name of a file names it."""
    if file_format is not None:
        stem, ending = path.name[: -len(format_of(path))], named_format(file_format)
        raise UsageError(
            f"file_format=... is for folders and for standard output: the ending of {path} names "
            f"its format. For {ending}, name it {stem}{ending}"
        )
