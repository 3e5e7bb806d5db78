"""``fleetsynth estates``: what whole fleets are like, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fleetsynth.cli.options import json_option, preset_option
from fleetsynth.cli.say import say_json

if TYPE_CHECKING:
    from fleetsynth.presets.catalog import Estate


@click.command(short_help="List what whole fleets are like, or print one to start from.")
@click.argument("name", required=False)
@preset_option
@json_option
def estates(*, name: str | None, preset: str | None, as_json: bool) -> None:
    """List the estates, or print one by NAME as a scenario to start from.

    An estate is what a whole fleet is like: shares of archetypes, and figures where its own differ.
    A scenario says it by the key `estate` (`--set estate=cloud`); what else it says wins.

    \b
    Examples
      fleetsynth estates
      fleetsynth estates cloud > mine.yaml
      fleetsynth generate mine.yaml --servers 300 -o cloud.parquet
    """
    from fleetsynth.errors import UsageError, did_you_mean
    from fleetsynth.presets import names
    from fleetsynth.presets.catalog import packaged_estates

    presets = [preset] if preset else names()
    known = {each.name: each for one in presets for each in packaged_estates(one)}
    if preset and not known:
        raise UsageError(f"the {preset} preset has no estates")
    if name is not None and name not in known:
        raise UsageError(f"unknown estate {name!r}{did_you_mean(name, known)}")
    chosen = list(known.values()) if name is None else [known[name]]
    if as_json:
        say_json({each.name: each.to_dict() for each in chosen})
    elif name is not None:
        click.echo(chosen[0].text, nl=False)
    else:
        _show(chosen)


def _show(known: list[Estate]) -> None:
    from fleetsynth.cli.terminal import open_console, plain

    console = open_console()
    width = 2 + max(len(each.name) for each in known)
    for each in known:
        shares = sorted(each.distribution.items(), key=lambda entry: -entry[1])
        console.print(plain(each.name.ljust(width), "bold").append(each.about, style="not bold"))
        told = ", ".join(f"{100 * share:.3g} % {archetype}" for archetype, share in shares)
        console.print(plain(" " * width + told, "dim"))
