"""Code blocks in action: one folder and one namespace per page."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import load_scenario
from tests.docs import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.markdown import Block

ROOT = Path(__file__).parents[2]

SHOWN_ONLY = frozenset({"text", "json"})
"""Languages whose blocks are there to be read."""

NOT_RUN = ("make ", "pip install ", "pre-commit ", "python -m bench", ".venv/bin/python ")
"""Console lines that begin so are not run: they install, take minutes, or change the checkout."""

FRESH = frozenset({"README.md", "docs/cli.md"})
"""Pages whose commands all start as they do for a reader; elsewhere those that need no shell are
forks of a process that has imported everything."""

_PLAIN = re.compile(r"fleetsynth [^|<>&;$`*?()]*")
_FILE_NAME = re.compile(r"# ([\w-]+\.yaml)\n")
_TIMEOUT = 600
_COMPARISON = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.DONT_ACCEPT_TRUE_FOR_1


class Page:
    """Runs the blocks of one page, in order.

    Attributes:
        ran: how many blocks have been run.
    """

    def __init__(self, name: str, folder: Path, *, fresh: bool = False) -> None:
        self._name = name
        self._fresh = fresh or name in FRESH
        self._folder = folder
        self._namespace: dict[str, Any] = {"__name__": "__main__"}
        self.ran = 0

    def named(self, name: str) -> Any:
        """Return what the Python of the page has called so."""
        return self._namespace[name]

    def run(self, block: Block) -> None:
        """Run a block; AssertionError if it does not do what the page says."""
        where = f"{self._name}, line {block.line}"
        if block.language in SHOWN_ONLY:
            return
        if block.language == "console":
            for command, expected in commands(block):
                self._console(command, expected, where)
        elif block.language == "python":
            self._python(block, where)
        elif block.language == "yaml":
            self._yaml(block, where)
        elif block.language == "sql":
            self._sql(block, where)
        else:
            raise AssertionError(f"{where}: nothing runs blocks of {block.language!r}")
        self.ran += 1

    def _console(self, command: str, expected: str, where: str) -> None:
        if command.startswith(NOT_RUN):
            return
        if self._fresh or not _PLAIN.fullmatch(command):
            done = bash(command, self._folder)
            code, said = done.returncode, done.stdout
        else:
            from tests.e2e.command import warm  # needs pytest

            words = shlex.split(command)[1:]
            code, said, _ = warm().run(words, self._folder, _environment(), merged=True)
        assert code == 0, f"{where}: $ {command}\n{said}"
        assert not expected or agrees(expected, said), (
            f"{where}: $ {command}\nexpected:\n{expected}\ngot:\n{said}"
        )

    def _python(self, block: Block, where: str) -> None:
        before = Path.cwd()
        os.chdir(self._folder)
        try:
            if ">>>" in block.text:
                self._doctest(block, where)
            else:
                padding = "\n" * block.line  # so that a traceback has the page's own lines
                exec(compile(padding + block.text, self._name, "exec"), self._namespace)
        finally:
            os.chdir(before)

    def _sql(self, block: Block, where: str) -> None:
        """Run statements in DuckDB's own database, which the Python of a page finds there too."""
        import duckdb

        before = Path.cwd()
        os.chdir(self._folder)
        try:
            for statement in duckdb.extract_statements(block.text):
                duckdb.execute(statement)
                asks = statement.type == duckdb.StatementType.SELECT
                assert not asks or duckdb.fetchall(), f"{where}: no rows: {statement.query}"
        except duckdb.Error as error:
            raise AssertionError(f"{where}: {error}") from error
        finally:
            os.chdir(before)

    def _doctest(self, block: Block, where: str) -> None:
        test = doctest.DocTestParser().get_doctest(block.text, {}, where, self._name, block.line)
        test.globs = self._namespace
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=_COMPARISON, verbose=False)
        runner.run(test, out=report.append, clear_globs=False)
        assert not runner.failures, "".join(report)

    def _yaml(self, block: Block, where: str) -> None:
        """Check a scenario; a first line such as ``# fleet.yaml`` also saves it under that name.

        A catalogue of instance types is checked as what a scenario names.
        """
        named = _FILE_NAME.match(block.text)
        path = self._folder / (named[1] if named else ".block.yaml")
        path.write_text(block.text, "utf-8")
        try:
            load_scenario({"instance_types": str(path)} if "\nfamilies:" in block.text else path)
        except Exception as error:
            raise AssertionError(f"{where}: {error}") from error


def run_page(path: Path, folder: Path) -> None:
    """Run all blocks of a page, in a folder like a checkout."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    page = Page(path.relative_to(ROOT).as_posix(), folder)
    for block in markdown.blocks(path):
        page.run(block)


def bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder; stdout holds its errors too."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output that the page shows."""
    lines = block.text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    assert starts, f"line {block.line}: a console block without a command"
    assert starts[0] == 0, f"line {block.line}: a console block begins with '$ '"
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start][2:], "\n".join(lines[start + 1 : stop])


def agrees(expected: str, got: str) -> bool:
    """Compare as doctest does: dots stand for anything, and all white space is alike."""
    return doctest.OutputChecker().check_output(expected, got, _COMPARISON)


def _environment() -> dict[str, str]:
    """Return an environment where `fleetsynth` is the one under test."""
    bin_folder = str(Path(sys.executable).parent)
    kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    return kept | {
        "PATH": bin_folder + os.pathsep + os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "MPLBACKEND": "agg",
    }
