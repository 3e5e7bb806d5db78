"""What the page works out itself, on data whose answers are worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import report
from tests.known.data import DAY, MONDAY, dataset

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

T = 1096
FIVE_MINUTES = 300


@pytest.fixture(scope="module")
def ramps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three ramps, two constants, one that is full three days a week; two services, two regions."""
    rng = np.random.default_rng(0)
    t = np.arange(T)
    noise = rng.normal(0, 0.3, (3, T))
    series = {
        "full": np.full(T, 100.0),
        "0to70": t * 70 / (T - 1) + noise[0],
        "30to75": 30 + t * 45 / (T - 1) + noise[1],
        "still": np.full(T, 40.0),
        "0to60": t * 60 / (T - 1) + noise[2],
        "busy": np.where(t % 7 < 3, 100.0, 60.0 + t % 5),
    }
    ups = {"0to70", "0to60"}
    labels = {
        "region": {name: "north" if name in ups else "south" for name in series},
        "service": {name: "shop" if name in ups else "bank" for name in series},
    }
    folder = tmp_path_factory.mktemp("known")
    # From 1 January 2023 on, as 3 years to the end of 2025.
    path = dataset(folder / "ramps.parquet", series, begin=MONDAY - 365 * DAY, labels=labels)
    return report(path, folder / "ramps.html", validation=False)


def test_the_service_can_be_chosen(open_page: Any, ramps: Path) -> None:
    page = open_page(ramps).page
    page.get_by_label("Service", exact=True).select_option(label="shop")
    assert page.get_by_role("status").inner_text() == "2 of 6 servers, Service: shop"
    tiles = page.locator(".tiles").inner_text()
    # The means of the two ramps are 35 and 30.
    assert "32.5" in tiles


def test_tiles(open_page: Any, ramps: Path) -> None:
    page = open_page(ramps).page
    tiles = [tile.inner_text().splitlines() for tile in page.locator(".tile").all()]
    told = {tile[0]: tile[1] for tile in tiles}
    assert told["Servers"] == "6"
    assert told["Services"] == "2"
    busy = np.where(np.arange(T) % 7 < 3, 100.0, 60.0 + np.arange(T) % 5).mean()
    mean = (100 + 35 + 52.5 + 40 + 30 + busy) / 6
    assert float(told["Mean of CPU p95"].rstrip("%")) == pytest.approx(mean, abs=0.06)


def test_bars_begin_at_one_x_and_share_one_scale(open_page: Any, ramps: Path) -> None:
    page = open_page(ramps).page
    bars = page.evaluate(
        """() => [...document.querySelectorAll('.parts')].map((list) =>
          [...list.querySelectorAll('li')].map((row) => {
            const bar = row.querySelector('rect').getBoundingClientRect();
            const room = row.querySelector('svg').getBoundingClientRect();
            return [Number(row.lastChild.textContent), bar.left, bar.width, room.width];
          }))"""
    )
    (north, south) = bars[0]
    assert (north[0], south[0]) == (2, 4)
    assert north[1] == pytest.approx(south[1], abs=0.5)
    assert north[3] == pytest.approx(south[3], abs=0.5)
    assert south[2] == pytest.approx(2 * north[2], rel=0.02)


def test_facts_at_another_step_are_not_comparable(open_page: Any, ramps: Path) -> None:
    section = open_page(ramps).page.locator("#facts")
    assert section.locator(".about").inner_text() == (
        "Not comparable: real fleets were measured every 5 minutes, and these data have a point "
        "every day, at which the same servers have other figures."
    )
    assert section.locator(".badge, svg, tbody").count() == 0


def test_facts_that_were_measured_are_listed_without_ranges(open_page: Any, tmp_path: Path) -> None:
    path = dataset(tmp_path / "f.parquet", {"a": np.tile([10.0, 20.0], 300)})
    found = fleetsynth.facts(path)
    page = open_page(report(path, tmp_path / "f.html", validation=False, facts=found)).page
    assert page.locator("#facts thead th").all_inner_texts() == ["Figure", "Value"]
    assert page.locator("#facts .badge").count() == 0
    row = page.locator("#facts tbody tr", has_text="CPU mean (%)")
    assert row.locator("td").inner_text() == "15.0"


def test_facts_at_their_step_share_a_scale(open_page: Any, tmp_path: Path) -> None:
    values = np.tile([10.0, 20.0], 300)
    path = dataset(tmp_path / "f.parquet", {"a": values}, step=FIVE_MINUTES)
    page = open_page(report(path, tmp_path / "f.html", validation=False)).page
    rows = {
        row.locator("th").inner_text(): row
        for row in page.locator("#facts .scroll").first.locator("tbody tr").all()
    }
    mean = rows["CPU mean (%)"]
    assert mean.locator("td").all_inner_texts()[0] == "✓ within"
    assert mean.locator("td").all_inner_texts()[2:] == ["15.0", "8.0 to 35.0"]
    lag = rows["Autocorrelation at 1 step (r)" if "Autocorrelation at 1 step (r)" in rows
               else "Autocorrelation at 1 step"]  # fmt: skip
    assert lag.locator("td").all_inner_texts()[0] == "◦ outside"  # -1, below
    hour = rows["Autocorrelation at 1 h"]  # 1, above
    assert hour.locator("td").all_inner_texts()[0] == "◦ outside"
    assert rows["CPU p50 (%)"].locator("td").all_inner_texts()[0] == "✓ within"
    hourly = rows["Hour-of-day R², median"]
    assert hourly.locator("td").all_inner_texts()[0] == "✓ within"
    places = page.evaluate(
        """() => [...document.querySelectorAll('#facts tbody tr')].map((row) => {
          const bar = row.querySelector('rect').getBoundingClientRect();
          return [bar.left, bar.width];
        })"""
    )
    assert len({(round(left), round(width)) for left, width in places}) == 1
    inside = len([row for row in rows.values() if "✓" in row.inner_text()])
    assert page.locator("#facts .about").inner_text().startswith(f"{inside} of {len(rows)} figures")


def _special(folder: Path) -> Path:
    """Three years at 50 but for last days of quarters, 70, 75 and 80 in turn; and one at 100."""
    dates = (MONDAY // DAY + np.arange(T)).astype("datetime64[D]").astype(str)
    one = np.full(T, 50.0)
    ends = [i for i, date in enumerate(dates) if date[5:] in {"03-31", "06-30", "09-30"}]
    one[ends] = np.resize([70.0, 75, 80], len(ends))
    path = dataset(folder / "e.parquet", {"a": one, "b": 100.0 - 0 * one})
    return report(path, folder / "e.html", validation=False, facts=False)


def test_the_effect_of_special_days(open_page: Any, tmp_path: Path) -> None:
    """Over both servers 170, 175, 180 of 150 / 2 each: mean 1.1667, nine days of them."""
    page = open_page(_special(tmp_path)).page
    page.locator("#effects summary").click()
    row = page.locator("#effects tbody tr", has_text="Quarter end, last day")
    row.wait_for()
    days, mean, low, high = (float(text) for text in row.locator("td").all_inner_texts())
    ratios = np.resize([170.0, 175, 180], 9) / 150
    half = 2.31 * ratios.std(ddof=1) / 3  # t of 8 degrees of freedom
    assert days == 9
    assert mean == pytest.approx(ratios.mean(), abs=0.001)
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.0008)


def test_the_heat_map_and_the_distribution(open_page: Any, tmp_path: Path) -> None:
    """Two weeks of hours from a Monday: each hour's value is its hour, 20 more in the second."""
    hour = np.arange(14 * 24)
    values = hour % 24 + 20 * (hour >= 168)
    path = dataset(tmp_path / "h.parquet", {"a": values}, step=3600)
    page = open_page(report(path, tmp_path / "h.html", validation=False, facts=False)).page
    label = page.locator("#patterns [role=img]").first.get_attribute("aria-label")
    assert label == (
        "Heat map of CPU p95: lowest Mon 0:00 with 10.0 %, highest Sun 23:00 with 33.0 %."
    )
    page.locator("#patterns summary").first.click()
    row = page.locator("#patterns tbody tr", has_text="Wed").first
    row.locator("td").last.wait_for()
    assert row.locator("td").all_inner_texts() == [f"{h + 10:.1f}" for h in range(24)]
    page.locator("#patterns summary").nth(1).click()
    last = page.locator("#patterns tbody").last.locator("tr").last
    last.locator("td").last.wait_for()
    told = last.locator("td").all_inner_texts()
    # 0-19 occur 7 times, 20-23 14 times, 24-43 7 times: the 168th of 336 ends bin 21 at 2/14 …
    assert told[0] == "21.5"
    below = np.sort(values)
    for text, share in zip(told[1:], (0.05, 0.5, 0.95, 0.99), strict=True):
        assert float(text) == pytest.approx(below[int(share * len(below))], abs=1.01)
    assert float(told[2]) == pytest.approx(21 + (168 - 20 * 7 - 14) / 14, abs=0.06)


def test_the_heat_map_is_from_nothing_to_all(open_page: Any, tmp_path: Path) -> None:
    """18 and 25 % look alike, and both like little; 0 and 100 % like what they are."""
    shades = []
    for name, low, high in (("few", 18, 25), ("all", 0, 100)):
        values = np.where(np.arange(14 * 24) % 24 < 12, low, high)
        path = dataset(tmp_path / f"{name}.parquet", {"a": values}, step=3600)
        page = open_page(report(path, tmp_path / f"{name}.html", validation=False)).page
        cells = page.locator("#patterns figure").first.locator("rect[rx]")
        shades += [cells.nth(i).get_attribute("fill") for i in (0, 23)]
    light = [sum(map(int, shade[4:-1].split(","))) / 3 for shade in shades]
    assert light[2] > light[0] > light[1] > light[3]
    assert light[0] - light[1] < 0.2 * (light[2] - light[3])
    assert light[1] > (light[2] + light[3]) / 2


def test_correlations_have_a_sign_to_be_seen(open_page: Any, tmp_path: Path) -> None:
    """What rises together is blue, what falls as another rises is brown, neither is pale."""
    rng = np.random.default_rng(3)
    cpu = 50 + 10 * rng.normal(size=(6, 400))
    series = {f"s{i}": each for i, each in enumerate(cpu)}
    path = dataset(tmp_path / "c.parquet", series)
    table = pq.read_table(path)
    noise = 50 + 10 * rng.normal(size=cpu.size)
    for name, values in (("mem_p95", 100 - cpu.ravel()), ("disk_p95", noise)):
        table = table.append_column(name, pa.array(values))
    table = table.append_column("net_in_p95", pa.array(cpu.ravel()))
    pq.write_table(table, path)
    page = open_page(report(path, tmp_path / "c.html", validation=False)).page
    fills = {}
    for cell in page.locator("#correlations rect[rx]").all():
        pair = cell.locator("title").evaluate("(e) => e.textContent").split(":")[0]
        fills[pair] = [*map(int, cell.get_attribute("fill")[4:-1].split(","))]
    red, _, blue = fills["CPU and mem"]
    assert red > blue + 40
    red, _, blue = fills["CPU and net in"]
    assert blue > red + 40
    assert min(fills["CPU and disk"]) > 215


def test_peaks_and_means_over_time(open_page: Any, tmp_path: Path) -> None:
    """a is 10, 20, 30; b is 40, missing, 60: their mean is 25, 20, 45, the peak 40, 20, 60."""
    path = dataset(tmp_path / "m.parquet", {"a": [10, 20, 30], "b": [40, np.nan, 60]},
                   labels={"region": {"a": "n", "b": "n"}})  # fmt: skip
    page = open_page(report(path, tmp_path / "m.html", validation=False, facts=False)).page
    found = page.evaluate("[overTime([0], 0, 'mean'), overTime([0], 0, 'peak')]")
    assert [[round(v, 2) for v in row] for row in found] == [[25, 20, 45], [40, 20, 60]]


def test_groups_count_by_their_values_not_their_rows(open_page: Any, tmp_path: Path) -> None:
    """a is 10 three times; b, of another region, is 50 once and missing twice: the mean is 20.

    Memory is 2 and 4 throughout: 3.
    """
    series = {"a": [10, 10, 10], "b": [np.nan, 50, np.nan]}
    labels = {"region": {"a": "n", "b": "s"}, "service": {"a": "x", "b": "x"}}
    path = dataset(tmp_path / "w.parquet", series, labels=labels)
    memory = pa.array([2.0] * 3 + [4.0] * 3)
    pq.write_table(pq.read_table(path).append_column("mem_p95", memory), path)
    page = open_page(report(path, tmp_path / "w.html", validation=False, facts=False)).page
    assert page.evaluate("meanOf([0, 1], 0)") == pytest.approx(20, abs=0.001)
    assert page.evaluate("meanOf([0, 1], 1)") == pytest.approx(3, abs=0.001)
    assert page.evaluate("overTime([0, 1], 0, 'mean')") == pytest.approx([10, 30, 10], abs=0.001)
    page.get_by_label("Group by").select_option(label="Service")
    label = page.locator("#time figure").get_by_role("img").first
    assert "x" in str(label.get_attribute("aria-label"))


def test_verdicts_come_failed_first_with_their_deviation(open_page: Any, tmp_path: Path) -> None:
    def verdict(name: str, status: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "status": status, "found": "x", "subject": "web", "places": [],
                "kind": "statistics", "relative": True} | more  # fmt: skip

    class Told:
        def to_dict(self) -> dict[str, Any]:
            return {"path": "p", "ok": False, "rows": 1, "servers": 1, "scenario_digest": "d",
                    "counts": {}, "understood": {}, "verdicts": [
                        verdict("base", "ok", expected=50.0, estimate=51.0, low=49.0, high=53.0,
                                detectable=2.5),
                        verdict("correlation", "fail", expected=0.5, estimate=0.7, low=0.6,
                                high=0.8, detectable=0.03, relative=False),
                        {**verdict("gaps", "untestable"), "kind": "structure"},
                    ]}  # fmt: skip

    path = dataset(tmp_path / "v.parquet", {"a": [1, 2]})
    out = report(path, tmp_path / "v.html", validation=Told(), facts=False)  # type: ignore[arg-type]
    section = open_page(out).page.locator("#verdicts")
    assert section.locator(".about").inner_text().endswith("1 of 3 questions failed.")
    first, second = section.locator(".card").last.locator("tbody tr").all()
    assert first.locator("th, td").all_inner_texts() == [
        "Correlation", "web", "✗ failed", "0.5", "0.7", "0.6 to 0.8", "0.03",
    ]  # fmt: skip
    assert second.locator("th, td").all_inner_texts()[2:] == [
        "✓ passed", "50", "51", "49 to 53", "5.0 %",
    ]  # fmt: skip


def test_daily_data_of_few_days_are_drawn_by_the_day(open_page: Any, tmp_path: Path) -> None:
    path = dataset(tmp_path / "d.parquet", {"a": [1, 2, 3]}, labels={"region": {"a": "n"}})
    page = open_page(report(path, tmp_path / "d.html", validation=False, facts=False)).page
    assert "mean per day" in page.locator("#time .note").first.inner_text()
