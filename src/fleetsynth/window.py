"""Rectangles of a dataset: servers by ticks."""

from __future__ import annotations

from typing import NamedTuple

BLOCK = 512
"""Ticks in a tile. Blocks are counted from the Unix epoch, so no horizon moves them."""


class Window(NamedTuple):
    """A rectangle of servers first..stop-1 and ticks first..stop-1 (ticks since the epoch)."""

    first_server: int
    stop_server: int
    first_tick: int
    stop_tick: int

    @property
    def shape(self) -> tuple[int, int]:
        """(servers, ticks)."""
        return self.stop_server - self.first_server, self.stop_tick - self.first_tick

    @property
    def cells(self) -> int:
        """Servers times ticks."""
        servers, ticks = self.shape
        return servers * ticks
