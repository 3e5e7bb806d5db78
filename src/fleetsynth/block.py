"""What a model returns for a window: values, and which server and tick each row is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.window import Window

NULL_HUNDREDTHS = np.iinfo(np.int32).min
"""Stands for a missing value among hundredths."""


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of a window.

    A full rectangle says nothing of its rows: they are all there, by server, then by time. Other
    blocks name the server and the tick of each row: rows may be missing, repeated and in any order.

    Attributes:
        window: the servers and ticks that all rows lie in.
        values: hundredths, `NULL_HUNDREDTHS` where there is no value. Shape (metrics, servers,
            ticks) of a full rectangle, otherwise (metrics, rows).
        server: server of each row, counted from the window's first, shape (rows,); or None.
        tick: tick of each row, counted from the window's first, shape (rows,); or None.
        shift: seconds that the stamp of each row is ahead of its tick, shape (rows,); None where
            all are right. No stamp leaves the month of its tick.
        arrival: when each row arrived, seconds since the Unix epoch, shape (rows,); None where
            that is not told.

    Raises:
        ValueError: if shapes contradict each other, or a row lies outside of the window.
    """

    window: Window
    values: NDArray[np.int32]
    server: NDArray[np.int64] | None = None
    tick: NDArray[np.int64] | None = None
    shift: NDArray[np.int64] | None = None
    arrival: NDArray[np.int64] | None = None

    @classmethod
    def full(cls, window: Window, values: NDArray[np.int32]) -> Block:
        """Return a full rectangle of values, shape (metrics, servers, ticks)."""
        return cls(window, values)

    def __post_init__(self) -> None:
        """Refuse rows that are not of the window."""
        if self.server is None or self.tick is None:
            if self.server is not self.tick or self.values.shape[1:] != self.window.shape:
                raise ValueError("a block without rows of its own is a full rectangle")
            return
        for column in (self.shift, self.arrival):
            if column is not None and column.shape != self.server.shape:
                raise ValueError("a block has a shift and an arrival per row")
        for index, size in zip((self.server, self.tick), self.window.shape, strict=True):
            if index.shape != self.values.shape[1:]:
                raise ValueError("a block has a server, a tick and a value of each metric per row")
            if index.size and not 0 <= index.min() <= index.max() < size:
                raise ValueError(f"a row lies outside of {self.window}")

    @property
    def is_full(self) -> bool:
        """Whether it is a full rectangle, in order."""
        return self.server is None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        servers, ticks = self.window.shape
        return servers * ticks if self.server is None else len(self.server)

    @cached_property
    def has_nulls(self) -> bool:
        """Whether any value is missing."""
        return bool(self.values.size and self.values.min() == NULL_HUNDREDTHS)

    def listed(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Return server and tick of each row, and values of shape (metrics, rows)."""
        if self.server is not None and self.tick is not None:
            return self.server, self.tick, self.values
        servers, ticks = self.window.shape
        server, tick = np.divmod(np.arange(servers * ticks), ticks)
        return server, tick, self.values.reshape(len(self.values), -1)

    def grid(self) -> NDArray[np.float64]:
        """Return published values as a full rectangle, shape (metrics, servers, ticks).

        NaN where there is no row or no value; of repeated rows the last one counts.
        """
        if self.is_full and not self.has_nulls:
            return self.values / 100
        server, tick, values = self.listed()
        out = np.full((len(values), *self.window.shape), np.nan)
        out[:, server, tick] = np.where(values == NULL_HUNDREDTHS, np.nan, values / 100)
        return out
