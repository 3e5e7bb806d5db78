"""Options that several commands share, and the scenario that they add up to."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.errors import UsageError
from fleetsynth.presets import DEFAULT, PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from fleetsynth.reader import ReadOptions
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


_QUOTED = r"""(?<==)\s*(?:"[^"]*"|'[^']*')"""


class _LocalPath(click.Path):
    """A path of this machine; a URL would quietly become a folder called after its scheme."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse URLs."""
        from fleetsynth.stores.places import is_url

        if is_url(str(value)):
            self.fail("a URL does not fit here: use a file on this machine", param, ctx)
        return super().convert(value, param, ctx)


class _Place(click.Path):
    """A path of this machine that can be read, or a URL."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Leave URLs as they are."""
        from fleetsynth.stores.places import is_url

        return value if is_url(value) else super().convert(value, param, ctx)


LOCAL_PATH = _LocalPath(path_type=Path)
PLACE = _Place()
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
PACKAGED = " or ".join([f"{DEFAULT} (the default)", *(name for name in PRESETS if name != DEFAULT)])
preset_option = click.option("--preset", metavar="NAME", help=f"The packaged scenario: {PACKAGED}.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace a file that exists.")


def scenario_options(command: Command) -> Command:
    """Add the SCENARIO argument and the options that override it."""
    argument = click.argument("scenario", required=False, type=LOCAL_PATH)
    return argument(scenario_overrides(command))


def scenario_overrides(command: Command) -> Command:
    """Add the options that override a scenario; `load` takes them out."""
    decorators = [
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
            help="Step of the simulation, of presets that have one within a tick: 5min, 1min, 1h;"
            " divides an hour.",
        ),
        click.option(
            "--statistics",
            metavar="LIST",
            help="What is published of the samples within a tick, such as p50,p95,max,mean.",
        ),
        click.option("--seed", type=int, metavar="N", help="Seed of every random draw."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set any key of the scenario (docs/scenario.md), such as growth.mode=monthly,"
            " estate=cloud or archetypes.web.base_cpu=60. May be repeated.",
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


def reading_options(command: Command) -> Command:
    """Add the options that say how foreign data are to be read; `read_options` takes them out."""
    decorators = [
        click.option(
            "--columns",
            default="",
            metavar="ROLE=COLUMN,…",
            help="Which column is what, such as time=ts,server=host,cpu=cpu_pct. Put a name with a"
            ' comma in quotes, cpu="CPU, %", and a unit after a colon: time=t:s, cpu=v:share,'
            " cpu=v:hundredths. Where each row is of one metric, cpu=… names that metric. Columns"
            " that are not given are found by their names.",
        ),
        click.option(
            "--time-format",
            metavar="FORMAT",
            help="How times are written, such as '%d/%m/%Y %H:%M', or the unit of numbers: s, ms,"
            " us, ns, min, excel.",
        ),
        click.option(
            "--timezone",
            metavar="ZONE",
            help="The time zone whose hours, days and weekends count, such as Europe/Berlin; times"
            " without a zone are read as its local time.",
        ),
        click.option(
            "--delimiter", metavar="SIGN", help="Character between the fields of CSV: ; or tab, …"
        ),
        click.option("--decimal", metavar="SIGN", help="The decimal sign of CSV: . or ,"),
        click.option("--encoding", metavar="NAME", help="Text encoding of CSV, such as latin-1."),
        click.option(
            "--missing",
            multiple=True,
            metavar="WORD",
            help="One more word for a missing number. May be repeated.",
        ),
        click.option(
            "--fill-down", is_flag=True, help="Take a blank server to be that of the row above."
        ),
        click.option(
            "--server-from-name",
            is_flag=True,
            help="Take each file's name as the server of its rows.",
        ),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def pieces(text: str, option: str, example: str) -> list[str]:
    """Cut a list at its commas.

    Raises:
        UsageError: if there is nothing before, between or after them.
    """
    out = [piece.strip() for piece in text.split(",")]
    if not all(out):
        raise UsageError(f"--{option} {text!r}: nothing stands beside a comma; expected {example}")
    return out


def read_options(said: dict[str, Any]) -> ReadOptions:
    """Return what `reading_options` were given."""
    from fleetsynth.reader import ReadOptions

    return ReadOptions(**{**said, "columns": read_columns(said["columns"])})


def read_columns(said: str, option: str = "columns") -> dict[str, str]:
    """Return the column of each role that an option was given."""
    from fleetsynth.reader import parse_columns

    if said:  # names in quotes may hold commas
        pieces(re.sub(_QUOTED, "x", said), option, "ROLE=COLUMN,ROLE=COLUMN")
    return parse_columns(said)


def progress(
    rows: int, *, silent: bool, unit: str = "rows", doing: str = "generating"
) -> AbstractContextManager[Callable[[int], None] | None]:
    """Return a progress bar on stderr if somebody is there to see it, or else nothing."""
    if silent or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext()
    from fleetsynth.cli.show import progress_bar

    return progress_bar(rows, unit, doing)


@contextmanager
def waiting(doing: str, *, silent: bool = False) -> Iterator[Callable[[Callable[..., None]], Any]]:
    """Show on stderr that something is done, and for how long, if somebody is there to see it.

    Yields:
        what makes of a function that prints one that steps aside for it.
    """
    if silent or not (sys.stderr and sys.stderr.isatty()):
        yield lambda told: told
        return
    from fleetsynth.cli.show import sign_of_life

    with sign_of_life(doing) as aside:
        yield aside


def _source(path: Path | None) -> Path | None:
    """Refuse a scenario that is not there, before anything about the options."""
    from fleetsynth.presets.load import preset_of

    try:
        there = path is None or path.exists()
    except OSError:
        there = False
    if not there:
        preset_of(path)
    return path


def comparing(*, silent: bool) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """Return what tells on stderr how long a comparison takes, if somebody is there to see it."""
    if silent or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext()
    from fleetsynth.cli.verdicts import comparison_bar

    return comparison_bar()


def load(options: dict[str, Any]) -> Scenario:
    """Take the shared options out of `options` and return the scenario they describe."""
    from fleetsynth.presets.load import load_scenario, preset_of
    from fleetsynth.scenario import Scenario
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
            listed = pieces(value, key, "p50,p95,max") if key == "statistics" else value
            say(key, listed, f"--{option.replace('_', '-')} {value}")
    for option, key in (("no_metadata", "include_metadata"), ("no_calendar", "include_calendar")):
        if options.pop(option):
            say(key, False, f"--{option.replace('_', '-')}")
    own = [key for key in overrides if key not in Scenario.model_fields]
    if own:
        _refuse_lacking(preset_of(source, overrides), own)
    return load_scenario(source, overrides=overrides, origins=origins)


def _refuse_lacking(preset: str, keys: list[str]) -> None:
    """Refuse what a preset has no answer to, and say which one has."""
    from fleetsynth.presets import having, is_preset, model

    for key, reason in model(preset).lacks.items() if is_preset(preset) else ():
        if key in keys:
            raise UsageError(f"{reason}: add --preset {' or '.join(having(key))}")
