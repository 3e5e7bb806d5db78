"""Two datasets side by side, as people read them on a terminal."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rich.text import Text

from fleetsynth.cli.terminal import open_console, plain, print_facts, print_whole, text_table
from fleetsynth.compare.comparison import DISTANCES, KINDS
from fleetsynth.compare.forecast import NAIVE
from fleetsynth.compare.tells import NAMES
from fleetsynth.facts.facts_table import known_facts
from fleetsynth.reader import Understood

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from fleetsynth.compare.comparison import Comparison, Side
    from fleetsynth.compare.tells import Tell
    from fleetsynth.compare.two_sample import Told

_TELLS, _LIKELY = 12, 6


def show_comparison(found: Comparison) -> None:
    """Print how well two datasets are told apart, by what, and their facts."""
    console = open_console()
    print_facts(console, A=_side(found.a, found.days), B=_side(found.b, found.days))
    for label, side in (("A", found.a), ("B", found.b)):
        for warning in side.understood["warnings"]:
            console.print(Text(f"warning: {label}: {warning}", style="yellow"))
    console.print()
    _show_classifiers(found)
    console.print(
        Text(".5 cannot tell, 1 always knows; of servers not learned from\n", style="dim")
    )
    _show_tells(console, found)
    _show_distances(found)
    _show_forecasts(found)
    _show_facts(found)


def _side(side: Side, days: int) -> str:
    return f"{side.name}: {side.used_of(days)} ({Understood(**side.understood).line()})"


def _show_classifiers(found: Comparison) -> None:
    table = text_table("AUC of a classifier, by", "A against B", "A against A", "B against B")
    for metric, kinds in found.classifiers.items():
        for kind, apart in kinds.items():
            label = Text(NAMES.get(metric, "all metrics")).append(f", {KINDS[kind]}", style="dim")
            figures = (_auc(apart.between, "bold"), _auc(apart.a), _auc(apart.b))
            table.add_row(label, *figures)
    print_whole(table)


def _print(table: Table) -> None:
    print_whole(table)
    open_console().print()


def _auc(told: Told, style: str = "") -> Text:
    if isnan(told.auc):
        return plain("–", style)
    return plain(f"{told.auc:.3f}", style).append(f" ±{told.sd:.3f}", style="dim")


def _show_tells(console: Console, found: Comparison) -> None:
    clearest = found.clearest()
    if clearest:
        console.print(Text("what gives it away, alone", style="bold"))
    else:
        console.print(Text("no feature differs by more than chance among servers explains"))
    _show_sentences(console, clearest, _TELLS)
    likely = found.likely()
    if likely and len(clearest) < _TELLS:
        console.print(Text("what may be chance, for so few servers", style="bold"))
        _show_sentences(console, likely, _LIKELY)
    console.print()


def _show_sentences(console: Console, told: list[Tell], most: int) -> None:
    for tell in told[:most]:
        console.print(
            plain(f"{tell.clarity:.2f}  ", "bold").append(tell.sentence, style="not bold")
        )
    more = len(told) - most
    if more > 0:
        console.print(Text(f"and {more:,} more, in --json", style="dim"))


def _show_distances(found: Comparison) -> None:
    table = text_table("distance of", "A from B", "A from A", "B from B")
    for metric, kinds in found.distances.items():
        for kind, distance in kinds.items():
            label = Text(NAMES.get(metric, "all metrics"))
            label.append(f", {DISTANCES[kind]}", style="dim")
            values = (distance.between, distance.a, distance.b)
            table.add_row(label, *(_number(value) for value in values))
    _print(table)


def _show_forecasts(found: Comparison) -> None:
    learners = ("A", "B", NAIVE)
    columns = [(of, by) for of in ("A", "B") for by in learners]
    heads = [f"of {of}\n{'naive' if by == NAIVE else f'by {by}'}" for of, by in columns]
    table = text_table("forecast error (MASE)", *heads)
    for metric, ahead in found.forecasts.items():
        for horizon, errors in ahead.items():
            label = Text(NAMES[metric]).append(f", {horizon} ahead", style="dim")
            table.add_row(label, *(_number(errors[by][of]) for of, by in columns))
    _print(table)


def _number(value: float) -> Text:
    return plain("–" if isnan(value) else f"{value:.2f}")


def _show_facts(found: Comparison) -> None:
    table = text_table("fact", "A", "B")
    for name, fact in known_facts().items():
        values = [side.facts[name] for side in (found.a, found.b)]
        if values != [None, None]:
            label = Text(fact.label).append(f"  {fact.unit}", style="dim")
            table.add_row(label, *(plain(fact.shown(value)) for value in values))
    print_whole(table)
