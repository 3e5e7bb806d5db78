"""Pages of the cookbook that need more than a page's blocks, and its notebook."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs import markdown, running
from tests.serve import servers
from tests.sinks import postgres

if TYPE_CHECKING:
    from pathlib import Path

COOKBOOK = running.ROOT / "docs" / "cookbook"
NOTEBOOKS = sorted(COOKBOOK.glob("*.ipynb"))
FORMAT = {"nbformat": 4, "nbformat_minor": 5}


@pytest.mark.xdist_group("postgres")
def test_the_page_of_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.running() as server:
        url = server.new()
        database = url.partition("@/")[2].partition("?")[0]
        for name, value in (
            ("PGHOST", server.socket),
            ("PGUSER", postgres.USER),
            ("PGDATABASE", database),
        ):
            monkeypatch.setenv(name, value)
        running.run_page(COOKBOOK / "postgresql.md", tmp_path)


@pytest.mark.xdist_group("servers")
@pytest.mark.parametrize(
    ("page", "program"),
    [
        ("prometheus.md", "prometheus"),
        ("victoriametrics.md", "victoria-metrics"),
        ("alerts.md", "promtool"),
    ],
)
def test_the_pages_of_servers(tmp_path: Path, page: str, program: str) -> None:
    servers.needs(program)
    try:
        running.run_page(COOKBOOK / page, tmp_path)
    finally:  # what a block that failed has left running
        for path in tmp_path.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.xdist_group("object store")
def test_the_page_of_cloudwatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, object_store: int
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{object_store}",
    }.items():
        monkeypatch.setenv(name, value)
    running.run_page(COOKBOOK / "cloudwatch.md", tmp_path)


def test_every_page_is_in_its_index() -> None:
    named = {link for _, link in markdown.links(COOKBOOK / "README.md")}
    pages = {path.name for path in (*COOKBOOK.glob("*.md"), *NOTEBOOKS)} - {"README.md"}
    assert len(pages) >= 5
    assert pages <= named


def run_cell(source: str, namespace: dict[str, Any]) -> str:
    """Run a cell; return what it prints, and its last expression as a notebook shows it."""
    body = ast.parse(source).body
    end = body[-1]
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    if last:
        body.pop()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(body, []), "cell", "exec"), namespace)
        value = eval(compile(last, "cell", "eval"), namespace) if last else None
    return printed.getvalue() + ("" if value is None else f"{value!r}\n")


def shown(cell: dict[str, Any]) -> str:
    """What a notebook has saved of a cell's output, as text."""
    out = []
    for each in cell["outputs"]:
        text = each["text"] if each["output_type"] == "stream" else each["data"]["text/plain"]
        out.append("".join(text))
    return "\n".join(out)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_shows_what_it_prints(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(path.read_bytes())
    assert notebook.items() >= FORMAT.items()
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    namespace: dict[str, Any] = {"__name__": "__main__"}
    ran = 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            assert source.strip()
            continue
        said = run_cell(source, namespace)
        assert running.agrees(shown(cell), said), f"{source}\n\n{said}"
        ran += 1
    assert ran >= 5


def test_there_is_a_notebook() -> None:
    assert [path.name for path in NOTEBOOKS] == ["pandas.ipynb"]


def test_a_wrong_output_would_be_noticed() -> None:
    namespace: dict[str, Any] = {}
    assert run_cell("a = 1\nprint(a)", namespace) == "1\n"
    assert run_cell("a + 1", namespace) == "2\n"
    assert not running.agrees("3", run_cell("a + 1", namespace))
    assert shown({"outputs": [{"output_type": "stream", "text": ["a", "b"]}]}) == "ab"
