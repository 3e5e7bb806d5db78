"""Which Python the Makefile sets up with."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="there is no make")


def _python(folder: Path, name: str, version: tuple[int, int]) -> None:
    """Put a Python there that says it is of some version."""
    code = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    script = folder / name
    script.write_text(f"#!/bin/sh\nshift\nexec {sys.executable} -c '{code}' \"$@\"\n")
    script.chmod(0o755)


def _dry_run(folder: Path, *more: str) -> str:
    """What `make` would do to set up, in a folder whose programs are all that it finds."""
    sh = shutil.which("sh")
    assert MAKE
    assert sh
    (folder / "sh").symlink_to(sh)
    done = subprocess.run(
        [MAKE, "--dry-run", "--file", str(ROOT / "Makefile"), ".venv/.ready", *more],
        cwd=ROOT,
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


SETS_UP = "-m venv .venv"


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"python3.11": (3, 11), "python3": (3, 13)}, "python3.11"),
        ({"python3": (3, 12)}, "python3"),
        ({"python3": (3, 9), "python3.12": (3, 12)}, "python3.12"),
        ({"python": (3, 11)}, "python"),
    ],
)
def test_the_first_python_that_is_new_enough_is_taken(
    there: dict[str, tuple[int, int]], chosen: str, tmp_path: Path
) -> None:
    for name, version in there.items():
        _python(tmp_path, name, version)
    out = _dry_run(tmp_path, "--always-make")
    assert f"\n{chosen} {SETS_UP}\n" in f"\n{out}"


def test_a_python_that_is_named_is_taken(tmp_path: Path) -> None:
    _python(tmp_path, "python3", (3, 12))
    out = _dry_run(tmp_path, "--always-make", "PYTHON=/opt/mine/python3")
    assert f"/opt/mine/python3 {SETS_UP}" in out


@pytest.mark.parametrize("there", [{}, {"python3": (3, 10)}])
def test_without_one_it_says_so(there: dict[str, tuple[int, int]], tmp_path: Path) -> None:
    for name, version in there.items():
        _python(tmp_path, name, version)
    script = _dry_run(tmp_path, "--always-make").splitlines()[0]
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith("fleetsynth needs Python 3.11 or newer, and none was found")
    assert "make PYTHON=" in done.stderr
