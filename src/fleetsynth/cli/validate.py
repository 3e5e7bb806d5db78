"""Validation on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import (
    LOCAL_PATH,
    comparing,
    json_option,
    read_options,
    reading_options,
)
from fleetsynth.cli.say import say_json, show_understood
from fleetsynth.presets import PRESETS

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Check the form of a dataset, and what its scenario says.")
@click.argument("path")
@click.option(
    "--scenario",
    type=LOCAL_PATH,
    metavar="FILE",
    help="Compare with this scenario, not with the one that the dataset itself names.",
)
@click.option(
    "--preset",
    metavar="NAME",
    help=f"Compare with a packaged scenario: {' or '.join(PRESETS)}.",
)
@reading_options
@click.option(
    "--full",
    is_flag=True,
    help="Compare every value of a dataset of ours with what its scenario generates, not only those"
    " of some servers: takes as long as generating it did.",
)
@click.option("-a", "--all", "show_all", is_flag=True, help="Show every structural check.")
@json_option
def validate(
    *,
    path: str,
    scenario: Path | None,
    preset: str | None,
    full: bool,
    show_all: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Check the dataset at PATH: a file, a folder or s3://bucket/prefix, ours or anyone's.

    Its form: columns and types, order, duplicates, gaps, bounds, stuck and copied series,
    calendar columns against the clock, what is said of each server, the manifest of a folder.
    And, where the model of its scenario says how values vary, its values: each figure of the
    scenario beside its estimate from the data, the confidence interval, the p-value, and the
    smallest deviation that a dataset of this size would show ("detectable", with power 0.99).
    Data that do follow their scenario fail by chance once in 1,000 runs.

    A dataset of ours names its scenario itself. For any other, --scenario says what it should
    be; without, only the form is checked. Exit code 1 if anything failed. How the data are read,
    and what is refused: docs/reading.md.

    \b
    Examples
      fleetsynth validate fleet.parquet
      fleetsynth validate fleet/ --json
      fleetsynth validate fleet/ --full
      fleetsynth validate export.csv --columns timestamp=ts,server=host,cpu=cpu_pct
      fleetsynth validate export.csv --columns timestamp=ts --scenario fleet.yaml
    """
    from fleetsynth.errors import UsageError
    from fleetsynth.presets.load import default_scenario
    from fleetsynth.stores.paths import refuse_missing
    from fleetsynth.validate.dataset import validate as check

    refuse_missing([path])
    if scenario and preset:
        raise UsageError("--scenario and --preset both say what to compare with: choose one")
    against = default_scenario(preset) if preset else scenario
    with comparing(silent=not full) as compared:
        validation = check(
            path, against, options=read_options(reading), full=full, compared=compared
        )
    if as_json:
        say_json(validation.to_dict())
    else:
        from fleetsynth.cli.verdicts import show_validation
        from fleetsynth.reader import Understood

        show_understood(Understood(**validation.understood))
        show_validation(validation, show_all=show_all)
    if not validation.ok:
        raise click.exceptions.Exit(1)
