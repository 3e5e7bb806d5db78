"""Record batches under our column names as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from fleetsynth.fleet import METADATA_COLUMNS, TYPE_COLUMN
from fleetsynth.metrics import all_columns
from fleetsynth.plan import CALENDAR_COLUMNS
from fleetsynth.tables.frame import to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    T = TypeVar("T", bound=np.generic)

METRIC_COLUMNS = all_columns()
TEXT_COLUMNS = ("server_type", "service", *METADATA_COLUMNS, TYPE_COLUMN)
MISSING = np.iinfo(np.int64).min
"""Stands for a whole number or a time that is not there."""


@dataclass(frozen=True)
class Rows:
    """Some rows of a dataset.

    Attributes:
        server: index in `Columns.servers`, shape (rows,).
        micros: timestamps since the Unix epoch, UTC, shape (rows,).
        metrics: by column; NaN where there is no value.
        texts: by column, as codes: indices into `Columns.words`.
        calendar: calendar columns by name.
    """

    server: Ints
    micros: Ints
    metrics: dict[str, Floats]
    texts: dict[str, Ints]
    calendar: dict[str, Ints]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.server)

    def together(self) -> Rows:
        """Return the rows with each server's together, in order of time, if they are not so yet."""
        change = self.server[1:] != self.server[:-1]
        runs = self.server[np.concatenate(([True], change))]
        if len(np.unique(runs)) == len(runs) and (change | (np.diff(self.micros) >= 0)).all():
            return self
        return self.take(np.lexsort((self.micros, self.server)))

    def take(self, rows: NDArray[np.generic]) -> Rows:
        """Return some of the rows."""

        def cut(columns: dict[str, NDArray[T]]) -> dict[str, NDArray[T]]:
            return {name: values[rows] for name, values in columns.items()}

        return Rows(
            self.server[rows],
            self.micros[rows],
            cut(self.metrics),
            cut(self.texts),
            cut(self.calendar),
        )


class Columns:
    """Takes batches under our names, and gives servers and words an index as they appear.

    Attributes:
        servers: ids in the order of appearance.
        words: text values in the order of appearance; the first stands for a missing one.
    """

    def __init__(self) -> None:
        self.servers: dict[str | None, int] = {}
        self.words: dict[str | None, int] = {None: 0}

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """Convert a batch."""
        column = {name: batch.column(name) for name in batch.schema.names}
        return Rows(
            server=_codes(column["server_id"], self.servers),
            micros=_filled(column["timestamp"].cast(pa.int64())),
            metrics={name: to_numpy(column[name]) for name in METRIC_COLUMNS if name in column},
            texts={n: _codes(column[n], self.words) for n in TEXT_COLUMNS if n in column},
            calendar={
                name: _filled(column[name].cast(pa.int64()))
                for name in CALENDAR_COLUMNS
                if name in column
            },
        )


def _codes(column: pa.Array, known: dict[str | None, int]) -> Ints:
    """Return a text column as numbers; new words get the next ones."""
    words, indices = column.dictionary.to_pylist(), column.indices
    if indices.null_count:
        indices = indices.fill_null(len(words))
        words.append(None)
    codes = to_numpy(indices)
    used = np.flatnonzero(np.bincount(codes, minlength=len(words))).tolist()
    numbers = np.zeros(len(words), dtype=np.int64)
    numbers[used] = [known.setdefault(words[code], len(known)) for code in used]
    out: Ints = numbers[codes]
    return out


def _filled(column: pa.Array) -> Ints:
    return to_numpy(column.fill_null(MISSING) if column.null_count else column)
