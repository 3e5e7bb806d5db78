"""What a row takes in a file, by a law that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple


class Columns(NamedTuple):
    """What of a plan decides the size of its rows.

    Attributes:
        breadth: its metrics, as a share of five.
        metadata: whether rows have type and business metadata.
        calendar: whether they have the calendar columns.
        aggregates: whether values are aggregates of samples.
        arrivals: whether rows say when they arrived.
    """

    breadth: float
    metadata: bool
    calendar: bool
    aggregates: bool
    arrivals: bool = False


@dataclass(frozen=True)
class SizeLaw:
    """Bytes per row, measured and rounded up; good to about a third.

    Attributes:
        metrics: timestamp, id and five metrics.
        metadata: type and business metadata.
        calendar: the calendar columns.
        of_aggregates: in place of `metrics`, where values are aggregates; None if it is the same.
        per_root: of a batch, for each root of its rows: dictionaries.
        arrivals: the column that says when rows arrived.
    """

    metrics: float
    metadata: float = 0.0
    calendar: float = 0.0
    of_aggregates: float | None = None
    per_root: float = 0.0
    arrivals: float = 8.0

    def per_row(self, columns: Columns, batch_rows: int) -> float:
        """Return what a row takes in a file of batches of so many rows."""
        return self._each(columns) + self.per_root * columns.breadth / sqrt(batch_rows)

    def rows(self, columns: Columns, size: int, batch_rows: int, most: int) -> float:
        """Return how many rows a file of so many bytes has.

        Args:
            columns: what is in a row.
            size: of the file.
            batch_rows: rows of a batch of the whole.
            most: rows that a batch can have.
        """
        rows = size / self.per_row(columns, batch_rows)
        if rows < most:  # one batch: size = each * rows + words * sqrt(rows)
            each, words = self._each(columns), self.per_root * columns.breadth
            rows = ((sqrt(words**2 + 4 * each * size) - words) / (2 * each)) ** 2
        return rows

    def _each(self, columns: Columns) -> float:
        use_other = columns.aggregates and self.of_aggregates is not None
        metrics = (self.of_aggregates or 0.0) if use_other else self.metrics
        each = metrics * columns.breadth
        each += self.metadata * columns.metadata + self.calendar * columns.calendar
        return each + self.arrivals * columns.arrivals
