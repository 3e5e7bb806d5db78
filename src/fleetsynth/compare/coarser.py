"""Servers at a coarser step: the means of their points, and where these would not be honest."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.reader.grid import Grid
from fleetsynth.reader.origin import own_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetsynth.reader import Dataset
    from fleetsynth.reader.grid import Series, Server

_LEAST_KNOWN = 0.5
"""Share of a coarser tick's points that must be there for it to have a mean."""
_NO_MEAN = re.compile(r"(?<![a-z0-9])(p\d+|max|maximum|min|minimum|peak|median)(?![a-z0-9])")
"""What a column's name says of values that are no means."""


def averaged(server: Server, step: int) -> Server | None:
    """Return a server with the means of its points, on ticks at whole steps of its own clock.

    A tick that lacks more than half of its points is missing.

    Args:
        server: whose step divides the other; one with that step already, or one that does not
            divide it, comes back as it is.
        step: seconds from tick to tick.

    Returns:
        The server; None where that leaves fewer than two ticks.
    """
    grid = server.grid
    if grid.months or grid.step >= step or step % grid.step:
        return server
    seconds = grid.seconds()[:1]
    local = int((seconds + grid.ahead(seconds))[0])
    each, late = step // grid.step, local % step // grid.step
    series = {role: _means(values, each, late) for role, values in server.series.items()}
    known = np.flatnonzero(~np.all([np.isnan(values) for values in series.values()], axis=0))
    if len(known) < 2:
        return None
    first, stop = int(known[0]), int(known[-1]) + 1
    begin = int(seconds[0]) - local % step + first * step
    ticks = Grid(begin // step, stop - first, step, begin % step, zone=grid.zone)
    series = {role: values[first:stop] for role, values in series.items()}
    return replace(server, grid=ticks, series=series, every={})


def no_means(dataset: Dataset, roles: Iterable[str], step: int) -> list[str]:
    """Return the columns that are no means by their names, such as ``cpu_p95``.

    A dataset of ours whose points are single samples has none, whatever they are called.
    """
    found = []
    for role in roles:
        column = dataset.roles[role]
        statistic = dataset.roles.get("statistic")
        words = column.name if statistic is None else f"{column.name} {statistic.unit or ''}"
        if _NO_MEAN.search(words.lower().replace("_", " ")):
            found.append(words.strip())
    if not found:
        return []
    plan = own_plan(dataset)
    samples = getattr(plan.scenario, "sample_seconds", 0) if plan else 0
    return [] if samples == step else found


def _means(values: Series, each: int, late: int) -> Series:
    """Return the means of so many points each, the first of which lacks those before it."""
    count = -(-(late + len(values)) // each)
    points = np.full(count * each, np.nan)
    points[late : late + len(values)] = values
    parts = points.reshape(count, each)
    there = ~np.isnan(parts)
    known = there.sum(axis=1)
    sums = np.where(there, parts, 0.0).sum(axis=1)
    return np.where(known >= _LEAST_KNOWN * each, sums / np.maximum(known, 1), np.nan)
