"""Draw a week of each packaged estate for docs/realism.md: ``python -m docs.estate_pictures``."""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.dates import DateFormatter, DayLocator
from matplotlib.figure import Figure

import fleetsynth
from docs.gallery import IMAGES, INK, smaller
from fleetsynth.presets.catalog import estates

ROWS = 5
"""Servers in a picture."""
WEEK = {"start_date": "2024-03-18", "end_date": "2024-03-24", "granularity": "5min"}


def draw(estate: str) -> Figure:
    """Draw CPU of the first servers of an estate over a week, sample by sample."""
    rows = fleetsynth.to_pandas(
        {"preset": "realistic", "estate": estate, "seed": 7, "num_servers": ROWS} | WEEK
    )
    figure = Figure(figsize=(10.4, 5.2), dpi=100, layout="constrained")
    all_axes = figure.subplots(ROWS, 1, sharex=True)
    for axes, (_, server) in zip(all_axes, rows.groupby("server_id", sort=True), strict=True):
        axes.plot(server["timestamp"], server["cpu_p95"], color="#c2410c", linewidth=0.6)
        kind, name = server["server_type"].iloc[0], server["server_id"].iloc[0]
        axes.set_title(f"{name}, {kind}", fontsize=8, color=INK, loc="left", pad=2)
        axes.tick_params(labelsize=7.5, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.005)
        axes.set_ylim(bottom=0)
    all_axes[-1].xaxis.set_major_locator(DayLocator())
    all_axes[-1].xaxis.set_major_formatter(DateFormatter("%a %d"))
    figure.supylabel("CPU, %", fontsize=8, color=INK)
    return figure


def build(folder: Path) -> list[Path]:
    """Write every picture to a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for estate in estates("realistic"):
        path = folder / f"estate-{estate}.png"
        with rc_context({"font.family": "DejaVu Sans"}):
            draw(estate).savefig(path, metadata={"Software": None})
        smaller(path)
        written.append(path)
    return written


if __name__ == "__main__":
    for picture in build(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES):
        print(f"wrote {picture}")
