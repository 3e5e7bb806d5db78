"""What a dataset is like, beside what real fleets are like."""

from __future__ import annotations

import json

import click

from fleetsynth.cli.options import json_option


@click.command()
@click.argument("path")
@click.option(
    "--columns",
    default="",
    metavar="ROLE=COLUMN,…",
    help="Which column is what: timestamp, server, cpu, memory, network, type, service; for one"
    " row per metric also metric and value, where cpu=… names a metric. What is not said is found"
    " by its name.",
)
@click.option(
    "--check", is_flag=True, help="Exit with 1 if a fact is not as wanted, or cannot be measured."
)
@json_option
def facts(*, path: str, columns: str, check: bool, as_json: bool) -> None:
    """Measure what the dataset at PATH is like, beside real fleets.

    PATH is a file or a folder, made by fleetsynth or by anything else: .parquet, .csv, .csv.gz,
    .csv.zst or .arrow, CPU and memory in percent. Each fact stands beside the range over real
    fleets, the fleets themselves, and what the realistic preset is held to ("wanted"); ✗ marks
    what is outside. A fact that the columns do not allow is shown as –.

    Rows in order of server are read in constant memory; others go through temporary files first.

    \b
    Examples
      fleetsynth facts fleet.parquet
      fleetsynth facts fleet/ --json
      fleetsynth facts monitoring.csv --columns server=host,cpu=cpu_user,network=rx_mbps
      fleetsynth facts long.parquet --columns metric=name,value=value,cpu=cpu_pct
    """
    from fleetsynth.dataset.columns import parse_columns
    from fleetsynth.dataset.facts import facts
    from fleetsynth.paths import refuse_missing

    refuse_missing([path])
    found = facts(path, parse_columns(columns))
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        from fleetsynth.cli.show_facts import show_facts

        show_facts(found)
    if check and (found.missed() or found.unmeasured()):
        raise click.exceptions.Exit(1)
