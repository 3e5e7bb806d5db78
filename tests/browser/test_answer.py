"""The report's first screen and its ranked list: what runs out, when, and what to do."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetsynth import Capacity, capacity, report
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_report import AXE, RUN_AXE
from tests.known.data import DAY, MONDAY, dataset

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

T = 1096
PAPER = {"width": 688, "height": 1017}
"""A4 less its margins, at 96 dots an inch."""

HIDDEN = """() => [...document.querySelectorAll('#answer, #answer *, #ranked *')].filter(
  (box) => box.checkVisibility() && !box.closest('svg, .hidden, select') &&
    box.scrollWidth > box.clientWidth + 1
).map((box) => `${box.tagName} ${box.className}`)"""

OUTSIDE = """(width) => [...document.querySelectorAll('#answer *, #ranked *')].filter((e) => {
  const box = e.getBoundingClientRect();
  return e.checkVisibility() && !e.closest('.hidden, .sp') &&
    box.width > 1 && (box.right > width + 1 || box.left < -1);
}).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Capacity]:
    """Services that run out of CPU soon, within the year and later; one above; one level."""
    rng = np.random.default_rng(0)
    t = np.arange(T)
    noise = rng.normal(0, 0.3, (8, T))

    def ramp(now: float, days: float) -> np.ndarray:
        return now + (90 - now) * (t - T + 1) / days  # at 90 % after so many days

    series = {
        "shop-1": ramp(87, 60) + noise[0],
        "shop-2": ramp(70, 800) + noise[1],
        "bank-1": ramp(84, 250) + noise[2],
        "mail-1": ramp(75, 700) + noise[3],
        "mail-2": np.full(T, 40.0) + noise[4],
        "busy-1": np.where(t % 7 < 3, 100.0, 60.0 + t % 5),
        "full-1": np.full(T, 100.0),
        "calm-1": 20 + 4 * noise[5],
    }
    series = {name: np.clip(values, 0, 100) for name, values in series.items()}
    labels = {
        "service": {name: name.partition("-")[0] for name in series},
        "business_unit": {n: "Retail" if n[0] in "sb" else "Wealth" for n in series},
    }
    folder = tmp_path_factory.mktemp("answer")
    path = dataset(folder / "fleet.parquet", series, begin=MONDAY - 365 * DAY, labels=labels)
    return report(path, folder / "fleet.html", validation=False), path, capacity(path)


def told(page: Any, section: str) -> list[list[str]]:
    rows = page.locator(f"#{section} .lines tbody tr").all()
    return [[" ".join(c.inner_text().split()) for c in row.locator("th, td").all()] for row in rows]


def shown(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%b} {day.year}"


def downloaded(page: Any, button: Any) -> list[dict[str, str]]:
    with page.expect_download() as found:
        button.click()
    assert found.value.suggested_filename.endswith(".csv")
    text = Path(found.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_title_says_who_and_when(shared_page: Any, fleet: tuple[Path, Path, Capacity]) -> None:
    html, _, found = fleet
    page = shared_page(html).page
    rows = {row["name"]: row for row in found.rows("server")}
    day = date.fromisoformat(rows["shop-1"]["date_usable"])
    assert page.get_by_role("heading", level=1).inner_text() == (
        "1 service needs a decision within 90 days: shop (CPU), around "
        f"{day.day} {day:%B} {day.year}."
    )
    assert page.locator("#lead").inner_text() == (
        "1 more service gets there within the year. 2 servers of 2 services are above it already; "
        "1 of them never move: check the agent that measures them, or accept it."
    )
    eyebrow = page.locator("#eyebrow").inner_text()
    assert eyebrow == (
        "Capacity report · fleet.parquet · data to 31 Dec 2025 · 8 servers in 6 services · "
        "usable capacity 90 %"
    )


def test_lines_have_the_figures_of_capacity(
    shared_page: Any, fleet: tuple[Path, Path, Capacity]
) -> None:
    html, _, found = fleet
    page = shared_page(html).page
    rows = [row for row in found.rows("server") if row["status"] == "dated"]
    lines = told(page, "capacity")
    first = {row["service"]: row for row in reversed(rows)}
    assert [line[0].split()[0] for line in lines] == [*dict.fromkeys(r["service"] for r in rows)]
    assert lines[0][0] == "shop 2 servers · Retail"
    for line in lines:
        row = first[line[0].split()[0]]
        assert line[1] == "CPU"
        assert line[2] == f"{row['now']:.0f} % +{row['trend_month']:.1f} a month"
        early, late = shown(row["early_usable"]), shown(row["late_usable"])
        if early[-4:] == late[-4:]:
            early = early[:-5]
        assert line[4] == f"{shown(row['date_usable'])} {early} – {late}"
        for remedy in row["help"][:2]:
            if remedy["date"]:
                assert f"lasts until {shown(remedy['date'])}" in line[6]
    assert "Already above: busy CPU (1 of 1), full CPU (1 of 1)." in page.locator(
        "#capacity"
    ).inner_text().replace("\n", " ")


def test_bars_share_one_calendar(shared_page: Any, fleet: tuple[Path, Path, Capacity]) -> None:
    """Dots and ends of bars stand in proportion to days."""
    html, _, found = fleet
    page = shared_page(html).page
    places = page.evaluate(
        """() => [...document.querySelectorAll('#capacity tbody tr')].map((row) => {
          const svg = row.querySelector('.gantt').getBoundingClientRect();
          const of = (mark) => row.querySelector(mark).getBoundingClientRect();
          const dot = of('.dot'), band = of('.band');
          return [dot.left + dot.width / 2, band.left, band.right, svg.left].map((x, i, all) =>
            i < 3 ? x - all[3] : x);
        })"""
    )
    rows = [row for row in found.rows("server") if row["status"] == "dated"]
    first = list({row["service"]: row for row in reversed(rows)}.values())
    first.sort(key=lambda row: row["days_usable"])
    assert len({round(place[3]) for place in places}) == 1
    scale = places[-1][0] / first[-1]["days_usable"]
    for (dot, low, high, _), row in zip(places, first, strict=True):
        ends = [
            (date.fromisoformat(row[f"{kind}_usable"]) - date(2025, 12, 31)).days
            for kind in ("early", "late")
        ]
        assert dot == pytest.approx(row["days_usable"] * scale, abs=1.5)
        assert (low, high) == pytest.approx((ends[0] * scale, ends[1] * scale), abs=1.5)


def test_the_fleet_is_counted_as_capacity_counts(
    open_page: Any, fleet: tuple[Path, Path, Capacity]
) -> None:
    html, _, found = fleet
    page = open_page(html).page
    page.locator("#fleet summary").click()
    (row,) = downloaded(page, page.locator("#fleet .csv"))
    names = ("above", "within_90d", "within_365d", "later", "peaks_only", "no_trend", "not_judged")
    sums = [str(sum(each[name] for each in found.rows("service"))) for name in names]
    assert [*row.values()] == ["CPU", "8", *sums]
    label = page.locator("#fleet [role=img]").get_attribute("aria-label")
    assert label.startswith("CPU of 8 servers: 2 already above, 1 within 90 days, 1 within a year")


def test_the_back_test_stands_under_the_dates(
    open_page: Any, fleet: tuple[Path, Path, Capacity]
) -> None:
    html, path, _ = fleet
    page = open_page(html).page
    (expected,) = [
        row for row in capacity(path, backtest=True).backtest if row["horizon_days"] == 364
    ]
    text = page.locator("#trust").inner_text()
    assert f"of {expected['breaches']} limits reached since, {expected['dated']} had a date" in text
    assert f"off by {round(expected['median_error_days'])} day" in text
    page.locator("#trust summary").click()
    (row,) = downloaded(page, page.locator("#trust .csv"))
    assert row == {key: "" if v is None else f"{v:g}" if isinstance(v, float) else str(v)
                   for key, v in expected.items()}  # fmt: skip
    order = page.evaluate(
        "['capacity', 'trust', 'ranked'].map((id) => document.getElementById(id).offsetTop)"
    )
    assert order == sorted(order)


@pytest.mark.parametrize("scope", ["server", "service", "unit"])
def test_the_whole_list_is_that_of_capacity(
    shared_page: Any, fleet: tuple[Path, Path, Capacity], scope: str
) -> None:
    html, _, found = fleet
    page = shared_page(html).page
    page.get_by_label("One line a").select_option(value=scope)
    rows = found.rows(scope)
    lines = told(page, "ranked")
    # What never moves, though full, stands apart, below.
    apart = [row["name"] for row in rows if row["status"] == "constant and full"]
    ranked = [row["name"] for row in rows if row["name"] not in apart]
    assert [line[0].split()[0] for line in lines] == ranked + apart
    heading = page.get_by_role("heading", name="At the limit, and never moves")
    assert heading.count() == (1 if apart else 0)
    got = downloaded(page, page.locator("#ranked .csv"))
    assert [*got[0]] == [*rows[0]] or set(got[0]) == set(rows[0])
    for line, row in zip(got, rows, strict=True):
        for name, value in row.items():
            if name == "help":
                assert (line["help"] != "") == bool(value)
            elif isinstance(value, int | float):
                assert float(line[name]) == value, name
            else:
                assert line[name] == (value or ""), name


def test_the_file_is_what_capacity_writes(
    shared_page: Any, fleet: tuple[Path, Path, Capacity], tmp_path: Path
) -> None:
    html, _, found = fleet
    page = shared_page(html).page
    got = downloaded(page, page.get_by_role("button", name="Download CSV of every server"))
    path = found.save(tmp_path / "capacity.csv", by="server")
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert [*got[0]] == [*expected[0]]

    def same(one: str, other: str) -> bool:
        try:
            return float(one) == float(other)
        except ValueError:
            return one == other

    wrong = [
        (name, line[name], row[name])
        for line, row in zip(got, expected, strict=True)
        for name in row
        if not same(line[name], row[name])
    ]
    assert wrong == []


def test_the_list_obeys_the_filters(open_page: Any, fleet: tuple[Path, Path, Capacity]) -> None:
    html, _, _ = fleet
    page = open_page(html).page
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Business unit", exact=True).select_option(label="Wealth")
    assert {line[0].split()[0] for line in told(page, "ranked")} == {"mail", "full", "calm"}
    assert page.get_by_role("heading", level=1).inner_text() == title
    page.get_by_label("Service", exact=True).select_option(label="mail")
    assert len(told(page, "ranked")) == 1
    assert "2 servers" in told(page, "ranked")[0][0]


def test_more_lines_on_request(
    open_page: Any, fleet: tuple[Path, Path, Capacity], tmp_path: Path
) -> None:
    _, path, found = fleet
    page = open_page(report(path, tmp_path / "r.html", servers=2, validation=False)).page
    page.get_by_label("One line a").select_option(value="server")
    first, apart = page.locator("#ranked .lines").all()
    assert (first.locator("tbody tr").count(), apart.locator("tbody tr").count()) == (2, 1)
    button = page.get_by_role("button", name="Show more")
    button.focus()
    page.keyboard.press("Enter")
    assert len(told(page, "ranked")) == len(found.rows("server"))
    assert not button.is_visible()
    # The keyboard goes on where the list did.
    assert page.evaluate("document.activeElement.textContent").startswith("bank-1")


def test_every_table_can_be_downloaded(open_page: Any, reports: dict[str, Path]) -> None:
    page = open_page(reports["classic"]).page
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.wait_for_timeout(200)
    tables = page.locator("table:visible")
    assert tables.count() > 15
    without = page.evaluate(
        """() => [...document.querySelectorAll('table')].filter((table) =>
          !table.closest('section, figure').querySelector('button.csv')).length"""
    )
    assert without == 0
    for name in ("#patterns", "#effects", "#verdicts"):
        box = page.locator(f"{name} table").first
        head = box.locator("thead th").all_inner_texts()
        got = downloaded(page, page.locator(f"{name} button.csv").first)
        assert [*got[0]] == head
        assert len(got) == box.locator("tbody tr").count()
        figures = [value for row in got for value in list(row.values())[1:]]
        assert not any(value == "–" for value in figures)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "light"), (PHONE, "dark")],
)
def test_axe_finds_nothing_on_the_first_screen(
    open_page: Any, fleet: tuple[Path, Path, Capacity], size: dict[str, int], scheme: str
) -> None:
    page = open_page(fleet[0], size, scheme).page
    page.evaluate("document.querySelectorAll('#answer details').forEach((d) => { d.open = true })")
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE)["violations"] == []


@pytest.mark.parametrize("width", [1280, 768, 320])
def test_nothing_of_the_answer_is_cut_off(
    open_page: Any, fleet: tuple[Path, Path, Capacity], width: int
) -> None:
    page = open_page(fleet[0], {"width": width, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(HIDDEN) == []
    assert page.evaluate(OUTSIDE, width) == []
    if width == 1280:
        bottom = page.evaluate("document.getElementById('capacity').getBoundingClientRect().bottom")
        assert bottom < DESKTOP["height"]


def test_the_checks_notice_what_is_cut_off(
    open_page: Any, fleet: tuple[Path, Path, Capacity]
) -> None:
    page = open_page(fleet[0]).page
    page.evaluate("document.querySelector('#capacity .lines').style.width = '1500px'")
    assert page.evaluate(OUTSIDE, 1280)


def test_the_first_page_on_paper_says_it_all(
    open_page: Any, reports: dict[str, Path], fleet: tuple[Path, Path, Capacity]
) -> None:
    for html, scheme in ((fleet[0], "dark"), (reports["realistic"], "light")):
        page = open_page(html, PAPER, scheme).page
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print", color_scheme=scheme)
        page.wait_for_timeout(200)
        assert page.evaluate(OUTSIDE, PAPER["width"]) == []
        bottom = page.evaluate("document.getElementById('answer').getBoundingClientRect().bottom")
        assert bottom <= PAPER["height"]
        for part in ("#capacity", "#fleet", "#trust", "#room", "#unjudged"):
            assert page.locator(part).is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )


def test_paper_has_all_of_the_list(
    open_page: Any, fleet: tuple[Path, Path, Capacity], tmp_path: Path
) -> None:
    """There is no button on paper to ask for more; on the screen all is as it was after it."""
    _, path, found = fleet
    page = open_page(report(path, tmp_path / "r.html", servers=2, validation=False), PAPER).page
    before = len(told(page, "ranked"))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert len(told(page, "ranked")) == len(found.rows("service")) > before
    assert "5 of 5 lines; apart from them 1 of 1 that never move" in page.locator(
        "#ranked"
    ).inner_text().replace("\n", " ")
    assert page.evaluate(OUTSIDE, PAPER["width"]) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert len(told(page, "ranked")) == before


def test_what_is_asked_of_capacity_is_asked_of_the_report(
    open_page: Any, fleet: tuple[Path, Path, Capacity], tmp_path: Path
) -> None:
    """Usable capacity, levels and lead time: the title, the lines and the files go by them."""
    _, path, _ = fleet
    asked: dict[str, Any] = {"usable": {"cpu": 80}, "thresholds": [70, 95], "lead_time": 45}
    found = capacity(path, **asked)
    page = open_page(report(path, tmp_path / "r.html", validation=False, **asked)).page
    assert page.locator("#eyebrow").inner_text().endswith("usable capacity 80 %")
    first = next(row for row in found.rows("server") if row["status"] == "dated")
    line = told(page, "capacity")[0][4]
    assert line.startswith(shown(first["date_usable"]))
    assert line.endswith(f"order by {shown(first['order_by'])}")
    got = downloaded(page, page.get_by_role("button", name="Download CSV of every server"))
    expected = found.rows("server")
    assert [*got[0]] == [*expected[0]]
    for name in ("order_by", "order_by_early", "date_70", "days_95", "usable"):
        assert [line[name] for line in got] == [
            f"{row[name]:g}" if isinstance(row[name], int | float) else row[name] or ""
            for row in expected
        ], name


def test_network_is_judged_where_its_link_is_said(open_page: Any, tmp_path: Path) -> None:
    path = dataset(tmp_path / "n.parquet", {"a": 500 + 0.2 * np.arange(T)}, column="net_in_p95")
    page = open_page(report(path, tmp_path / "n.html", validation=False, link=1000)).page
    assert told(page, "capacity")[0][:2] == ["a", "Network"]


def test_a_screen_reader_hears_all_of_a_line(
    open_page: Any, fleet: tuple[Path, Path, Capacity]
) -> None:
    page = open_page(fleet[0]).page
    table = page.get_by_role("table", name="What runs out first")
    assert table.get_by_role("columnheader").all_inner_texts()[0] == "Service"
    row = table.get_by_role("row").nth(1)
    assert row.get_by_role("rowheader").inner_text().startswith("shop")
    for svg in page.locator("#capacity svg").all():
        assert svg.get_attribute("aria-hidden") == "true"
    names = page.locator("#answer section").evaluate_all(
        """(all) => all.map((section) => section.getAttribute('aria-labelledby')).map(
          (id) => document.getElementById(id).textContent)"""
    )
    assert names == [
        "What runs out, when, and what to do",
        "The whole fleet",
        "Can I trust these dates?",
        "Room to give back",
        "Not dated, and why",
    ]


def test_names_that_need_quotes(open_page: Any, tmp_path: Path) -> None:
    bad = 'a,"b"\n</script><b>'
    t = np.arange(200.0)
    path = dataset(tmp_path / "q.parquet", {bad: 20 + t / 10, "c": 50 - t / 10})
    page = open_page(report(path, tmp_path / "q.html", validation=False, facts=False)).page
    got = downloaded(page, page.get_by_role("button", name="Download CSV of every server"))
    assert {row["name"] for row in got} == {bad, "c"}
    assert page.locator("#ranked th b", has_text="</script>").count() == 1


def test_where_nothing_runs_out(open_page: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = dataset(tmp_path / "calm.parquet", {"a": 30 + rng.normal(0, 2, T)})
    page = open_page(report(path, tmp_path / "c.html", validation=False, facts=False)).page
    heading = page.get_by_role("heading", level=1).inner_text()
    assert heading == "Nothing reaches 90 % within a year."
    assert page.locator("#capacity table").count() == 0


def test_where_nothing_can_be_judged(open_page: Any, tmp_path: Path) -> None:
    path = dataset(tmp_path / "net.parquet", {"a": [1, 2, 3]}, column="net_in_p95")
    page = open_page(report(path, tmp_path / "n.html", validation=False, facts=False)).page
    assert "no CPU, memory or disk in percent" in page.locator("#lead").inner_text()
    assert page.locator("#ranked, #capacity").count() == 0


def test_the_page_carries_json_that_programs_read(fleet: tuple[Path, Path, Capacity]) -> None:
    text = fleet[0].read_text("utf-8").partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(text)["capacity"]["as_of"] == "2025-12-31"
