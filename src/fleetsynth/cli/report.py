"""``fleetsynth report``: a dataset as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fleetsynth.cli.judging import (
    instance_types_option,
    judging,
    judging_options,
    say_unknown_types,
)
from fleetsynth.cli.options import (
    LOCAL_PATH,
    overwrite_option,
    read_options,
    reading_options,
    waiting,
)
from fleetsynth.cli.say import say, show_understood


@click.command(short_help="Sum a dataset up in one HTML file.")
@click.argument("dataset", metavar="PATH")
@click.option(
    "-o",
    "--output",
    type=LOCAL_PATH,
    default=Path("report.html"),
    show_default=True,
    help="Where to.",
)
@click.option(
    "--scenario",
    type=LOCAL_PATH,
    help="Compare the data with this scenario file instead of the one stored in them.",
)
@reading_options
@judging_options
@instance_types_option
@click.option(
    "--top",
    type=click.IntRange(1, 200),
    default=12,
    show_default=True,
    metavar="N",
    help="How many lines of the list of what runs out to show before all of them.",
)
@click.option("--no-validation", is_flag=True, help="Leave out the verdicts of `validate`.")
@click.option("--no-facts", is_flag=True, help="Leave out the comparison with real fleets.")
@overwrite_option
def report(
    *,
    dataset: str,
    output: Path,
    scenario: Path | None,
    top: int,
    instance_types: Path | None,
    no_validation: bool,
    no_facts: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Sum up PATH in one HTML file: what runs out, when, what to do; charts, tables, filters.

    PATH is a file, a dataset folder or an object store. Whoever opens the report needs a browser
    and nothing else. The same data give the same bytes, on the same machine. How the data are read,
    and what is refused: docs/reading.md. Hours, days and weekends are those of the data's zone.
    What runs out is judged as `fleetsynth capacity` judges it: docs/capacity.md.

    \b
    Examples
      fleetsynth report fleet.parquet
      fleetsynth report fleet/ -o fleet.html --top 30
      fleetsynth report fleet/ --usable cpu=80,disk=90 --lead-time 45d
      fleetsynth report other.csv --columns timestamp=time,server=host,cpu=cpu
    """
    from fleetsynth.report.write import report
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([dataset])
    asked = judging(options)
    with waiting("summing up") as aside:
        report(
            dataset,
            output,
            scenario=scenario,
            options=read_options(options),
            **asked,
            servers=top,
            instance_types=instance_types,
            validation=not no_validation,
            facts=not no_facts,
            overwrite=overwrite,
            told=aside(show_understood),
            unknown=aside(say_unknown_types),
        )
    say(f"wrote {output}")
