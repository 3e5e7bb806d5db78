"""Small HTML tables, for notebooks that show an object as one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a caption; everything in it is text and is escaped."""
    head = f"<tr>{_cells('th', header)}</tr>" if header else ""
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _cells(tag: str, words: Sequence[str]) -> str:
    return "".join(f"<{tag}>{escape(word)}</{tag}>" for word in words)
