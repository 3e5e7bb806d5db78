"""The text that a scrape gets: OpenMetrics, or the older format of Prometheus."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.wire.openmetrics import about, series_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.series.families import Family
    from fleetsynth.series.select import Catalog

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"


def wants_openmetrics(accept: str) -> bool:
    """Tell whether an ``Accept`` header prefers OpenMetrics to other text."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for each in accept.split(","):
        name, _, parameters = each.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            key, _, value = parameter.strip().partition("=")
            if key == "q":
                weight = _weight(value)
        if name.strip() in weights:
            weights[name.strip()] = max(weights[name.strip()], weight)
    openmetrics, plain = weights.values()
    return openmetrics > 0.0 and openmetrics >= plain


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class Blocks:
    """Names and labels of all series of some servers, written once.

    Args:
        catalog: what the servers belong to.
        servers: their places.
    """

    def __init__(self, catalog: Catalog, servers: NDArray[np.int64]) -> None:
        self._families = catalog.families
        # Of a job, and of what else is the same for all, the scraper knows more than we.
        constant = catalog.index.constant
        labels = [
            {name: value for name, value in each.items() if name not in constant}
            for each in catalog.index.labels(servers)
        ]
        self._heads = {family.name: _heads(family, labels) for family in catalog.families}

    def text(self, values: Mapping[str, Floats], lives: Bools, *, openmetrics: bool) -> bytes:
        """Write values.

        Args:
            values: by the name of their family, shape (servers, rows); NaN where there is none.
            lives: whether servers live, shape (servers,).
            openmetrics: whether in that format.
        """
        out: list[str] = []
        for family in self._families:
            if family.name not in values:
                continue
            theirs = values[family.name]
            there = lives[:, None] & ~np.isnan(theirs)
            heads = self._heads[family.name]
            numbers = map(repr, theirs.ravel().tolist())
            lines = [f"{head}{number}\n" for head, number in zip(heads, numbers, strict=True)]
            if there.any():
                out.append(about(family.name, family.kind, family.help, openmetrics=openmetrics))
                out += lines if there.all() else compress(lines, there.ravel().tolist())
        if openmetrics:
            out.append("# EOF\n")
        return "".join(out).encode()


def _heads(family: Family, labels: list[dict[str, str]]) -> list[str]:
    """Return name and labels of each server's series, row by row."""
    out = []
    for of_server in labels:
        for row in family.rows:
            pairs = sorted({**of_server, **row}.items())
            out.append(f"{series_name(family.name, pairs)} ")
    return out
