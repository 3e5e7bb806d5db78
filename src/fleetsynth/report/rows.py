"""Record batches as plain arrays, and the servers that they speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.errors import InputError
from fleetsynth.metrics import STATISTICS, Metric, published
from fleetsynth.tables.frame import to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = {
    "server_type": "Archetype",
    "business_unit": "Business unit",
    "region": "Region",
    "criticality": "Criticality",
}
"""What a report can be filtered by: the column, and what people call it."""

SERVICE = "service"
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
class Seen:
    """The servers of a dataset in order of appearance, with what their first row says of them."""

    number: dict[str, int] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Ids by number."""
        return list(self.number)


class Reader:
    """Turns batches under our names into rows.

    Args:
        schema: the columns that there are; a batch may lack some of them.

    Attributes:
        metrics: the metrics that are there, in our order.
        servers: the servers met so far.

    Raises:
        InputError: if there is no metric.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.metrics = [metric for name, metric in _METRICS.items() if name in schema.names]
        if not self.metrics:
            raise InputError(
                "no column of a metric, such as cpu_p95: name the columns with columns=..."
            )
        self._labels = [name for name in (*DIMENSIONS, SERVICE) if name in schema.names]
        self.servers = Seen(labels={name: [] for name in self._labels})

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """Return a batch's rows."""
        none = np.full(batch.num_rows, np.nan)
        there = batch.schema.names
        return Rows(
            self._numbers(batch.column("server_id"), batch),
            to_numpy(batch.column("timestamp")) // SECOND_MICROS,
            np.array(
                [
                    to_numpy(batch.column(metric.column)) if metric.column in there else none
                    for metric in self.metrics
                ]
            ),
        )

    def _numbers(self, ids: pa.Array, batch: pa.RecordBatch) -> NDArray[np.int64]:
        if not pa.types.is_dictionary(ids.type):
            ids = ids.dictionary_encode()
        codes: NDArray[np.int64] = to_numpy(ids.indices.cast(pa.int64()))
        if not len(ids.dictionary):
            return codes
        used = np.flatnonzero(np.bincount(codes, minlength=len(ids.dictionary)))
        words = ids.dictionary.to_pylist()
        known = self.servers.number
        new = [code for code in used.tolist() if str(words[code]) not in known]
        if new:
            found, first = np.unique(codes, return_index=True)
            rows = dict(zip(found.tolist(), first.tolist(), strict=True))
            for code in sorted(new, key=rows.__getitem__):
                self._meet(str(words[code]), batch, rows[code])
        numbers = np.zeros(len(words), dtype=np.int64)
        numbers[used] = [known[str(words[code])] for code in used.tolist()]
        return numbers[codes]

    def _meet(self, name: str, batch: pa.RecordBatch, row: int) -> None:
        self.servers.number[name] = len(self.servers.number)
        for label in self._labels:
            there = label in batch.schema.names
            value = batch.column(label)[row].as_py() if there else None
            self.servers.labels[label].append("(none)" if value is None else str(value))


def primary(metrics: list[Metric]) -> list[int]:
    """Return the index of one metric per stem: its p95 if it is there, or the next best."""
    out: dict[str, int] = {}
    for index, metric in enumerate(metrics):
        best = out.get(metric.stem)
        if best is None or _rank(metric) < _rank(metrics[best]):
            out[metric.stem] = index
    return list(out.values())


def _rank(metric: Metric) -> int:
    known = metric.statistic in _PREFERRED
    return _PREFERRED.index(metric.statistic) if known else len(_PREFERRED)
