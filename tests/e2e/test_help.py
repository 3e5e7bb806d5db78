"""Help, version and completion, for every command and option there is."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points

import click
import pytest

import fleetsynth as package
from fleetsynth.cli import cli, main
from tests.e2e.command import Fleetsynth


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(inner, (*path, name))


def at(path: tuple[str, ...]) -> click.Command:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


COMMANDS = list(walk(cli))
NAMED = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "fleetsynth")


def test_the_commands_are_those_documented() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "",
        "append",
        "archetypes",
        "capacity",
        "commit",
        "compare",
        "config",
        "config check",
        "config init",
        "config schema",
        "config show",
        "ddl",
        "digest",
        "estates",
        "events",
        "export",
        "facts",
        "generate",
        "plan",
        "preview",
        "validate",
        "report",
        "serve",
        "verify",
    }


@NAMED
def test_every_command_and_option_has_help(path: tuple[str, ...]) -> None:
    command = at(path)
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@NAMED
def test_help_is_printed_with_every_option(fleetsynth: Fleetsynth, path: tuple[str, ...]) -> None:
    long, short = (fleetsynth.prints(*path, flag) for flag in ("--help", "-h"))
    assert long == short
    assert long.startswith(f"Usage: {' '.join(('fleetsynth', *path))} ")
    for parameter in at(path).params:
        for name in parameter.opts if isinstance(parameter, click.Option) else ():
            assert name in long


def test_help_tells_the_exit_codes(fleetsynth: Fleetsynth) -> None:
    told = fleetsynth.prints("-h").split("Exit codes:")[1]
    assert re.findall(r"\d+", told) == ["0", "1", "2", "130", "141", "143"]


def test_version_is_the_package_version(fleetsynth: Fleetsynth) -> None:
    assert fleetsynth.prints("--version") == f"fleetsynth {package.__version__}\n"


def test_the_installed_command_is_the_same_program() -> None:
    (script,) = entry_points(group="console_scripts", name="fleetsynth")
    assert script.load() is main


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shell_completion_can_be_set_up(fleetsynth: Fleetsynth, shell: str) -> None:
    script = fleetsynth.prints(env={"_FLEETSYNTH_COMPLETE": f"{shell}_source"})
    assert f"_FLEETSYNTH_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [("fleetsynth gen", "generate"), ("fleetsynth generate --over", "--overwrite")],
)
def test_shell_completion_completes(fleetsynth: Fleetsynth, words: str, expected: str) -> None:
    answer = {
        "_FLEETSYNTH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    out = fleetsynth.prints(env=answer)
    assert out.split() == [f"plain,{expected}"]
