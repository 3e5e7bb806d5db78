"""The record of a run, by which another process goes on with it, or sees that it cannot."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fleetsynth.errors import UsageError
from fleetsynth.folders.job import Earlier, Job
from fleetsynth.presets.data import scenario_from_data
from fleetsynth.stores.recorded import PART_FORMAT
from fleetsynth.stores.records import cut_from_data, file_format_from_data, tables_from_data
from fleetsynth.tables.provenance import provenance

DECIDE_VALUES = (
    *("version", "schema_version", "model_version"),
    *("normals_fingerprint", "holidays_version", "tzdata_version"),
)
"""What of a dataset's provenance decides a value, besides its scenario."""


def values_of(job: Job) -> dict[str, Any]:
    """Return what the record of a run says."""
    said = provenance(job.plan)
    return {
        "run": job.run,
        "scenario": json.loads(job.scenario),
        "partition_by": list(job.partition_by),
        "part_bytes": job.part_bytes,
        "file_format": job.file_format,
        "cut": job.cut,
        **({"tables": list(job.tables)} if job.tables else {}),
        **({} if job.earlier is None else {"earlier": asdict(job.earlier)}),
        **{name: said[f"fleetsynth.{name}"] for name in DECIDE_VALUES},
    }


def job_from(written: dict[str, Any], url: str, generation: int = 0) -> Job:
    """Return the job that a record describes.

    Raises:
        InputError: if it is damaged.
    """
    where = f"the record of the run in {url}"
    partition_by, part_bytes = cut_from_data(written, where)
    file_format = file_format_from_data(written, where)
    tables = tables_from_data(written, where)
    earlier = written.get("earlier")
    return Job.of(
        scenario_from_data(written.get("scenario"), where),
        url,
        partition_by=partition_by,
        part_bytes=part_bytes,
        file_format=file_format,
        tables=tables,
        earlier=None if earlier is None else Earlier.from_data(earlier, where),
        run=str(written.get("run", "")),
        generation=generation,
    )


def compare(
    job: Job, written: dict[str, Any], name: str, otherwise: str = "overwrite=True"
) -> None:
    """Refuse to go on with a run of another job; name the first differences."""
    if found := differences(job, written):
        raise UsageError(
            f"{name} belongs to another scenario or version, or is cut differently: "
            f"{'; '.join(found[:5])}: use the same, or {otherwise}"
        )


def differences(job: Job, written: dict[str, Any]) -> list[str]:
    """Say in what a job differs from the one that is written down."""
    values = values_of(job)
    del values["run"]
    values = {"tables": []} | values
    written = {"file_format": PART_FORMAT, "tables": []} | written
    if isinstance(written["tables"], dict):  # a manifest says more of each
        written["tables"] = list(written["tables"])
    now, then = _flat(values), _flat({key: written[key] for key in values if key in written})
    differ = [key for key in sorted(then.keys() | now.keys()) if then.get(key) != now.get(key)]
    # That parts are cut otherwise follows from most other differences, and is told if from none.
    told = [key for key in differ if not key.startswith("cut.")] or differ
    told.sort(key=lambda key: key not in DECIDE_VALUES)  # another version explains the others
    return [
        f"{key} was {then.get(key, 'not there')}, now {now.get(key, 'not there')}" for key in told
    ]


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        return {prefix: values}
    out: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        out |= _flat(value, name.removeprefix("scenario."))
    return out
