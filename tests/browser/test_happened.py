"""What happened: marked on charts, and in a section of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fleetsynth import generate, report
from fleetsynth.report import happened
from tests.browser.conftest import REALISTIC
from tests.browser.test_report import AXE, CLIPPED, OVERLAPPING

EVENTFUL = REALISTIC | {
    "incidents": {"intensity": 3},
    "events": [
        {"kind": "launch", "at": "2024-03-27", "archetype": ["web"], "demand": "x1.4"},
        {"kind": "load_test", "from": "2024-04-02 08:00", "for": "8h", "archetype": ["database"]},
    ],
}


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("happened")
    return report(generate(EVENTFUL, folder / "x.parquet").path, folder / "x.html")


def data_of(page: Path) -> dict[str, Any]:
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text())
    assert text
    out: dict[str, Any] = json.loads(text[1])
    return out


def test_the_section_counts_and_lists(open_page: Any, eventful: Path) -> None:
    page = open_page(eventful).page
    section = page.locator("#happened")
    titles = section.locator("h3").all_inner_texts()
    assert titles == ["By kind", "The ten worst", "What led to what", "Served by nobody", "Planned"]
    cards = dict(zip(titles, section.locator(".card").all(), strict=True))
    kinds = cards["By kind"].locator("tbody th").all_inner_texts()
    assert {"Maintenance", "Failover", "Launch", "Deploy"} <= set(kinds)
    assert 3 <= cards["The ten worst"].locator("tbody tr").count() <= 10
    assert "then " in cards["What led to what"].locator("li").first.inner_text()
    planned = cards["Planned"].locator("tbody th").all_inner_texts()
    assert set(planned) == {"launch-20240327", "load_test-20240402T0800"}
    with page.expect_download() as got:
        cards["Planned"].get_by_role("button", name="Download CSV").click()
    lines = Path(got.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("event_id,kind,entity,service,begin,end")
    assert len(lines) == 1 + len(planned)


def test_filters_act_on_the_section(open_page: Any, eventful: Path) -> None:
    page = open_page(eventful).page
    kinds = page.locator("#happened .card").first.locator("tbody th")
    before = set(kinds.all_inner_texts())
    page.get_by_label("Archetype", exact=True).select_option("0")
    after = set(kinds.all_inner_texts())
    assert after <= before
    assert ("Launch" in after) != ("Load test" in after)


def test_marks_stand_on_the_chart_in_the_readout_and_in_the_table(
    open_page: Any, eventful: Path
) -> None:
    page = open_page(eventful).page
    figure = page.locator("#time figure")
    chart = figure.get_by_role("img").first
    assert re.search(r"Marked: Launch-20240327 \(.*27 Mar 2024", chart.get_attribute("aria-label"))
    assert "lighter if planned" in figure.locator(".note").first.inner_text()
    chart.focus()
    page.keyboard.press("Home")
    said = ""
    for _ in range(22 * 24):
        page.keyboard.press("ArrowRight")
        said = figure.locator(".moment").inner_text()
        if "Launch" in said:
            break
    assert said.startswith("27 Mar 2024")
    figure.locator("summary").click()
    assert figure.locator("thead th").last.inner_text() == "Events"
    assert any("Launch" in text for text in figure.locator("tbody td").all_inner_texts())
    assert page.locator("#ranked svg.spark rect title").count() > 0


@pytest.mark.parametrize("width", [1280, 320])
def test_the_section_fits_and_can_be_used_by_all(
    open_page: Any, eventful: Path, width: int
) -> None:
    page = open_page(eventful, {"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPPING) == []
    page.evaluate(AXE)
    found = page.evaluate("axe.run('#happened').then((r) => r.violations.map((v) => v.id))")
    assert found == []
    page.emulate_media(media="print")
    assert page.locator("#happened table").first.is_visible()
    assert not page.locator("#happened button").first.is_visible()


def test_where_nothing_can_happen_there_is_no_section(
    open_page: Any, reports: dict[str, Path]
) -> None:
    page = open_page(reports["classic"]).page
    assert page.locator("#happened").count() == 0
    assert data_of(reports["classic"])["events"] is None


def test_the_page_carries_so_many_and_says_so(
    open_page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happened, "MOST_ROWS", 20)
    monkeypatch.setattr(happened, "MOST_TOLD", 2)
    path = report(generate(EVENTFUL, tmp_path / "x.parquet").path, tmp_path / "x.html")
    events = data_of(path)["events"]
    assert len(events["rows"]) == 20 < events["all"]
    assert [row[8] for row in events["rows"]] == [1] * 2 + [0] * 18
    page = open_page(path).page
    assert "Lists hold the 20 " in page.locator("#happened .about").inner_text()
