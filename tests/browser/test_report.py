"""The report in a real browser: it draws, filters, reads well, and asks nothing of the network."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import report
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = (Path(__file__).parent / "assets" / "axe.min.js").read_text("utf-8")
PRESETS = pytest.mark.parametrize("preset", ["classic", "realistic"])
SIZES = {"desktop": DESKTOP, "phone": PHONE}

RUN_AXE = """() => axe.run(document, { resultTypes: ['violations'] }).then((found) => ({
  passes: found.passes.length,
  violations: found.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]),
}))"""

CANVASES = """() => [...document.querySelectorAll('canvas')].map((canvas) => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let i = 3; i < data.length; i += 4) inked += data[i] > 0;
  return inked;
})"""

CLIPPED = """() => {
  const wrong = [];
  for (const text of document.querySelectorAll('.plot svg text')) {
    const box = text.getBoundingClientRect(), card = text.closest('.card').getBoundingClientRect();
    if (box.width && (box.left < card.left - 1 || box.right > card.right + 1)) {
      wrong.push(text.textContent);
    }
  }
  return wrong;
}"""

OVERLAPPING = """() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('.plot svg')) {
    const boxes = [...svg.querySelectorAll('text')].map((t) => [t, t.getBoundingClientRect()]);
    boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1.5 && high > 4) wrong.push(`${one.textContent} / ${other.textContent}`);
    }));
  }
  return wrong;
}"""


def choose(page: Any, name: str, value: str) -> None:
    page.get_by_label(name, exact=True).select_option(label=value)


@PRESETS
def test_every_chart_draws(shared_page: Any, reports: dict[str, Path], preset: str) -> None:
    page = shared_page(reports[preset]).page
    inked = page.evaluate(CANVASES)
    assert len(inked) == 1
    assert min(inked) > 500
    figures = page.locator("figure:visible")
    assert figures.count() >= 11
    for figure in figures.all():
        shapes = figure.locator(".plot canvas, .plot rect, .plot path, .plot circle").count()
        assert shapes or figure.locator(".empty").count(), figure.inner_text()


def test_charts_have_a_table_and_a_name(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page
    for figure in page.locator("figure:visible", has=page.get_by_role("img")).all():
        label = figure.get_by_role("img").first.get_attribute("aria-label")
        assert len(label) > 40, label
        figure.locator("summary").click()
        figure.locator("tbody tr").nth(2).wait_for(timeout=60_000)
        assert figure.locator("thead th").count() >= 2


def test_filters_act_on_all_charts(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page

    def told() -> dict[str, str]:
        figures = page.locator("figure:visible", has=page.get_by_role("img"))
        return {
            f"{figure.locator('xpath=ancestor::section').get_attribute('id')} "
            f"{figure.locator('h3').inner_text().split(' by ')[0]}": str(
                figure.get_by_role("img").first.get_attribute("aria-label")
            )
            for figure in figures.all()
        }

    before = told()
    choose(page, "Archetype", "Database Server")
    assert page.get_by_role("status").inner_text() == (
        "4 of 24 servers, Archetype: Database Server"
    )
    after = told()
    assert set(after) < set(before)  # correlations of the other archetypes are gone
    changed = {name for name in after if before[name] != after[name]}
    assert {
        "patterns Hour",
        "patterns Distribution of values",
        "effects Special days against ordinary days",
        "time CPU p95",
    } <= changed
    assert page.locator("#ranked .note").first.inner_text() == "12 of 12 lines"  # 4 of 3 resources
    choose(page, "Metric", "Network in p95 (Mbps)")
    third = told()
    same = [name for name in changed - {"time CPU p95"} if after[name] == third[name]]
    assert same == []
    assert "time Network in p95" in third
    assert "Mbps" in page.locator(".tiles").inner_text()
    choose(page, "Over time", "Peak")
    assert "greatest" in page.locator("#time .note").first.inner_text()
    choose(page, "Region", "eu-west-1")
    choose(page, "Criticality", "High")
    choose(page, "Business unit", "Wealth")
    page.get_by_role("button", name="Clear filters").click()
    assert page.get_by_role("status").inner_text() == "All 24 servers"


def test_a_filter_that_nothing_passes_says_so(open_page: Any, tmp_path: Path) -> None:
    page = open_page(_hostile(tmp_path)).page
    choose(page, "Archetype", "a")
    choose(page, "Region", "south")
    assert page.get_by_role("status").inner_text().startswith("0 of 4 servers")
    assert page.locator(".empty").count() > 0


def test_verdicts_are_shown(shared_page: Any, reports: dict[str, Path]) -> None:
    section = shared_page(reports["classic"]).page.locator("#verdicts")
    assert "None of" in section.locator(".about").inner_text()
    form, figures = section.locator(".card").all()
    assert form.locator("tbody tr").count() > 20
    assert figures.locator("tbody tr").count() > 50
    assert set(figures.locator(".badge").all_inner_texts()) <= {"✓ passed", "◦ cannot tell"}


def test_what_is_about_the_data_is_folded_until_asked_for(
    browser: Any, reports: dict[str, Path]
) -> None:
    page = browser.new_page(viewport=DESKTOP)
    page.goto(reports["classic"].as_uri())
    page.wait_for_selector("html[data-ready]")
    assert not page.locator("#correlations").is_visible()
    assert page.locator("#time").is_visible()
    page.locator("#about > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#correlations").wait_for()
    card, plot = (
        page.locator(f"#correlations {part}").first.bounding_box() for part in (".card", "svg")
    )
    assert card["width"] - 60 < plot["width"] <= card["width"]
    page.close()


def test_services_are_shown(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["realistic"]).page
    page.get_by_label("Group by").select_option(label="Service")
    card = page.locator("#time figure")
    assert "dashes: the limit of 90 %" in card.locator(".note").inner_text()
    assert card.locator(".legend li").count() >= 4
    assert "Not comparable" in page.locator("#facts").inner_text()  # a point an hour


@pytest.mark.parametrize(
    ("preset", "size", "scheme", "opened"),
    [
        ("classic", "desktop", "light", "all"),
        ("classic", "desktop", "dark", "one"),
        ("classic", "phone", "light", "one"),
        ("realistic", "desktop", "light", "one"),
        ("realistic", "phone", "dark", "one"),
    ],
)
def test_axe_finds_nothing(
    open_page: Any, reports: dict[str, Path], preset: str, size: str, scheme: str, opened: str
) -> None:
    page = open_page(reports[preset], SIZES[size], scheme).page
    assert page.locator("html").get_attribute("data-theme") == scheme
    # All tables once; elsewhere one of each section, for there are thousands of cells.
    page.evaluate(
        """(all) => document.querySelectorAll('section').forEach((section) => {
          const tables = [...section.querySelectorAll('details')];
          tables.slice(0, all ? undefined : 1).forEach((d) => { d.open = true; });
        })""",
        opened == "all",
    )
    page.wait_for_timeout(200)
    page.evaluate(AXE)
    found = page.evaluate(RUN_AXE)
    assert found["passes"] > 20
    assert found["violations"] == []


def test_axe_would_find_something(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page
    page.evaluate(AXE)
    page.evaluate("""() => {
      document.querySelector("#time .note").style.color = '#cccccc';
      document.querySelector('#time [role=img]').removeAttribute('aria-label');
    }""")
    rules = "{ runOnly: ['color-contrast', 'role-img-alt'] }"
    found = page.evaluate(f"axe.run('#time', {rules}).then((r) => r.violations.map((v) => v.id))")
    assert sorted(found) == ["color-contrast", "role-img-alt"]


@PRESETS
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_clipped_or_overlaps(
    open_page: Any, reports: dict[str, Path], preset: str, width: int
) -> None:
    page = open_page(reports[preset], {"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPPING) == []


def test_the_checks_above_notice_a_clipped_label(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page
    page.evaluate("""() => {
      const [one, other] = document.querySelectorAll('#effects svg text');
      one.setAttribute('x', -500);
      other.setAttribute('x', document.querySelectorAll('#effects svg text')[2].getAttribute('x'));
      other.setAttribute('y', document.querySelectorAll('#effects svg text')[2].getAttribute('y'));
    }""")
    assert len(page.evaluate(CLIPPED)) == 1
    assert len(page.evaluate(OVERLAPPING)) >= 1


def test_the_keyboard_reaches_everything(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    chart = page.locator("#time figure").first
    chart.locator(".plot").focus()
    page.keyboard.press("End")
    last = chart.locator(".moment").inner_text()
    page.keyboard.press("ArrowLeft")
    assert last
    assert chart.locator(".moment").inner_text() not in {"", last}
    assert "%" in chart.locator(".legend .value").first.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"


def test_the_theme_follows_the_system_and_the_button(
    open_page: Any, reports: dict[str, Path]
) -> None:
    page = open_page(reports["classic"], scheme="dark").page
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html[data-theme=light]")
    light = page.evaluate(paper)
    assert light != dark
    page.get_by_role("button", name="Dark mode").click()
    assert page.evaluate(paper) == dark
    assert min(page.evaluate(CANVASES)) > 500


def test_paper_is_white_and_has_no_controls(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"], scheme="dark").page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#theme").is_visible()
    assert page.pdf()[:5] == b"%PDF-"


def _hostile(folder: Path) -> Path:
    """A report of data that would like to be scripts."""
    bad = "</script><script>document.title='caught'</script><img src=x onerror=alert(1)>{{script}}"
    days = 40
    rows = 4 * days
    table = pa.table(
        {
            "timestamp": pa.array(
                [86_400_000_000 * (19_000 + d) for _ in range(4) for d in range(days)],
                pa.timestamp("us"),
            ),
            "server_id": [f"{bad}{i}" for i in range(4) for _ in range(days)],
            "cpu_p95": [float((i * 7) % 90) for i in range(rows)],
            "server_type": [kind for kind in "aabb" for _ in range(days)],
            "business_unit": [bad] * rows,
            "region": [r for r in ("north", "north", "south", "south") for _ in range(days)],
        }
    )
    path = folder / "x<b>y.parquet"
    pq.write_table(table, path)
    return report(path, folder / "hostile.html")


def test_data_are_never_markup(open_page: Any, tmp_path: Path) -> None:
    page = open_page(_hostile(tmp_path)).page
    assert page.title() == "Fleet report: x<b>y.parquet"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert "</script>" in page.locator("#ranked tbody").inner_text()
    assert "x<b>y.parquet" in page.locator("#eyebrow").inner_text()


def test_the_page_may_not_use_the_network(open_page: Any, reports: dict[str, Path]) -> None:
    opened = open_page(reports["classic"])
    answer = opened.page.evaluate(
        "fetch('http://127.0.0.1:9/').then(() => 'came', (error) => error.message)"
    )
    assert "Failed to fetch" in answer
    assert any("Content Security Policy" in error for error in opened.errors)
    opened.errors.clear()


def test_pictures_differ_by_size_and_theme(open_page: Any, reports: dict[str, Path]) -> None:
    pictures = {
        (size, scheme): open_page(reports["realistic"], SIZES[size], scheme).page.screenshot()
        for size in SIZES
        for scheme in ("light", "dark")
    }
    assert len(set(pictures.values())) == 4
    assert min(map(len, pictures.values())) > 20_000
