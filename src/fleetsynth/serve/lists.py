"""What dashboards ask for to fill their lists: labels, their values, series, what metrics mean.

The paths and answers of Prometheus's own API, so that a server can be a data source for them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,?"""
)
_ESCAPED = re.compile(r"\\(.)")


def listed(catalog: Catalog, path: str, asked: Asked) -> Any:
    """Return the data of an answer; None if there is nothing at a path.

    Raises:
        UsageError: if what is asked makes no sense.
    """
    if path == "/api/v1/labels":
        found = _selections(catalog, asked)
        return sorted({name for selection in found for name in _names(catalog, selection)})
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
        return _metadata(catalog, asked)
    return None


def _first(values: list[Any], asked: Asked) -> list[Any]:
    most = int(_one(asked, "limit", "0") or 0) or MOST_VALUES
    return values[: min(most, MOST_VALUES)]


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
        value = _ESCAPED.sub(r"\1", condition[3][1:-1])
        out.append(Matcher(condition[2], condition[1], value))
        rest = rest[condition.end() :]
    return tuple(out)


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
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{shown(text)} is not a valid time") from error
