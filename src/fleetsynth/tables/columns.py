"""What columns hold, in words: for comments of databases, and for the card of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.metrics import LABEL, METRICS
from fleetsynth.tables.table import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

_WITHOUT_UNIT = (SAMPLE, LABEL, "class", "kind")
_WORDS = {
    "timestamp": "begin of the interval that the row is of, UTC",
    "server_id": "the server",
    "server_type": "archetype of the server",
    "service": "servers of one service share demand",
    "business_unit": "who the server belongs to",
    "criticality": "how much depends on the server",
    "region": "where the server is",
    "year": "calendar year of the timestamp",
    "month": "1 to 12",
    "quarter": "1 to 4",
    "dayofweek": "Monday is 0",
    "is_weekend": "1 on Saturday and Sunday",
    "is_eoq": "1 in the last days of a quarter",
    "is_holiday": "1 on public holidays of the server's place",
    "commissioned": "first day of the server",
    "retired": "first day without the server",
    "event_id": "the event",
    "kind": "what happened",
    "entity": "server or service that it befell",
    "begin": "when it began, UTC",
    "end": "when it was over, UTC; null while it lasts",
    "metrics": "which metrics it shows in, with commas in between",
    "effect": "what it does to them",
    "size": "how much: a factor, or points that are added",
    "planned": "whether somebody had planned it",
    "cause": "event that brought it about, or words",
    "severity": "how bad it is",
}


def words_of(columns: Iterable[str]) -> dict[str, str]:
    """Say what columns hold, by name; nothing of those that nothing is known of."""
    told = {}
    for name in columns:
        said = _WORDS.get(name) or _of_metric(name)
        if said:
            told[name] = said
    return told


def unit_of(column: str) -> str:
    """Return the unit of a column of a metric; empty for others."""
    if column.endswith(_WITHOUT_UNIT):
        return ""
    units = (metric.unit for metric in METRICS if column.startswith(f"{metric.stem}_"))
    return next(units, "")


def _of_metric(column: str) -> str:
    for metric in METRICS:
        if column.startswith(f"{metric.stem}_"):
            rest = column[len(metric.stem) + 1 :].replace("_", " ")
            unit = unit_of(column)
            return f"{metric.label} {rest}" + (f", {unit}" if unit else "")
    return ""
