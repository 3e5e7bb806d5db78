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
    "seconds": "Time in which answers were made, by what was asked for.",
    "series": "Series in answers of remote read.",
    "samples": "Samples in answers of remote read.",
    "refused": "Queries of remote read that were refused.",
}
_HELP_OF_MOMENT = {
    "cache_bytes": "Memory of values that are remembered.",
    "in_flight": "Requests that are being answered.",
}


class Own:
    """Figures that only grow, for any number of threads.

    Attributes:
        in_flight: requests that are being answered, to the last byte.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        # What has no labels is there from the begin: nobody sees a counter grow that is not.
        self._totals: Counter[tuple[str, str]] = Counter(
            {(what, ""): 0 for what in ("series", "samples", "refused")}
        )
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
    def timing(self, what: str) -> Iterator[None]:
        """Add up the time in which answers are made."""
        begin = perf_counter()
        try:
            yield
        finally:
            self.add("seconds", perf_counter() - begin, f'{{asked="{what}"}}')

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request until its answer has been sent."""
        with self._lock:
            self.in_flight += 1
        try:
            yield
        finally:
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
            name = f"{_PREFIX}{what}"
            out += [f"# HELP {name} {_HELP_OF_MOMENT[what]}", f"# TYPE {name} gauge"]
            out.append(f"{name} {value!r}")
        return "\n".join(out) + "\n"
