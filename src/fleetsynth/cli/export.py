"""Datasets into other systems."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.events import data_of
from fleetsynth.cli.options import PLACE, json_option, progress, scenario_overrides
from fleetsynth.cli.say import say, say_json
from fleetsynth.cli.streaming import noting, streaming, streaming_options
from fleetsynth.formats import STANDARD_OUTPUT

if TYPE_CHECKING:
    from fleetsynth.sinks.result import Exported

SAMPLES = "samples"
"""What is counted of series."""


@click.command(short_help="Publish a dataset in a database, lake or monitoring system.")
@click.argument("path", required=False, type=PLACE, metavar="[PATH|SCENARIO]")
@scenario_overrides
@click.option(
    "--to",
    required=True,
    metavar="DESTINATION",
    help="Where to: postgresql://HOST/DATABASE, FILE.duckdb, FILE.sqlite, delta:FOLDER,"
    " iceberg:FOLDER, FILE.xlsx, a file of a format of `generate`, or - for standard output; or a"
    " monitoring system, such as prometheus:http://HOST:9090. See docs/export.md.",
)
@click.option("--schema", metavar="NAME", help="Schema of the tables; made if it is not there.")
@click.option(
    "--format", "file_format", metavar="NAME", help="Format of standard output, such as csv."
)
@click.option(
    "--components",
    is_flag=True,
    help="Of a scenario, export the parts that add up to each value as well.",
)
@click.option(
    "--labels",
    is_flag=True,
    help="Of a scenario, export what is anomalous, and why, as well.",
)
@click.option(
    "--append", is_flag=True, help="Add the rows that are not there yet to tables that are."
)
@click.option("--overwrite", is_flag=True, help="Replace our tables of another dataset.")
@streaming_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def export(
    *,
    path: str | None,
    to: str,
    schema: str | None,
    file_format: str | None,
    components: bool,
    labels: bool,
    append: bool,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Publish all tables of a dataset at PATH, or of a SCENARIO, in another system.

    PATH is a file, a dataset folder or an object store; a SCENARIO is simulated on the way. All
    tables appear together or not at all, and a run that fails leaves what was there. The same
    dataset may be exported again: it is there once. Another one is replaced only with --overwrite,
    and tables that fleetsynth has not made are never touched.

    To a monitoring system the series of a SCENARIO are sent, batch by batch, and what is sent stays
    there: the same command goes on where one has ended, and sends nothing twice.

    Passwords are best left to PGPASSWORD or ~/.pgpass, tokens to FLEETSYNTH_TOKEN: other users of
    this machine may see what is typed.

    \b
    Examples
      fleetsynth export fleet/ --to postgresql://localhost/telemetry --schema fleet
      fleetsynth export fleet.parquet --to fleet.duckdb
      fleetsynth export fleet.yaml --to fleet.sqlite
      fleetsynth export fleet/ --to delta:lake
      fleetsynth export fleet/ --to postgresql:///telemetry --append
      fleetsynth export fleet/ --to - --format csv | head
      fleetsynth export fleet.yaml --to prometheus:http://localhost:9090 --rate 100000
    """
    from fleetsynth.sinks import find_system
    from fleetsynth.sinks.export import export as publish
    from fleetsynth.sinks.export import open_contents, open_push
    from fleetsynth.sinks.push import Push

    how = streaming(options)
    system, place = find_system(to)
    apart = STANDARD_OUTPUT in (to, place)
    silent = quiet or as_json or (apart and sys.stdout is not None and sys.stdout.isatty())
    data = data_of(path, options)
    opened = (
        open_push(data, to, how, components=components, labels=labels, overwrite=overwrite)
        if system.streamed
        else open_contents(data, components=components, labels=labels)
    )
    if isinstance(opened, Push) and not quiet:
        opened.tell = partial(say, err=True)
    unit = SAMPLES if system.streamed else "rows"
    doing = "sending" if system.streamed else "exporting"
    with noting(), progress(opened.cells, silent=silent, unit=unit, doing=doing) as advance:
        exported = publish(
            opened,
            to,
            schema=schema,
            file_format=file_format,
            append=append,
            overwrite=overwrite,
            streaming=how,
            progress=advance,
        )
    if as_json:
        say_json(exported.to_dict(), err=apart)
    elif not quiet:
        _show(exported, err=apart)


def _show(exported: Exported, *, err: bool) -> None:
    """Say what was published, a table a line."""
    if exported.already:
        say(f"already there, unchanged: {exported.to}", err=err)
        return
    unit = "" if SAMPLES in exported.tables else "rows"
    for name, rows in exported.tables.items():
        say(f"{name:<16} {rows:>14,} {unit}".rstrip(), err=err)
    rate = exported.rows / exported.seconds
    say(f"{'time':<16} {exported.seconds:>14,.2f} s, {rate:,.0f} {unit or SAMPLES}/s", err=err)
    if exported.digest:
        say(f"{'digest':<16} {exported.digest}", err=err)
    say(f"wrote {exported.to}", err=err)


@click.command(short_help="Print CREATE TABLE statements for a dataset.")
@click.argument("path", required=False, type=PLACE, metavar="[PATH|SCENARIO]")
@scenario_overrides
@click.option(
    "--for",
    "system",
    required=True,
    metavar="SYSTEM",
    help="athena (and Glue), postgresql, duckdb or spark.",
)
@click.option("--schema", metavar="NAME", help="Schema or database of the tables.")
@click.option(
    "--location",
    metavar="URL",
    help="For athena and spark, where the folder lies, if it is not at PATH.",
)
def ddl(
    *, path: str | None, system: str, schema: str | None, location: str | None, **options: Any
) -> None:
    """Print the CREATE TABLE statements of all tables of PATH, or of a SCENARIO.

    With keys and comments. Those of postgresql and duckdb are the tables that `export` makes; those
    of athena and spark are external tables on a dataset folder of Parquet, with its partitions.

    \b
    Examples
      fleetsynth ddl fleet/ --for athena --location s3://bucket/fleet/
      fleetsynth ddl s3://bucket/fleet/ --for spark > tables.sql
      fleetsynth ddl fleet.yaml --for postgresql --schema fleet | psql telemetry
    """
    from fleetsynth.sinks.ddl import ddl as statements

    said = statements(data_of(path, options), system, schema=schema, location=location)
    click.echo(said, nl=False)
