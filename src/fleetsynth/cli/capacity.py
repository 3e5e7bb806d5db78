"""``fleetsynth capacity``: what runs out, when, and what would help."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.judging import (
    DURATION,
    instance_types_option,
    judging,
    judging_options,
    say_unknown_types,
)
from fleetsynth.cli.options import LOCAL_PATH, overwrite_option, read_options, reading_options
from fleetsynth.cli.say import say, say_json, show_understood
from fleetsynth.cli.words import in_options
from fleetsynth.errors import UsageError, listed
from fleetsynth.formats import known

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fleetsynth.capacity.api import Capacity

_ASKED = ("horizon", "percentile", "events", "instance_types")
_LINES = 500
"""Rows that are printed together."""
_SCOPES = {
    "server": "servers",
    "service": "services",
    "archetype": "archetypes",
    "unit": "business units",
    "region": "regions",
}
"""What rows can speak of, and several of them."""


@click.command(short_help="Tell what runs out, when, and what would help.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@judging_options
@click.option(
    "--horizon",
    type=DURATION,
    metavar="TIME",
    help="Give no dates beyond, such as 1y; three years at most, or as many as the history has.",
)
@click.option(
    "--by",
    type=click.Choice(list(_SCOPES)),
    help="Rows of this kind only; all, where none is said.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="The first N rows of each.")
@click.option(
    "--fail-within",
    type=DURATION,
    metavar="TIME",
    help="Exit with 1 if a server is full, or as likely as not will be within, such as 90d; as far"
    " ahead as dates are given.",
)
@click.option(
    "--percentile",
    type=float,
    default=99.5,
    show_default=True,
    metavar="P",
    help="Of the last 93 days, by which a server could be half as large.",
)
@click.option(
    "--backtest",
    is_flag=True,
    help="Also make the dates as of several earlier days, and hold them against what came.",
)
@click.option(
    "--events",
    type=LOCAL_PATH,
    metavar="FILE",
    help="What happened to servers and services: begin, end, entity and kind of each event, as"
    " `fleetsynth events -o` writes them. Data of ours carry theirs.",
)
@instance_types_option
@click.option(
    "-o",
    "--output",
    type=LOCAL_PATH,
    metavar="FILE",
    help=f"Write the rows: {known()}.",
)
@overwrite_option
@reading_options
@click.option(
    "--json", "as_json", is_flag=True, help="Print a list of objects; with --backtest that of it."
)
def capacity(
    *,
    paths: tuple[str, ...],
    by: str | None,
    top: int | None,
    fail_within: int | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Tell what runs out, when, and what would help, of the datasets at PATH...

    A server's CPU, memory, disk or network runs out on the first day on which 3 of the last 7 daily
    values are at or above its usable capacity. The date is the day by which that is as likely as
    not; early and late hold it in nine cases of ten. No date is given where there is no trend, or
    peaks alone: then the chance of a breach is. Several exports count as one dataset.

    How the data are read, and what is refused: docs/reading.md. What the columns mean, and how to
    read the dates: docs/capacity.md.

    \b
    Examples
      fleetsynth capacity fleet.parquet
      fleetsynth capacity fleet/ --by service --usable 85 --lead-time 45d
      fleetsynth capacity cpu.csv disk.csv --threshold 70,95 -o capacity.csv
      fleetsynth capacity cpu.csv --events changes.csv
      fleetsynth capacity fleet/ --backtest
      fleetsynth capacity fleet/ --fail-within 90d --json > capacity.json
    """
    from fleetsynth.capacity.api import capacity as judge
    from fleetsynth.files import refuse_existing
    from fleetsynth.formats import format_of
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing(paths)
    if output:
        format_of(output)
        refuse_existing(output, overwrite=overwrite)
    asked = judging(options)
    asked |= {name: options.pop(name) for name in _ASKED}
    _refuse_beyond(fail_within, asked["horizon"])
    backtest = options.pop("backtest")
    with _reading(silent=as_json) as progress:
        found = judge(
            list(paths),
            options=read_options(options),
            backtest=backtest,
            progress=progress,
            **asked,
        )
    if output:
        found.save(output, by=by, top=top, overwrite=overwrite)
    _tell(found, err=as_json)
    if found.strangers:
        say(
            f"events of {listed(found.strangers, 3)} are left out: the data do not name them",
            err=True,
        )
    if found.unknown_types:
        say_unknown_types(found.unknown_types)
    for hint in found.hints:
        say(in_options(hint), err=True)
    if by and not found.has(by):
        say(f"the data name no {_SCOPES[by]}: there is nothing to show by {by}", err=True)
    if as_json:
        _print_json(found, by, top, backtest=backtest)
    else:
        _show(found, by, top, backtest=backtest)
        if output:
            say(f"wrote {output}")
    if fail_within is not None and _fails(found, fail_within):
        raise click.exceptions.Exit(1)


def _print_json(found: Capacity, by: str | None, top: int | None, *, backtest: bool) -> None:
    """Print a list, an object a line: nobody has to hold all of it at once."""
    if backtest:
        say_json(found.backtest)
        return
    encode = json.JSONEncoder(allow_nan=False).encode
    rows, before = found.iter_rows(by, top), "["
    while lines := ",\n".join(encode(row) for row in islice(rows, _LINES)):
        click.echo(f"{before}{lines}", nl=False)
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def _tell(found: Capacity, *, err: bool) -> None:
    """Say how each export was read."""
    from fleetsynth.reader import Understood

    for understood in found.understood:
        show_understood(Understood(**understood), err=err)


def _show(found: Capacity, by: str | None, top: int | None, *, backtest: bool) -> None:
    from fleetsynth.cli.show_capacity import show_backtest, show_capacity

    show_capacity(found, by, top)
    if backtest:
        show_backtest(found.backtest)


def _refuse_beyond(fail_within: int | None, horizon: int | None) -> None:
    """Refuse to ask for what comes after the last date that is given: the answer would be no."""
    from fleetsynth.capacity.ask import FARTHEST

    if fail_within is None or fail_within <= min(horizon or FARTHEST, FARTHEST):
        return
    most = min(horizon or FARTHEST, FARTHEST)
    said = ", as --horizon says" if most < FARTHEST else ""
    raise UsageError(
        f"--fail-within {fail_within}: expected days, from 1 to {most:,}: no date is given beyond"
        f"{said}"
    )


def _fails(found: Capacity, days: int) -> bool:
    full = found.full_within(days)
    if full:
        first = ", ".join(f"{row['name']} ({row['metric']})" for row in full[:3])
        more = f" and {len(full) - 3:,} more" if len(full) > 3 else ""
        say(f"full within {days} days: {first}{more}", err=True)
    if found.not_judged:
        say(f"not judged, too short or ended: {found.not_judged:,} series", err=True)
    if later := found.later_than_known(days):
        say(
            f"rising, without a date up to {days} days ahead, for their history is shorter:"
            f" {later:,} series",
            err=True,
        )
    return bool(full)


def _reading(*, silent: bool) -> AbstractContextManager[Callable[[int], None] | None]:
    """Return what tells on stderr how many rows were read, if somebody is there to see it."""
    if silent or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext()
    from fleetsynth.cli.show_capacity import reading_bar

    return reading_bar()
