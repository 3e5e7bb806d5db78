"""One HTML file with everything inside, and a policy that lets nothing in or out."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from fleetsynth.shown import shown

_ASSETS = files("fleetsynth.report") / "assets"
_SCRIPTS = (
    "uPlot.iife.min.js",
    "core.js",
    "csv.js",
    "capacity.js",
    "happened.js",
    "first.js",
    "ranked.js",
    "svg.js",
    "time.js",
    "sections.js",
    "relations.js",
    "verdicts.js",
    "main.js",
)
_STYLES = ("uPlot.min.css", "report.css")


def render(payload: dict[str, Any], *, title: str, summary: str) -> str:
    """Return the page.

    Args:
        payload: what the scripts draw, JSON-ready.
        title: of the document.
        summary: one sentence that stands there even without scripts.
    """
    licence = _text("uPlot.LICENSE").strip()
    script = "\n".join(_text(name).strip() for name in _SCRIPTS)
    style = "\n".join(_text(name).strip() for name in _STYLES)
    # A closing tag or a comment inside a string must not end the block that it stands in.
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = data.encode("utf-8", "backslashreplace").decode()  # half a character, as JSON has it
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": escape(shown(title)),
        "summary": escape(shown(summary)),
        "licence": f"uPlot 1.6.32\n\n{licence}".replace("--", "- -"),
        "style": style,
        "data": data,
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text("template.html"))


def _text(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
