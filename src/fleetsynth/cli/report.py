"""``fleetsynth report``: a dataset as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from fleetsynth.cli.options import LOCAL_PATH, overwrite_option
from fleetsynth.cli.say import say


@click.command()
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
    help="Hold the data against this scenario file instead of the one that they carry.",
)
@click.option(
    "--columns",
    default="",
    metavar="ROLE=COLUMN,…",
    help="What the dataset calls our columns, such as timestamp=ts,server=host,cpu=cpu_pct.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 200),
    default=12,
    show_default=True,
    metavar="N",
    help="How many of the servers that run out first to show.",
)
@click.option("--no-validation", is_flag=True, help="Leave out the verdicts of `validate`.")
@click.option("--no-facts", is_flag=True, help="Leave out the figures beside real fleets.")
@overwrite_option
def report(
    *,
    dataset: str,
    output: Path,
    scenario: Path | None,
    columns: str,
    top: int,
    no_validation: bool,
    no_facts: bool,
    overwrite: bool,
) -> None:
    """Sum PATH up in one HTML file: charts, filters and tables, with nothing fetched.

    PATH is a file, a dataset folder or an object store. Whoever opens the report needs a browser
    and nothing else. The same data give the same bytes, on the same machine.

    \b
    Examples
      fleetsynth report fleet.parquet
      fleetsynth report fleet/ -o fleet.html --top 30
      fleetsynth report other.csv --columns timestamp=time,server=host,cpu=cpu
    """
    from fleetsynth.paths import refuse_missing
    from fleetsynth.reader import parse_columns
    from fleetsynth.reports import report

    refuse_missing([dataset])
    report(
        dataset,
        output,
        scenario=scenario,
        columns=parse_columns(columns),
        servers=top,
        validation=not no_validation,
        facts=not no_facts,
        overwrite=overwrite,
    )
    say(f"wrote {output}")
