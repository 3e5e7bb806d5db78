"""A real browser, and reports to open in it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleetsynth import generate, report

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="browser tests need playwright: pip install '.[dev]'"
)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

CLASSIC = {
    "num_servers": 24,
    "granularity": "hourly",
    "start_date": "2024-11-20",
    "end_date": "2025-01-20",
}
REALISTIC = {
    "preset": "realistic",
    "num_servers": 24,
    "granularity": "hourly",
    "start_date": "2024-03-18",
    "end_date": "2024-04-07",
    "statistics": ["p95", "mean"],
}


@dataclass
class Opened:
    """A page with what was heard while it was open."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def hear(self, message: Any) -> None:
        """Take what the console says."""
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        missing = "browser tests need Chromium: apt-get install chromium"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each preset."""
    folder = tmp_path_factory.mktemp("reports")
    out = {}
    for name, scenario in (("classic", CLASSIC), ("realistic", REALISTIC)):
        data = generate(scenario, folder / f"{name}.parquet").path
        out[name] = report(data, folder / f"{name}.html")
    return out


def _open(browser: Any, path: Path, size: dict[str, int], scheme: str) -> tuple[Any, Opened]:
    """Open a file in a window of its own; return that window's context, too."""
    context = browser.new_context(
        viewport=size, color_scheme=scheme, timezone_id="Asia/Tokyo", locale="de-DE"
    )
    opened = Opened(context.new_page())
    page = opened.page
    page.set_default_timeout(120_000)
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("console", opened.hear)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    page.evaluate("document.getElementById('about').open = true")  # see test_report.py
    page.wait_for_timeout(100)
    return context, opened


def _check(opened: Opened) -> None:
    """Nothing has gone wrong, and the page has asked for nothing but itself."""
    assert opened.errors == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in opened.requests if url.startswith("file:")]) == 1


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Open a file in a window of its own; what went wrong is checked at the end."""
    contexts, all_opened = [], []

    def opening(path: Path, size: dict[str, int] = DESKTOP, scheme: str = "light") -> Opened:
        context, opened = _open(browser, path, size, scheme)
        contexts.append(context)
        all_opened.append(opened)
        return opened

    yield opening
    for opened in all_opened:
        _check(opened)
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def _windows(browser: Any) -> Iterator[Any]:
    windows: dict[Path, tuple[Any, Opened]] = {}

    def window(path: Path) -> Opened:
        if path not in windows:
            windows[path] = _open(browser, path, DESKTOP, "light")
        return windows[path][1]

    yield window
    for context, _ in windows.values():
        context.close()


@pytest.fixture
def shared_page(_windows: Any) -> Iterator[Any]:
    """Open a file on a desktop, once for all tests that only look, and leave it as it was."""
    used: list[Opened] = []

    def opening(path: Path) -> Opened:
        used.append(_windows(path))
        return used[-1]

    yield opening
    for opened in used:
        _check(opened)
