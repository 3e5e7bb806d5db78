"""One word a thing: names that once meant several, constants that stood in several places."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import fleetsynth
from fleetsynth import clock

SOURCES = sorted(Path(fleetsynth.__file__).parent.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
AMOUNTS = {3_600, 86_400, 604_800, clock.MONTH_SECONDS, 1_000_000 * 86_400}


def test_sources_are_found() -> None:
    assert len(SOURCES) > 100


@pytest.mark.parametrize("name", ["Source", "Servers", "Grid", "Fraction", "Days"])
def test_a_class_has_its_name_alone(name: str) -> None:
    defined = Counter(
        node.name for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)
    )
    assert defined[name] <= 1


def test_seconds_of_an_hour_and_a_day_stand_in_the_clock() -> None:
    found = {
        path.name
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in AMOUNTS
    }
    assert found == {"clock.py"}


THERE = re.compile(r"there (is|are) no")


def test_messages_say_what_is_not_valid() -> None:
    awkward = re.compile(r"\b(is|are) no (?!more\b|longer\b|other\b)[a-z]")
    assert [text for text in _messages() if awkward.search(THERE.sub("", text))] == []


def _messages() -> Iterator[str]:
    """The texts of everything that is raised."""
    for tree in TREES.values():
        for raised in ast.walk(tree):
            if isinstance(raised, ast.Raise):
                texts = [n.value for n in ast.walk(raised) if isinstance(n, ast.Constant)]
                yield "".join(text for text in texts if isinstance(text, str))


def test_messages_are_found() -> None:
    assert sum("is not a valid" in text for text in _messages()) > 5
