"""Datasets as Spark DataFrames, for people who live in a notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth import pipeline
from fleetsynth.folders.job import Job
from fleetsynth.presets import as_plan
from fleetsynth.tables.frame import plain, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.presets import ScenarioLike

_TYPES = {
    pa.timestamp("us"): "timestamp_ntz",
    pa.string(): "string",
    pa.float64(): "double",
    pa.int32(): "int",
}


def to_spark(session: Any, scenario: ScenarioLike = None, *, part_bytes: int = 64_000_000) -> Any:
    """Return a dataset as a DataFrame that Spark computes where its workers are.

    Nothing is stored: rows are made when an action asks for them, and again when it asks again,
    with the same values.

    Args:
        session: a SparkSession whose Python workers can import fleetsynth.
        scenario: a Scenario, a YAML file, a mapping, or None for the packaged scenario.
        part_bytes: size of a task, in bytes that its rows would take as Parquet.
    """
    plan = as_plan(scenario)
    job = Job(json.dumps(plan.scenario.to_dict()), "", (), part_bytes)
    fields = ", ".join(f"{field.name} {_TYPES[field.type]}" for field in plain(schema(plan)))

    def tasks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                for made in pipeline.batches(job.parts[index].plan):
                    yield from plain(pa.Table.from_batches([made])).to_batches(1 << 16)

    return session.range(0, len(job.parts), 1, len(job.parts)).mapInArrow(tasks, fields)


generate = to_spark
"""The first name of `to_spark`."""
