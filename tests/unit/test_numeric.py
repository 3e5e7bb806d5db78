"""The one place where numbers lose the bits that differ between machines."""

import re
from pathlib import Path

import numpy as np
import pytest

import fleetsynth
from fleetsynth.numeric import RESOLUTION, normal_quantile, rounded

SOURCES = sorted(Path(fleetsynth.__file__).parent.rglob("*.py"))


def test_numbers_and_arrays_are_rounded_alike() -> None:
    values = np.array([0.0, 1e-7, RESOLUTION / 2, 1.5 * RESOLUTION, 1 / 3, -2 / 3, 1e9 + 1 / 7])
    assert [rounded(value) for value in values.tolist()] == rounded(values).tolist()
    assert (rounded(values) / RESOLUTION % 1 == 0).all()
    assert np.abs(rounded(values) - values).max() <= RESOLUTION / 2


def test_a_rounded_number_is_plain() -> None:
    assert type(rounded(0.1)) is float


@pytest.mark.parametrize(("u", "z"), [(0.5, 0.0), (0.975, 1.959964), (0.0, -8.292361)])
def test_normal_quantiles(u: float, z: float) -> None:
    assert normal_quantile(u) == pytest.approx(z, abs=1e-6)


def test_no_other_module_knows_how_to_round_so() -> None:
    rounding = re.compile(r"2(\.0)?\*\*-?20")
    found = [path.name for path in SOURCES if rounding.search(_code(path))]
    assert found == ["numeric.py"]


def _code(path: Path) -> str:
    """The text of a module without its comments and docstrings that say 2**-20."""
    return "\n".join(
        line
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(\w+ = |return )", line)
    )
