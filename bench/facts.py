"""The facts of ours, other generators and real fleets, as a table: ``python -m bench.facts``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import fleetsynth
from bench.peer.entries import ENTRIES
from fleetsynth.facts.facts_table import known_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SEEDS = (1, 2, 3)
SERVERS = 400
DAYS = 90
STEP = 300
PEERS = ("mockseries", "ts-data-generator")
PEER_SERVERS = 100
"""Theirs are all alike, and slow to make."""

_ROOT = Path(__file__).parents[1]


@click.command()
@click.option("--real", multiple=True, metavar="NAME=FILE", help="Measure a real dataset as well.")
@click.option("--no-peers", is_flag=True, help="Leave other generators out.")
def main(real: tuple[str, ...], *, no_peers: bool) -> None:
    """Measure 400 servers over 90 days at 5 minutes and print a table in Markdown."""
    columns: dict[str, Mapping[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            columns[f"realistic, seed {seed}"] = _ours(Path(folder), "realistic", seed)
        columns["classic"] = _ours(Path(folder), "classic", SEEDS[0])
        for name in () if no_peers else PEERS:
            columns[name] = _peer(Path(folder), name)
        for entry in real:
            name, _, path = entry.partition("=")
            columns[name] = fleetsynth.facts(path).values
    for line in table(columns):
        click.echo(line)


def table(columns: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield the lines of a table: a row per fact, real ranges and bounds first."""
    yield f"| fact | real fleets | wanted | {' | '.join(columns)} |"
    yield "|---|---|---|" + "---|" * len(columns)
    for name, fact in known_facts().items():

        def shown(value: object, decimals: int = fact.decimals) -> str:
            return f"{value:.{decimals}f}" if isinstance(value, float | int) else str(value or "–")

        bounds = fact.range()
        span = f"{shown(bounds[0])} … {shown(bounds[1])}" if bounds else "–"
        wanted = " … ".join(map(shown, fact.wanted or ()))
        cells = [shown(values[name]) for values in columns.values()]
        marks = ["" if fact.holds(v[name]) is not False else " ✗" for v in columns.values()]
        row = [cell + mark for cell, mark in zip(cells, marks, strict=True)]
        unit = f" ({fact.unit})" if fact.unit else ""
        label = fact.label.replace("|", "\\|")
        yield f"| {label}{unit} | {span} | {wanted or '–'} | {' | '.join(row)} |"


def _ours(folder: Path, preset: str, seed: int) -> Mapping[str, Any]:
    path = folder / f"{preset}-{seed}.parquet"
    scenario = {
        "preset": preset,
        "num_servers": SERVERS,
        "start_date": "2024-01-01",
        "end_date": "2024-03-30",
        "granularity": "5min",
        "seed": seed,
        "include_calendar": False,
    }
    fleetsynth.generate(scenario, path)
    values = fleetsynth.facts(path).values
    path.unlink()
    return values


def _peer(folder: Path, name: str) -> Mapping[str, Any]:
    """Install a generator into an environment of its own and measure what it makes."""
    entry, home, output = ENTRIES[name], folder / name, folder / f"{name}-data"
    python = str(home / "bin" / "python")
    module = f"bench.peer.with_{name.replace('-', '_')}"
    ticks = DAYS * 86_400 // STEP
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [python, "-m", "pip", "install", "--quiet", *entry.requirements.split()],
        [python, "-m", module, str(output), str(PEER_SERVERS), str(ticks), str(STEP)],
    ):
        subprocess.run(command, check=True, cwd=_ROOT)
    columns = {"server": "server_id", "cpu": "cpu", "memory": "mem", "network": "net_in"}
    return fleetsynth.facts(output / "part-00000.parquet", columns).values


if __name__ == "__main__":
    main()
