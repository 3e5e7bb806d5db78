"""Errors of the library say its own words; the command line says its options."""

import ast
import re
from pathlib import Path

import click
import pytest

import fleetsynth
from fleetsynth.cli import cli
from fleetsynth.cli.words import COMMANDS, OPTIONS, WITH_VALUES, in_options

SOURCE = Path(fleetsynth.__file__).parent
COMMAND = "|".join(cli.commands)
OPTION = re.compile(rf"(?<![\w-])--[a-z]|fleetsynth ({COMMAND})\b")


def _texts(path: Path) -> list[str]:
    """The texts of a module, without docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


COMMAND_LINE_ALONE = {"cli", "serve", "select.py", "readme.py"}
"""Faces, and what only the command line starts: a server, its series, the commands of a card."""


def _library() -> list[Path]:
    return [
        path
        for path in SOURCE.rglob("*.py")
        if not COMMAND_LINE_ALONE & {*path.relative_to(SOURCE).parts}
    ]


def test_the_library_never_speaks_of_options() -> None:
    assert len(_library()) > 50
    said = {path.name: [t for t in _texts(path) if OPTION.search(t)] for path in _library()}
    assert {name: texts for name, texts in said.items() if texts} == {}


def test_the_search_notices_an_option(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""Has --overwrite."""\nraise ValueError(f"{path} exists: --overwrite")\n')
    assert [text for text in _texts(path) if OPTION.search(text)] == [" exists: --overwrite"]
    assert OPTION.search("see fleetsynth plan")


def test_every_option_that_is_said_exists() -> None:
    there = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    options = {typed.split()[0] for typed in (*OPTIONS.values(), *WITH_VALUES.values())}
    assert options <= there


def test_every_command_that_is_said_exists() -> None:
    assert {text.split()[1] for text in COMMANDS.values()} <= set(cli.commands)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("x exists: choose another name, or pass overwrite=True", "or pass --overwrite"),
        ("3 of 8 parts are whole; go on with resume=True", "; go on with --resume"),
        ("resume=True starts again. overwrite=True.", "--resume starts again. --overwrite."),
        ("choose larger parts (part_bytes=...), or", "larger parts (--part-size), or"),
        ("with start_date=... and end_date=...", "with --start and --end"),
        ("name it, such as columns={'cpu': 'cpu_pct'} (its", "such as --columns cpu=cpu_pct (its"),
        ("such as columns={'cpu': 'cpu pct'} (its", "such as --columns 'cpu=cpu pct' (its"),
        ("such as columns={'cpu': 'CPU, %'}", "such as --columns 'cpu=\"CPU, %\"'"),
        ("columns={'cpu': '*'} or columns={'disk': '*'}", "'cpu=*' or --columns 'disk=*'"),
        ("decimal='.' or decimal=','", "--decimal . or --decimal ,"),
        ("say encoding='latin-1'", "say --encoding latin-1"),
        ("time_format='%d/%m/%Y %H:%M'", "--time-format '%d/%m/%Y %H:%M'"),
        ("delimiter=';;': expected one", "--delimiter ';;': expected one"),
        ("say missing=...; or fill_down=True", "say --missing; or --fill-down"),
        ("until='tomorrow': expected a day", "--until tomorrow: expected a day"),
        ("csv_safe=True is for CSV", "--csv-safe is for CSV"),
        ("partition_by=... is for folders", "--partition-by is for folders"),
        ("engine=... is for folders", "--engine is for folders"),
        (
            "master=... is for Spark: say engine='spark'",
            "--master is for Spark: say --engine spark",
        ),
        ("an unfinished file: commit(folder) removes it", ": fleetsynth commit FOLDER removes it"),
        ("a coarser granularity (see estimate(scenario))", "granularity (see fleetsynth plan)"),
        ("columns: there is no column 'a'", "--columns: there is no column 'a'"),
        ("the packaged one is {'preset': 'realistic'}", "is --preset realistic"),
    ],
)
def test_words_of_the_library_become_options(said: str, shown: str) -> None:
    assert shown in in_options(said)


@pytest.mark.parametrize(
    "text",
    [
        "/tmp/overwrite=True exists",
        "my_overwrite=True",
        "overwrite=Truely",
        "its columns",
        "x has no time (its columns: a, b)",
    ],
)
def test_what_only_looks_like_them_stays(text: str) -> None:
    assert in_options(text) == text
