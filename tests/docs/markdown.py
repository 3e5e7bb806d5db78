"""Markdown pages as the tests see them: code blocks, links and anchors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE = re.compile(r"^( *)(`{3,})([^`]*)$")
_HEADING = re.compile(r"^#{1,6} +(.*?) *#*$")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)(?: \"[^\"]*\")?\)")
_EXPLICIT = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
_INLINE_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Block:
    """A fenced code block.

    Attributes:
        language: what follows the opening fence.
        line: the line of the opening fence, counted from 1.
        text: the lines between the fences.
    """

    language: str
    line: int
    text: str


def blocks(path: Path) -> list[Block]:
    """Return the code blocks of a page, in order."""
    return [part for part in _parts(path) if isinstance(part, Block)]


def prose(path: Path) -> list[tuple[int, str]]:
    """Return the numbered lines of a page that are outside code blocks."""
    return [part for part in _parts(path) if not isinstance(part, Block)]


def links(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each link of a page with its line."""
    for line, text in prose(path):
        for match in _LINK.finditer(_without_code(text)):
            yield line, match[1]


def anchors(path: Path) -> set[str]:
    """Return what a link to a page can point at, as GitHub derives it from headings."""
    found: dict[str, int] = {}
    out: set[str] = set()
    for _, text in prose(path):
        out.update(_EXPLICIT.findall(text))
        if heading := _HEADING.match(text):
            slug = _slug(heading[1])
            count = found[slug] = found.get(slug, -1) + 1
            out.add(f"{slug}-{count}" if count else slug)
    return out


def _slug(heading: str) -> str:
    shown = _LINK.sub(lambda match: match[0].partition("](")[0].lstrip("!["), heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def _without_code(text: str) -> str:
    """Blank out inline code outside link texts, where brackets mean nothing."""
    return _INLINE_CODE.sub(lambda match: "x" * len(match[0]), text)


def _parts(path: Path) -> Iterator[Block | tuple[int, str]]:
    fence, language, begun, inside = "", "", 0, list[str]()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        match = _FENCE.match(line)
        if not fence and match:
            fence, language, begun, inside = match[2], match[3].strip(), number, []
        elif fence and match and match[2].startswith(fence) and not match[3].strip():
            yield Block(language, begun, "".join(f"{text}\n" for text in inside))
            fence = ""
        elif fence:
            inside.append(line)
        else:
            yield number, line
    if fence:
        raise ValueError(f"{path}: the code block of line {begun} has no end")
