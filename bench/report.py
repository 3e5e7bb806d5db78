"""Outcomes, for people and for programs."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bench.timing import CLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.comparison import Outcome


def show(outcomes: Mapping[str, Outcome]) -> None:
    """Print a table of sides and one of ratios."""
    out = console()
    out.print(", ".join(f"{key} {value}" for key, value in machine().items()), highlight=False)
    sides = Table("benchmark", "side", title="Medians")
    ratios = Table("benchmark", "ratio", "of", title="Ratios, round by round")
    for heading in ("wall s", "CPU s", "rows/s", "rows/CPU-s", "peak MB"):
        sides.add_column(heading, justify="right")
    for heading in ("median", "min – max", "goal", "met", "others"):
        ratios.add_column(heading, justify="right")
    for name, outcome in outcomes.items():
        for side in outcome.rounds:
            wall, cpu, peak = (outcome.median(side, clock) for clock in CLOCKS)
            rates = (f"{outcome.benchmark.rows / seconds:,.0f}" for seconds in (wall, cpu))
            memory = f"{peak:.0f}" if peak else ""
            sides.add_row(name, side, f"{wall:.3f}", f"{cpu:.3f}", *rates, memory)
        for goal in outcome.benchmark.goals:
            found = outcome.ratios(goal)
            middle, spread = median(found), f"{found[0]:.2f} – {found[-1]:.2f}"
            met = "yes" if goal.met_by(middle) else "[bold]no[/]"
            others = f"{median(outcome.others):.2f}"
            figures = (f"{middle:.2f}", spread, goal.text, met, others)
            ratios.add_row(name, goal.label, goal.clock, *figures)
    out.print(sides, ratios)
    out.print("others: how many cores other jobs took meanwhile, at the median.")
    for name, outcome in outcomes.items():
        out.print(f"{name}: {outcome.benchmark.remark}", highlight=False)


def to_json(outcomes: Mapping[str, Outcome]) -> str:
    """Return one JSON object with the machine, every round and every ratio."""
    return json.dumps(
        {
            "machine": machine(),
            "benchmarks": {name: _plain(outcome) for name, outcome in outcomes.items()},
        },
        indent=2,
    )


def _plain(outcome: Outcome) -> dict[str, Any]:
    ratios = []
    for goal in outcome.benchmark.goals:
        found = outcome.ratios(goal)
        middle = median(found)
        ratios.append(
            vars(goal)
            | {
                "ratio": goal.label,
                "median": middle,
                "min": found[0],
                "max": found[-1],
                "met": goal.met_by(middle),
            }
        )
    return {
        "rows": outcome.benchmark.rows,
        "remark": outcome.benchmark.remark,
        "rounds": {side: list(map(vars, rounds)) for side, rounds in outcome.rounds.items()},
        "others": list(outcome.others),
        "ratios": ratios,
    }


def console() -> Console:
    """Return where tables go: as wide as the terminal, or as they need."""
    found = Console()
    return found if found.is_terminal else Console(width=160)


def machine() -> dict[str, str | int | None]:
    """Describe what the figures were measured on."""
    packages = {name: metadata.version(name) for name in ("numpy", "pyarrow", "pandas")}
    model = next(_cpu_models(), platform.processor() or platform.machine())
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()} | packages


def _cpu_models() -> Iterator[str]:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()
