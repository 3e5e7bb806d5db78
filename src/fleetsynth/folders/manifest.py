"""What the manifest of a finished folder says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fleetsynth.stores.names import EVENTS
from fleetsynth.stores.recorded import format_of
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.provenance import provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.part_record import PartRecord
    from fleetsynth.plan import Plan

CLEAN = "clean_digest"
"""What a manifest calls the digest of the data without a fault of the collector."""
OF_A_SPAN = ("scenario_digest", "version", "numpy_version")
"""What parts say of their making that may differ between the spans of a dataset."""


def manifest_of(
    job: Job,
    parts: Sequence[dict[str, Any]],
    digests: Mapping[str, str],
    files: dict[str, dict[str, Any]],
    leaves: Sequence[Mapping[str, Any]],
    base: dict[str, Any] | None = None,
    clean: str | None = None,
) -> dict[str, Any]:
    """Return a manifest, without its seal.

    Args:
        job: what was made.
        parts: what it says of each part.
        digests: content digests by table, that of the rows first.
        files: what it says of the files beside the parts.
        leaves: what it says of the files of leaves; nothing, if none are kept.
        base: the manifest of the dataset that was appended to, if one was.
        clean: digest of the data without a fault of the collector, if it has any.
    """
    plan = job.plan
    said = provenance(plan)
    del said["fleetsynth.scenario"]  # in a file of its own
    first, *others = digests.values()
    return {
        "format": format_of(tables=bool(job.tables), events=EVENTS in files, leaves=bool(leaves)),
        "run": job.run,
        "digest": first,
        **({} if clean is None else {CLEAN: clean}),
        "rows": sum(part["rows"] for part in parts),
        **{key.removeprefix("fleetsynth."): value for key, value in said.items()},
        "schema": schema_of(plan),
        "partition_by": list(job.partition_by),
        "part_bytes": job.part_bytes,
        "file_format": job.file_format,
        "cut": job.cut,
        **tables_of(job, dict(zip(job.tables, others, strict=True))),
        **({} if base is None else {"spans": [*spans_of(base, job), _span(job, len(parts), base)]}),
        "files": files,
        **({"leaves": list(leaves)} if leaves else {}),
        "parts": list(parts),
    }


def spans_of(values: Mapping[str, Any], job: Job) -> list[dict[str, Any]]:
    """Return what a manifest says of the spans of days that were made one after the other."""
    if "spans" in values:
        return list(values["spans"])
    return [
        {"until": job.earlier.end if job.earlier else "", "parts": len(values["parts"])}
        | {key: values.get(key) for key in OF_A_SPAN}
    ]


def _span(job: Job, parts: int, base: Mapping[str, Any]) -> dict[str, Any]:
    said = provenance(job.plan)
    return {
        "until": job.plan.clock.end.isoformat(),
        "parts": parts - len(base["parts"]),
        **{key: said[f"fleetsynth.{key}"] for key in OF_A_SPAN},
    }


def entry_of(record: PartRecord) -> dict[str, Any]:
    """Return what a manifest says of a part."""
    values = asdict(record)
    tables = values.pop("tables")
    del values["clean"]
    for each in (values, *tables.values()):
        del each["leaves"], each["months"]
    del values["run"], values["index"]
    return values | ({"tables": tables} if tables else {})


def schema_of(plan: Plan) -> list[dict[str, str]]:
    """Return what a manifest says of columns."""
    return [{"name": f.name, "type": str(f.type)} for f in plain(schema(plan))]


def tables_of(job: Job, digests: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of further tables; nothing, if there are none."""
    tables = {
        name: {"digest": digests[name], "schema": schema_of(TABLES[name].plan(job.plan))}
        for name in job.tables
    }
    return {"tables": tables} if tables else {}
