"""What a dataset is like, beside what real fleets are like."""

from __future__ import annotations

from typing import Any

import click

from fleetsynth.cli.options import json_option, read_options, reading_options, waiting
from fleetsynth.cli.say import say_json


@click.command(short_help="Measure what a dataset is like, beside real fleets.")
@click.argument("path")
@reading_options
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 if a fact is outside the wanted range, or cannot be measured.",
)
@json_option
def facts(*, path: str, check: bool, as_json: bool, **reading: Any) -> None:
    """Measure what the dataset at PATH is like, next to real fleets.

    PATH is a file or a folder, made by fleetsynth or by anything else, in any format that
    `generate` writes, CPU and memory in percent. Each fact is shown next to the range over real
    fleets, the fleets themselves, and what a preset like them has to meet ("wanted"); ✗
    marks what is outside. A fact that the columns do not allow is shown as –. Data with another
    step than five minutes, that of the real fleets, cannot be compared with them.

    How the data are read, and what is refused: docs/reading.md. What was understood is said in one
    line, and in --json under "understood".

    Rows in order of server are read in constant memory; others go through temporary files first.

    \b
    Examples
      fleetsynth facts fleet.parquet
      fleetsynth facts fleet/ --json
      fleetsynth facts monitoring.csv --columns server=host,cpu=cpu_user,network=rx_mbps
      fleetsynth facts long.parquet --columns metric=name,value=value,cpu=cpu_pct
      fleetsynth facts export.csv --columns time=t:s --timezone Europe/Berlin
    """
    from fleetsynth.facts.dataset import facts
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([path])
    with waiting("measuring", silent=as_json):
        found = facts(path, options=read_options(reading))
    if as_json:
        say_json(found.to_dict())
    else:
        from fleetsynth.cli.show_facts import show_facts

        show_facts(found)
    if check and (found.missed() or found.unmeasured()):
        raise click.exceptions.Exit(1)
