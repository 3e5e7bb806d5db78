"""A dataset in a file, and its further tables beside it: ``fleet.tables/components.parquet``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fleetsynth.errors import ExistsError
from fleetsynth.formats import format_of, open_sink
from fleetsynth.formats.together import abort
from fleetsynth.size import estimate, refuse_without_room
from fleetsynth.stores.names import BESIDE_FILES
from fleetsynth.tables.frame import schema
from fleetsynth.tables.of_plan import PLAN_TABLES, tables_in
from fleetsynth.tables.provenance import provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
