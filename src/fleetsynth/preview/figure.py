"""What pictures have in common: their formats, a series, windows of events, how they are saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.files import whole_file
from fleetsynth.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Times = NDArray[np.datetime64]

FORMATS = (".png", ".svg", ".pdf")
COLORS = {
    "cpu": "#d1495b",
    "mem": "#3066be",
    "disk": "#6a994e",
    "net_in": "#e09f3e",
    "net_out": "#8d6b94",
}
INK = "#33393f"
_OTHER = "#6d6875"


class Mark(NamedTuple):
    """An event on a picture.

    Attributes:
        kind: name of its kind.
        begin: seconds since the Unix epoch.
        end: the first second after it; None while it lasts.
        metrics: stems of the metrics that it acts on.
    """

    kind: str
    begin: float
    end: float | None
    metrics: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call its kind."""
        return KINDS[self.kind].title if self.kind in KINDS else self.kind

    @property
    def color(self) -> str:
        """The colour of its kind."""
        return KINDS[self.kind].color if self.kind in KINDS else _OTHER

    @property
    def is_change(self) -> bool:
        """Whether its begin is what there is to be seen: the level from then on, or no end."""
        return self.end is None or (self.kind in KINDS and KINDS[self.kind].label == "regime")


def picture_format(path: Path) -> str:
    """Return the ending of a picture; refuse others, and to draw without matplotlib.

    Raises:
        UsageError: if the ending names no picture, or matplotlib is missing.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise UsageError(f"the ending of {path} is not that of a picture: use {', '.join(FORMATS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("pictures need matplotlib: pip install 'fleetsynth[plot]'") from None
    return kind


def plot_series(axes: Any, times: Times, values: NDArray[np.float64], color: str) -> None:
    """Plot every point faintly and a running mean of about a fiftieth of the span over them."""
    width = max(1, len(values) // 50)
    axes.plot(times, values, color=color, linewidth=0.5, alpha=0.45)
    if width > 1:
        there = ~np.isnan(values)
        sums = np.cumsum(np.concatenate(([0.0], np.where(there, values, 0.0))))
        counts = np.cumsum(np.concatenate(([0], there)))
        count = counts[width:] - counts[:-width]
        means = np.where(count, sums[width:] - sums[:-width], np.nan) / np.maximum(count, 1)
        first = width // 2
        axes.plot(times[first : first + len(means)], means, color=color, linewidth=1.6)
    axes.tick_params(labelsize=7, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)


def plot_marks(axes: Any, marks: Iterable[Mark], span: tuple[np.datetime64, np.datetime64]) -> None:
    """Shade the windows of events in the colours of their kinds; a line where a level changes."""
    for mark in marks:
        begin, end = shown_span(mark, span)
        if mark.is_change and begin > span[0]:
            axes.axvline(begin, color=mark.color, linewidth=1.2, linestyle=(0, (4, 2)), zorder=0)
        elif not mark.is_change:
            # Shorter than a line is wide, it would not be seen: the edge is.
            axes.axvspan(begin, end, color=mark.color, alpha=0.28, linewidth=0.8, zorder=0)


def shown_span(
    mark: Mark, span: tuple[np.datetime64, np.datetime64]
) -> tuple[np.datetime64, np.datetime64]:
    """Return begin and end of an event as far as a picture shows it."""
    begin = np.datetime64(int(mark.begin), "s")
    end = span[1] if mark.end is None else np.datetime64(int(mark.end), "s")
    return max(begin, span[0]), min(end, span[1])


def date_axis(axes: Any) -> None:
    """Label times with few words."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def save_figure(figure: Any, path: Path, kind: str, *, overwrite: bool) -> None:
    """Write a picture, whole or not at all; the same data give the same bytes."""
    from matplotlib import rc_context

    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(kind, {})
    # Without a salt of our own, element ids in SVG are random.
    with rc_context({"svg.hashsalt": "fleetsynth"}), whole_file(path, overwrite=overwrite) as file:
        figure.savefig(file, format=kind[1:], metadata=undated)
