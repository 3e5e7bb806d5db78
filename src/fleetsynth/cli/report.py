"""``fleetsynth report``: a dataset as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from fleetsynth.cli.options import overwrite_option


@click.command()
@click.argument("dataset", metavar="PATH")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="Where to.",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="Hold the data against this scenario file instead of the one that they carry.",
)
@click.option(
    "--columns",
    metavar="OURS=THEIRS,…",
    help="Names of columns in data of another origin, such as server_id=host,cpu_p95=cpu.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 200),
    default=12,
    show_default=True,
    metavar="N",
    help="How many of the servers closest to saturation to show.",
)
@click.option("--no-facts", is_flag=True, help="Leave out the figures beside real fleets.")
@overwrite_option
def report(
    *,
    dataset: str,
    output: Path,
    scenario: Path | None,
    columns: str | None,
    top: int,
    no_facts: bool,
    overwrite: bool,
) -> None:
    """Sum PATH up in one HTML file: charts, filters and tables, with nothing fetched.

    PATH is a file, a dataset folder or an object store. Whoever opens the report needs a browser
    and nothing else. The same data give the same bytes.

    \b
    Examples
      fleetsynth report fleet.parquet
      fleetsynth report fleet/ -o fleet.html --top 30
      fleetsynth report other.csv --columns timestamp=time,server_id=host,cpu_p95=cpu
    """
    from fleetsynth.reports import report

    report(
        dataset,
        output,
        scenario=scenario,
        columns=parse_columns(columns),
        servers=top,
        facts=not no_facts,
        overwrite=overwrite,
    )
    click.echo(f"wrote {output}")


def parse_columns(text: str | None) -> dict[str, str]:
    """Read a mapping such as ``server_id=host,cpu_p95=cpu``."""
    from fleetsynth.errors import UsageError

    out: dict[str, str] = {}
    for pair in (text or "").split(","):
        ours, equals, theirs = (word.strip() for word in pair.partition("="))
        if pair.strip() and not (ours and equals and theirs):
            raise UsageError(f"--columns {pair}: expected OURS=THEIRS, such as server_id=host")
        if pair.strip():
            out[ours] = theirs
    return out
