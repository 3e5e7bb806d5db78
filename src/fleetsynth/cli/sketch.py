"""Series on a terminal: bars of block characters, and marks below them."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.text import Text

from fleetsynth.cli.show import span_text
from fleetsynth.cli.terminal import open_console, plain
from fleetsynth.clock import Calendar
from fleetsynth.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray
    from rich.console import Console

    from fleetsynth.events.api import Events
    from fleetsynth.plan import Plan
    from fleetsynth.preview.figure import Mark
    from fleetsynth.preview.samples import Sample

    Floats = NDArray[np.float64]
    Seconds = NDArray[np.int64]

_COLORS = ("red", "blue", "green", "yellow", "magenta")
_BARS = " ▁▂▃▄▅▆▇█"
_WINDOW, _CHANGE = "━", "╋"


class Line(NamedTuple):
    """A series to sketch: what it is called, its unit, its values."""

    label: str
    unit: str
    values: Floats


def show_samples(plan: Plan, samples: list[Sample]) -> None:
    """Print a chart per archetype, with quarter ends, holidays and events under it."""
    console = open_console(soft_wrap=False)
    seconds = plan.clock.seconds(plan.clock.first, plan.clock.stop)
    edges = _edges(console, len(seconds))
    calendar = Calendar(seconds)
    for sample in samples:
        holidays = plan.is_holiday(calendar.days, sample.country)
        marks = {
            "quarter ends": ("▲", calendar.per_tick(calendar.days.is_quarter_end)),
            f"{sample.country} holidays": ("✶", calendar.per_tick(holidays)),
        }
        title = f"{sample.archetype.profile.name}  {sample.server}"
        console.print(plain(title, "bold"))
        _bars(
            console, (Line(m.label, m.unit, sample.values[m.column]) for m in plan.metrics), edges
        )
        for label, (mark, hit) in marks.items():
            row = "".join(mark if hit[a:b].any() else " " for a, b in _pairs(edges))
            console.print(Text(f"{label:>12} ", style="dim").append(row), no_wrap=True)
        _events(console, sample.marks, seconds, plan.clock.step, edges)
        console.print()
    if plan.is_faulty:
        note = "as collected, with its faults; without: collector.intensity=0"
        console.print(Text(note, style="dim"))
    _foot(console, span_text(plan), seconds, edges)


def show_drawn(events: Events) -> None:
    """Print the series of the server that was asked for, with its events under it."""
    from fleetsynth.events.picture import marks_of
    from fleetsynth.events.series import metric_of

    series = events.series()
    console = open_console(soft_wrap=False)
    edges = _edges(console, len(series.times))
    seconds = series.times.astype(np.int64)
    step = int(np.diff(seconds).min()) if len(seconds) > 1 else 1
    console.print(plain(series.server, "bold"))
    lines = ((metric_of(stem), values) for stem, values in series.values.items())
    _bars(console, (Line(metric.label, metric.unit, each) for metric, each in lines), edges)
    _events(console, marks_of(events), seconds, step, edges)
    console.print()
    first, last = (str(time).replace("T", " ") for time in series.times[[0, -1]])
    _foot(console, f"{first} to {last}", seconds, edges)


def _edges(console: Console, points: int) -> NDArray[np.int64]:
    """Return where columns begin and end, in points."""
    width = max(20, min(console.width, 160) - 30)
    return np.linspace(0, points, min(width, points) + 1).astype(np.int64)


def _bars(console: Console, lines: Iterable[Line], edges: NDArray[np.int64]) -> None:
    from fleetsynth.preview.samples import highest

    for line, color in zip(lines, cycle(_COLORS), strict=False):
        means = np.array([_mean(line.values[a:b]) for a, b in _pairs(edges)])
        top = 100.0 if line.unit == "%" else highest(line.values) or 1.0
        upper, lower = _heights(means / top)
        scale = f"0 to {top:.0f} {line.unit}"
        console.print(Text(f"{line.label:>12} ").append(upper, style=color), no_wrap=True)
        below = Text(" " * 13).append(lower, style=color).append(f"  {scale}", style="dim")
        console.print(below, no_wrap=True)


def _events(
    console: Console, marks: list[Mark], seconds: Seconds, step: int, edges: NDArray[np.int64]
) -> None:
    """Print a row for each kind of event: its windows, or where levels change."""
    order = {kind: place for place, kind in enumerate(KINDS)}
    kinds = sorted({mark.kind for mark in marks}, key=lambda kind: (order.get(kind, 99), kind))
    for kind in kinds:
        row = [" "] * (len(edges) - 1)
        of_kind = [mark for mark in marks if mark.kind == kind]
        for mark in of_kind:
            for column in _columns(mark, seconds, step, edges):
                row[column] = _CHANGE if mark.is_change else _WINDOW
        if not "".join(row).isspace():
            mark = of_kind[0]
            text = Text(f"{mark.title[:12]:>12} ", style="dim")
            console.print(text.append("".join(row), style=mark.color), no_wrap=True)


def _columns(mark: Mark, seconds: Seconds, step: int, edges: NDArray[np.int64]) -> range:
    """Return the columns that an event lies in; of a change of level, that of its begin."""
    first = int(np.searchsorted(seconds + step, mark.begin, side="right"))
    end = mark.begin + 1 if mark.is_change or mark.end is None else mark.end
    stop = int(np.searchsorted(seconds, end, side="left"))
    if first >= stop or (mark.is_change and mark.begin < seconds[0]):
        return range(0)
    low, high = np.searchsorted(edges, [first, stop - 1], side="right").tolist()
    return range(low - 1, high)


def _foot(console: Console, span: str, seconds: Seconds, edges: NDArray[np.int64]) -> None:
    points = round(len(seconds) / (len(edges) - 1))
    each = "each column is a point or two"
    if points > 1:
        each = f"each column is the mean of about {points:,} points"
    console.print(Text(f"{span}; {each}", style="dim"))


def _mean(values: Floats) -> float:
    """Return the mean of the values that are there; of none, nothing to be seen."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else 0.0


def _heights(heights: Floats) -> tuple[str, str]:
    """Draw heights of 0 to 1 as two rows of block characters."""
    levels = np.rint(np.clip(heights, 0, 1) * 16).astype(int)
    upper = "".join(_BARS[max(0, level - 8)] for level in levels)
    lower = "".join(_BARS[min(8, level)] for level in levels)
    return upper, lower


def _pairs(edges: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    return zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
