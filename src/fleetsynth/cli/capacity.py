"""``fleetsynth capacity``: what runs out, when, and what would help."""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import LOCAL_PATH, overwrite_option, read_options, reading_options
from fleetsynth.cli.say import say, say_json, show_understood
from fleetsynth.errors import UsageError
from fleetsynth.formats import known

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fleetsynth.capacity.api import Capacity

_DAYS = {"d": 1, "w": 7, "m": 30.44, "y": 365.25, "": 1}
_LINES = 500
"""Rows that are printed together."""
_SCOPES = ("server", "service", "archetype", "unit", "region")


class _Duration(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of days: 90d, 12w, 6m, 2y or 90."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*([dwmy]?)", str(value).strip().lower())
        days = round(float(found[1]) * _DAYS[found[2]]) if found else 0
        if days < 1:
            self.fail(
                f"{value!r}: expected days, weeks, months or years, such as 90d or 2y", param, ctx
            )
        return days


DURATION = _Duration()


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--usable",
    multiple=True,
    metavar="PERCENT",
    help="Usable capacity: 90, or by metric, such as cpu=80,disk=90. May be repeated; 90 where"
    " nothing is said.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="PERCENT,…",
    help="More levels to date, such as 70,95, beside 80, the usable capacity and 100.",
)
@click.option(
    "--horizon",
    type=DURATION,
    metavar="TIME",
    help="Give no dates beyond, such as 1y; three years, or as many as the history has.",
)
@click.option("--link", type=float, metavar="MBPS", help="What the network can take; judges it.")
@click.option(
    "--by", type=click.Choice(_SCOPES), help="Rows of this kind only; all, where none is said."
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="The first N rows of each.")
@click.option(
    "--fail-within",
    type=DURATION,
    metavar="TIME",
    help="Exit with 1 if a server is full, or as likely as not will be within, such as 90d.",
)
@click.option(
    "--lead-time",
    type=DURATION,
    metavar="TIME",
    help="How long an order takes, such as 45d: adds the day to order by.",
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
    usable: tuple[str, ...],
    thresholds: tuple[str, ...],
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
      fleetsynth capacity fleet/ --backtest
      fleetsynth capacity fleet/ --fail-within 90d --json > capacity.json
    """
    from fleetsynth.capacity.api import capacity as judge
    from fleetsynth.formats import format_of
    from fleetsynth.stores.paths import refuse_missing

    refuse_missing(paths)
    if output:
        format_of(output)
    asked = {name: options.pop(name) for name in ("horizon", "link", "lead_time", "percentile")}
    backtest = options.pop("backtest")
    with _reading(silent=as_json) as progress:
        found = judge(
            list(paths),
            usable=_usable(usable),
            thresholds=[_number(word, "threshold") for word in _words(thresholds)],
            options=read_options(options),
            backtest=backtest,
            progress=progress,
            **asked,
        )
    if output:
        found.save(output, by=by, top=top, overwrite=overwrite)
    _tell(found, err=as_json)
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


def _fails(found: Capacity, days: int) -> bool:
    full = found.full_within(days)
    if full:
        first = ", ".join(f"{row['name']} ({row['metric']})" for row in full[:3])
        more = f" and {len(full) - 3:,} more" if len(full) > 3 else ""
        say(f"full within {days} days: {first}{more}", err=True)
    if found.not_judged:
        say(f"not judged, too short or ended: {found.not_judged:,} series", err=True)
    return bool(full)


def _words(said: tuple[str, ...]) -> list[str]:
    return [word.strip() for text in said for word in text.split(",") if word.strip()]


def _usable(said: tuple[str, ...]) -> float | dict[str, float]:
    """Read 90, or cpu=80,disk=90, or both: then the number is for all that are not named."""
    from fleetsynth.capacity.ask import METRICS, USABLE

    general, named = USABLE, dict[str, float]()
    for word in _words(said):
        metric, equals, value = word.rpartition("=")
        if equals:
            named[{"mem": "memory"}.get(metric.strip(), metric.strip())] = _number(value, "usable")
        else:
            general = _number(word, "usable")
    return {**dict.fromkeys(METRICS, general), **named} if named else general


def _number(word: str, name: str) -> float:
    try:
        return float(word.removesuffix("%"))
    except ValueError:
        raise UsageError(f"{name} {word!r}: expected percent, such as 90") from None


def _reading(*, silent: bool) -> AbstractContextManager[Callable[[int], None] | None]:
    """Return what tells on stderr how many rows were read, if somebody is there to see it."""
    if silent or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext()
    from fleetsynth.cli.show_capacity import reading_bar

    return reading_bar()
