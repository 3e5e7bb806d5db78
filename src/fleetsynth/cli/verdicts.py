"""Verdicts on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from fleetsynth.cli.terminal import open_console, plain, print_whole
from fleetsynth.clock import HOUR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fleetsynth.validate.verdict import Validation, Verdict

_STYLES = {"ok": "green", "fail": "bold red", "untestable": "yellow"}
_NUMBERS = ("scenario", "data", "interval", "p-value", "detectable")


@contextmanager
def comparison_bar() -> Iterator[Callable[[int, int], None]]:
    """Say on stderr how long it takes to compare all servers, then show a bar.

    Yields what to call with the servers done and to be done, before the first and after each.
    """
    stderr = Console(stderr=True)
    bar = Progress(
        TextColumn("comparing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("servers"),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
    )
    task = bar.add_task("")
    begun = 0.0

    def advance(done: int, total: int) -> None:
        nonlocal begun
        if done == 0:
            begun = monotonic()
        if done == 1:
            stderr.print(
                f"generating {total:,} servers again to compare every value: "
                f"about {in_time((monotonic() - begun) * total)}"
            )
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()


def in_time(seconds: float) -> str:
    """Write a duration for people: in seconds below two minutes, in minutes below two hours."""
    for size, unit in ((HOUR_SECONDS, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, seconds):.0f} s"


def show_validation(validation: Validation, *, show_all: bool) -> None:
    """Print what was found: structure in words, estimates in a table."""
    structure = [v for v in validation.verdicts if v.kind == "structure"]
    estimates = [v for v in validation.verdicts if v.kind == "statistics"]
    _show_structure(structure, show_all=show_all)
    if estimates:
        open_console().print()
        _show_estimates(estimates)
    elif validation.scenario is None:
        open_console().print(Text("no scenario to compare the values with: see --scenario", "dim"))
    open_console().print()
    _show_sum(validation)


def _show_structure(verdicts: Iterable[Verdict], *, show_all: bool) -> None:
    out = _table("check", "verdict", "found")
    passed = 0
    for verdict in verdicts:
        if verdict.status == "ok" and not show_all and verdict.subject:
            passed += 1
            continue
        name = " ".join(filter(None, (verdict.name, verdict.subject)))
        out.add_row(plain(name), _status(verdict), plain(verdict.found))
        for place in verdict.places:
            out.add_row("", "", plain(f"  {place}", "dim"))
    print_whole(out)
    if passed:
        open_console().print(Text(f"and {passed} checks of single columns: ok", "dim"))


def _show_estimates(verdicts: Iterable[Verdict]) -> None:
    out = _table("figure", "verdict", numbers=_NUMBERS)
    for verdict in verdicts:
        shared = verdict.name in ("quarter end", "holiday")
        name = f"{verdict.name}, {verdict.subject}" if shared else verdict.subject
        out.add_row(
            plain(name),
            _status(verdict),
            _number(verdict.expected),
            _number(verdict.estimate),
            "" if verdict.low is None else f"{_number(verdict.low)} … {_number(verdict.high)}",
            "" if verdict.p_value is None else f"{verdict.p_value:.2g}",
            _deviation(verdict),
        )
    print_whole(out)


def _show_sum(validation: Validation) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in validation.counts().items())
    head = "ok" if validation.ok else f"{len(validation.failed)} of the checks failed"
    line = plain(f"{validation.path}: ").append(head, _STYLES["ok" if validation.ok else "fail"])
    line.append(f" ({validation.rows:,} rows, {validation.servers:,} servers; {counts})", "dim")
    open_console().print(line)


def _status(verdict: Verdict) -> Text:
    return Text(verdict.status, _STYLES[verdict.status])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _deviation(verdict: Verdict) -> str:
    if verdict.detectable is None or verdict.expected is None:
        return ""
    if verdict.relative and verdict.expected:
        return f"{verdict.detectable / abs(verdict.expected):.1%}"
    return f"{verdict.detectable:.3f}"


def _table(*words: str, numbers: Iterable[str] = ()) -> Table:
    out = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in words:
        out.add_column(Text(name), no_wrap=True)
    for name in numbers:
        out.add_column(Text(name), justify="right", no_wrap=True)
    return out
