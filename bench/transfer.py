"""Forecasters learned from synthetic fleets, asked about real ones: `python -m bench.transfer`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

import fleetsynth
from fleetsynth.cli.options import read_columns
from fleetsynth.compare.forecast import horizons, learn, linear, mase
from fleetsynth.compare.stretches import Stretches
from fleetsynth.formats.options import ReadOptions
from fleetsynth.reader import ScatteredError, open_dataset
from fleetsynth.scenario.text import parse_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.compare.forecast import Learner, Model
    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.reader.grid import Series, Server

GOAL = 1.15
"""How many times the error of a real-trained forecaster a synthetic-trained one may have."""
SERVERS = 150
_ENDINGS = (".csv", ".csv.gz", ".parquet", ".arrow", ".jsonl")
_HIDDEN, _FOLDS = 128, 5
_PRESETS = ("realistic", "classic")


@click.command()
@click.argument("real", type=click.Path(path_type=Path, exists=True))
@click.option("--fleet", multiple=True, metavar="FILE", help="A synthetic fleet; ours if not said.")
@click.option("--metric", default="cpu", show_default=True, help="The role that is forecast.")
@click.option("--columns", default="", metavar="ROLE=COLUMN,…", help="Of the real files.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Of our fleet.")
def main(
    real: Path, fleet: tuple[str, ...], metric: str, columns: str, settings: tuple[str, ...]
) -> None:
    """Learn from synthetic fleets and from real ones, and forecast every file in the folder REAL.

    REAL is a folder of files as the reader understands them, one a dataset, or one such file; a
    point every five minutes. Prints MASE (over the forecast "as a day before") of forecasters that
    learned from four fifths of the servers of the file, about the other fifth, and of the same
    forecasters that learned from each synthetic fleet, with the ratio of the two.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = list(fleet) or [str(ours(Path(folder), preset, settings)) for preset in _PRESETS]
        fleets = {Path(path).stem: drawn(path, ReadOptions()) for path in paths}
    said = ReadOptions(columns=read_columns(columns))
    for line in table(real, fleets, metric, said):
        click.echo(line)


def ours(folder: Path, preset: str, settings: Iterable[str]) -> Path:
    """Generate a fleet of 150 servers over 35 days at 5 minutes; settings are of the realistic."""
    overrides: dict[str, Any] = {
        "preset": preset,
        "num_servers": SERVERS,
        "granularity": "5min",
        "start_date": "2024-01-01",
        "end_date": "2024-02-04",
    }
    for setting in settings if preset == _PRESETS[0] else ():
        key, _, value = setting.partition("=")
        overrides[key] = parse_value(value, f"--set {setting}")
    scenario = fleetsynth.load_scenario(overrides=overrides)
    path = folder / f"{preset}.parquet"
    fleetsynth.generate(scenario, path)
    return path


def drawn(path: str, options: ReadOptions) -> list[Stretch]:
    """Return at most 300 server-weeks of a dataset."""
    dataset = open_dataset(path, options)
    servers = dataset.servers()
    try:
        return _kept(servers.in_order())
    except ScatteredError:
        return _kept(servers.sorted())


def table(
    real: Path, fleets: dict[str, list[Stretch]], metric: str, options: ReadOptions
) -> Iterator[str]:
    """Yield the lines of a table in Markdown: a row per file, forecaster and horizon."""
    head = "".join(f" {name} | {name} / real |" for name in fleets)
    yield f"| of | forecaster | ahead | real |{head}"
    yield "|---|---|---|---|" + "---|---|" * len(fleets)
    lines = []
    for path in [real] if real.is_file() else sorted(real.iterdir()):
        if not path.name.endswith(_ENDINGS):
            continue
        stretches = [x for x in drawn(str(path), options) if metric in x.series]
        if len({stretch.server for stretch in stretches}) < 2:
            lines.append(f"{path.name}: left out, fewer than two servers with a week of {metric}")
            continue
        ratios: dict[str, list[float]] = {name: [] for name in fleets}
        for name, ahead, own, errors in scored(stretches, fleets, metric):
            cells = "".join(f" {error:.2f} | {error / own:.2f} |" for error in errors.values())
            yield f"| {path.name} | {name} | {ahead} | {own:.2f} |{cells}"
            for synthetic, error in errors.items():
                ratios[synthetic].append(error / own)
        means = (f"{name} / real {np.exp(np.mean(np.log(of))):.2f}" for name, of in ratios.items())
        lines.append(f"{path.name}: {', '.join(means)} (geometric mean; goal: at most {GOAL})")
    yield ""
    yield from lines


def scored(
    stretches: list[Stretch], fleets: dict[str, list[Stretch]], metric: str
) -> Iterator[tuple[str, str, float, dict[str, float]]]:
    """Yield forecaster, horizon, its error learned from the same estate, and from each fleet."""
    for name, learner in LEARNERS.items():
        for ahead, steps in horizons(stretches[0].step).items():
            own = real_error(stretches, metric, steps, learner)
            errors = {
                synthetic: mase(learn(trained, metric, steps, learner), stretches, metric, steps)
                for synthetic, trained in fleets.items()
            }
            yield name, ahead, own, errors


def real_error(stretches: list[Stretch], metric: str, steps: int, learner: Learner) -> float:
    """Return the error about a fifth of the servers of what learned from the others, all fifths."""
    names = sorted({stretch.server for stretch in stretches})
    fold = {name: place % min(_FOLDS, len(names)) for place, name in enumerate(names)}
    errors, weights = [], []
    for number in set(fold.values()):
        asked = [x for x in stretches if fold[x.server] == number]
        others = [x for x in stretches if fold[x.server] != number]
        errors.append(mase(learn(others, metric, steps, learner), asked, metric, steps))
        weights.append(0 if np.isnan(errors[-1]) else len(asked))
    return float(np.average(np.nan_to_num(errors), weights=weights))


def hidden(seen: Series, wanted: Series) -> Model:
    """Learn a linear forecast over random features, max(0, projection): one that is not linear."""
    draw = np.random.default_rng(1)
    weights = draw.normal(size=(seen.shape[1], _HIDDEN)) / seen.shape[1] ** 0.5
    shifts = draw.normal(size=_HIDDEN)

    def wider(rows: Series) -> Series:
        return np.column_stack((rows, np.maximum(rows @ weights + shifts, 0)))

    model = linear(wider(seen), wanted)
    return lambda rows: model(wider(rows))


LEARNERS: dict[str, Learner] = {"linear": linear, "random features": hidden}


def _kept(servers: Iterable[Server]) -> list[Stretch]:
    stretches = Stretches()
    for server in servers:
        stretches.add(server)
    return stretches.kept(stretches.step())


if __name__ == "__main__":
    main()
