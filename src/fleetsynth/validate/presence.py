"""Which ticks each server has, for rows in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.validate.places import Faults, moment
from fleetsynth.validate.rows import MISSING

if TYPE_CHECKING:
    from fleetsynth.validate.grid import GridCheck
    from fleetsynth.validate.rows import Columns, Rows


class Presence:
    """Which ticks each server has, a byte for each: for rows in any order."""

    def __init__(self, grid: GridCheck, columns: Columns) -> None:
        size = len(columns.servers)
        self._names = list(columns.servers)
        self._grid = grid
        self._step = np.maximum(grid.steps(np.arange(size), grid.planned), 1)
        self._first = grid.first.upto(size)[:size].copy()
        self._first[grid.count.upto(size)[:size] == 0] = 0
        lengths = grid.ticks()
        self._offset = np.concatenate(([0], np.cumsum(lengths)))
        self._there = np.zeros(int(lengths.sum()), dtype=np.bool_)
        self.duplicates = Faults()

    def update(self, rows: Rows) -> None:
        """Take rows, in any order."""
        known = rows.micros != MISSING
        server, micros = rows.server[known], rows.micros[known]
        even, first = self._grid.even(server, micros), self._first[server]
        ticks = (even - self._grid.even(server, first)) // self._step[server]
        cell = self._offset[server] + ticks
        order = np.argsort(cell, kind="stable")
        again = np.zeros(len(cell), dtype=np.bool_)
        again[order[1:]] = cell[order[1:]] == cell[order[:-1]]
        again |= self._there[cell]
        self.duplicates.add(
            again, lambda row: f"{self._names[server[row]]} {moment(int(micros[row]))}"
        )
        self._there[cell] = True

    def missing(self) -> Faults:
        """Return the ticks that are absent between a server's first and last."""
        out = Faults()
        for row in range(len(self._names)):
            part = self._there[self._offset[row] : self._offset[row + 1]]
            absent = np.flatnonzero(~part)
            if len(absent):
                at = moment(int(self._first[row] + absent[0] * self._step[row]))
                out.note([f"{self._names[row]} {at}"], len(absent))
        return out
