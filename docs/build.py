"""Generate the reference pages from the code: ``python -m docs.build [FOLDER]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docs import api_page, cli_page, events_page, scenario_page
from fleetsynth.presets.load import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent

NOTE = "<!-- Generated from the code by `python -m docs.build`. Do not edit: edit {source}. -->\n\n"


def _schema(preset: str) -> str:
    return json.dumps(json_schema(preset), indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/scenario.md": lambda: (
        NOTE.format(source="src/fleetsynth/scenario or docs/scenario_page.py")
        + scenario_page.render()
    ),
    "docs/events.md": lambda: (
        NOTE.format(source="src/fleetsynth/kinds or docs/events_page.py") + events_page.render()
    ),
    "docs/cli.md": lambda: (
        NOTE.format(source="src/fleetsynth/cli or docs/cli_page.py") + cli_page.render()
    ),
    "docs/api.md": lambda: (
        NOTE.format(source="the docstrings in src/fleetsynth or docs/api_page.py")
        + api_page.render()
    ),
    "examples/scenario.schema.json": lambda: _schema("classic"),
    "examples/realistic.schema.json": lambda: _schema("realistic"),
}
"""Each generated file, and what renders it."""


def build(folder: Path) -> list[Path]:
    """Write every generated file below a folder; return their paths."""
    written = []
    for name, render in PAGES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(), "utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for page in build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT):
        print(f"wrote {page}")
