"""The table and the tests agree, and a test cannot touch what its row does not name."""

from pathlib import Path

import pytest

from tests.extensions import test_models, test_rooms  # noqa: F401 - each row has its test there
from tests.extensions.tree import PACKAGE, PERFORMED, Tree, rows


def test_each_row_is_performed_and_nothing_else() -> None:
    assert len(rows()) >= 14
    assert PERFORMED.keys() == rows().keys()
    assert len(set(PERFORMED.values())) == len(PERFORMED)


def test_only_what_a_row_names_can_be_touched(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a command")
    before = (PACKAGE / "cli" / "__init__.py").read_text("utf-8")
    tree.edit("cli/__init__.py", ("import signal\n", "import signal  # noqa\n"))
    assert (PACKAGE / "cli" / "__init__.py").read_text("utf-8") == before
    for name in ("api.py", "facts/dataset.py", "cli.py"):
        with pytest.raises(AssertionError, match=f"does not name {name}"):
            tree.edit(name, ("import", "import"))
