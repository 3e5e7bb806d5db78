"""Facts beside real fleets, as people read them on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from fleetsynth.cli.show import _console, _facts, _print_whole, _table
from fleetsynth.quality.facts_table import STEP, known_facts, sources

if TYPE_CHECKING:
    from fleetsynth.quality.facts_table import Fact, Facts


def show_facts(found: Facts) -> None:
    """Print facts beside real fleets."""
    console = _console()
    columns = ", ".join(f"{role}={name}" for role, name in found.columns.items())
    left_out = f", and {found.left_out:,} with too few points" if found.left_out else ""
    repeated = f", {found.repeated:,} more than once" if found.repeated else ""
    _facts(
        console,
        rows=f"{found.rows:,}, one every {found.step:,} s{repeated}",
        servers=f"{found.servers:,}{left_out}",
        columns=columns,
    )
    console.print()
    real = sources() if found.comparable else {}
    labels = [source.label.replace(" ", "\n", 1) for source in real.values()]
    beside = ("", "wanted", "real", *labels) if found.comparable else ()
    table = _table("fact", "here", *beside)
    for name, fact in known_facts().items():
        value = found.values[name]
        here = Text("–" if value is None else _figure(fact, value), style="bold")
        label = Text(fact.label).append(f"  {fact.unit}", style="dim")
        row: list[str | Text] = [label, here]
        if found.comparable:
            row += [_mark(found.holds(name)), ", ".join(fact.only) or _bounds(fact.wanted)]
            row += [_bounds(fact.range())]
            row += [_figure(fact, fact.real[key]) if key in fact.real else "" for key in real]
        table.add_row(*row)
        if name == "cpu_network_r":
            for kind, r in found.network_by_type.items():
                table.add_row(Text(f"  of {kind}", style="dim"), _figure(fact, r))
    _print_whole(table)
    if found.undefined:
        undefined = ", ".join(f"{name} on {count:,}" for name, count in found.undefined.items())
        console.print(Text(f"not defined, and left out: {undefined} servers", style="dim"))
    if not found.comparable:
        why = f"measured every {STEP} s, and these data have one point every {found.step:,} s"
        console.print(Text(f"not comparable with real fleets: those were {why}"))
        return
    told = "; ".join(f"{source.label}: {source.about}" for source in real.values())
    console.print(Text(told, style="dim"))


def _mark(holds: bool | None) -> Text:
    """Tell by a mark, not by colour alone, whether a fact is as wanted."""
    marks = {None: ("", ""), True: ("✓", "green"), False: ("✗", "red")}
    mark, style = marks[holds]
    return Text(mark, style=style)


def _figure(fact: Fact, value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.{fact.decimals}f}"


def _bounds(bounds: tuple[float | None, float | None] | None) -> str:
    if bounds is None:
        return ""
    low, high = (None if bound is None else f"{bound:g}" for bound in bounds)
    if low is None or high is None or low == high:
        return f"≥ {low}" if high is None else f"≤ {high}" if low is None else low
    return f"{low} – {high}"
