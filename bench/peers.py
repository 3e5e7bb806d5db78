"""Run other generators on the same kind of work: ``python -m bench.peers``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from bench.peer.contest import Contest
from bench.peer.entries import ENTRIES
from bench.peer.table import plain, show


@click.command()
@click.option("--only", type=click.Choice(list(ENTRIES)), multiple=True, help="Run some peers.")
@click.option("--repeat", default=3, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(only: tuple[str, ...], repeat: int, as_json: bool) -> None:
    """Install other generators into environments of their own and compare rows per CPU-second."""
    with tempfile.TemporaryDirectory() as folder:
        contest = Contest(Path(folder))
        for name in only or ENTRIES:
            contest.admit(name, ENTRIES[name])
        for _ in range(repeat):
            contest.round()
    if as_json:
        click.echo(json.dumps(plain(contest), indent=2))
    else:
        show(contest)


if __name__ == "__main__":
    main()
