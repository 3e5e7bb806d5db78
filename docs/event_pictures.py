"""Draw the pictures of docs/events.md: ``python -m docs.event_pictures [FOLDER]``.

Each kind of event on one server: what it shows with the event, over what it would show without.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import DateFormatter, DayLocator, HourLocator, MonthLocator
from matplotlib.figure import Figure

import fleetsynth
from docs.gallery import smaller
from fleetsynth.clock import DAY_SECONDS, MONTH_SECONDS
from fleetsynth.kinds import KINDS
from fleetsynth.kinds.kind import Spells, Stories
from fleetsynth.ledger import table
from fleetsynth.presets import as_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from fleetsynth.kinds.kind import Event, Kind

IMAGES = Path(__file__).resolve().parent / "images" / "events"
INK, QUIET = "#33393f", "#b4b9bf"
SHOWN = {
    "cpu_p95": "CPU, %",
    "mem_p95": "memory, %",
    "disk_p95": "disk, %",
    "net_in_p95": "traffic in, Mbit/s",
}
SERVICE, SERVER, SIBLINGS = "web-000", "server_000", "server_001..server_002"
FLEET: dict[str, Any] = {
    "preset": "realistic",
    "seed": 21,
    "num_servers": 6,
    "distribution": {"web": 1.0},
    "assignment": "interleaved",
    "growth_start": "2024-01-01",
    "incidents": {"intensity": 0},
    "stories": {"share": 0},
}
_LONG = 60
"""Days beyond which a picture shows one value a day."""
HOURS = {"load_test": 3.0, "blackout": 6.0, "retries": 1.0, "backlog": 2.0, "change": 30.0}
"""How long events last whose kind does not say."""


class Case(NamedTuple):
    """What is drawn: days, what happens in both pictures, what in the second, and to whom."""

    days: int
    before: dict[str, Any]
    told: list[dict[str, Any]]
    server: str = SERVER


def case_of(kind: Kind) -> Case:
    """Return what shows a kind."""
    if kind.name == "failover":
        return Case(2, {}, [_told(KINDS["outage"], 5.0, servers=SIBLINGS)])
    if kind.name == "unserved":
        return Case(2, {}, [_told(KINDS["blackout"], 5.0, service=SERVICE)])
    if kind.name == "freeze":
        rates = {name: {"per_quarter": 0} for name, each in KINDS.items() if _spells(each)}
        often = {"intensity": 1, "deploy": {"days": 3, "sigma": 0.3}, **rates}
        return Case(12, {"incidents": often}, [_told(kind, 144.0, service=SERVICE)])
    hours = HOURS.get(kind.name, 24.0)
    if isinstance(kind.drawn, Stories):
        months = float(np.sqrt(kind.drawn.months[0] * kind.drawn.months[1]))
        days = months * MONTH_SECONDS / DAY_SECONDS
        return Case(round(days) + 60, {}, [_told(kind, days * 24, service=SERVICE)])
    if isinstance(kind.drawn, Spells):
        hours = float(np.sqrt(kind.drawn.hours[0] * kind.drawn.hours[1]))
    whom = {"servers": SERVER} if kind.entity == "server" else {"service": SERVICE}
    more: dict[str, Any] = {"cpu": "+15", "network": "x2"} if kind.effects is None else {}
    if kind.lasts and kind.effects is not None:
        return Case(9, {}, [{"kind": kind.name, "at": "2024-03-06 10:00", **whom}])
    return Case(_days(hours), {}, [_told(kind, hours, **whom, **more)])


def _spells(kind: Kind) -> bool:
    return isinstance(kind.drawn, Spells)


def _days(hours: float) -> int:
    return 2 if hours < 6 else 4 if hours < 24 else 9


def _told(kind: Kind, hours: float, **more: Any) -> dict[str, Any]:
    lasts = f"{max(15, round(hours * 60))}min" if hours < 24 * _LONG else f"{round(hours)}h"
    return {"kind": kind.name, "at": "2024-03-05 11:00", "for": lasts, **more}


def draw(kind: Kind) -> Figure:
    """Draw a kind: four metrics, without and with."""
    case = case_of(kind)
    off = FLEET | _span(case.days) | case.before
    on = off | {"events": case.told}
    figure = Figure(figsize=(10.0, 1.75), dpi=90, layout="constrained")
    axes = figure.subplots(1, len(SHOWN))
    events = _events(on, kind, case.server)
    frames = [fleetsynth.to_pandas(each) for each in (off, on)]
    quiet, loud = (frame[frame["server_id"] == case.server] for frame in frames)
    for each, (column, title) in zip(axes, SHOWN.items(), strict=True):
        _shade(each, events, quiet["timestamp"], kind.color)
        each.plot(quiet["timestamp"], quiet[column], color=QUIET, linewidth=0.9)
        each.plot(loud["timestamp"], loud[column], color=kind.color, linewidth=0.8)
        each.set_title(title, fontsize=8, color=INK, loc="left")
        _scale(each, np.concatenate([quiet[column], loud[column]]), column)
        _label_times(each, case.days)
        each.tick_params(labelsize=7, colors=INK)
        each.spines[["top", "right"]].set_visible(False)
    return figure


def _span(days: int) -> dict[str, Any]:
    """Return the keys of a scenario that say so many days, around the begin of what is told."""
    first = date(2024, 3, 5 if days <= 2 else 4)
    if days > _LONG:
        first -= timedelta(days=29)
    step = "5min" if days <= 2 else "15min" if days <= _LONG else "daily"
    last = first + timedelta(days=days - 1)
    return {"start_date": f"{first}", "end_date": f"{last}", "granularity": step}


def _label_times(axes: Axes, days: int) -> None:
    if days > _LONG:
        axes.xaxis.set_major_locator(MonthLocator(bymonth=(1, 7) if days < 500 else 1))
        axes.xaxis.set_major_formatter(DateFormatter("%b %Y"))
        return
    short = days <= 2
    axes.xaxis.set_major_locator(
        HourLocator(byhour=(0, 12)) if short else DayLocator(interval=-(-days // 5))
    )
    axes.xaxis.set_major_formatter(DateFormatter("%d, %Hh" if short else "%b %d"))


def _events(scenario: dict[str, Any], kind: Kind, server: str) -> list[Event]:
    plan = as_plan(scenario)
    found = table.events(plan, 0, plan.fleet.size)
    return [e for e in found if e.kind == kind.name and e.entity in (server, SERVICE)]


def _shade(axes: Axes, events: Iterable[Event], times: Any, color: str) -> None:
    last = np.datetime64(times.iloc[-1])
    for event in events:
        end = last if event.end is None else min(last, np.datetime64(event.end, "s"))
        begin = max(np.datetime64(times.iloc[0]), np.datetime64(event.begin, "s"))
        axes.axvspan(begin, end, color=color, alpha=0.10, linewidth=0)  # type: ignore[arg-type]


def _scale(axes: Axes, values: Any, column: str) -> None:
    low, high = float(np.min(values)), float(np.max(values))
    if column == "net_in_p95":
        axes.set_ylim(0, high * 1.05)
        return
    room = max(6.0, (high - low) * 0.1)
    axes.set_ylim(max(0.0, low - room) if low > 25 else 0.0, min(103.0, high + room))


def pictured() -> list[Kind]:
    """Return the kinds that can be told, or follow from what is told, and so can be shown."""
    return [kind for kind in KINDS.values() if kind.is_told or kind.through]


def main(folder: Path) -> None:
    """Draw every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in pictured():
        path = folder / f"{kind.name}.png"
        with rc_context({"font.family": "DejaVu Sans"}):
            draw(kind).savefig(path, metadata={"Software": None})
        smaller(path, 24)
        print(f"wrote {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
