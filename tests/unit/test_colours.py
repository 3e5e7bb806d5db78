"""Colours of the report that stand for something are told apart, also by those who see no green."""

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest

STYLE = (files("fleetsynth.report") / "assets" / "report.css").read_text("utf-8")

DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
"""Machado, Oliveira and Fernandes (2009), of linear light, severity 1."""

XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])


def colours(theme: str, names: list[str]) -> np.ndarray:
    """Return colours of a theme as linear light, shape (names, 3)."""
    block = STYLE.split(':root[data-theme="dark"] {')[theme == "dark"].split("}")[0]
    found = dict(re.findall(r"--(\w+): #([0-9a-f]{6});", block))
    raw = np.array([[int(found[n][i : i + 2], 16) for i in (0, 2, 4)] for n in names]) / 255
    return np.where(raw <= 0.04045, raw / 12.92, ((raw + 0.055) / 1.055) ** 2.4)


def lab(linear: np.ndarray) -> np.ndarray:
    t = np.clip(linear, 0, 1) @ XYZ.T / [0.9505, 1, 1.0888]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def nearest(linear: np.ndarray) -> float:
    """Return the least difference between two of them, as seen with deuteranopia and without."""
    seen = [lab(linear), lab(linear @ DEUTERANOPIA.T)]
    return min(float(np.linalg.norm(a - b)) for each in seen for a, b in combinations(each, 2))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "names",
    [[f"c{i}" for i in range(8)], [f"k{i}" for i in range(6)], [f"d{i}" for i in (0, 3, 6)]],
)
def test_colours_are_told_apart(theme: str, names: list[str]) -> None:
    """Lines of a chart, parts of the bars of the fleet, and the ends and middle of correlations."""
    assert nearest(colours(theme, names)) > 14


def test_it_would_notice() -> None:
    """Orange and ochre of the same lightness are one colour to many."""
    orange, ochre = np.array([[0xC2, 0x41, 0x0C], [0xA2, 0x69, 0x0A]]) / 255
    assert nearest(np.stack([orange, ochre]) ** 2.2) < 14
