"""Draw the pictures of docs/collector.md: ``python -m docs.collector_pictures [FOLDER]``.

A fault of each kind on one server: the rows that a collector has, over the rows that there were.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from docs.gallery import smaller
from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.kinds import FAULTS
from fleetsynth.ledger.fault_rates import how
from fleetsynth.ledger.faults import find
from fleetsynth.ledger.table import span_of
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind
    from fleetsynth.plan import Plan

IMAGES = Path(__file__).resolve().parent / "images" / "collector"
INK, QUIET = "#33393f", "#b4b9bf"
FLEET: dict[str, Any] = {
    "preset": "realistic",
    "seed": 21,
    "num_servers": 1,
    "distribution": {"web": 1.0},
    "start_date": "2024-03-01",
    "end_date": "2024-04-30",
    "granularity": "5min",
    "growth_start": "2024-03-01",
    "incidents": {"intensity": 0},
}
OFTEN: dict[str, dict[str, Any]] = {
    "agent_outage": {"per_day": 0.05},
    "collector_outage": {"per_day": 0.1},
    "late": {"per_day": 0.2, "hours": [2, 3]},
    "out_of_order": {"per_day": 0.3},
    "clock_skew": {"per_day": 0.2, "hours": [2, 4], "size": [800, 900]},
    "missing_value": {"per_day": 0.5, "single": 0},
    "gap": {"per_day": 1.5, "single": 0.5},
    "duplicate": {"per_day": 0.5, "single": 0},
    "stuck": {"per_day": 0.2, "hours": [4, 12]},
    "unit_slip": {"per_day": 0.8, "hours": [2, 6]},
    "quantised": {"per_day": 0.8, "hours": [6, 12]},
}
"""What brings a fault into two months, short enough to be seen."""


def plan_of(kind: Kind) -> Plan:
    """Return a plan with faults of one kind."""
    rates = {name: {"per_day": 0.0} for name in FAULTS} | {kind.name: OFTEN[kind.name]}
    return as_plan(FLEET | {"collector": {"intensity": 1, **rates}})


def draw(kind: Kind, folder: Path) -> Path:
    """Draw one kind."""
    plan = plan_of(kind)
    step = plan.clock.step
    ((_, found),) = find(plan, 0, 1, span_of(plan))
    wanted = list(how(kind).of).index("cpu") if how(kind).of else 0
    place = next(i for i in range(len(found)) if found.metric[i] == wanted)
    begin, end = int(found.begin[place]) // step, int(found.end[place]) // step
    around = max(12, min((end - begin) // 2, 60))
    first, stop = begin - around, end + around
    window = Window(0, 1, first, stop)
    clean, told = simulate(plan.clean, window), simulate(plan, window)
    with rc_context({"font.size": 9, "text.color": INK, "axes.edgecolor": QUIET}):
        figure = Figure(figsize=(8, 2.3), layout="constrained")
        axes = figure.add_subplot()
        ticks = np.arange(first, stop) * step
        axes.plot(_times(ticks), clean.values[0, 0] / 100, color=QUIET, lw=3, label="there was")
        _, tick, values = told.listed()
        stamps = (tick + first) * step + (0 if told.shift is None else told.shift)
        shown = np.where(values[0] == NULL_HUNDREDTHS, np.nan, values[0] / 100)
        at = stamps
        if kind.name in ("late", "out_of_order") and told.arrival is not None:
            at = told.arrival
            axes.set_xlabel("when rows arrive; in grey, what they are of", color=INK)
        axes.plot(_times(at), shown, ".", color=kind.color, ms=4, label="the collector has")
        axes.axvspan(*_times(np.array([begin, end]) * step), color=kind.color, alpha=0.1, lw=0)
        axes.set_title(f"{kind.title}: {kind.about}", loc="left", fontsize=9)
        axes.set_ylabel("CPU, %")
        axes.spines[["top", "right"]].set_visible(False)
        locator = AutoDateLocator(minticks=3, maxticks=8)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=8, frameon=False)
        if len(np.unique(stamps)) < len(stamps):
            counts = np.isin(stamps, _repeated(stamps))
            axes.plot(_times(at[counts]), shown[counts], "o", mfc="none", color=kind.color, ms=8)
        path = folder / f"{kind.name}.png"
        figure.savefig(path, dpi=100)
    smaller(path)
    return path


def _repeated(stamps: Any) -> Any:
    values, counts = np.unique(stamps, return_counts=True)
    return values[counts > 1]


def _times(seconds: Any) -> Any:
    return np.asarray(seconds).astype("datetime64[s]")


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    for each in FAULTS.values():
        print(draw(each, where))
