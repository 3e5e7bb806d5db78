"""What columns hold, in words: for comments of databases, and for the card of a dataset."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fleetsynth.metrics import LABEL, all_columns
from fleetsynth.tables.table import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetsynth.metrics import Metric

_WITHOUT_UNIT = (SAMPLE, LABEL, "class", "kind")
_WORDS = {
    "timestamp": "begin of the interval that the row is of, UTC",
    "server_id": "the server",
    "server_type": "archetype of the server",
    "service": "servers of one service share demand",
    "business_unit": "who the server belongs to",
    "criticality": "how much depends on the server",
    "region": "where the server is",
    "instance_type": "type of the server when it is commissioned",
    "year": "calendar year of the timestamp",
    "month": "1 to 12",
    "day": "1 to 31",
    "date": "day of the timestamp, UTC",
    "quarter": "1 to 4",
    "dayofweek": "Monday is 0",
    "is_weekend": "1 on Saturday and Sunday",
    "is_eoq": "1 in the last days of a quarter",
    "is_holiday": "1 on public holidays of the server's place",
    "ingested_at": "when the row arrived, UTC",
    "price_month": "what the type costs a month",
    "currency": "of the price",
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
    """Return the unit of a column of a metric, or of what its values are made of; or nothing."""
    metric, _ = _metric_of(column)
    return "" if metric is None or column.endswith(_WITHOUT_UNIT) else metric.unit


def _of_metric(column: str) -> str:
    metric, rest = _metric_of(column)
    if metric is None:
        return ""
    words = " ".join(filter(None, (metric.label, metric.statistic, *rest)))
    unit = unit_of(column)
    return f"{words}, {unit}" if unit else words


@cache
def _known() -> dict[str, Metric]:
    return all_columns()


def _metric_of(column: str) -> tuple[Metric | None, list[str]]:
    """Return the metric that a column is of, and the words of its name that are beyond that."""
    words, known = column.split("_"), _known()
    for end in range(len(words), 0, -1):
        metric = known.get("_".join(words[:end]))
        if metric is not None:
            return metric, words[end:]
    return None, []
