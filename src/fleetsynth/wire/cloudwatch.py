"""What CloudWatch's PutMetricData takes, and how much of it: AWS's limits, before AWS says them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_METRICS = 1_000
"""Of a request; a sample is one."""
MOST_BYTES = 1_000_000
"""Of a request, as the longest of the forms in which it may be sent."""
MOST_DIMENSIONS = 30
OLDEST_SECONDS, NEWEST_SECONDS = 14 * DAY_SECONDS, 2 * HOUR_SECONDS
"""How far back and how far ahead times may lie."""
_NAMESPACE = re.compile(r"[0-9A-Za-z._/#: -]{1,255}")
_MOST_NAME, _MOST_VALUE = 255, 1024
_DATUM, _DIMENSION = 220, 110
"""Bytes that keys and numbers take at most, of a datum and of a dimension."""


def check_namespace(namespace: str) -> None:
    """Refuse a namespace that AWS would not take.

    Raises:
        WireError: if it is one.
    """
    if namespace.upper().startswith("AWS/"):
        raise WireError(f"{namespace}: namespaces that begin with AWS/ belong to AWS")
    if not _NAMESPACE.fullmatch(namespace) or namespace.startswith(":") or not namespace.strip():
        raise WireError(
            f"{namespace!r}: a namespace is up to 255 letters, digits, blanks and any of"
            " . - _ / # :, and does not begin with a colon"
        )


def dimensions(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    """Return dimensions as a request has them; those without a value are left out.

    Raises:
        WireError: if there are too many, or one is too long, or not plain text.
    """
    said = {name: value for name, value in pairs.items() if value}
    if len(said) > MOST_DIMENSIONS:
        raise WireError(f"{len(said)} dimensions, and AWS takes at most {MOST_DIMENSIONS}")
    for name, value in said.items():
        if not (_plain(name, _MOST_NAME) and _plain(value, _MOST_VALUE)) or name[0] == ":":
            raise WireError(
                f"{name}={value}: a dimension is printable ASCII, its name up to {_MOST_NAME}"
                f" characters and its value up to {_MOST_VALUE}"
            )
    return [{"Name": name, "Value": value} for name, value in said.items()]


def _plain(text: str, most: int) -> bool:
    return text.isascii() and text.isprintable() and len(text.strip()) > 0 and len(text) <= most


def size(datum: Mapping[str, Any]) -> int:
    """Return how many bytes a datum takes at most."""
    each = (len(quote(d["Name"])) + len(quote(d["Value"])) for d in datum["Dimensions"])
    pairs = sum(_DIMENSION + length for length in each)
    return _DATUM + len(quote(datum["MetricName"])) + pairs


def requests(
    series: Iterable[tuple[int, list[dict[str, Any]]]],
) -> Iterator[list[dict[str, Any]]]:
    """Yield what goes into each request.

    Args:
        series: the bytes of each datum of a series, as `size` counts them, and all its data.
    """
    together: list[dict[str, Any]] = []
    room = MOST_BYTES
    for each, data in series:
        for datum in data:
            if len(together) == MOST_METRICS or each > room:
                yield together
                together, room = [], MOST_BYTES
            together.append(datum)
            room -= each
    if together:
        yield together
