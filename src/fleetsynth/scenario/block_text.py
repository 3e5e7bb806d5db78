"""The plain part of YAML, in which scenarios are written beside data, read and written fast.

That part is mappings and lists in blocks, one scalar a line, without quotes or comments. What goes
beyond it is left to a whole YAML library, which takes a hundredfold of time for a large scenario;
so are single scalars whose kind is not plain to see.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS = r"[+-]?\w[\w.+/-]*(?:[ :][\w.+/-]+)*"
_LINE = re.compile(rf"( *)(?:(-)|([A-Za-z_][\w.-]*):)(?: (\[\]|\{{\}}|{_WORDS}))?")
_INT = re.compile(r"0|-?[1-9][0-9]{0,99}", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)

MOST_COLUMNS = 78
"""Longer lines may be folded."""


class NotPlainError(Exception):
    """What is to be read or written is more than the plain part of YAML."""


def read(text: str, scalar: Callable[[str], Any]) -> dict[str, Any]:
    """Read a mapping.

    Args:
        text: YAML.
        scalar: reads a single scalar whose kind is not plain to see.

    Raises:
        NotPlainError: if the text is not of the plain part, or wrong.
    """
    known = lru_cache(maxsize=None)(scalar)
    root: dict[str, Any] = {}
    stack: list[tuple[int, Any]] = [(0, root)]
    awaited: str | None = None  # the key whose block begins in the next line
    for line in filter(None, text.split("\n")):
        found = _LINE.fullmatch(line)
        if not found:
            raise NotPlainError
        indent, key, said = len(found[1]), found[3], found[4]
        if awaited is not None:
            _open(stack, indent, awaited, is_list=key is None)
            awaited = None
        into = _within(stack, indent, is_list=key is None)
        if key is None:
            if said is None:
                raise NotPlainError
            into.append(_value(said, known))
            continue
        name = known(key)
        if name in into or not isinstance(name, str):
            raise NotPlainError
        if said is None:
            awaited = name
        else:
            into[name] = _value(said, known)
    if awaited is not None or not root:
        raise NotPlainError
    return root


def _open(stack: list[tuple[int, Any]], indent: int, key: str, *, is_list: bool) -> None:
    """Begin the block of a key; a list may stand as far out as the key itself."""
    outer, into = stack[-1]
    if indent < outer or (indent == outer and not is_list):
        raise NotPlainError
    into[key] = [] if is_list else {}
    stack.append((indent, into[key]))


def _within(stack: list[tuple[int, Any]], indent: int, *, is_list: bool) -> Any:
    """Return what a line belongs to, and close what ends before it."""
    while len(stack) > 1 and (
        stack[-1][0] > indent
        or (stack[-1][0] == indent and isinstance(stack[-1][1], list) and not is_list)
    ):
        stack.pop()
    at, into = stack[-1]
    if at != indent or isinstance(into, list) != is_list:
        raise NotPlainError
    return into


def _value(said: str, scalar: Callable[[str], Any]) -> Any:
    if said in ("[]", "{}"):
        return [] if said == "[]" else {}
    if _INT.fullmatch(said):
        return int(said)
    return float(said) if _FLOAT.fullmatch(said) else scalar(said)


def write(values: dict[str, Any], scalar: Callable[[Any], str]) -> str:
    """Write a mapping, byte by byte as the whole library does.

    Args:
        values: plain values; keys are text.
        scalar: writes a single scalar that is not a plain number.

    Raises:
        NotPlainError: if the values need more than the plain part.
    """
    known = lru_cache(maxsize=None, typed=True)(scalar)
    out: list[str] = []
    if not values:
        raise NotPlainError
    _mapping(values, "", known, out)
    return "\n".join([*out, ""])


def _mapping(
    values: dict[str, Any], indent: str, scalar: Callable[[Any], str], out: list[str]
) -> None:
    for key, value in values.items():
        if not isinstance(key, str):
            raise NotPlainError
        begin = f"{indent}{scalar(key)}:"
        if len(begin) > MOST_COLUMNS or not _LINE.fullmatch(begin):
            raise NotPlainError
        if isinstance(value, dict) and value:
            out.append(begin)
            _mapping(value, indent + "  ", scalar, out)
        elif isinstance(value, list | tuple) and value:
            out.append(begin)
            for entry in value:
                if isinstance(entry, dict | list | tuple):
                    raise NotPlainError
                _line(f"{indent}-", entry, scalar, out)
        else:
            _line(begin, value, scalar, out)


def _line(begin: str, value: Any, scalar: Callable[[Any], str], out: list[str]) -> None:
    if isinstance(value, dict | list | tuple):
        said = "{}" if isinstance(value, dict) else "[]"
    elif type(value) in (int, float) and _NUMBER.fullmatch(repr(value)):
        said = repr(value)
    else:
        said = scalar(value)
    if len(begin) + len(said) > MOST_COLUMNS or not _LINE.fullmatch(f"{begin} {said}"):
        raise NotPlainError
    out.append(f"{begin} {said}")
