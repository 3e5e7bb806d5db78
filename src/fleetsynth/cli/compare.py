"""Two datasets side by side: whether they can be told apart, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import (
    LOCAL_PATH,
    json_option,
    overwrite_option,
    pieces,
    read_columns,
    read_options,
    reading_options,
    waiting,
)
from fleetsynth.cli.say import say_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Tell whether two datasets can be told apart, and by what.")
@click.argument("a")
@click.argument("b")
@reading_options
@click.option(
    "--columns-a",
    default="",
    metavar="ROLE=COLUMN,…",
    help="Which column of A is what. All other options of this kind speak of B.",
)
@click.option("--both", is_flag=True, help="Read A by the options of B as well.")
@click.option(
    "--stretches",
    type=click.IntRange(min=8),
    default=300,
    show_default=True,
    metavar="N",
    help="Stretches that are drawn of either at most, a week each at 5 minutes.",
)
@click.option(
    "--metrics",
    metavar="LIST",
    help="Compare these alone, of cpu, memory, disk, network and net_out.",
)
@click.option(
    "--html",
    type=LOCAL_PATH,
    metavar="FILE",
    help="Also write a page with pictures, such as it.html.",
)
@overwrite_option
@json_option
def compare(
    *,
    a: str,
    b: str,
    columns_a: str,
    both: bool,
    stretches: int,
    metrics: str | None,
    html: Path | None,
    overwrite: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Tell whether the datasets at A and B can be told apart, and by what.

    A and B are files, folders or URLs, made by fleetsynth or by anything else, such as your own
    monitoring. A classifier learns from half of the servers of both and is asked about the others:
    an AUC of .5 cannot tell, 1 always knows. Beside it stands the floor: the same for two halves
    of A, and of B. What gives them away follows in words, the clearest first.

    Both must have eight whole stretches (a week each at steps of up to an hour). Points of the one
    with the finer step are averaged to the coarser one, if that is a multiple. Rows in order of
    server are read in constant memory; others go through temporary files.

    \b
    Examples
      fleetsynth compare fleet.parquet ours.parquet
      fleetsynth compare fleet.parquet export.csv --columns server=host,cpu=cpu_user
      fleetsynth compare fleet.parquet ours.parquet --metrics cpu,memory
      fleetsynth compare fleet/ s3://bucket/real/ --json
      fleetsynth compare fleet.parquet ours.parquet --html compared.html
    """
    from fleetsynth.compare.dataset import compare
    from fleetsynth.compare.stretches import METRICS
    from fleetsynth.files import refuse_existing, refuse_no_page
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([a, b])
    if html is not None:
        refuse_no_page(html)
        refuse_existing(html, overwrite=overwrite)
    options = read_options(reading)
    with waiting("comparing", silent=as_json):
        found = compare(
            a,
            b,
            options=options,
            columns_a=read_columns(columns_a, "columns-a"),
            options_a=options if both else None,
            stretches=stretches,
            metrics=pieces(metrics, "metrics", "cpu,memory") if metrics is not None else METRICS,
        )
    if html is not None:
        found.write_html(html, overwrite=overwrite)
    if as_json:
        say_json(found.to_dict())
        return
    from fleetsynth.cli.show_compare import show_comparison

    show_comparison(found)
