"""The evidence behind capacity's dates, on seeds of its own: ``python -m bench.capacity``."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pyarrow.parquet as pq

import fleetsynth
from fleetsynth.presets.scenarios import packaged_text
from fleetsynth.scenario.text import parse
from tests.capacity.scoring import Score, score
from tests.capacity.series import KINDS, LAST, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEEDS = (4001, 4002, 4003, 4004)
"""Seeds on which nothing was tuned, as it was on 1001 and 2001 and those after them."""
SERVERS = 400
_DAYS = 731
"""Days of the two years that are shown of fleets; the third goes on."""
_BIG = {"num_servers": 10_000, "start_date": "2022-01-01", "end_date": "2024-12-31"}


@click.command()
@click.option("--only", type=click.Choice(["known", "fleets", "time"]), multiple=True)
@click.option("--seeds", type=int, multiple=True, help="Other seeds, of series and fleets.")
@click.option("--fleet", type=str, multiple=True, help="Some fleets, by the begin of their names.")
def main(only: tuple[str, ...], seeds: tuple[int, ...], fleet: tuple[str, ...]) -> None:
    """Print the tables of docs/capacity.md, and what ten thousand servers take."""
    if not only or "known" in only:
        click.echo("\n".join(table(of_known(seeds or SEEDS))))
    if not only or "fleets" in only:
        click.echo("\n".join(table(of_fleets(seeds or SEEDS, fleet or ("",)))))
    if not only or "time" in only:
        click.echo(timed())


def of_known(seeds: tuple[int, ...]) -> Iterator[tuple[str, Score]]:
    """Yield the score of each kind of series."""
    for kind in KINDS:
        metric = "disk" if kind == "saw-tooths" else "cpu"
        yield kind, score([known(kind, seed) for seed in seeds], LAST, metric=metric)


def of_fleets(seeds: tuple[int, ...], some: tuple[str, ...]) -> Iterator[tuple[str, Score]]:
    """Yield the score of each metric of realistic and classic fleets in their third year."""
    with tempfile.TemporaryDirectory() as folder:
        fleets = {name: said for name, said in FLEETS.items() if name.startswith(some)}
        for name, scenario in fleets.items():
            paths = [
                _fleet(Path(folder) / f"{name}-{seed}.parquet", scenario, seed) for seed in seeds
            ]
            for metric in ("cpu", "mem", "disk"):
                read = [_series(path, f"{metric}_p95") for path in paths]
                sets = [(values, _DAYS) for values, *_ in read]
                last = int(np.datetime64("2024-01-01").astype(np.int64))
                groups, services = [each[1] for each in read], [each[2] for each in read]
                yield f"{name}, {metric}", score(sets, last, groups, metric, services)


_NO_STORIES: dict[str, object] = {"preset": "realistic", "stories": {"share": 0}}
FLEETS: dict[str, dict[str, object]] = {
    "realistic, no incidents": {**_NO_STORIES, "incidents": {"intensity": 0}},
    "realistic, no stories": _NO_STORIES,
    "realistic, as packaged": {"preset": "realistic"},
    "planner": parse(packaged_text("planner"), "planner"),
    "classic, monthly growth": {"growth": {"mode": "monthly"}},
}


def table(scores: Iterator[tuple[str, Score]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield "| set | breaches | dated | error | in the interval | false alarms | of the quiet |"
    yield "|---|---|---|---|---|---|---|"
    for name, found in scores:
        error = "–" if np.isnan(found.error) else f"{found.error:.0f} days"
        inside = "–" if np.isnan(found.coverage) else f"{found.coverage:.2f}"
        yield (
            f"| {name} | {found.breaches} | {found.dated} | {error} | {inside} | "
            f"{found.false_share:.2f} | {found.false_rate:.3f} |"
        )


def timed() -> str:
    """Return what the table of 10,000 servers, three years and three metrics takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.parquet"
        fleetsynth.generate({**_BIG, "growth": {"mode": "monthly"}}, path)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "fleetsynth", "capacity", str(path), "--json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - begun
    return f"10,000 servers x 3 years x 3 metrics: {cpu:.1f} s of CPU, {wall:.1f} s, " + (
        f"{after.ru_maxrss / 1024:.0f} MB"
    )


def _fleet(path: Path, scenario: dict[str, object], seed: int) -> Path:
    fleetsynth.generate({**scenario, **_BIG, "num_servers": SERVERS, "seed": seed}, path)
    return path


def _series(
    path: Path, column: str
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return values, archetypes and services, -1 where the fleet has none."""
    read = pq.read_table(path)
    values = read[column].to_numpy().astype(np.float64).reshape(SERVERS, -1)
    kinds, services = (
        _codes(read[label].to_pylist()) if label in read.column_names else np.full(SERVERS, -1)
        for label in ("server_type", "service")
    )
    return values, kinds, services


def _codes(words: list[str]) -> NDArray[np.int64]:
    of_servers = np.array(words).reshape(SERVERS, -1)[:, 0]
    return np.unique(of_servers, return_inverse=True)[1].astype(np.int64)


if __name__ == "__main__":
    main()
