"""Facts beside real fleets, as people read them on a terminal."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.text import Text

from fleetsynth.cli.terminal import open_console, plain, print_facts, print_whole, text_table
from fleetsynth.facts.facts_table import STEP, known_facts, sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetsynth.facts.facts_table import Facts

_LINE = 18
"""Characters of a line of words in a column of figures."""


def show_facts(found: Facts) -> None:
    """Print facts beside real fleets."""
    console = open_console()
    left_out = f", and {found.left_out:,} with too few points" if found.left_out else ""
    repeated = f", {found.repeated:,} more than once" if found.repeated else ""
    steps = found.understood["steps"]
    months = next((step for step in steps if step.endswith(("month", "months"))), None)
    step = months if months and len(steps) == 1 else f"{found.step:,} s"
    print_facts(
        console,
        rows=f"{found.rows:,}, one every {step}{repeated}",
        servers=f"{found.servers:,}{left_out}",
        columns=said_line(found.understood),
    )
    for warning in found.understood["warnings"]:
        console.print(Text(f"warning: {warning}", style="yellow"))
    console.print()
    real = sources() if found.comparable else {}
    labels = [source.label.replace(" ", "\n", 1) for source in real.values()]
    beside = ("", "wanted", "real", *labels) if found.comparable else ()
    table = text_table("fact", "here", *beside)
    for name, fact in known_facts().items():
        value = found.values[name]
        here = plain(fact.shown(value), "bold")
        label = Text(fact.label).append(f"  {fact.unit}", style="dim")
        row: list[str | Text] = [label, here]
        if found.comparable:
            row += [_mark(found.holds(name)), _only(fact.only) or _bounds(fact.wanted)]
            row += [_bounds(fact.range())]
            row += [fact.shown(fact.real[key]) if key in fact.real else "" for key in real]
        table.add_row(*row)
        if name == "cpu_network_r":
            for kind, r in found.network_by_type.items():
                table.add_row(plain(f"  of {kind}", "dim"), fact.shown(r))
    print_whole(table)
    if found.undefined:
        undefined = ", ".join(f"{name} on {count:,}" for name, count in found.undefined.items())
        console.print(Text(f"not defined, and left out: {undefined} servers", style="dim"))
    for kind, told in found.faults.items():
        places = ", ".join(told["first"])
        console.print(Text(f"fault of the collector: {told['count']:,} {kind}, such as {places}"))
    if not found.comparable:
        why = f"measured every {STEP} s, and these data have one point every {found.step:,} s"
        console.print(Text(f"not comparable with real fleets: those were {why}"))
        return
    told = "; ".join(f"{source.label}: {source.about}" for source in real.values())
    console.print(Text(told, style="dim"))


def said_line(understood: Mapping[str, Any]) -> str:
    """Return what was understood of a dataset as one line."""
    from fleetsynth.reader import Understood

    return Understood(**understood).line()


def _mark(holds: bool | None) -> Text:
    """Tell by a mark, not by colour alone, whether a fact is as wanted."""
    marks = {None: ("", ""), True: ("✓", "green"), False: ("✗", "red")}
    mark, style = marks[holds]
    return Text(mark, style=style)


def _bounds(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return ""
    low, high = (f"{bound:g}" for bound in bounds)
    return low if low == high else f"{low} – {high}"


def _only(words: Sequence[str]) -> str:
    """List words on lines that leave a column of figures its width."""
    return fill(", ".join(words), _LINE)
