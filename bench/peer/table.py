"""The table of `bench.peers`, for people and for programs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench.peer.entries import OURS
from bench.report import console, machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.peer.contender import Contender, Lap
    from bench.peer.contest import Contest

_SIDES = ("rows", "CPU s", "start-up", "rows/CPU-s", "steady", "peak MB", "bytes/row")
_RATIOS = ("rows/CPU-s", "min – max", "goal", "met", "steady", "min – max")


def show(contest: Contest) -> None:
    """Print a table of generators and one of ratios."""
    out = console()
    out.print(", ".join(f"{key} {value}" for key, value in machine().items()), highlight=False)
    sides = Table("generator", "version", title="Medians, all processes of each counted")
    ratios = Table("ours / theirs", title="Ratios, round by round")
    for table, headings in ((sides, _SIDES), (ratios, _RATIOS)):
        for heading in headings:
            table.add_column(heading, justify="right")
    for name, contender in contest.contenders.items():
        sides.add_row(
            name, contender.version or "–", *(_cells(contender) if contender.laps else ())
        )
        if name != OURS and contender.laps and contest.has_ours:
            ratios.add_row(name, *_ratios(contest, name))
    out.print(sides, ratios)
    out.print("steady: without what starting took, CPU seconds as of a run of next to no rows.")
    for name, contender in contest.contenders.items():
        out.print(f"{name}: {contender.trouble or contender.entry.remark}", highlight=False)


def _cells(contender: Contender) -> list[str]:
    middle = contender.median
    return [
        f"{middle(lambda lap: lap.rows):,.0f}",
        f"{middle(lambda lap: lap.spent.cpu):.1f}",
        f"{middle(lambda lap: lap.start_up.cpu):.1f}",
        f"{middle(lambda lap: lap.rate):,.0f}",
        f"{middle(lambda lap: lap.steady_rate):,.0f}",
        f"{middle(lambda lap: lap.spent.peak):.0f}",
        f"{middle(lambda lap: lap.bytes / lap.rows):.1f}",
    ]


def _ratios(contest: Contest, name: str) -> list[str]:
    goal = contest.contenders[name].entry.goal
    whole = contest.ratios(name, lambda lap: lap.rate)
    steady = contest.ratios(name, lambda lap: lap.steady_rate)
    met = ("yes" if median(whole) >= goal else "[bold]no[/]") if goal else ""
    bound = f"≥ {goal:g}" if goal else ""
    return [*_spread(whole), bound, met, *_spread(steady)]


def _spread(found: Sequence[float]) -> tuple[str, str]:
    return f"{median(found):.1f}", f"{found[0]:.1f} – {found[-1]:.1f}"


def plain(contest: Contest) -> dict[str, Any]:
    """Return the machine and every lap, ready for JSON."""
    return {
        "machine": machine(),
        "generators": {
            name: {
                "version": contender.version,
                "remark": contender.entry.remark,
                "trouble": contender.trouble,
                "laps": [_lap(lap) for lap in contender.laps],
            }
            for name, contender in contest.contenders.items()
        },
    }


def _lap(lap: Lap) -> dict[str, Any]:
    rates = {"rows_per_cpu_second": lap.rate, "without_start_up": lap.steady_rate}
    spent = {"spent": vars(lap.spent), "start_up": vars(lap.start_up)}
    return {"rows": lap.rows, "bytes": lap.bytes} | spent | rates
