"""Capacity in cores, GiB and money: types of foreign data and of ours, remedies, right sizes."""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest

import fleetsynth as fs
from fleetsynth.errors import ScenarioError, UsageError

CATALOGUE = """\
families:
  own:
    source: ours
    date: 2026-01-01
    types:
      s: {vcpus: 2, memory: 8 GiB, disk: 100 GB, network: 1 Gbps, price: 50 EUR}
      m: {vcpus: 4, memory: 16 GiB, disk: 200 GB, network: 1 Gbps, price: 100 EUR}
      l: {vcpus: 8, memory: 32 GiB, disk: 400 GB, network: 1 Gbps, price: 200 EUR}
  fat:
    source: ours
    date: 2026-01-01
    types:
      fat: {vcpus: 2, memory: 32 GiB, disk: 400 GB, network: 1 Gbps, price: 120 EUR}
"""
FLEET = {  # type, CPU at the begin and growth over three years, memory, what would do
    "web-0": ("s", 30, 52, 40, None),
    "idle": ("l", 10, 0, 15, "s"),
    "cache": ("l", 12, 0, 80, "fat"),
    "top": ("l", 40, 45, 20, None),
    "rising": ("l", 10, 9, 15, "m"),  # s holds what was used lately, and not what is to come
    "strange": ("xl", 10, 0, 20, None),
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Three years of five servers, whose types stand in a column of their own."""
    random = Random(7)
    lines = ["date,host,service,flavor,cpu_pct,mem_pct,disk_pct"]
    for name, (kind, cpu, growth, memory, _) in FLEET.items():
        for day in range(3 * 365):
            when = date(2023, 1, 1) + timedelta(day)
            values = (cpu + growth * day / 1095 + random.gauss(0, 1), memory + random.gauss(0, 1))
            said = ",".join(f"{value:.2f}" for value in values)
            lines.append(f"{when},{name},shop,{kind},{said},{20 + random.gauss(0, 0.5):.2f}")
    (tmp_path / "types.yaml").write_text(CATALOGUE)
    (tmp_path / "export.csv").write_text("\n".join(lines))
    return tmp_path / "export.csv"


def judged(export: Path, **more: Any) -> fs.Capacity:
    said: dict[str, Any] = {
        "instance_types": export.parent / "types.yaml",
        "columns": {"instance_type": "flavor"},
    }
    return fs.capacity(export, **said | more)


def test_remedies_and_right_sizes_name_types_and_prices(export: Path) -> None:
    found = judged(export)
    assert found.unknown_types == ["xl"]
    rows = {(row["name"], row["metric"]): row for row in found.rows("server")}
    web = rows["web-0", "cpu"]
    assert web["status"] == "dated"
    assert (web["instance_type"], web["size"], web["unit"], web["price_month"]) == (
        "s",
        2,
        "vCPU",
        50,
    )
    words = {each["action"]: each["words"] for each in web["help"]}
    assert words["one size up"] == "s → m, 4 vCPU, 100 EUR a month instead of 50"
    assert words["one replica more"] == "6 → 7, 50 EUR a month more"
    assert "one size up" not in {
        each["action"] for each in rows["top", "cpu"]["help"]
    }  # the largest
    for name, (_, _, _, _, right) in FLEET.items():
        assert rows[name, "cpu"]["right_size"] == right, name
    idle = rows["idle", "memory"]
    assert idle["help"][0]["words"] == "l → s, 8 GiB, 50 EUR a month instead of 200"
    assert not rows["cache", "memory"]["help"]  # of which the right size takes nothing
    strange = rows["strange", "cpu"]
    assert strange["size"] is strange["price_month"] is strange["slack"] is None


def test_slack_and_totals_add_up(export: Path) -> None:
    found = judged(export)
    totals = found.totals
    assert totals is not None
    assert (totals["servers"], totals["vcpus"], totals["price_month"]) == (5, 34, 850)
    assert totals["to_give_back"] == {
        "servers": 3, "vcpus": 16, "memory_gib": 40, "disk_gb": 500, "price_month": 330,
    }  # fmt: skip
    rows = {(row["name"], row["metric"]): row for row in found.rows("server")}
    idle = rows["idle", "cpu"]
    assert 8 * (1 - 14 / 90) < idle["slack"] < 8 * (1 - 10 / 90)
    (cpu,) = (row for row in found.rows("service") if row["metric"] == "cpu")
    mine = [row for (_, metric), row in rows.items() if metric == "cpu"]
    for key in ("size", "slack", "price_month"):
        assert cpu[key] == pytest.approx(sum(row[key] or 0 for row in mine), abs=0.01)
    assert cpu["right_price_month"] == 850 - 330
    assert cpu["instance_type"] is None


def test_a_stricter_limit_needs_a_larger_type(export: Path) -> None:
    rows = {r["name"]: r for r in judged(export, usable=50).rows("server") if r["metric"] == "cpu"}
    assert rows["idle"]["right_size"] == "m"


def test_without_types_nothing_is_said_of_them(export: Path) -> None:
    found = fs.capacity(export)
    assert found.totals is None
    assert not {"size", "price_month"} & found.rows("server")[0].keys()


def test_what_cannot_be_is_refused(export: Path) -> None:
    with pytest.raises(UsageError, match="which server is of which type"):
        judged(export, columns={})
    with pytest.raises(UsageError, match="cannot read the catalogue"):
        judged(export, instance_types=export.parent / "none.yaml")
    (export.parent / "types.yaml").write_text(CATALOGUE.replace("50 EUR", "-50 EUR"))
    with pytest.raises(ScenarioError, match=r"negative.*types.yaml, line 6"):
        judged(export)


def test_rows_are_written_with_their_types(export: Path) -> None:
    path = judged(export).save(export.parent / "out.parquet")
    table = pq.read_table(path).to_pylist()
    row = next(r for r in table if r["name"] == "web-0" and r["metric"] == "cpu")
    assert (row["instance_type"], row["size"], row["currency"]) == ("s", 2.0, "EUR")
    assert "s → m, 4 vCPU, 100 EUR a month instead of 50" in row["help"]


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_data_of_ours_know_what_servers_are_at_their_end(tmp_path: Path, preset: str) -> None:
    said: dict[str, Any] = {
        "preset": preset, "num_servers": 20, "start_date": "2025-01-01", "end_date": "2025-12-31",
        "capacity_columns": True, "incidents": {"intensity": 1, "resize": {"days": 60}},
        "events": [{"kind": "resize", "at": "2025-06-01", "share": 0.4, "to_type": "m6i.4xlarge"}],
    }  # fmt: skip
    said |= {"sample_interval": "1h"} if preset == "realistic" else {"assignment": "interleaved"}
    fs.generate(said, tmp_path / "fleet.parquet")
    found = fs.capacity(tmp_path / "fleet.parquet")
    table = pq.read_table(tmp_path / "fleet.parquet").to_pandas()
    last = table[table["timestamp"] == table["timestamp"].max()]
    assert found.totals is not None
    assert found.totals["vcpus"] == last["vcpus"].sum()
    assert found.totals["memory_gib"] == last["memory_gib"].sum()
    sizes = {r["name"]: r["size"] for r in found.rows("server") if r["metric"] == "cpu"}
    assert sizes == dict(zip(last["server_id"], last["vcpus"], strict=True))
    assert "m6i.4xlarge" in {row["instance_type"] for row in found.rows("server")}


SIZES = {"s": "2,8,100", "m": "4,16,200", "l": "8,32,400", "xl": "16,64,800"}


@pytest.fixture
def sized(export: Path) -> Path:
    """The same servers, of which the data say what they have, and not their types."""
    head, *rows = export.read_text().splitlines()
    out = [f"{head.replace('flavor', 'was')},vcpus,memory_gib,disk_gb"]
    out += [f"{row},{SIZES[row.split(',')[3]]}" for row in rows]
    path = export.with_name("sized.csv")
    path.write_text("\n".join(out))
    return path


def test_sizes_alone_are_said_in_cores_and_gib_without_money(sized: Path) -> None:
    found = fs.capacity(sized)
    assert found.hints == []
    rows = {(row["name"], row["metric"]): row for row in found.rows("server")}
    web = rows["web-0", "cpu"]
    assert (web["size"], web["unit"], web["instance_type"], web["price_month"]) == (
        2, "vCPU", None, None,
    )  # fmt: skip
    words = {each["action"]: each["words"] for each in web["help"]}
    assert words["one size up"] == "2 → 4 vCPU"
    assert words["one replica more"] == "6 → 7, 2 vCPU, 8 GiB, 100 GB more"
    (down,) = rows["idle", "memory"]["help"]
    assert (down["words"], down["from"], down["to"]) == ("32 → 16 GiB", 32, 16)
    totals = found.totals
    assert totals is not None
    assert (totals["vcpus"], totals["price_month"], totals["currency"]) == (50, None, None)
    halved = [row for row in rows.values() for each in row["help"] if "down" in each["action"]]
    given = sum(row["size"] / 2 for row in halved if row["metric"] == "cpu")
    assert totals["to_give_back"]["vcpus"] == given > 0
    assert totals["to_give_back"]["servers"] == len({row["name"] for row in halved})


def test_the_size_is_that_of_the_last_value_and_of_several_files(sized: Path) -> None:
    lines = sized.read_text().splitlines()
    last = next(place for place, line in enumerate(lines) if line.startswith("2025-12-30,idle"))
    lines[last] = lines[last].replace(",8,32,400", ",,0,-1")
    sized.write_text("\n".join(lines))
    found = fs.capacity(sized)
    rows = {(row["name"], row["metric"]): row for row in found.rows("server")}
    assert rows["idle", "cpu"]["size"] == 8  # the last that there is
    assert rows["idle", "memory"]["size"] is rows["idle", "disk"]["size"] is None
    assert found.hints == [
        "vcpus, memory_gib, disk_gb: expected numbers above 0; others are left out, of 1 servers "
        "(idle, …)"
    ]
    other = sized.with_name("cpu.csv")
    other.write_text("date,host,cpu_pct\n2025-12-30,extra,20\n2025-12-29,extra,20\n")
    both = fs.capacity([sized, other])
    assert both.rows("server")[0]["size"] == found.rows("server")[0]["size"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_of_ours_names_types_and_needs_to_be_told_of_them(tmp_path: Path, ending: str) -> None:
    said: dict[str, Any] = {"num_servers": 6, "start_date": "2025-01-01", "end_date": "2025-12-31"}
    path = tmp_path / f"fleet.{ending}"
    fs.generate(said | {"capacity_columns": True, "include_metadata": True}, path)
    found = fs.capacity(path)
    assert [hint for hint in found.hints if "with packaged" in hint] == found.hints
    assert len(found.hints) == 1
    totals = found.totals
    assert totals is not None
    assert totals["vcpus"] > 0
    assert totals["price_month"] is None
    priced = fs.capacity(path, instance_types="packaged")
    assert priced.hints == priced.unknown_types == []
    assert priced.totals is not None
    assert (priced.totals["vcpus"], priced.totals["currency"]) == (totals["vcpus"], "USD")


def test_a_report_speaks_of_machines_by_a_catalogue(export: Path) -> None:
    lines = export.read_text().splitlines()
    few = [line for line in lines[1:] if line.split(",")[1] in ("web-0", "strange")]
    export.write_text("\n".join([lines[0], *few]))
    said: dict[str, Any] = {"columns": {"instance_type": "flavor"}, "facts": False}
    unknown: list[str] = []
    page = fs.report(
        export,
        export.parent / "typed.html",
        instance_types=export.parent / "types.yaml",
        unknown=unknown.extend,
        **said,
    )
    assert unknown == ["xl"]
    assert "EUR" in page.read_text()
    assert "EUR" not in fs.report(export, export.parent / "bare.html", **said).read_text()
