"""Options of those commands that say what runs out: usable capacity, levels, link, lead time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.options import LOCAL_PATH, pieces
from fleetsynth.cli.say import say
from fleetsynth.errors import UsageError, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]

_DAYS = {"d": 1, "w": 7, "m": 30.44, "y": 365.25, "": 1}
_MOST_DAYS = 36_525
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")


class _Duration(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of days: 90d, 12w, 6m, 2y or 90."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([dwmy]?)", str(value).strip().lower())
        days = float(found[1]) * _DAYS[found[2]] if found else 0
        if days > _MOST_DAYS:
            self.fail(f"{value!r}: 100 years at most", param, ctx)
        if round(days) < 1:
            self.fail(
                f"{value!r}: expected days, weeks, months or years, such as 90d or 2y", param, ctx
            )
        return round(days)


DURATION = _Duration()


def judging_options(command: Command) -> Command:
    """Add the options that say what is full; `judging` takes them out."""
    decorators = [
        click.option(
            "--usable",
            multiple=True,
            metavar="PERCENT",
            help="Usable capacity: 90, or by metric, such as cpu=80,disk=90. May be repeated; 90"
            " where nothing is said.",
        ),
        click.option(
            "--threshold",
            "thresholds",
            multiple=True,
            metavar="PERCENT,…",
            help="More levels to date, such as 70,95, beside 80, the usable capacity and 100.",
        ),
        click.option(
            "--link", type=float, metavar="MBPS", help="What the network can take; judges it."
        ),
        click.option(
            "--lead-time",
            type=DURATION,
            metavar="TIME",
            help="How long an order takes, such as 45d: adds the day to order by.",
        ),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


instance_types_option = click.option(
    "--instance-types",
    type=LOCAL_PATH,
    metavar="FILE",
    help="A catalogue of instance types (docs/instance-types.md), or `packaged`, for cores, GiB and"
    " money: servers are of the type that their column instance_type says. Data of ours carry"
    " theirs.",
)


def say_unknown_types(names: list[str]) -> None:
    """Say which types of the data a catalogue does not have."""
    say(f"types that the catalogue does not have: {listed(names, 5)}", err=True)


def judging(said: dict[str, Any]) -> dict[str, Any]:
    """Take what `judging_options` were given out, as `capacity` and `report` take it."""
    return {
        "usable": _usable(said.pop("usable")),
        "thresholds": [_percent(word, "threshold") for word in _pieces(said, "threshold")],
        "link": said.pop("link"),
        "lead_time": said.pop("lead_time"),
    }


def _pieces(said: dict[str, Any], option: str) -> list[str]:
    return [word for text in said.pop(f"{option}s") for word in pieces(text, option, "70,95")]


def _usable(said: tuple[str, ...]) -> float | dict[str, float]:
    """Read 90, or cpu=80,disk=90, or both: then the number is for all that are not named."""
    from fleetsynth.capacity.ask import METRICS, USABLE

    found = dict[str, float]()
    for text in said:
        for word in pieces(text, "usable", "90, or cpu=80,disk=90"):
            metric, equals, value = (part.strip() for part in word.rpartition("="))
            metric = {"mem": "memory"}.get(metric, metric)
            if metric in found:
                of = f"of {metric} " if metric else ""
                raise UsageError(f"--usable {of}is said twice, as {found[metric]:g} and as {value}")
            if equals and not metric:
                raise UsageError(f"--usable {word!r}: expected a metric before =, such as cpu=80")
            found[metric] = _percent(value, "usable")
    general = found.pop("", USABLE)
    return {**dict.fromkeys(METRICS, general), **found} if found else general


def _percent(word: str, option: str) -> float:
    number = word.removesuffix("%").strip()
    if not _NUMBER.fullmatch(number):
        raise UsageError(f"--{option} {word!r}: expected percent, such as 90")
    return float(number)
