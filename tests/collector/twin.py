"""A blind twin of the collector: one row at a time, from docs/collector.md and a ledger alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DROPS = ("gap", "agent_outage", "collector_outage")
VALUES = ("stuck", "unit_slip", "quantised", "missing_value")


def second_of(stamp: datetime) -> int:
    return int(stamp.replace(tzinfo=UTC).timestamp())


def stamp_of(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None)


class Twin:
    """What becomes of clean rows, given the faults that a ledger has."""

    def __init__(self, clean: list[dict[str, Any]], ledger: list[dict[str, Any]]) -> None:
        self._clean = clean
        self._at = {(row["server_id"], second_of(row["timestamp"])): row for row in clean}
        self._ledger: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for row in sorted(ledger, key=lambda row: row["begin"]):
            key = row["kind"], row["entity"], row["metrics"]
            self._ledger.setdefault(key, []).append(row)
        self._seconds: dict[str, list[int]] = {}
        for server, second in sorted(self._at):
            self._seconds.setdefault(server, []).append(second)

    def active(self, kind: str, server: str, second: int, stem: str = "") -> dict[str, Any] | None:
        """The fault of a kind that counts: the one that began last."""
        found = None
        for entity in (server, "fleet"):
            for row in self._ledger.get((kind, entity, stem), ()):
                if row["begin"] <= second < row["end"]:
                    found = row
        return found

    def rows(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Each row that is told, and whether it is told a second time."""
        for row in self._clean:
            server, second = row["server_id"], second_of(row["timestamp"])
            if any(self.active(kind, server, second) for kind in DROPS):
                continue
            out = dict(row)
            for name, value in row.items():
                stem, _, statistic = name.rpartition("_")
                if statistic == "p95":
                    out[name] = self._value(server, second, stem, name, value)
            skew = self.active("clock_skew", server, second)
            if skew:
                told = stamp_of(second) + timedelta(seconds=skew["size"])
                if (told.year, told.month) == (row["timestamp"].year, row["timestamp"].month):
                    out["timestamp"] = told
            yield out, False
            if self.active("duplicate", server, second):
                yield out, True

    def _value(self, server: str, second: int, stem: str, name: str, value: float) -> float | None:
        fault = {kind: self.active(kind, server, second, stem) for kind in VALUES}
        if stuck := fault["stuck"]:
            begin = next(at for at in self._seconds[server] if at >= stuck["begin"])
            value = self._at[server, begin][name]
        if slip := fault["unit_slip"]:
            value = round(round(value * 100) * slip["size"]) / 100
        if coarse := fault["quantised"]:
            steps = round(1 / coarse["size"])
            value = round(round(round(value * 100) * steps / 100) * 100 / steps) / 100
        return None if fault["missing_value"] else value
