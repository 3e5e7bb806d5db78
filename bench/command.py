"""The command line that all benchmarks have."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.comparison import run
from bench.report import show, to_json
from fleetsynth.startup import SHELL_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.comparison import Benchmark


def command(
    benchmarks: Mapping[str, Callable[[Path], Benchmark]], repeat: int, text: str
) -> click.Command:
    """Make a command that runs one or all of some benchmarks.

    Args:
        benchmarks: what builds each, given a folder to write to.
        repeat: rounds, unless told otherwise.
        text: what `--help` says.
    """

    @click.command(help=text)
    @click.option("--only", type=click.Choice(list(benchmarks)), help="Run one benchmark.")
    @click.option(
        "--repeat", default=repeat, show_default=True, type=click.IntRange(1), help="Rounds."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    def main(only: str | None, repeat: int, as_json: bool) -> None:
        # So that what has been started is ended with us.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(SHELL_SIGNALS + number))
        with tempfile.TemporaryDirectory() as folder:
            outcomes = {
                name: run(benchmarks[name](Path(folder)), repeat)
                for name in ([only] if only else benchmarks)
            }
        if as_json:
            click.echo(to_json(outcomes))
        else:
            show(outcomes)

    return main
