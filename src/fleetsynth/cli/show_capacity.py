"""What runs out, as people read it on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from fleetsynth.capacity.write import in_words
from fleetsynth.cli.terminal import open_console, plain, print_facts, print_whole, text_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.capacity.api import Capacity

_TOP = 20
_STYLES = {"already above": "red", "constant and full": "red", "dated": "yellow"}


@contextmanager
def reading_bar() -> Iterator[Callable[[int], None]]:
    """Show on stderr how many rows were read; yield what to call with them."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("reading {task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=None)
    with bar:
        yield lambda rows: bar.update(task, completed=rows)


def show_capacity(found: Capacity, by: str | None, top: int | None) -> None:
    """Print what runs out, what needs somebody first."""
    console = open_console()
    scope = by or ("service" if found.has("service") else "server")
    usable = found.usable.items()
    same = len(set(found.usable.values())) == 1
    limits = [f"{level:g} %" if same else f"{metric} {level:g} %" for metric, level in usable]
    print_facts(
        console,
        servers=f"{found.servers:,}, data to {found.as_of}",
        usable=limits[0] if same else ", ".join(limits),
        **_machines(found),
    )
    console.print()
    rows = found.rows(scope)
    shown = rows[: top or _TOP]
    group = scope != "server"
    ordered = any(row["order_by"] for row in shown)
    more = ["servers", "full", "< 90 d", "< 1 y"] if group else []
    table = text_table(scope, "metric", "status", "now", "a month", "reached", "early", "late")
    for name in [*more, *(["order by"] if ordered else []), "what would help"]:
        table.add_column(Text(name), justify="left" if "help" in name else "right", no_wrap=True)
    for row in shown:
        cells = [plain(row["name"]), row["metric"], _status(row), _figure(row["now"], "%")]
        cells += [_figure(row["trend_month"], "", sign=True)]
        cells += [row[f"{kind}_usable"] or "" for kind in ("date", "early", "late")]
        names = ("servers", "above", "within_90d", "within_365d")
        cells += [f"{row[name]:,}" for name in names] if group else []
        cells += [row["order_by"] or ""] if ordered else []
        table.add_row(*cells, plain(in_words(row["help"][0]) if row["help"] else ""))
    print_whole(table)
    if len(rows) > len(shown):
        console.print(Text(f"the first {len(shown):,} of {len(rows):,} rows", style="dim"))


def _machines(found: Capacity) -> dict[str, str]:
    """Say what there is in cores and money, or GiB, and what could be given back."""
    of = found.totals
    if of is None:
        return {}
    give = of["to_give_back"]
    out = {"machines": _amounts(of, of["currency"])}
    if give["servers"]:
        amounts = _amounts(give, of["currency"])
        out["to give back"] = f"{amounts}, of {give['servers']:,} servers"
    return out


def _amounts(of: dict[str, Any], currency: str | None) -> str:
    if currency is None:
        units = {"vcpus": "vCPU", "memory_gib": "GiB", "disk_gb": "GB"}
        return ", ".join(f"{of[key]:,g} {unit}" for key, unit in units.items() if of[key])
    return f"{of['vcpus']:,g} vCPU, {of['price_month']:,.0f} {currency} a month"


def show_backtest(results: list[dict[str, Any]]) -> None:
    """Print how far such dates were off."""
    console = open_console()
    console.print()
    if not results:
        console.print(Text("back-test: the history is too short for one (15 months at least)"))
        return
    console.print(Text("back-test: such dates, made on these data earlier, and what came"))
    table = text_table(
        "metric", "days ahead", "breaches", "dated", "error", "in interval", "alarms", "false"
    )
    for row in results:
        error, inside = row["median_error_days"], row["coverage"]
        false = row["false_alarm_share"]
        table.add_row(
            plain(row["metric"]),
            str(row["horizon_days"]),
            f"{row['breaches']:,}",
            f"{row['dated']:,}",
            "–" if error is None else f"{error:.0f} days",
            "–" if inside is None else f"{inside:.0%}",
            f"{row['alarms']:,}",
            "–" if false is None else f"{false:.0%}",
        )
    print_whole(table)


def _status(row: dict[str, Any]) -> Text:
    return Text(row["status"], style=_STYLES.get(row["status"], ""))


def _figure(value: float | None, unit: str, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    text = f"{value:+.1f}" if sign else f"{value:.0f}"
    return f"{text} {unit}".rstrip()
