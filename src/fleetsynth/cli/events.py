"""``fleetsynth events``: what happens to a fleet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import LOCAL_PATH, PLACE, load, overwrite_option, scenario_overrides
from fleetsynth.cli.say import say
from fleetsynth.errors import UsageError
from fleetsynth.formats import format_of, known
from fleetsynth.stores.places import is_dataset

if TYPE_CHECKING:
    from fleetsynth.events.api import Events
    from fleetsynth.presets import ScenarioLike

_PICTURES = (".png", ".svg", ".pdf")


@click.command(short_help="List what happens to the fleet of a dataset or scenario.")
@click.argument("path", required=False, type=PLACE)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Only of this kind, such as outage or deploy. May be repeated.",
)
@click.option("--server", metavar="NAME", help="Only what befalls this server, or its service.")
@click.option("--service", metavar="NAME", help="Only what befalls this service, or its servers.")
@click.option("--entity", metavar="NAME", help="Only what befalls this server or service itself.")
@click.option(
    "--from",
    "first",
    metavar="TIME",
    help="Only what lasts beyond this day, or day and time (UTC), such as 2024-06-01T02:00.",
)
@click.option(
    "--to", "last", metavar="TIME", help="Only what begins before this time, or that day."
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="The first N events.")
@click.option("--chains", is_flag=True, help="Show each event below what brought it about.")
@click.option(
    "--draw",
    is_flag=True,
    help="Sketch the series of --server, and its events, instead of a list.",
)
@click.option(
    "-o",
    "--output",
    type=LOCAL_PATH,
    metavar="FILE",
    help=f"Write the events: {known()}. With --server, draw them over its series: .png, .svg or"
    " .pdf (needs the extra fleetsynth[plot]).",
)
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@scenario_overrides
def events(
    *,
    path: str | None,
    kinds: tuple[str, ...],
    server: str | None,
    service: str | None,
    entity: str | None,
    first: str | None,
    last: str | None,
    top: int | None,
    chains: bool,
    draw: bool,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """List what happens to the fleet of PATH: a dataset, or the YAML file of a scenario.

    Deploys, outages, leaks, surges, maintenance, and what a scenario tells: when they begin and
    end, whom they befall, what they do, and what brought them about. Of a dataset the table that
    lies beside it is read: events.parquet in a folder, NAME.tables/events beside a file. Of a
    scenario it is worked out, without generating anything; PATH may be left out for the packaged
    one. Options from --preset on are for scenarios alone.

    \b
    Examples
      fleetsynth events fleet/ --kind outage --kind failover --chains
      fleetsynth events fleet.parquet --server server_007 --from 2024-03-01 --to 2024-03-31
      fleetsynth events fleet.yaml --server server_007 --draw
      fleetsynth events fleet.yaml --server server_007 -o picture.png
      fleetsynth events fleet/ --json > events.json
    """
    from fleetsynth.events.api import events as look

    _refuse_together(server, output, draw=draw, chains=chains, as_json=as_json)
    found = look(
        data_of(path, options),
        kinds=kinds,
        server=server,
        service=service,
        entity=entity,
        start=first,
        end=last,
    )
    if path and not is_dataset(path):
        found = replace(found, name=path)
    if found.anew:
        say(
            f"{found.name} has no table of events beside it: they are worked out from its own "
            "scenario",
            err=True,
        )
    _write(found, output, overwrite=overwrite, top=top)
    if as_json:
        _print_json(found, top)
    elif draw:
        from fleetsynth.cli.sketch import show_drawn

        show_drawn(found)
    elif not output:
        from fleetsynth.cli.show_events import show_events

        show_events(found, top, chains=chains)
    if output and not as_json:
        say(f"wrote {output}")


def data_of(path: str | None, options: dict[str, Any]) -> ScenarioLike:
    """Return a dataset's place, or a scenario with its options."""
    if path is None or not is_dataset(path):
        return load({"scenario": None if path is None else Path(path), **options})
    said = [name for name, value in options.items() if value]
    if said:
        option = {"settings": "set"}.get(said[0], said[0]).replace("_", "-")
        raise UsageError(f"--{option} is for scenarios, and {path} is a dataset")
    return path


def _refuse_together(
    server: str | None, output: Path | None, *, draw: bool, chains: bool, as_json: bool
) -> None:
    """Refuse options that have nothing to do together, before anything is read."""
    is_picture = output is not None and output.suffix.lower() in _PICTURES
    if (draw or is_picture) and server is None:
        raise UsageError("a picture shows one server: say --server NAME")
    if draw and as_json:
        raise UsageError("--draw is for people, and --json for programs: choose one")
    if chains and (draw or as_json):
        raise UsageError("--chains is for the list: programs find what brought it about in cause")
    if output is not None and not is_picture:
        format_of(output)


def _write(found: Events, output: Path | None, *, overwrite: bool, top: int | None) -> None:
    if output is None:
        return
    if output.suffix.lower() in _PICTURES:
        found.draw(output, overwrite=overwrite)
    else:
        found.save(output, top=top, overwrite=overwrite)


def _print_json(found: Events, top: int | None) -> None:
    """Print a list, an object a line: nobody has to hold all of it at once."""
    before = "["
    for row in found.iter_rows(top):
        click.echo(f"{before}{json.dumps(row, allow_nan=False)}", nl=False)
        before = ",\n"
    click.echo("[]" if before == "[" else "]")
