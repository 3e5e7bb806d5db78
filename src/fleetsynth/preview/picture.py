"""The preview as an image, with matplotlib (the extra ``fleetsynth[plot]``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import Calendar
from fleetsynth.errors import UsageError
from fleetsynth.files import whole_file
from fleetsynth.presets import model_of
from fleetsynth.preview.samples import highest, samples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.preview.samples import Sample

FORMATS = (".png", ".svg", ".pdf")
_COLORS = {
    "cpu": "#d1495b",
    "mem": "#3066be",
    "disk": "#6a994e",
    "net_in": "#e09f3e",
    "net_out": "#8d6b94",
}
_INK = "#33393f"


def draw(plan: Plan, path: Path, *, overwrite: bool) -> list[Sample]:
    """Draw a column per archetype and a row per metric; return what is shown.

    Raises:
        UsageError: if matplotlib is missing, or the ending of `path` names no picture.
        OutputError: if the file exists or cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise UsageError(f"the ending of {path} is not that of a picture: use {', '.join(FORMATS)}")
    try:
        from matplotlib import rc_context
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("pictures need matplotlib: pip install 'fleetsynth[plot]'") from None
    shown = samples(plan)
    times = plan.clock.seconds(plan.clock.first, plan.clock.stop).astype("datetime64[s]")
    size = (1.2 + 3.6 * len(shown), 1.0 + 1.55 * len(plan.metrics))
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    alike = model_of(plan).same_scale  # else an idle server beside a busy one is a line at 0
    grid = figure.subplots(
        len(plan.metrics), len(shown), sharex=True, sharey="row" if alike else False, squeeze=False
    )
    for column, sample in enumerate(shown):
        name = sample.archetype.profile.name
        grid[0][column].set_title(f"{name}\n{sample.server}", fontsize=10, color=_INK)
        for row, metric in enumerate(plan.metrics):
            axes = grid[row][column]
            _series(axes, times, sample.values[metric.column], _COLORS.get(metric.stem, _INK))
            _marks(axes, plan, times, sample.country)
            locator = AutoDateLocator(maxticks=6)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
            axes.set_ylim(
                0,
                1.05 * max(highest(s.values[metric.column]) for s in (shown if alike else [sample]))
                or 1,
            )
            if column == 0:
                axes.set_ylabel(f"{metric.label}\n{metric.unit}", fontsize=9, color=_INK)
    figure.suptitle(_title(plan), fontsize=9, color=_INK)
    # Without a salt of our own, element ids in SVG are random.
    salt = rc_context({"svg.hashsalt": "fleetsynth"})
    with salt, whole_file(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format=kind[1:], metadata=_undated(kind))
    return shown


def _series(
    axes: Any,
    times: NDArray[np.datetime64],
    values: NDArray[np.float64],
    color: str,
) -> None:
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
    axes.tick_params(labelsize=7, colors=_INK)
    axes.spines[["top", "right"]].set_visible(False)


def _marks(axes: Any, plan: Plan, times: NDArray[np.datetime64], country: str) -> None:
    """Shade quarter ends and tick public holidays along the top."""
    days = Calendar(times.astype(np.int64)).days
    dates = days.index.astype("datetime64[D]")
    begins = dates[days.is_quarter_end & (days.days_to_month_end == 4)]
    for begin in begins:
        axes.axvspan(begin, begin + np.timedelta64(5, "D"), color="#9aa5b1", alpha=0.35, lw=0)
    holidays = dates[plan.is_holiday(days, country)]
    heights = np.full(len(holidays), 0.985)
    axes.plot(
        holidays, heights, "|", transform=axes.get_xaxis_transform(), color=_INK, ms=5, mew=0.9
    )
    axes.set_xlim(times[0], times[-1] + np.timedelta64(plan.clock.step, "s"))


def _title(plan: Plan) -> str:
    scenario = plan.scenario
    return (
        f"{scenario.start_date} to {scenario.end_date}, {scenario.granularity}, "
        f"seed {scenario.seed}: every point and a running mean; "
        "shaded: quarter ends; ticks: public holidays"
    )


def _undated(suffix: str) -> dict[str, None]:
    """Metadata without the time of writing, so that the same data give the same picture."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix, {})
