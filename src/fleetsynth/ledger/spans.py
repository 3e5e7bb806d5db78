"""Spans of time, in seconds since the Unix epoch."""

from __future__ import annotations

from typing import NamedTuple

FOREVER = 1 << 60
"""Second at which ends what has no end."""


class Span(NamedTuple):
    """Seconds first..stop-1 since the Unix epoch."""

    first: int
    stop: int

    def around(self, first: int, stop: int) -> Span:
        """Return the least span that holds this one and another."""
        return Span(min(self.first, first), max(self.stop, stop))
