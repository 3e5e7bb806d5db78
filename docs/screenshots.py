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
REALISTIC = {
    "preset": "realistic",
    "num_servers": 200,
    "granularity": "hourly",
    "start_date": "2024-01-01",
    "end_date": "2024-06-30",
}
DESKTOP = (1200, 860)
PHONE = (390, 844)


def build(folder: Path) -> list[Path]:
    """Write every picture to a folder; return their paths."""
    written = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        pages = {}
        for name, scenario in (("classic", {}), ("realistic", REALISTIC)):
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
            page = browser.new_page(
                viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
            )
            page.goto(pages[report].as_uri())
            page.wait_for_selector("html[data-ready]")
            path = folder / f"report-{name}.png"
            if section:
                # The bar of filters would stick to the top of the picture.
                page.evaluate("document.getElementById('filters').hidden = true")
            if section and size == PHONE:
                page.evaluate(f"document.getElementById('{section}').scrollIntoView()")
            page.wait_for_timeout(700)
            shown = page.locator(f"#{section}") if section and size != PHONE else page
            shown.screenshot(path=path)
            page.close()
            smaller(path)
            written.append(path)

        shoot("desktop-light", "realistic", DESKTOP, "light")
        shoot("desktop-dark", "realistic", DESKTOP, "dark")
        shoot("phone-light", "realistic", PHONE, "light")
        shoot("phone-dark", "realistic", PHONE, "dark", "patterns")
        shoot("time", "realistic", DESKTOP, "light", "time")
        shoot("patterns", "realistic", DESKTOP, "dark", "patterns")
        shoot("effects", "classic", DESKTOP, "light", "effects")
        shoot("correlations", "classic", DESKTOP, "light", "correlations")
        shoot("verdicts", "classic", DESKTOP, "light", "verdicts")
        shoot("saturation", "realistic", DESKTOP, "light", "saturation")
        browser.close()
    return written


if __name__ == "__main__":
    for picture in build(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES):
        print(f"wrote {picture}")
