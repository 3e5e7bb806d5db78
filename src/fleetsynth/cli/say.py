"""What commands print: lines that a terminal can be trusted with, and JSON that is JSON."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.shown import shown

if TYPE_CHECKING:
    from fleetsynth.reader import Understood

_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click 8.2 and later raise, to show the help, where a group is called without a command."""


def say(text: object, *, err: bool = False) -> None:
    """Print one line; what a terminal would act upon is written out."""
    click.echo(shown(text, None), err=err)


def say_json(values: Any, *, err: bool = False) -> None:
    """Print values as one line of JSON; numbers that it has not are null."""
    click.echo(json.dumps(_finite(values), allow_nan=False), err=err)


def show_understood(understood: Understood, *, err: bool = False) -> None:
    """Say what was understood of foreign data, and what looks wrong."""
    line = understood.line()
    if not understood.is_ours():
        say(f"read as: {line}", err=err)
    for warning in understood.warnings:
        say(f"warning: {warning}", err=err)


def say_error(error: click.ClickException) -> None:
    """Print an error of click's own, which repeats what was typed; help is ours, and has lines."""
    if isinstance(error, _HELP):
        error.show()
        return
    text = shown(error.format_message())
    error.format_message = lambda: text  # type: ignore[method-assign]
    error.show()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value
