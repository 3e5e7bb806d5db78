"""Run the benchmarks of the classic model: ``python -m bench.classic``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from bench import cold, csv_gz, floor, table
from bench.comparison import run
from bench.report import show, to_json

BENCHMARKS = {
    "table": table.benchmark,
    "cold": cold.benchmark,
    "floor": floor.benchmark,
    "csv_gz": csv_gz.benchmark,
}
"""What builds each benchmark, given a folder to write to."""


@click.command()
@click.option("--only", type=click.Choice(list(BENCHMARKS)), help="Run one benchmark.")
@click.option("--repeat", default=5, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(only: str | None, repeat: int, as_json: bool) -> None:
    """Measure fleetsynth against baselines, as ratios within one run."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = {
            name: run(BENCHMARKS[name](Path(folder)), repeat)
            for name in ([only] if only else BENCHMARKS)
        }
    if as_json:
        click.echo(to_json(outcomes))
    else:
        show(outcomes)


if __name__ == "__main__":
    main()
