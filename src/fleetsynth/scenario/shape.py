"""What no scenario can hold, whatever its keys mean: endless nesting, text that is not text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Path = tuple[str | int, ...]

DEEPEST = 32
"""Levels of nesting; a scenario has four."""


def refuse_unreadable(values: Mapping[Any, Any], origin: Callable[[Path], str]) -> None:
    """Refuse values that no later check could even look at.

    Raises:
        ScenarioError: with every key that is not valid Unicode, or the nesting that is too deep.
    """
    problems = [
        Problem(message, ".".join(map(str, path)), origin(path))
        for path, message in _unreadable(values)
    ]
    if problems:
        raise ScenarioError(problems)


def _unreadable(values: Mapping[Any, Any]) -> Iterator[tuple[Path, str]]:
    waiting: list[tuple[Path, Any]] = [((), values)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > DEEPEST:
            yield path[:2], "this is nested too deeply"
            return
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if isinstance(key, str) and not _is_unicode(key):
                    yield (*path, key), f"{key!r} is not a valid key: it holds half a character"
                waiting.append(((*path, key if isinstance(key, str) else str(key)), inner))
        elif isinstance(value, list | tuple):
            waiting += [((*path, place), inner) for place, inner in enumerate(value)]


def _is_unicode(text: str) -> bool:
    """Tell text from what holds lone surrogates, which no file can be written with."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
