"""Record batches as plain arrays, and the servers that they speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fleetsynth.errors import InputError, UsageError, did_you_mean
from fleetsynth.frame import TIMESTAMP, column_types, to_numpy
from fleetsynth.metrics import STATISTICS, Metric, published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DIMENSIONS = {
    "server_type": "Archetype",
    "business_unit": "Business unit",
    "region": "Region",
    "criticality": "Criticality",
}
"""What a report can be filtered by: the column, and what people call it."""

SERVICE = "service"
_KEY = ("timestamp", "server_id")
_METRICS = {metric.column: metric for metric in published(STATISTICS)}
_PREFERRED = ("p95", "mean", "p50", "max")


@dataclass(frozen=True)
class Rows:
    """Rows of a batch.

    Attributes:
        server: number of the server, counted by first appearance.
        seconds: whole seconds since the Unix epoch.
        values: shape (metrics, rows); NaN where a value is missing.
    """

    server: NDArray[np.int64]
    seconds: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass
class Servers:
    """The servers of a dataset in order of appearance, with what their first row says of them."""

    number: dict[str, int] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Ids by number."""
        return list(self.number)


class Reader:
    """Turns batches into rows, by our names of columns or by theirs.

    Args:
        schema: schema of the batches.
        columns: our name of a column to theirs, where they differ.

    Attributes:
        metrics: the metrics that are there, in our order.
        servers: the servers met so far.

    Raises:
        InputError: if a column that every dataset needs is not there.
        UsageError: if `columns` names something that does not exist.
    """

    def __init__(self, schema: pa.Schema, columns: Mapping[str, str]) -> None:
        self._theirs = _mapping(schema, columns)
        for name in _KEY:
            if self._theirs[name] not in schema.names:
                raise InputError(f"no column {self._theirs[name]!r}: name theirs with columns=...")
        there = [name for name, theirs in self._theirs.items() if theirs in schema.names]
        self.metrics = [
            _METRICS[name]
            for name in there
            if name in _METRICS and _is_number(schema.field(self._theirs[name]).type)
        ]
        if not self.metrics:
            raise InputError("no column of a metric, such as cpu_p95: name theirs with columns=...")
        self._labels = [name for name in (*DIMENSIONS, SERVICE) if name in there]
        self.servers = Servers(labels={name: [] for name in self._labels})

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """Return a batch's rows that have a time and a server."""
        stamps = self._column(batch, "timestamp")
        ids = self._column(batch, "server_id")
        rows = Rows(
            self._numbers(ids, batch),
            _seconds(stamps),
            np.array([_floats(self._column(batch, metric.column)) for metric in self.metrics]),
        )
        if stamps.null_count or ids.null_count:
            there = _present(stamps) & _present(ids)
            rows = Rows(rows.server[there], rows.seconds[there], rows.values[:, there])
        return rows

    def _column(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        return batch.column(batch.schema.get_field_index(self._theirs[name]))

    def _numbers(self, ids: pa.Array, batch: pa.RecordBatch) -> NDArray[np.int64]:
        if not pa.types.is_dictionary(ids.type):
            ids = ids.dictionary_encode()
        codes = ids.indices.fill_null(0) if ids.null_count else ids.indices
        places: NDArray[np.int64] = to_numpy(codes.cast(pa.int64()))
        if not len(ids.dictionary):
            return places
        used = np.flatnonzero(np.bincount(places, minlength=len(ids.dictionary)))
        words = ids.dictionary.to_pylist()
        known = self.servers.number
        new = [code for code in used.tolist() if str(words[code]) not in known]
        if new:
            found, first = np.unique(places, return_index=True)
            rows = dict(zip(found.tolist(), first.tolist(), strict=True))
            for code in sorted(new, key=rows.__getitem__):
                self._meet(str(words[code]), batch, rows[code])
        numbers = np.zeros(len(words), dtype=np.int64)
        numbers[used] = [known[str(words[code])] for code in used.tolist()]
        return numbers[places]

    def _meet(self, name: str, batch: pa.RecordBatch, row: int) -> None:
        self.servers.number[name] = len(self.servers.number)
        for label in self._labels:
            value = self._column(batch, label)[row].as_py()
            self.servers.labels[label].append("(none)" if value is None else str(value))


def primary(metrics: list[Metric]) -> list[int]:
    """Return the place of one metric per stem: its p95 if it is there, or the next best."""
    out: dict[str, int] = {}
    for place, metric in enumerate(metrics):
        best = out.get(metric.stem)
        if best is None or _rank(metric) < _rank(metrics[best]):
            out[metric.stem] = place
    return list(out.values())


def _rank(metric: Metric) -> int:
    known = metric.statistic in _PREFERRED
    return _PREFERRED.index(metric.statistic) if known else len(_PREFERRED)


def _mapping(schema: pa.Schema, columns: Mapping[str, str]) -> dict[str, str]:
    for ours, theirs in columns.items():
        if ours not in column_types():
            near = did_you_mean(ours, [*column_types()][:20])
            raise UsageError(f"columns: there is no column {ours!r}{near}")
        if theirs not in schema.names:
            near = did_you_mean(theirs, schema.names)
            raise UsageError(f"columns: the dataset has no column {theirs!r}{near}")
    return {name: columns.get(name, name) for name in column_types()}


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _present(column: pa.Array) -> NDArray[np.bool_]:
    return to_numpy(column.is_valid().cast(pa.int8())).astype(np.bool_)


def _seconds(column: pa.Array) -> NDArray[np.int64]:
    try:
        micros = column.cast(TIMESTAMP, safe=False).cast(pa.int64())
    except pa.ArrowException:
        raise InputError(f"timestamp is {column.type}: expected times") from None
    if micros.null_count:
        micros = micros.fill_null(0)
    out: NDArray[np.int64] = to_numpy(micros) // 1_000_000
    return out


def _floats(column: pa.Array) -> NDArray[np.float64]:
    """Return a column's values; what is missing or infinite is NaN."""
    values: NDArray[np.float64]
    if not column.null_count:
        values = to_numpy(column.cast(pa.float64()))
        return np.where(np.isinf(values), np.nan, values) if np.isinf(values).any() else values
    values = to_numpy(column.fill_null(0).cast(pa.float64())).copy()
    values[~_present(column) | np.isinf(values)] = np.nan
    return values
