"""Help, version and completion, for every command and option there is."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points

import click
import pytest

import fleetsynth as package
from fleetsynth.cli import cli, main
from tests.e2e.command import SMALL, Fleetsynth, Within


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


@pytest.mark.parametrize("group", [(), ("config",)])
def test_a_group_without_a_command_shows_its_help(group: tuple[str, ...], within: Within) -> None:
    """As lines, as `--help` does: what a newcomer types first."""
    ran = within(*group)
    assert ran.out + ran.err == within.prints(*group, "--help")


def test_the_list_of_commands_has_whole_sentences(within: Within) -> None:
    """On 80 columns none is cut short, and the first are those to begin with."""
    lines = within.prints("--help").partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["preview", "plan", "generate"]
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []
    assert max(map(len, lines)) <= 80


def test_figures_in_any_order_are_shown_from_low_to_high(within: Within) -> None:
    said = within.prints("archetypes", "--preset", "realistic")
    spans = re.findall(r"(-?[\d.]+) to (-?[\d.]+)", said)
    assert len(spans) > 100
    assert [span for span in spans if float(span[0]) > float(span[1])] == []


def test_who_finds_no_events_is_told_why(within: Within) -> None:
    assert within.prints("events", *SMALL).startswith("no events: the scenario has no `events`")
    quiet = ("--preset", "realistic", "--servers", "1", "--end", "2022-01-01")
    assert within.prints("events", *quiet, "--kind", "blackout") == "no events\n"
