"""The commands that make and look at datasets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.folders import folder_arguments, folder_options
from fleetsynth.cli.options import (
    LOCAL_PATH,
    PLACE,
    json_option,
    load,
    overwrite_option,
    preset_option,
    progress,
    read_options,
    reading_options,
    scenario_options,
)
from fleetsynth.cli.say import say, say_json, show_understood
from fleetsynth.formats import STANDARD_OUTPUT, known

if TYPE_CHECKING:
    from fleetsynth.reader import Understood

DEFAULT_OUTPUT = Path("data/synthetic/server_metrics.parquet")


@click.command(short_help="Generate a dataset from a scenario, or from the packaged one.")
@scenario_options
@click.option(
    "-o",
    "--output",
    default=str(DEFAULT_OUTPUT),
    show_default=True,
    metavar="PATH",
    help=f"Where to write. The ending chooses the format: {known()}. A folder (with a slash at the"
    " end) or s3://bucket/prefix takes parts and a manifest; - is standard output.",
)
@click.option(
    "--format",
    "file_format",
    metavar="NAME",
    help="Format of a folder's parts, or of standard output, such as csv.gz.  [default of parts:"
    " parquet]",
)
@overwrite_option
@click.option(
    "--csv-safe",
    is_flag=True,
    help="In CSV, put a single quote before text that a spreadsheet would take for a formula.",
)
@click.option(
    "--components",
    is_flag=True,
    help="Write the parts that add up to each value as well: beside a file in NAME.tables, in a"
    " folder in tables/components.",
)
@click.option(
    "--labels",
    is_flag=True,
    help="Write the table labels as well: of each value whether it is in an anomaly, and what"
    " befalls it.",
)
@click.option(
    "--clean",
    is_flag=True,
    help="Leave out the faults of the collector: the data as they were before they were collected.",
)
@folder_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def generate(
    *,
    output: str,
    overwrite: bool,
    file_format: str | None,
    csv_safe: bool,
    components: bool,
    labels: bool,
    clean: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Generate a dataset from SCENARIO, a YAML file, or from the packaged scenario.

    What the file does not say has the packaged value; options override the file. A packaged
    scenario goes by its name: planner, a fleet with something to plan for. The output appears
    under its name when it is whole, or not at all.

    \b
    Examples
      fleetsynth generate
      fleetsynth generate fleet.yaml -o fleet.csv.gz
      fleetsynth generate --servers 500 --granularity hourly --end 2022-12-31 -o year.parquet
      fleetsynth generate --set growth.mode=monthly --set spikes=false -o calm.parquet
      fleetsynth generate --granularity 5min -o fleet/ --partition-by year,month
      fleetsynth generate --servers 8 -o - --format csv | head
      fleetsynth generate planner -o planner/
    """
    from fleetsynth import api
    from fleetsynth.presets import resolve

    resolved = resolve(load(options))
    apart = output == STANDARD_OUTPUT  # where only data may go
    silent = quiet or as_json or (apart and sys.stdout is not None and sys.stdout.isatty())
    arguments = folder_arguments(options)
    with progress(resolved.cells, silent=silent) as advance:
        result = api.generate(
            resolved,
            output,
            overwrite=overwrite,
            file_format=file_format,
            csv_safe=csv_safe,
            components=components,
            labels=labels,
            clean=clean,
            progress=advance,
            **arguments,
        )
    if as_json:
        say_json(result.to_dict(), err=apart)
    elif not quiet:
        from fleetsynth.cli.show import show_result

        show_result(result, err=apart)


@click.command(short_help="Say what `generate` would take, without doing it.")
@scenario_options
@click.option(
    "--calibrate",
    is_flag=True,
    help="Measure this machine on a sample, and say what the whole takes in core-hours.",
)
@json_option
def plan(*, calibrate: bool, as_json: bool, **options: Any) -> None:
    """Say what `generate` would take for SCENARIO and options, without doing it.

    Rows and columns are exact; bytes and memory are estimates, good to about a third. Of large
    fleets it says how often events come, by the first servers, and not how many there are. With
    --calibrate, a sample of two million rows is generated and thrown away to tell how long it
    takes here, on one core and on many.
    """
    from fleetsynth.folders.calibrate import calibrate as measure
    from fleetsynth.ledger.counts import counts
    from fleetsynth.presets import resolve
    from fleetsynth.size import estimate

    resolved = resolve(load(options))
    size, happening = estimate(resolved), counts(resolved)
    rate = measure(resolved) if calibrate else None
    if as_json:
        facts = {
            "rows": size.rows,
            "columns": size.columns,
            "servers": resolved.fleet.counts(),
            "servers_are_expected": resolved.fleet.counts_are_expected,
            "bytes": size.bytes,
            "memory": size.memory,
            "tiles": size.tiles,
            "scenario_digest": resolved.digest,
        }
        if resolved.fleet.lives:
            facts |= {"born": size.born, "retired": size.retired}
        if happening.of_all is not None:
            facts["events"] = happening.of_all
        else:
            facts["events_per_server_year"] = happening.per_server_year
        if happening.faults:
            each = "faults" if happening.of_all is not None else "faults_per_server_year"
            facts[each] = dict(happening.faults)
        if happening.nowhere:
            facts["events_nowhere"] = list(happening.nowhere)
        if rate:
            facts["rows_per_cpu_second"] = round(rate.rows_per_cpu_second)
            facts["core_hours"] = rate.core_hours(size.rows)
        say_json(facts)
        return
    from fleetsynth.cli.show import show_rate, show_size

    show_size(resolved, size, happening)
    if rate:
        show_rate(size, rate)


@click.command(short_help="Look at one server of each archetype of a scenario.")
@scenario_options
@click.option(
    "-o",
    "--output",
    type=LOCAL_PATH,
    help="Write a picture instead: .png, .svg or .pdf (needs the extra fleetsynth[plot]).",
)
@overwrite_option
def preview(*, output: Path | None, overwrite: bool, **options: Any) -> None:
    """Look at one server of each archetype of SCENARIO, before or instead of generating.

    All metrics over the whole span; quarter ends, public holidays and events are marked. Narrow the
    span to see more: a year shows the weekends, a quarter shows the peak at its end.

    \b
    Examples
      fleetsynth preview --start 2024-01-01 --end 2024-12-31
      fleetsynth preview --granularity hourly --start 2024-03-18 --end 2024-03-31 -o march.png
    """
    from fleetsynth.presets import resolve
    from fleetsynth.preview.samples import samples

    resolved = resolve(load(options))
    if output:
        from fleetsynth.preview.picture import draw

        draw(resolved, output, overwrite=overwrite)
        say(f"wrote {output}")
        return
    from fleetsynth.cli.sketch import show_samples

    show_samples(resolved, samples(resolved))


@click.command(short_help="Print the content digest of files and folders.")
@click.argument("paths", nargs=-1, required=True, type=PLACE, metavar="PATH…")
@click.option("--leaves", is_flag=True, help="Print a digest per server and month as well.")
@reading_options
@json_option
def digest(*, paths: tuple[str, ...], leaves: bool, as_json: bool, **reading: Any) -> None:
    """Print the content digest of each PATH: a file, a folder or s3://bucket/prefix.

    The digest is made of the values: the same data have the same digest in whatever format,
    compressed or not, in one file or many, in any order of rows. With --leaves, a comparison of
    two lists shows which server and month two datasets differ in.

    Data with other names than ours for time and server, and data with an option that says
    how to read them, are read as `facts` reads them (docs/reading.md): the digest is of the
    columns that stand for ours.
    """
    from fleetsynth.reader.digests import path_leaves
    from fleetsynth.reader.events import table_digest
    from fleetsynth.stores.paths import refuse_missing
    from fleetsynth.tables.digest import month_label, root

    refuse_missing(paths)
    for path in paths:
        understood: list[Understood] = []
        if of_events := table_digest(path):
            if as_json:
                say_json({"path": path, "digest": of_events})
            else:
                say(f"{of_events}  {path}")
            continue
        found = path_leaves(path, read_options(reading), understood.append)
        whole = root(found)
        named = [
            (server, month_label(month), leaf.hex()) for (server, month), leaf in found.items()
        ]
        if as_json:
            facts: dict[str, Any] = {"path": path, "digest": whole}
            if leaves:
                facts["leaves"] = named
            if understood:
                facts["understood"] = understood[0].to_dict()
            say_json(facts)
            continue
        for each in understood:
            show_understood(each, err=True)
        say(f"{whole}  {path}")
        if leaves:
            for server, month, leaf in named:
                say(f"{leaf}  {path}  {server}  {month}")


@click.command(short_help="List archetypes, or show one with all its figures.")
@click.argument("name", required=False)
@preset_option
@click.option(
    "--scenario",
    type=LOCAL_PATH,
    help="Show the archetypes of a scenario file instead of the packaged ones.",
)
@json_option
@click.option(
    "--yaml", "as_yaml", is_flag=True, help="Print YAML to be pasted below `archetypes:`."
)
def archetypes(
    *, name: str | None, preset: str | None, scenario: Path | None, as_json: bool, as_yaml: bool
) -> None:
    """List the archetypes, or show one by NAME with all its figures.

    Some figures may differ from server to server: the list shows where the middle 80 % of them
    lie, one archetype alone shows its figures as a scenario writes them.
    """
    from fleetsynth.errors import UsageError, did_you_mean
    from fleetsynth.presets.load import load_scenario

    if as_json and as_yaml:
        raise UsageError("--json and --yaml are two ways to print: give one of them")
    said = {"preset": preset} if preset else {}
    loaded = load_scenario(scenario, overrides=said, origins={"preset": f"from --preset {preset}"})
    known = {key: loaded.archetypes[key] for key in loaded.distribution} | loaded.archetypes
    if name is not None and name not in known:
        raise UsageError(f"unknown archetype {name!r}{did_you_mean(name, known)}")
    chosen = known if name is None else {name: known[name]}
    if as_json:
        say_json({key: profile.model_dump() for key, profile in chosen.items()})
        return
    if as_yaml:
        from fleetsynth.scenario.text import archetype_block

        click.echo("".join(archetype_block(*each) for each in chosen.items()), nl=False)
        return
    from fleetsynth.cli.show import show_archetypes

    show_archetypes(chosen)
