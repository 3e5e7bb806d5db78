"""Dataset folders on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import json_option, pieces, waiting
from fleetsynth.cli.say import say, say_json
from fleetsynth.cli.words import in_options
from fleetsynth.folders.engines import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]

_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


workers_option = click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processors to use. [default: all]"
)
engine_option = click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    help="Where a folder's parts are made. [default: local]",
)
master_option = click.option("--master", metavar="URL", help="Spark master, such as local[2].")


def folder_options(command: Command) -> Command:
    """Add the options that only dataset folders have."""
    decorators = [
        click.option(
            "--partition-by",
            metavar="KEYS",
            help="Hive partitions of a folder, outermost first, such as year,month or date.",
        ),
        click.option(
            "--part-size",
            metavar="SIZE",
            help="Target size of a folder's parts, in kB, MB, GB or TB. [default: 256MB]",
        ),
        workers_option,
        click.option("--resume", is_flag=True, help="Go on with an unfinished folder."),
        click.option(
            "--shard",
            metavar="K/N",
            help="Make shard K of N of a folder (K from 1, or auto in an array job);"
            " then commit it.",
        ),
        engine_option,
        master_option,
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def folder_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Return what `folder_options` were given, as `generate` takes it."""
    names, size = options["partition_by"], options["part_size"]
    if names:  # a comma after the last key, as some write tuples, does no harm
        names = pieces(names.removesuffix(","), "partition-by", "year,month")
    return {
        "partition_by": names or [],
        "part_bytes": None if size is None else parse_size(size),
        **{name: options[name] for name in ("workers", "resume", "shard", "engine", "master")},
    }


def parse_size(text: str) -> int:
    """Read a size such as 256MB, 300 MB or 300KB."""
    from fleetsynth.errors import UsageError

    match = re.fullmatch(r"\s*([0-9]+)\s*([kmgt]b)\s*", text, re.IGNORECASE)
    if not match or int(match[1]) == 0:
        raise UsageError(
            f"--part-size {text}: expected a whole number of kB, MB, GB or TB, like 256MB"
        )
    return int(match[1]) * _UNITS[match[2].lower()]


@click.command(short_help="Add days to a finished dataset folder.")
@click.argument("folder")
@click.option(
    "--until", required=True, metavar="DATE", help="The last day that FOLDER is to have, included."
)
@click.option("--resume", is_flag=True, help="Go on with an append that was interrupted.")
@click.option(
    "--restart", is_flag=True, help="Give up an append that was interrupted, and begin anew."
)
@click.option(
    "--shard",
    metavar="K/N",
    help="Make shard K of N of the new parts (K from 1, or auto in an array job); then commit.",
)
@workers_option
@engine_option
@master_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def append(*, folder: str, until: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Append days to FOLDER, a finished dataset: new parts beside the old ones.

    Parts that are there stay as they are. Until all of the new days is there, everybody who reads
    by the manifest sees the days before. A day that is there already is not made again.

    \b
    Examples
      fleetsynth append fleet/ --until 2026-11-01
      fleetsynth append s3://bucket/fleet/ --until $(date -I -d yesterday)
    """
    from fleetsynth import api

    with waiting("appending", silent=quiet or as_json):
        result = api.append(folder, until, **options)
    if as_json:
        say_json(result.to_dict())
    elif not quiet:
        from fleetsynth.cli.show import show_append

        show_append(result)


@click.command(short_help="Finish a folder whose shards ran on several machines.")
@click.argument("folder")
@json_option
def commit(*, folder: str, as_json: bool) -> None:
    """Check that every part of FOLDER is there, and write its manifest.

    The last step of a job whose shards ran on several machines. It may be repeated.
    """
    from fleetsynth import api

    with waiting("committing", silent=as_json):
        manifest = api.commit(folder)
    if as_json:
        facts = {key: manifest[key] for key in ("digest", "rows", "scenario_digest")}
        say_json({"path": folder, "parts": len(manifest["parts"]), **facts})
    else:
        say(f"{manifest['digest']}  {folder}: {manifest['rows']:,} rows")


@click.command(short_help="Read a dataset folder again, and find what has changed.")
@click.argument("folder")
@click.option(
    "--regenerate",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    help="Compare N parts, evenly spread, with a fresh generation as well.",
)
@json_option
def verify(*, folder: str, regenerate: int, as_json: bool) -> None:
    """Re-read FOLDER and compare it with its manifest; exit with 1 if anything differs.

    Covers every byte of the dataset: parts, manifest, servers.parquet, events.parquet,
    scenario.yaml, README.md, croissant.json. Names files that are missing, renamed, foreign or left
    over, and the servers and months whose values are not what they were. Notes say what could not
    be checked, and what does not belong to the dataset.
    """
    from fleetsynth import api

    with waiting("verifying", silent=as_json):
        result = api.verify(folder, regenerate=regenerate)
    if as_json:
        facts = result.to_dict()
        for finding in facts["findings"]:
            finding["message"] = in_options(finding["message"])
        say_json(facts)
    else:
        for line in (*result.findings, *(f"note: {note}" for note in result.notes)):
            say(in_options(str(line)))
    if not result.ok:
        raise click.exceptions.Exit(1)
    if not as_json:
        say(f"{folder}: ok")
