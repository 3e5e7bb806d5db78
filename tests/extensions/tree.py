"""The table "Where an extension goes", and a copy of the package in which a row is performed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import fleetsynth
from tests.docs.markdown import blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Test = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(fleetsynth.__file__).parent
TITLE = "## Where an extension goes"

TINY = {"num_servers": 4, "end_date": "2022-02-28"}
WEEK = {"preset": "realistic", "num_servers": 12, "end_date": "2022-01-07"}

PERFORMED: dict[str, str] = {}
"""The test of each row."""


@cache
def rows() -> dict[str, str]:
    """Return what is to be touched, by what is to be added."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    section = page.partition(TITLE)[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return dict(cells[2:])


def performs(what: str) -> Callable[[Test], Test]:
    """Say which row a test performs."""

    def mark(test: Test) -> Test:
        PERFORMED[what] = test.__name__
        return test

    return mark


def shown(part: str) -> str:
    """Return the block of CONTRIBUTING.md that has some text in it."""
    (block,) = (b for b in blocks(ROOT / "CONTRIBUTING.md") if part in b.text)
    return block.text


class Tree:
    """A copy of the package, where only the files that a row names can be changed."""

    def __init__(self, folder: Path, what: str) -> None:
        self._folder = folder
        self._named = re.findall(r"`([^`]+)`", rows()[what])
        copytree(PACKAGE, folder / "fleetsynth")

    def add(self, name: str, text: str) -> None:
        """Add a file."""
        path = self._path(name)
        assert not path.exists(), f"{name} is there already"
        path.write_text(text, "utf-8")

    def beside(self, name: str, text: str) -> None:
        """Add a file of another package."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace texts that a file has once."""
        path = self._path(name)
        text = path.read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{name} has this {text.count(old)} times: {old}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    def _path(self, name: str) -> Path:
        assert any(_covers(named, name) for named in self._named), (
            f"ARCHITECTURE.md does not name {name}: {', '.join(self._named)}"
        )
        return self._folder / "fleetsynth" / name

    def python(self, code: str) -> str:
        """Run code with the changed package; return what it prints."""
        return self._run("-c", code)

    def command(self, *arguments: str) -> str:
        """Run the changed command line; return what it prints."""
        return self._run("-m", "fleetsynth", *arguments)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(self._folder), "COLUMNS": "100"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _covers(named: str, name: str) -> bool:
    """Tell whether a name in the table is that of a file, or of a folder that holds it."""
    return fnmatch(name, f"{named}*" if named.endswith("/") else named)
