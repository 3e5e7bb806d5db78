"""ARCHITECTURE.md names every room of the package, and every dependency with its reason."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.running import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROOMS = PAGE.partition("```text\n")[2].partition("```")[0]
REASONS = PAGE.partition("\n## Dependencies")[2].partition("\n## ")[0]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def packages() -> dict[str, str]:
    """Every package that we ask for, and the extra that asks; core packages have none."""
    groups = {"": PROJECT["dependencies"]} | PROJECT["optional-dependencies"]
    named = {
        re.split(r"[\[<>=! ]", requirement)[0]: extra
        for extra, requirements in groups.items()
        for requirement in requirements
    }
    return {name: extra for name, extra in named.items() if name != "fleetsynth"}


def rows(page: str) -> list[list[str]]:
    """The cells of each row of the tables of a page."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_room_is_on_the_plan() -> None:
    found = [
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "src/fleetsynth").iterdir()
        if path.name != "py.typed" and not path.name.startswith("_")
    ]
    on_the_plan = set(re.findall(r"(?:^|  )([a-z_]+(?:/|\.py))  ", ROOMS, re.MULTILINE))
    assert len(found) > 40
    assert on_the_plan == set(found)


@pytest.mark.parametrize(("package", "extra"), packages().items())
def test_every_dependency_has_its_reason(package: str, extra: str) -> None:
    (row,) = [row for row in rows(REASONS) if package in re.findall(r"[\w.-]+", row[0])]
    assert all(row)
    if extra not in ("", "dev"):
        assert f"extra `{extra}`" in row[0]


def test_no_dependency_is_left_of_what_was() -> None:
    """Rows name nothing else, but for a copy inside the package."""
    named = [
        word
        for package, *_ in rows(REASONS)
        for word in re.sub(r"\(.*?\)", "", package).replace(",", " ").split()
    ]
    assert set(named) - set(packages()) == {"package", "uPlot"}
