"""Faults of the collector as rows of the ledger, many at a time."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.ledger.fault_rates import how
from fleetsynth.ledger.faults import find, names_of
from fleetsynth.ledger.table import span_of
from fleetsynth.tables.frame import TIMESTAMP, text_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Kind
    from fleetsynth.ledger.faults import Found
    from fleetsynth.plan import Plan


def batches(plan: Plan, first: int, stop: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the faults of servers first..stop-1, kind by kind, in one batch if there are any.

    Those of the whole fleet are among those of its first server.
    """
    each = [
        _batch(kind, found, names_of(found, plan, first), schema)
        for kind, found in find(plan, first, stop, span_of(plan))
        if kind.entity == "server" or first == 0
    ]
    if each:  # each batch becomes a row group
        columns = zip(*(batch.columns for batch in each), strict=True)
        yield pa.RecordBatch.from_arrays(list(map(pa.concat_arrays, columns)), schema=schema)


def _batch(kind: Kind, found: Found, names: list[str], schema: pa.Schema) -> pa.RecordBatch:
    count, of = len(found), how(kind)
    moments = np.datetime_as_string(found.begin.astype("datetime64[s]"), unit="m").tolist()
    stamps = ",".join(moments).translate(_IN_IDS).split(",")
    ids = [f"{kind.name}-{name}-{at}" for name, at in zip(names, stamps, strict=True)]
    stems = list(of.of) or [""]
    metrics = [stems[place] for place in found.metric.tolist()]
    sizes = found.size.tolist()
    sized = not np.isnan(found.size).all()
    said = list(zip(metrics, sizes if sized else [nan] * count, strict=True))
    texts = {each: effect_of(of.act, *each) for each in set(said)}
    effects = [texts[each] for each in said]
    columns: dict[str, pa.Array] = {
        "event_id": text_array(ids),
        "kind": _same(kind.name, count),
        "entity": text_array(names),
        "begin": _times(found.begin),
        "end": _times(found.end),
        "metrics": text_array(metrics),
        "effect": text_array(effects),
        "size": _numbers(found.size) if sized else pa.nulls(count, pa.float64()),
        "planned": pa.Array.from_buffers(
            pa.bool_(), count, [None, pa.py_buffer(bytes(-(-count // 8)))]
        ),
        "cause": _same("", count),
        "severity": _same(kind.severity, count),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


_IN_IDS = str.maketrans("", "", "-:")


def effect_of(act: str, stem: str, size: float) -> str:
    """Write what a fault does: ``no rows``, ``stamps +95 s``, ``cpu x0.01``."""
    if act == "shift":
        return f"stamps {size:+.0f} s"
    if act == "scatter":
        return f"rows up to {size:.0f} s late"
    if act == "scale":
        return f"{stem} x{size:g}"
    if act == "round":
        return f"{stem} in steps of {size:.4g}"
    return _EFFECTS[act].format(stem)


_EFFECTS = {
    "drop": "no rows",
    "repeat": "rows twice",
    "hold": "rows late",
    "blank": "{} missing",
    "freeze": "{} stays",
}


def _same(word: str, count: int) -> pa.Array:
    return text_array([word] * count)


def _times(seconds: NDArray[np.int64]) -> pa.Array:
    buffers = [None, pa.py_buffer(seconds * SECOND_MICROS)]
    return pa.Array.from_buffers(TIMESTAMP, len(seconds), buffers)


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])
