"""The preview as an image, with matplotlib (the extra ``fleetsynth[plot]``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import Calendar
from fleetsynth.presets import model_of
from fleetsynth.preview.figure import (
    COLORS,
    INK,
    date_axis,
    picture_format,
    plot_marks,
    plot_series,
    save_figure,
)
from fleetsynth.preview.samples import highest, samples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.preview.figure import Mark
    from fleetsynth.preview.samples import Sample


def draw(plan: Plan, path: Path, *, overwrite: bool) -> list[Sample]:
    """Draw a column per archetype and a row per metric; return what is shown.

    Raises:
        UsageError: if matplotlib is missing, or the ending of `path` names no picture.
        OutputError: if the file exists or cannot be written.
    """
    kind = picture_format(path)
    from matplotlib.figure import Figure

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
        grid[0][column].set_title(f"{name}\n{sample.server}", fontsize=10, color=INK)
        for row, metric in enumerate(plan.metrics):
            axes = grid[row][column]
            plot_series(axes, times, sample.values[metric.column], COLORS.get(metric.stem, INK))
            _marks(axes, plan, times, sample.country)
            here = [mark for mark in sample.marks if metric.stem in mark.metrics]
            plot_marks(axes, here, (times[0], times[-1] + np.timedelta64(plan.clock.step, "s")))
            date_axis(axes)
            axes.set_ylim(
                0,
                1.05 * max(highest(s.values[metric.column]) for s in (shown if alike else [sample]))
                or 1,
            )
            if column == 0:
                axes.set_ylabel(f"{metric.label}\n{metric.unit}", fontsize=9, color=INK)
    figure.suptitle(_title(plan), fontsize=9, color=INK)
    _legend(figure, [mark for sample in shown for mark in sample.marks])
    save_figure(figure, path, kind, overwrite=overwrite)
    return shown


def _legend(figure: Any, marks: list[Mark]) -> None:
    """Name the colours of the kinds that are shown."""
    from matplotlib.patches import Patch

    kinds = {mark.title: mark.color for mark in marks if mark.metrics}
    if kinds:
        patches = [Patch(color=color, alpha=0.5, label=title) for title, color in kinds.items()]
        figure.legend(
            handles=patches,
            loc="outside lower center",
            ncols=min(len(patches), 8),
            fontsize=8,
            frameon=False,
        )


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
        holidays, heights, "|", transform=axes.get_xaxis_transform(), color=INK, ms=5, mew=0.9
    )
    axes.set_xlim(times[0], times[-1] + np.timedelta64(plan.clock.step, "s"))


def _title(plan: Plan) -> str:
    scenario = plan.scenario
    return (
        f"{scenario.start_date} to {scenario.end_date}, {scenario.granularity}, "
        f"seed {scenario.seed}: every point and a running mean; "
        "shaded: quarter ends; ticks: public holidays"
    )
