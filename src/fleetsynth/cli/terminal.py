"""How text comes onto a terminal: as it is, whole, and in tables without frames."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from fleetsynth.shown import shown


def plain(text: object, style: str = "") -> Text:
    """Return text to print as it is: no markup, and nothing that a terminal acts upon."""
    return Text(shown(text), style)


class _Console(Console):
    """A console that leaves a broken pipe to `main`; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Pass the error on."""
        raise BrokenPipeError


def open_console(*, soft_wrap: bool = True, width: int | None = None, err: bool = False) -> Console:
    """Return a console on stdout, or on stderr if that is said."""
    return _Console(soft_wrap=soft_wrap, highlight=False, width=width, stderr=err)


_LABEL = 9
"""Characters that labels take at least, so that one summary is like another."""


def print_facts(console: Console, **facts: str) -> None:
    """Print a line per fact: its label, and what it is."""
    width = max(_LABEL, *map(len, facts))
    for label, value in facts.items():
        told = Text(f"{label:<{width}} ", style="dim")
        console.print(told.append(shown(value, None), style="not dim"))


def print_whole(table: Table, *, err: bool = False) -> None:
    """Print a table at its own width: figures that are cut short mislead."""
    endless = open_console(width=10_000)
    needed = Measurement.get(endless, endless.options, table).maximum
    open_console(width=max(needed, open_console(err=err).width), err=err).print(table)


def text_table(first: str, *others: str) -> Table:
    """Return a table of text in its first column, and of figures in the others."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(Text(first), no_wrap=True)
    for name in others:
        table.add_column(Text(name), justify="right", no_wrap=True)
    return table
