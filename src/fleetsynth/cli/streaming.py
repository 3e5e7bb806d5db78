"""Options of what is streamed: which series, how fast, and who we are to the server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fleetsynth.cli.say import say
from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.sinks.push import Streaming

    Command = Callable[..., Any]

_FILE = click.Path(exists=True, dir_okay=False)
_OPTIONS = (
    "series", "events", "labels_of_all", "rate", "record", "patience",
    "token_file", "user", "password_file", "ca_file", "certificate_file", "key_file",
)  # fmt: skip


def streaming_options(command: Command) -> Command:
    """Add the options of streamed systems; `streaming` takes them out."""
    decorators = [
        click.option(
            "--series",
            metavar="PATTERN",
            help="Monitoring systems: names of the series to send, such as 'fleetsynth_.*' or"
            " 'node_cpu_.*|up'.  [default: all]",
        ),
        click.option(
            "--events",
            is_flag=True,
            help="Monitoring systems: send what befalls servers as well: fleetsynth_event{kind=…}.",
        ),
        click.option(
            "--label",
            "labels_of_all",
            multiple=True,
            metavar="NAME=VALUE",
            help="Monitoring systems: a label of all series. May be repeated.",
        ),
        click.option(
            "--rate", type=float, metavar="N", help="Monitoring systems: samples a second, at most."
        ),
        click.option(
            "--record",
            metavar="FILE",
            help="Monitoring systems: where to note how far it has come, so that the same command"
            " goes on.  [default: fleetsynth-push-….json here]",
        ),
        click.option(
            "--patience",
            type=float,
            metavar="SECONDS",
            help="Monitoring systems: how long to try again while they are away.  [default: 600]",
        ),
        click.option(
            "--token-file",
            type=_FILE,
            help="File with a bearer token.  [default: FLEETSYNTH_TOKEN in the environment]",
        ),
        click.option("--user", metavar="NAME", help="User.  [default: FLEETSYNTH_USER]"),
        click.option(
            "--password-file",
            type=_FILE,
            help="File with the user's password.  [default: FLEETSYNTH_PASSWORD]",
        ),
        click.option(
            "--ca-file", type=_FILE, help="Certificates to trust in place of the system's."
        ),
        click.option(
            "--cert-file", "certificate_file", type=_FILE, help="Our own certificate, for TLS."
        ),
        click.option("--key-file", type=_FILE, help="Its key, if that is not in --cert-file."),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def streaming(options: dict[str, Any]) -> Streaming | None:
    """Take out what `streaming_options` were given; None if that is nothing."""
    from fleetsynth.sinks.access import access_of
    from fleetsynth.sinks.push import Streaming

    said = {name: options.pop(name) for name in _OPTIONS}
    given = {  # 0 is something: to try once, or a rate that there is not
        name: value for name, value in said.items() if value or (value == 0 and value is not False)
    }
    if not given:
        return None
    how = {
        name: given.pop(name)
        for name in ("series", "events", "rate", "record", "patience") & given.keys()
    }
    labels = pairs(given.pop("labels_of_all", ()))
    return Streaming(**how, labels=labels, access=access_of(**given))


@contextmanager
def noting() -> Iterator[None]:
    """Say what an interrupted run leaves, and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        for note in getattr(error, "__notes__", ()):
            say(note, err=True)
        raise


def pairs(said: tuple[str, ...]) -> dict[str, str]:
    """Return labels by name.

    Raises:
        UsageError: if one is not NAME=VALUE, or is there twice.
    """
    out = {}
    for each in said:
        name, equals, value = each.partition("=")
        if not equals:
            raise UsageError(f"--label {each}: expected NAME=VALUE, such as cluster=prod")
        if name in out:
            raise UsageError(f"--label {each}: {name} is given twice")
        out[name] = value
    return out
