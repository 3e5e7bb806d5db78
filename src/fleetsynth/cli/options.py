"""Options that several commands share, and the scenario that they add up to."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fleetsynth.scenario import Scenario

    Command = Callable[..., Any]

_KEYS = {
    "preset": "preset",
    "servers": "num_servers",
    "start": "start_date",
    "end": "end_date",
    "granularity": "granularity",
    "sample_interval": "sample_interval",
    "statistics": "statistics",
    "seed": "seed",
}
"""Options that stand for one key of the scenario."""

_REALISTIC_ONLY = {
    "sample_interval": "the classic model has no samples within a tick",
    "statistics": "the classic model publishes p95 alone",
}
"""Options that the classic model has no answer to, and why."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
preset_option = click.option(
    "--preset", metavar="NAME", help="The packaged scenario: classic (the default) or realistic."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace a file that exists.")


def scenario_options(command: Command) -> Command:
    """Add the SCENARIO argument and the options that override it."""
    decorators = [
        click.argument("scenario", required=False, type=click.Path(path_type=Path)),
        preset_option,
        click.option("--servers", type=int, metavar="N", help="Number of servers."),
        click.option("--start", metavar="DATE", help="First day, such as 2022-01-01."),
        click.option("--end", metavar="DATE", help="Last day, included."),
        click.option(
            "--granularity", metavar="STEP", help="daily, hourly, or a step such as 15min or 30s."
        ),
        click.option(
            "--sample-interval",
            metavar="STEP",
            help="Step of the realistic simulation: 5min, 1min, 1h; divides an hour.",
        ),
        click.option(
            "--statistics",
            metavar="LIST",
            help="What the realistic preset publishes of the samples, such as p50,p95,max,mean.",
        ),
        click.option("--seed", type=int, metavar="N", help="Seed of every random draw."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set any key of the scenario, such as growth.mode=monthly or"
            " archetypes.web.base_cpu=60. May be repeated.",
        ),
        click.option(
            "--no-metadata",
            is_flag=True,
            help="Leave out server_type, business_unit, criticality and region.",
        ),
        click.option("--no-calendar", is_flag=True, help="Leave out the seven calendar columns."),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def progress(rows: int, *, silent: bool) -> AbstractContextManager[Callable[[int], None] | None]:
    """Return a progress bar on stderr if somebody is there to see it, or else nothing."""
    if silent or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext()
    from fleetsynth.cli.show import progress_bar

    return progress_bar(rows)


def _source(path: Path | None) -> Path | None:
    """Refuse a scenario that is not there, before anything about the options."""
    from fleetsynth.scenario import preset_of

    try:
        there = path is None or path.exists()
    except OSError:
        there = False
    if not there:
        preset_of(path)
    return path


def load(options: dict[str, Any]) -> Scenario:
    """Take the shared options out of `options` and return the scenario they describe."""
    from fleetsynth.scenario import load_scenario, preset_of
    from fleetsynth.scenario.text import parse_value

    source = _source(options.pop("scenario"))
    overrides: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def say(key: str, value: object, origin: str) -> None:
        overrides[key] = value
        origins[key] = f"from {origin}"

    for setting in options.pop("settings"):
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise UsageError(f"--set {setting}: expected KEY=VALUE, such as seed=7")
        say(key, parse_value(value, f"--set {setting}"), f"--set {setting}")
    for option, key in _KEYS.items():
        value = options.pop(option)
        if value is not None:
            listed = [name.strip() for name in value.split(",")] if key == "statistics" else value
            say(key, listed, f"--{option.replace('_', '-')} {value}")
    for option, key in (("no_metadata", "include_metadata"), ("no_calendar", "include_calendar")):
        if options.pop(option):
            say(key, False, f"--{option.replace('_', '-')}")
    for key, reason in _REALISTIC_ONLY.items():
        if key in overrides and preset_of(source, overrides) == "classic":
            raise UsageError(f"{reason}: add --preset realistic")
    return load_scenario(source, overrides=overrides, origins=origins)
