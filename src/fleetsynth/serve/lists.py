"""What dashboards ask for to fill their lists: labels, their values, series, what metrics mean.

The paths and answers of Prometheus's own API, so that a server can be a data source for them.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from fleetsynth.errors import UsageError
from fleetsynth.series.selection import NAME
from fleetsynth.shown import shown
from fleetsynth.wire.remote_read import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fleetsynth.series.select import Catalog
    from fleetsynth.series.selection import Selection

    Asked = Mapping[str, Sequence[str]]

MOST_VALUES = 50_000
"""Values and series in a list, at most: nobody looks at more, and a page takes long with them."""
_VALUES = re.compile(r"/api/v1/label/([a-zA-Z_][a-zA-Z0-9_]*)/values")
_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\}\s*)?", re.DOTALL)
_CONDITION = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"""
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)\s*(?:,|$)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip
_LIMIT = re.compile(r"[0-9]{1,18}")
_PROBE = "1+1"
"""What Grafana asks a data source of its kind, to see whether it is one."""
NOT_HERE = (
    "fleetsynth lists labels, values and series, and does not evaluate PromQL: let a Prometheus"
    " read from it (remote_read), and ask that one"
)


class Listed(NamedTuple):
    """What is listed.

    Attributes:
        data: of an answer.
        warnings: what whoever asks has to know of it.
    """

    data: Any
    warnings: list[str]


def listed(catalog: Catalog, path: str, asked: Asked) -> Listed | None:
    """Return what an answer has; None if there is nothing at a path.

    Raises:
        UsageError: if what is asked makes no sense.
    """
    if path == "/api/v1/labels":
        found = _selections(catalog, asked)
        return _first(sorted({name for each in found for name in _names(catalog, each)}), asked)
    if match := _VALUES.fullmatch(path):
        found = _selections(catalog, asked)
        return _first(
            sorted({v for each in found for v in _values(catalog, each, match[1])}), asked
        )
    if path == "/api/v1/series":
        if not asked.get("match[]"):
            raise UsageError("say which series: match[]=...")
        series = {each.labels for found in _series(catalog, asked) for each in found.named()}
        return _first([dict(labels) for labels in sorted(series)], asked)
    if path == "/api/v1/metadata":
        return Listed(_metadata(catalog, asked), [])
    if path == "/api/v1/query" and _one(asked, "query", "").replace(" ", "") == _PROBE:
        return Listed({"resultType": "scalar", "result": [time.time(), "2"]}, [])
    return None


def _first(values: list[Any], asked: Asked) -> Listed:
    text = _one(asked, "limit", "0")
    if not _LIMIT.fullmatch(text):
        raise UsageError(f"limit={shown(text)}: expected how many to list, 0 for all")
    most = min(int(text) or MOST_VALUES, MOST_VALUES)
    left_out = len(values) - most
    return Listed(
        values[:most],
        [f"these are the first {most:,} of {len(values):,}"] if left_out > 0 else [],
    )


def _metadata(catalog: Catalog, asked: Asked) -> dict[str, list[dict[str, str]]]:
    name = _one(asked, "metric", "")
    return {
        each.name: [{"type": each.kind, "help": each.help, "unit": each.unit}]
        for each in catalog.families
        if name in {"", each.name}
    }


def _selections(catalog: Catalog, asked: Asked) -> Iterator[Selection]:
    begin, end = catalog.span()
    start_ms = _ms(_one(asked, "start", ""), begin)
    end_ms = _ms(_one(asked, "end", ""), end)
    if asked.get("start") and asked.get("end") and end_ms < start_ms:
        raise UsageError("end is before start")
    if start_ms > end * 1000 or end_ms < begin * 1000:
        # Lists are of use before anybody has found the time that there are values of.
        start_ms, end_ms = begin * 1000, end * 1000
    for text in asked.get("match[]") or ("",):
        yield catalog.find(matchers(text) if text else (), start_ms, end_ms)


def _series(catalog: Catalog, asked: Asked) -> Iterator[Selection]:
    for found in _selections(catalog, asked):
        if found.count > MOST_VALUES:
            raise UsageError(
                f"{found.count:,} series are asked for: at most {MOST_VALUES:,} are listed"
            )
        yield found


def _names(catalog: Catalog, selection: Selection) -> Iterator[str]:
    if len(selection.servers):
        yield NAME
        yield from catalog.index.names
        for family, rows in selection.chosen:
            yield from (name for row in rows for name in family.rows[row])


def _values(catalog: Catalog, selection: Selection, name: str) -> Iterator[str]:
    if not len(selection.servers):
        return
    if name == NAME:
        yield from (family.name for family, _ in selection.chosen)
    elif name in catalog.index.names:
        if selection.chosen:
            yield from catalog.index.values(name, selection.servers)
    else:
        for family, rows in selection.chosen:
            yield from (family.rows[row][name] for row in rows if name in family.rows[row])


def matchers(text: str) -> tuple[Matcher, ...]:
    """Read a selector of series, such as ``up{region=~"us.*"}``.

    Raises:
        UsageError: if it is none.
    """
    found = _SELECTOR.fullmatch(text)
    if not found or not text.strip():
        raise UsageError(
            f'{shown(text)} is not a selector of series, such as up{{region="us-east-1"}}'
        )
    out = [Matcher("=", NAME, found[1])] if found[1] else []
    rest = found[2] or ""
    while rest.strip():
        condition = _CONDITION.match(rest)
        if not condition:
            raise UsageError(
                f'{shown(rest)} is not a condition on a label, such as region="us-east-1"'
            )
        out.append(Matcher(condition[2], condition[1], _unquoted(condition[3])))
        rest = rest[condition.end() :]
    return tuple(out)


def _unquoted(text: str) -> str:
    """Return what stands in quotes, by the rules of PromQL."""

    def meant(escaped: re.Match[str]) -> str:
        if escaped[1] not in _ESCAPES:
            raise UsageError(
                f"{shown(escaped[0])} in {shown(text)} is not an escape: write a backslash twice"
            )
        return _ESCAPES[escaped[1]]

    return text[1:-1] if text[0] == "`" else _ESCAPED.sub(meant, text[1:-1])


def _one(asked: Asked, name: str, default: str) -> str:
    values = asked.get(name)
    return values[0] if values else default


def _ms(text: str, default: int) -> int:
    """Read a time: seconds since the Unix epoch, or as in RFC 3339."""
    if not text:
        return default * 1000
    try:
        return round(float(text) * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return round(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        f"{shown(text)} is not a valid time: expected seconds, or such as 2024-03-01T09:00:00Z"
    )
