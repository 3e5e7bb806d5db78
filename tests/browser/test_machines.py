"""The answer in cores and money, where the data know what servers are."""

from __future__ import annotations

from csv import DictReader
from pathlib import Path
from typing import Any

import pytest
from pyarrow.parquet import read_table

from fleetsynth import capacity, generate, report
from fleetsynth.capacity.fits import MACHINE

SIZED = {
    "preset": "realistic",
    "num_servers": 40,
    "start_date": "2025-01-01",
    "end_date": "2025-12-31",
    "sample_interval": "1h",
    "capacity_columns": True,
}


@pytest.fixture(scope="module")
def sized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sized")
    return report(generate(SIZED, folder / "x.parquet").path, folder / "x.html")


def test_room_to_give_back_is_in_cores_and_money(open_page: Any, sized: Path) -> None:
    opened = open_page(sized)
    totals = capacity(sized.with_suffix(".parquet")).totals
    assert totals is not None
    give = totals["to_give_back"]
    assert give["servers"] > 3
    text = opened.page.locator("#room").inner_text()
    assert f"A smaller type would do for {give['servers']} servers" in text
    assert f"of {totals['price_month']:,.0f} USD a month" in text
    assert "half would do" not in text
    assert not opened.errors


def test_the_table_downloads_what_capacity_says(open_page: Any, sized: Path) -> None:
    page = open_page(sized).page
    said = capacity(sized.with_suffix(".parquet"))
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").first.click()
    rows = list(DictReader(Path(got.value.path()).read_text("utf-8-sig").splitlines()))
    assert rows
    own = {(r["scope"], r["name"], r["metric"]): r for r in said.rows(rows[0]["scope"])}
    for row in rows:
        mine = own[row["scope"], row["name"], row["metric"]]
        for key in MACHINE:
            value = mine[key]
            if isinstance(value, float):
                assert float(row[key]) == pytest.approx(value, abs=0.011), key
            else:
                assert row[key] == ("" if value is None else str(value)), key


def test_without_types_sizes_are_said_without_money(open_page: Any, sized: Path) -> None:
    table = read_table(sized.with_suffix(".parquet")).replace_schema_metadata(None)
    page = open_page(report(table, sized.with_name("foreign.html")))
    totals = capacity(table).totals
    assert totals is not None
    give, text = totals["to_give_back"], page.page.locator("#room").inner_text()
    assert f"A smaller size would do for {give['servers']} servers" in text
    assert f"of {totals['memory_gib']:,.0f} GiB" in text
    assert "a month" not in text
    assert not page.errors
