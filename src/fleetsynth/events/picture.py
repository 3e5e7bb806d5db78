"""The ledger over the series of a server, as an image (the extra ``fleetsynth[plot]``)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.events.series import metric_of
from fleetsynth.preview.figure import (
    COLORS,
    INK,
    Mark,
    date_axis,
    picture_format,
    plot_marks,
    plot_series,
    save_figure,
    shown_span,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from fleetsynth.events.api import Events
    from fleetsynth.events.series import Series

_ROWS = 4
"""Rows of labels above the first series; what does not fit is not labelled, only shaded."""
_WIDTH = 0.011
"""What a letter takes of the width, about."""


def draw(events: Events, path: Path, *, overwrite: bool) -> None:
    """Draw CPU, memory and disk one below the other, events shaded in the colours of their kinds.

    Raises:
        UsageError: if no server was asked for, matplotlib is missing, or the ending names no
            picture.
        OutputError: if the file exists or cannot be written.
    """
    kind = picture_format(path)
    series = events.series()
    from matplotlib.figure import Figure

    span = span_of(series)
    marks = marks_of(events)
    figure = Figure(figsize=(11, 1.4 + 1.9 * len(series.values)), dpi=110, layout="constrained")
    grid = figure.subplots(len(series.values), 1, sharex=True, squeeze=False)
    for row, (stem, values) in enumerate(series.values.items()):
        axes, metric = grid[row][0], metric_of(stem)
        plot_series(axes, series.times, values, COLORS.get(stem, INK))
        plot_marks(axes, [mark for mark in marks if stem in mark.metrics], span)
        axes.set_ylabel(f"{metric.label}\n{metric.unit}", fontsize=9, color=INK)
        axes.set_ylim(0, 1.05 * float(np.nanmax(values, initial=1.0)))
        axes.set_xlim(*span)
        date_axis(axes)
    _labels(grid[0][0], marks, span)
    plural = "event" if len(marks) == 1 else "events"
    title = f"{events.name}: {series.server}, {len(marks):,} {plural} of it and of its service"
    figure.suptitle(title, fontsize=10, color=INK)
    save_figure(figure, path, kind, overwrite=overwrite)


def span_of(series: Series) -> tuple[np.datetime64, np.datetime64]:
    """Return the first and last moment of a picture."""
    times = series.times
    step = np.diff(times).min() if len(times) > 1 else np.timedelta64(1, "h")
    return times[0], times[-1] + step


def marks_of(events: Events) -> list[Mark]:
    """Return events as pictures show them."""
    return [
        Mark(
            row["kind"],
            _seconds(row["begin"]) or 0.0,
            _seconds(row["end"]),
            tuple(word for word in row["metrics"].split(",") if word),
        )
        for batch in events.table.to_batches()
        for row in batch.to_pylist()
    ]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()


def _labels(axes: Any, marks: list[Mark], span: tuple[np.datetime64, np.datetime64]) -> None:
    """Name the kinds above their events, as far as there is room, the rarest first."""
    whole = float((span[1] - span[0]) / np.timedelta64(1, "s"))
    often = Counter(mark.kind for mark in marks)
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_ROWS)]
    for mark in sorted(marks, key=lambda mark: often[mark.kind]):
        begin, end = shown_span(mark, span)
        if end <= begin or (mark.is_change and begin == span[0]):
            continue
        at = float((begin - span[0]) / np.timedelta64(1, "s")) / whole
        at = min(at, 1.0 - _WIDTH * len(mark.title))
        stop = at + _WIDTH * (len(mark.title) + 1)
        clear = (all(stop <= a or b <= at for a, b in row) for row in taken)
        row = next((number for number, is_clear in enumerate(clear) if is_clear), None)
        if row is None:
            continue
        taken[row].append((at, stop))
        axes.text(
            at,
            1.04 + 0.1 * row,
            mark.title,
            transform=axes.transAxes,
            fontsize=7,
            color=mark.color,
            va="bottom",
        )
