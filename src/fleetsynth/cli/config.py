"""``fleetsynth config``: scenario files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import (
    LOCAL_PATH,
    load,
    overwrite_option,
    preset_option,
    scenario_options,
)
from fleetsynth.cli.say import say
from fleetsynth.cli.words import in_options
from fleetsynth.presets import DEFAULT
from fleetsynth.shown import shown

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def config() -> None:
    """Show, check and start scenario files."""


@config.command()
@scenario_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of YAML.")
def show(*, as_json: bool, **options: Any) -> None:
    """Print the whole scenario: packaged defaults, then SCENARIO, then the options."""
    from fleetsynth.scenario.text import dump_yaml

    scenario = load(options)
    text = json.dumps(scenario.to_dict(), indent=2) + "\n" if as_json else dump_yaml(scenario)
    click.echo(text, nl=False)


@config.command()
@click.argument("scenarios", nargs=-1, required=True, type=LOCAL_PATH)
def check(*, scenarios: tuple[Path, ...]) -> None:
    """Check scenario files; every problem of all of them is shown, with its line."""
    from fleetsynth.errors import FleetsynthError
    from fleetsynth.presets import resolve
    from fleetsynth.presets.load import load_scenario

    failed = False
    for path in scenarios:
        try:
            plan = resolve(load_scenario(path))
        except FleetsynthError as error:
            click.echo(f"{shown(path)}: {in_options(str(error))}", err=True)
            failed = True
        else:
            most = f"up to {plan.cells:,}" if plan.rows is None else f"{plan.rows:,}"
            say(f"{path}: ok, {most} rows of {len(plan.columns)} columns")
    if failed:
        raise click.exceptions.Exit(2)


@config.command()
@click.argument("path", required=False, default="scenario.yaml", type=LOCAL_PATH)
@preset_option
@click.option(
    "--scenario",
    metavar="NAME",
    help="A packaged scenario instead, such as planner: a fleet with something to plan for.",
)
@overwrite_option
def init(*, path: Path, preset: str | None, scenario: str | None, overwrite: bool) -> None:
    """Write a scenario to start from to PATH: every key, its default and what it means.

    It makes the data of the packaged scenario, and has archetypes to change and to add.
    """
    from fleetsynth.errors import UsageError
    from fleetsynth.files import write_text
    from fleetsynth.presets.catalog import starter_text
    from fleetsynth.presets.scenarios import packaged_text

    if preset is not None and scenario is not None:
        raise UsageError("--preset and --scenario both say what to start from: leave one out")
    text = starter_text(preset or DEFAULT) if scenario is None else packaged_text(scenario)
    write_text(path, text, overwrite=overwrite)
    say(f"wrote {path}; next: fleetsynth generate {path}")


@config.command()
@preset_option
@click.option("-o", "--output", type=LOCAL_PATH, help="Write to a file instead of stdout.")
@overwrite_option
def schema(*, preset: str | None, output: Path | None, overwrite: bool) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check YAML.

    In an editor with a YAML language server, begin a scenario file with the line
    `# yaml-language-server: $schema=scenario.schema.json`.
    """
    from fleetsynth.files import write_text
    from fleetsynth.presets.load import json_schema

    text = json.dumps(json_schema(preset or DEFAULT), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text, overwrite=overwrite)
        say(f"wrote {output}")
