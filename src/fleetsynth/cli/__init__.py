"""The command line: a thin shell over the library. Every heavy import waits for its command."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from io import BufferedWriter, FileIO, TextIOWrapper
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fleetsynth._version import __version__
from fleetsynth.cli.capacity import capacity
from fleetsynth.cli.commands import archetypes, digest, generate, plan, preview
from fleetsynth.cli.compare import compare
from fleetsynth.cli.config import config
from fleetsynth.cli.estates import estates
from fleetsynth.cli.events import events
from fleetsynth.cli.export import ddl, export
from fleetsynth.cli.facts import facts
from fleetsynth.cli.folders import append, commit, verify
from fleetsynth.cli.report import report
from fleetsynth.cli.say import say_error
from fleetsynth.cli.serve import serve
from fleetsynth.cli.validate import validate
from fleetsynth.cli.words import in_options
from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.shown import shown
from fleetsynth.startup import SHELL_SIGNALS, lose_no_signal, start_lightly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_FORMAT_OPTIONS = ("--output-format", "--to", "-f")
"""What other programs call what the ending says."""
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class _Root(click.Group):
    """The root command; click would make other things of broken pipes and of ends of files."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order of their use, and not of the alphabet."""
        return list(self.commands)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line, which prints help if asked to."""
        with _called_by_their_names():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with _called_by_their_names():
            return super().invoke(ctx)


@contextmanager
def _called_by_their_names() -> Iterator[None]:
    """Keep from click what it would report as something else: an interruption, for example."""
    try:
        yield
    except BrokenPipeError:
        raise click.exceptions.Exit(EXIT_BROKEN_PIPE) from None
    except EOFError as error:
        raise InputError(_cut_short(error)) from error


def _cut_short(error: EOFError) -> str:
    """Say what ended too early: the bytecode of a module, if that was being imported."""
    seen = [frame.f_locals.get("bytecode_path") for frame, _ in walk_tb(error.__traceback__)]
    bytecode = [path for path in seen if path]
    if bytecode:
        return f"{bytecode[-1]} is cut short: remove it, and Python will make it again"
    return f"something that was being read ended too early{f' ({error})' if str(error) else ''}"


@click.group(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or scenario, 130 interrupted (Ctrl-C),"
    " 141 the reader of our output went away, 143 terminated.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Synthetic capacity telemetry for server fleets.

    Years of CPU, memory, disk and network data for any number of servers, from one YAML file:
    the same scenario gives the same bytes, in any process and on any machine.

    \b
    Start with
      fleetsynth preview                  look at the packaged scenario
      fleetsynth generate -o fleet.csv    write it: 120 servers, daily, 2022 to 2025
      fleetsynth config init fleet.yaml   describe a fleet of your own
    """


for command in (
    preview,
    plan,
    generate,
    events,
    report,
    capacity,
    facts,
    compare,
    validate,
    digest,
    append,
    verify,
    commit,
    export,
    ddl,
    serve,
    archetypes,
    estates,
    config,
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    start_lightly()
    lose_no_signal()
    _write_whole_lines()
    _tolerate_poor_terminals()
    _unwind_on_signals()
    try:
        code = cli.main(arguments, prog_name="fleetsynth", standalone_mode=False)
        if sys.stdout:
            sys.stdout.flush()
    except click.NoSuchOption as error:
        say_error(_explained(error))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        say_error(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _fail("interrupted", EXIT_INTERRUPTED)
    except FleetsynthError as error:
        _fail(in_options(str(error)), error.exit_code)
    except BrokenPipeError:
        code = EXIT_BROKEN_PIPE
    except OSError as error:
        # What files raise names them; what is left is our own output.
        _discard_output()
        where = error.filename or "standard output"
        _fail(shown(f"{where}: {error.strerror or error}"), 1)
    except MemoryError:
        _fail("this takes more memory than there is", 1)
    if code == EXIT_BROKEN_PIPE:
        _discard_output()
    sys.exit(code or 0)


def _explained(error: click.NoSuchOption) -> click.UsageError:
    """Say how to name a format to whoever looks for an option that does."""
    if error.option_name in _FORMAT_OPTIONS and error.ctx and error.ctx.command is generate:
        message = (
            f"No such option: {error.option_name}. The ending of the output chooses the format:"
        )
        return click.UsageError(f"{message} for CSV, say -o fleet.csv", error.ctx)
    return error


def _discard_output() -> None:
    """Keep Python from complaining at exit about output that nobody can take."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_whole_lines() -> None:
    """Make PYTHONUNBUFFERED and -u write line by line: unbuffered text is cut off in silence."""
    raw = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, FileIO):
        sys.stdout = TextIOWrapper(
            BufferedWriter(raw), sys.stdout.encoding, sys.stdout.errors, line_buffering=True
        )


def _tolerate_poor_terminals() -> None:
    """Let a terminal without Unicode show a question mark instead of ending us."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _unwind_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind, so that unfinished files go; nohup keeps its meaning."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(number: int, _frame: FrameType | None) -> Any:
    raise SystemExit(SHELL_SIGNALS + number)


def _fail(message: str, code: int) -> NoReturn:
    label = "error:"
    if sys.stderr and sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        label = click.style(label, fg="red", bold=True)
    click.echo(f"{label} {message}", err=True)
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:  # what could not be written once cannot be written at exit
        _discard_output()
    sys.exit(code)
