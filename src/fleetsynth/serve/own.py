"""What a server says of itself: how much it was asked, what it refused, how long it took."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "fleetsynth_serve_"
_HELP = {
    "requests": "Requests by what was asked for and by the status of the answer.",
    "seconds": "Time that answers took, by what was asked for.",
    "series": "Series in answers of remote read.",
    "samples": "Samples in answers of remote read.",
    "refused": "Queries of remote read that were refused.",
}


class Own:
    """Figures that only grow, for any number of threads.

    Attributes:
        in_flight: requests that are being answered.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._totals: Counter[tuple[str, str]] = Counter()
        self.in_flight = 0

    def add(self, what: str, amount: float = 1, labels: str = "") -> None:
        """Add to a figure.

        Args:
            what: one of the names in `_HELP`.
            amount: how much.
            labels: as they stand between braces.
        """
        with self._lock:
            self._totals[what, labels] += amount  # type: ignore[assignment]

    @contextmanager
    def answering(self, what: str) -> Iterator[None]:
        """Count a request while it is answered, and the time it takes."""
        begin = perf_counter()
        with self._lock:
            self.in_flight += 1
        try:
            yield
        finally:
            self.add("seconds", perf_counter() - begin, f'{{asked="{what}"}}')
            with self._lock:
                self.in_flight -= 1

    def text(self, gauges: dict[str, float]) -> str:
        """Return everything in Prometheus's text format, and some figures of the moment."""
        with self._lock:
            totals = sorted(self._totals.items())
            gauges = {**gauges, "in_flight": self.in_flight}
        out = []
        for what, words in _HELP.items():
            name = f"{_PREFIX}{what}_total"
            out += [f"# HELP {name} {words}", f"# TYPE {name} counter"]
            out += [f"{name}{labels} {total!r}" for (of, labels), total in totals if of == what]
        for what, value in gauges.items():
            out += [f"# TYPE {_PREFIX}{what} gauge", f"{_PREFIX}{what} {value!r}"]
        return "\n".join(out) + "\n"
