"""Take the pictures of docs/report.md: ``python -m docs.screenshots [FOLDER]`` (needs Chromium)."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

import fleetsynth
from docs.gallery import smaller

IMAGES = Path(__file__).resolve().parent / "images"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
YEARS = {
    "preset": "realistic",
    "num_servers": 200,
    "granularity": "daily",
    "start_date": "2023-01-01",
    "end_date": "2025-12-31",
}
HOURS = {
    "preset": "realistic",
    "num_servers": 200,
    "granularity": "hourly",
    "start_date": "2024-01-01",
    "end_date": "2024-06-30",
}
DESKTOP = (1280, 1010)
PHONE = (390, 1500)
PAPER = (688, 1017)
"""A4 less its margins, at 96 dots an inch."""


def build(folder: Path) -> list[Path]:
    """Write every picture to a folder; return their paths."""
    written = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        pages = {}
        for name, scenario in (("classic", {}), ("years", YEARS), ("hours", HOURS)):
            data = fleetsynth.generate(scenario, Path(place) / name / "fleet.parquet").path
            pages[name] = fleetsynth.report(data, Path(place) / f"{name}.html")
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)

        def shoot(
            name: str,
            report: str,
            size: tuple[int, int],
            scheme: Literal["light", "dark"],
            section: str = "",
        ) -> None:
            """Take the top of a page, or one section of it."""
            page = browser.new_page(
                viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
            )
            page.goto(pages[report].as_uri())
            page.wait_for_selector("html[data-ready]")
            path = folder / f"report-{name}.png"
            if size == PAPER:
                page.evaluate("dispatchEvent(new Event('beforeprint'))")
                page.emulate_media(media="print")
            if section:
                # The bar of filters would stick to the top of the picture.
                page.evaluate("""() => {
                  document.getElementById('filters').hidden = true;
                  document.getElementById('about').open = true;
                }""")
            page.wait_for_timeout(700)
            shown = page.locator(f"#{section}") if section else page
            shown.screenshot(path=path)
            page.close()
            smaller(path, 256)  # of which scales take many
            written.append(path)

        shoot("desktop-light", "years", DESKTOP, "light")
        shoot("desktop-dark", "years", DESKTOP, "dark")
        shoot("phone-light", "years", PHONE, "light")
        shoot("phone-dark", "years", PHONE, "dark")
        shoot("paper", "years", PAPER, "light")
        shoot("list", "years", DESKTOP, "light", "ranked")
        shoot("time", "years", DESKTOP, "light", "time")
        shoot("patterns", "hours", DESKTOP, "dark", "patterns")
        shoot("effects", "classic", DESKTOP, "light", "effects")
        shoot("correlations", "classic", DESKTOP, "light", "correlations")
        shoot("verdicts", "classic", DESKTOP, "light", "verdicts")
        browser.close()
    return written


if __name__ == "__main__":
    for picture in build(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES):
        print(f"wrote {picture}")
