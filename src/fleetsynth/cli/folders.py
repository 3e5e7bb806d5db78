"""Dataset folders on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import json_option, progress
from fleetsynth.cli.say import say, say_json
from fleetsynth.cli.words import in_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.generate import FolderResult
    from fleetsynth.scenario import Scenario

    Command = Callable[..., Any]

_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def folder_options(command: Command) -> Command:
    """Add the options that only dataset folders have."""
    decorators = [
        click.option(
            "--partition-by",
            metavar="KEYS",
            help="Hive partitions of a folder, outermost first, such as year,month or region.",
        ),
        click.option(
            "--part-size",
            metavar="SIZE",
            help="Target size of a folder's parts, in kB, MB, GB or TB. [default: 256MB]",
        ),
        click.option(
            "--workers",
            type=click.IntRange(1),
            metavar="N",
            help="Processors to use. [default: all]",
        ),
        click.option("--resume", is_flag=True, help="Go on with an unfinished folder."),
        click.option(
            "--shard",
            metavar="K/N",
            help="Make shard K of N of a folder (K from 1, or auto in an array job);"
            " then commit it.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "spark"]),
            help="Where a folder's parts are made. [default: local]",
        ),
        click.option("--master", metavar="URL", help="Spark master, such as local[2]."),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def is_folder(output: str) -> bool:
    """Tell whether an output names a dataset folder, and not a file."""
    from fleetsynth.formats import FORMATS
    from fleetsynth.stores.places import is_url

    named_as_file = output.lower().endswith(tuple(FORMATS))
    return output[-1:] == "/" or is_url(output) or (Path(output).is_dir() and not named_as_file)


def refuse_folder_options(options: dict[str, Any]) -> None:
    """Refuse what only makes sense for a folder, where the output is a file."""
    from fleetsynth.errors import UsageError

    for name in ("partition_by", "part_size", "resume", "shard", "engine", "master"):
        if options[name] not in (None, False):
            raise UsageError(
                f"--{name.replace('_', '-')} is for folders: end the output with a slash"
            )


def generate_folder(
    scenario: Scenario, url: str, *, overwrite: bool, silent: bool, options: dict[str, Any]
) -> FolderResult:
    """Generate a folder with the options of the command line."""
    from fleetsynth.folders.generate import generate_folder
    from fleetsynth.folders.shards import parse_shard
    from fleetsynth.presets import resolve
    from fleetsynth.stores.places import check_url

    check_url(url)  # before an engine starts
    engine, size = _engine(options), options["part_size"]
    keys = tuple(key.strip() for key in (options["partition_by"] or "").split(",") if key.strip())
    with progress(resolve(scenario).cells, silent=silent) as advance:
        return generate_folder(
            scenario,
            url,
            partition_by=keys,
            part_bytes=parse_size("256MB" if size is None else size),
            workers=options["workers"],
            engine=engine,
            resume=options["resume"],
            overwrite=overwrite,
            shard=parse_shard(options["shard"]) if options["shard"] else None,
            progress=advance,
        )


def _engine(options: dict[str, Any]) -> Engine | None:
    from fleetsynth.errors import UsageError

    if options["engine"] != "spark":
        if options["master"]:
            raise UsageError("--master is for Spark: add --engine spark")
        return None
    from fleetsynth.folders.engines.spark import SparkEngine, open_session

    return SparkEngine(open_session(options["master"]))


def parse_size(text: str) -> int:
    """Read a size such as 256MB, 300 MB or 300KB."""
    from fleetsynth.errors import UsageError

    match = re.fullmatch(r"\s*([0-9]+)\s*([kmgt]b)\s*", text, re.IGNORECASE)
    if not match or int(match[1]) == 0:
        raise UsageError(
            f"--part-size {text}: expected a whole number of kB, MB, GB or TB, like 256MB"
        )
    return int(match[1]) * _UNITS[match[2].lower()]


@click.command()
@click.argument("folder")
@json_option
def commit(*, folder: str, as_json: bool) -> None:
    """Check that every part of FOLDER is there, and write its manifest.

    The last step of a job whose shards ran on several machines. To repeat it does no harm.
    """
    from fleetsynth.folders.folder import commit

    manifest = commit(folder)
    if as_json:
        facts = {key: manifest[key] for key in ("digest", "rows", "scenario_digest")}
        say_json({"path": folder, "parts": len(manifest["parts"]), **facts})
    else:
        say(f"{manifest['digest']}  {folder}: {manifest['rows']:,} rows")


@click.command()
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
    """Re-read FOLDER and hold it against its manifest; exit with 1 if anything differs.

    Covers every byte of the dataset: parts, manifest, servers.parquet, scenario.yaml. Names files
    that are missing, renamed, foreign or left over, and the servers and months whose values are
    not what they were. Notes say what could not be checked, and what is not of the dataset.
    """
    from fleetsynth.folders.verify import check
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing([folder])
    result = check(folder, regenerate=regenerate)
    findings, notes = result.findings, result.notes
    if as_json:
        facts: dict[str, Any] = {"path": folder, "ok": not findings}
        facts["findings"] = [
            vars(finding) | {"message": in_options(finding.message)} for finding in findings
        ]
        say_json(facts | ({"notes": notes} if notes else {}))
    else:
        for line in (*findings, *(f"note: {note}" for note in notes)):
            say(in_options(str(line)))
    if findings:
        raise click.exceptions.Exit(1)
    if not as_json:
        say(f"{folder}: ok")
