"""Draw the pictures of docs/gallery.md: ``python -m docs.gallery [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import ConciseDateFormatter, DateFormatter, DayLocator, MonthLocator
from matplotlib.figure import Figure
from PIL import Image

import fleetsynth
from fleetsynth.presets.load import default_scenario

if TYPE_CHECKING:
    import pandas as pd

IMAGES = Path(__file__).resolve().parent / "images"
PRESETS = ("classic", "realistic")
COLORS = {"cpu_p95": "#c2410c", "mem_p95": "#0b62b0", "disk_p95": "#15803d"}
STYLES = {"cpu_p95": "-", "mem_p95": "--", "disk_p95": ":"}
NAMES = {"cpu_p95": "CPU", "mem_p95": "memory", "disk_p95": "disk"}
INK = "#33393f"
STEP = {"classic": "1h", "realistic": "15min"}
TOLD = {"classic": "hourly", "realistic": "every 15 minutes"}
SERVERS = 12


def frame(preset: str, archetype: str, **more: Any) -> pd.DataFrame:
    """Generate servers of one archetype."""
    return fleetsynth.to_pandas(
        {"preset": preset, "seed": 7, "distribution": {archetype: 1.0}, **more}
    )


def draw(preset: str, archetype: str) -> Figure:
    """Draw two weeks and a year of one server, and the spread of CPU over a dozen."""
    weeks = frame(
        preset,
        archetype,
        num_servers=1,
        granularity=STEP[preset],
        start_date="2024-03-18",
        end_date="2024-03-31",
    )
    year = frame(
        preset,
        archetype,
        num_servers=SERVERS,
        granularity="daily",
        start_date="2024-01-01",
        end_date="2024-12-31",
    )
    figure = Figure(figsize=(10.4, 2.6), dpi=100, layout="constrained")
    one, two, three = figure.subplots(1, 3, width_ratios=(5, 4, 2))
    _lines(one, weeks, width=0.9)
    one.set_title(f"two weeks to the end of a quarter, {TOLD[preset]}", **_small())
    one.xaxis.set_major_locator(DayLocator(interval=2))
    one.xaxis.set_major_formatter(DateFormatter("%a %d"))
    _lines(two, year[year["server_id"] == year["server_id"].iloc[0]], width=0.8)
    two.set_title("the same server over a year, daily", **_small())
    two.xaxis.set_major_locator(MonthLocator(bymonth=(1, 4, 7, 10)))
    two.xaxis.set_major_formatter(ConciseDateFormatter(two.xaxis.get_major_locator()))
    three.hist(year["cpu_p95"], bins=np.arange(0, 102, 2), color=COLORS["cpu_p95"], alpha=0.85)
    three.set_title(f"CPU, {SERVERS} servers, daily", **_small())
    three.set_xlim(0, 100)
    three.set_yticks([])
    for axes in (one, two, three):
        axes.tick_params(labelsize=7.5, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
    one.set_ylabel("%", fontsize=8, color=INK)
    figure.legend(
        *one.get_legend_handles_labels(),
        fontsize=8,
        loc="outside lower left",
        ncols=3,
        frameon=False,
    )
    return figure


def _lines(axes: Any, rows: pd.DataFrame, *, width: float) -> None:
    for column, color in COLORS.items():
        axes.plot(
            rows["timestamp"],
            rows[column],
            STYLES[column],
            color=color,
            linewidth=width,
            label=NAMES[column],
        )
    axes.set_ylim(0, 105)
    axes.margins(x=0.01)


def _small() -> dict[str, Any]:
    return {"fontsize": 8.5, "color": INK, "loc": "left"}


def smaller(path: Path, colours: int = 128) -> None:
    """Write a PNG again with 128 colours, which are plenty for lines and letters."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def pictures() -> list[tuple[str, str]]:
    """Return every preset with each of its archetypes."""
    return [(preset, name) for preset in PRESETS for name in default_scenario(preset).archetypes]


def build(folder: Path) -> list[Path]:
    """Write every picture to a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for preset, archetype in pictures():
        path = folder / f"gallery-{preset}-{archetype}.png"
        with rc_context({"font.family": "DejaVu Sans"}):
            draw(preset, archetype).savefig(path, metadata={"Software": None})
        smaller(path)
        written.append(path)
    return written


if __name__ == "__main__":
    for picture in build(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES):
        print(f"wrote {picture}")
