"""The tutorial, followed with an installed wheel: ``python -m tests.docs.from_wheel``.

Part of ``make release``, in an environment that has the wheel and what it asks for, and no more.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import fleetsynth
from tests.docs import markdown, running

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial.md"


def main() -> None:
    """Run every block of the page; AssertionError if one does not do what the page says."""
    home = Path(fleetsynth.__file__).resolve()
    assert "site-packages" in home.parts, f"this is no installed wheel: {home}"
    with TemporaryDirectory() as folder:
        page = running.Page(PAGE.name, Path(folder), fresh=True)
        for block in markdown.blocks(PAGE):
            page.run(block)
    assert page.ran > 10
    print(f"{PAGE.name}: {page.ran} blocks do what they say, with {fleetsynth.__version__}")


if __name__ == "__main__":
    main()
