"""The rows: their keys and words, groups, what would help, and the back-test."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import Capacity, OutputError, UsageError, capacity
from tests.capacity.test_known_series import RAMPS, ramp_table

DAYS = 1096
KEYS = [
    "scope", "name", "service", "server_type", "business_unit", "region", "criticality",
    "metric", "statistic", "status", "now", "trend_month", "trend_month_low", "trend_month_high",
    "peak_over_trend", "cycle_days", "floor", "peak", "usable", "risk_90d", "risk_365d", "weeks",
    "growth", "early_80", "date_80", "late_80", "days_80", "early_usable", "date_usable",
    "late_usable", "days_usable", "early_100", "date_100", "late_100", "days_100", "last_sample",
    "order_by", "order_by_early", "help", "note", "member", "servers", "above", "within_90d",
    "within_365d", "later", "peaks_only", "no_trend", "not_judged",
]  # fmt: skip


def fleet() -> pa.Table:
    """Two services: one of four servers whose CPU grows, one of two with saw-tooth disks."""
    r = np.random.default_rng(11)
    t = np.arange(DAYS)
    times = (np.datetime64("2024-12-31") - t[::-1]).astype("datetime64[us]")
    parts = []
    for i in range(4):
        cpu = 30 + (46 + 2 * i) * t / DAYS + r.standard_normal(DAYS)
        parts.append(_server(f"web-{i}", "web", "shop", "EU", times, cpu, np.full(DAYS, 20.0)))
    for i in range(2):
        disk = 40 + 0.02 * t + (t + 7 * i) % 28 * 0.9 + r.standard_normal(DAYS) * 0.2
        cpu = 10 + r.standard_normal(DAYS)
        parts.append(_server(f"db-{i}", "database", "ledger", "US", times, cpu, disk))
    return pa.concat_tables(parts)


def _server(
    name: str, kind: str, service: str, region: str, times: Any, cpu: Any, disk: Any
) -> pa.Table:
    words = {"server_id": name, "server_type": kind, "service": service, "region": region}
    numbers = {"cpu_p95": np.clip(cpu, 0, 100), "disk_p95": np.clip(disk, 0, 100)}
    return pa.table({"timestamp": times, **{k: [v] * DAYS for k, v in words.items()}, **numbers})


@pytest.fixture(scope="module")
def found() -> Capacity:
    return capacity(fleet(), lead_time=45)


def test_rows_have_the_keys_of_the_page(found: Capacity) -> None:
    rows = found.rows()
    assert {tuple(row) for row in rows} == {tuple(KEYS)}
    assert json.loads(json.dumps(rows)) == rows
    assert found.columns.names() == KEYS
    assert {row["scope"] for row in rows} == {"server", "service", "archetype", "region"}
    assert {row["metric"] for row in rows} == {"cpu", "disk"}


def test_a_service_is_its_earliest_member_and_counts(found: Capacity) -> None:
    service = next(r for r in found.rows("service") if (r["name"], r["metric"]) == ("shop", "cpu"))
    servers = [r for r in found.rows("server") if r["service"] == "shop" and r["metric"] == "cpu"]
    first = min(servers, key=lambda row: row["days_usable"])
    assert service["member"] == first["name"] == "web-3"
    assert service["days_usable"] == first["days_usable"]
    assert service["servers"] == 4
    parts = ("above", "within_90d", "within_365d", "later", "peaks_only", "no_trend", "not_judged")
    assert sum(service[part] for part in parts) == 4
    year = sum(90 < row["days_usable"] <= 365 for row in servers)
    assert service["within_365d"] == year > 0
    assert service["server_type"] == "web"
    assert all(row["servers"] is None for row in servers)


def test_what_needs_somebody_comes_first(found: Capacity) -> None:
    rows = found.rows("server")
    dated = [row["days_usable"] for row in rows if row["status"] == "dated"]
    assert dated == sorted(dated)
    assert [row["status"] for row in rows[: len(dated)]] == ["dated"] * len(dated)
    assert found.rows("server", 2) == rows[:2]
    assert len(found.rows(top=1)) == 4
    with pytest.raises(UsageError, match=r"no such scope.*did you mean 'service'"):
        found.rows("servce")


def test_the_day_to_order_by(found: Capacity) -> None:
    row = found.rows("server", 1)[0]
    for by, when in (("order_by", "date_usable"), ("order_by_early", "early_usable")):
        ordered, reached = (date.fromisoformat(row[name]) for name in (by, when))
        assert (reached - ordered).days == 45


def test_a_replica_more_takes_its_share(found: Capacity) -> None:
    """Four servers at 80 become five at 64: 90 is reached when 112.5 would have been."""
    row = next(r for r in found.rows("server") if r["name"] == "web-3")
    remedies = {each["action"]: each for each in row["help"]}
    more = remedies["one replica more"]
    assert (more["from"], more["to"]) == (4, 5)
    pace = row["trend_month"] / 30.44
    assert more["days"] - row["days_usable"] == pytest.approx(22.5 / pace, rel=0.05)
    assert remedies["one size up"]["days"] is None  # 90 at half the load is 180: years ahead


def test_cleaning_up_more_often_lowers_the_peaks(found: Capacity) -> None:
    row = next(r for r in found.rows("server") if (r["name"], r["metric"]) == ("db-0", "disk"))
    assert row["cycle_days"] == pytest.approx(28, abs=1)
    assert row["peak"] - row["floor"] == pytest.approx(25, abs=3)
    assert row["trend_month"] == pytest.approx(0.02 * 30.44, rel=0.1)
    often = next(each for each in row["help"] if each["action"] == "clean up more often")
    assert (often["from"], often["to"]) == (28, 14)
    gained = (often["days"] or 1095) - row["days_usable"]
    assert gained == pytest.approx(12.5 / 0.02, rel=0.35)


def test_what_hardly_works_could_be_smaller(found: Capacity) -> None:
    row = next(r for r in found.rows("server") if (r["name"], r["metric"]) == ("db-1", "cpu"))
    assert row["status"] == "no trend"
    assert [each["action"] for each in row["help"]] == ["one size down"]
    busy = next(r for r in found.rows("server") if (r["name"], r["metric"]) == ("web-0", "cpu"))
    assert "one size down" not in [each["action"] for each in busy["help"]]


def test_usable_capacity_by_metric_and_thresholds() -> None:
    found = capacity(fleet(), usable={"cpu": 80}, thresholds=[70, 95])
    by_name = {(r["name"], r["metric"]): r for r in found.rows("server")}
    cpu, disk = by_name["web-3", "cpu"], by_name["db-0", "disk"]
    assert (cpu["usable"], disk["usable"]) == (80, 90)
    assert cpu["days_usable"] == cpu["days_80"]
    assert cpu["days_70"] == 0  # it is above 70 already
    assert cpu["days_80"] < cpu["days_95"] < cpu["days_100"]
    assert found.columns.names().index("days_95") < found.columns.names().index("days_100")


def test_network_goes_by_its_link() -> None:
    """300 to 700 Mbps of 1,000: 90 % in half a span."""
    table = ramp_table({"a": (30, 70)})
    traffic = pa.chunked_array([np.asarray(table["cpu_p95"]) * 10])
    table = table.drop_columns("cpu_p95").append_column("net_in_p95", traffic)
    with pytest.raises(UsageError, match="network needs link"):
        capacity(table)
    (row,) = capacity(table, link=1000).rows("server")
    assert (row["metric"], row["status"]) == ("network", "dated")
    assert row["days_usable"] == pytest.approx(20 / 40 * 1095, rel=0.03)
    assert capacity(table, link=500).rows("server")[0]["status"] == "already above"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"usable": 0}, "usable cpu=0: expected percent"),
        ({"usable": {"cpux": 80}}, "no metric 'cpux'.*did you mean 'cpu'"),
        ({"usable": 101}, "above 0 and up to 100"),
        ({"thresholds": [float("nan")]}, "threshold=nan: expected percent"),
        ({"horizon": 0}, "horizon=0: expected days"),
        ({"lead_time": -3}, "lead_time=-3"),
        ({"link": 0}, "link=0: expected Mbps"),
        ({"percentile": 200}, "percentile=200"),
        ({"thresholds": range(1, 40)}, "too many"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        capacity(ramp_table({"a": (0, 50)}, days=60), **asked)


def test_nothing_to_judge() -> None:
    with pytest.raises(UsageError, match="no data"):
        capacity([])


def test_files_hold_the_rows(found: Capacity, tmp_path: Path) -> None:
    rows = found.rows()
    read = pq.read_table(found.save(tmp_path / "a.parquet"))
    assert read.column_names == KEYS
    assert read["days_usable"].to_pylist() == [row["days_usable"] for row in rows]
    assert pa.types.is_date(read.schema.field("date_usable").type)
    text = read["help"].to_pylist()[0]
    assert text.startswith("one replica more (4 → 5): lasts until 20")
    csv = pc.read_csv(found.save(tmp_path / "a.csv", by="server", top=3))
    assert csv.num_rows == 3
    assert csv["name"].to_pylist() == [row["name"] for row in found.rows("server", 3)]
    with pytest.raises(OutputError, match="exists"):
        found.save(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="is not that of a known format"):
        found.save(tmp_path / "a.xlsx")


def test_the_back_test_goes_by_what_came() -> None:
    """Ramps that reach 50 to 90 in their third year, dated a year and less before."""
    ramps = {f"r{i}": (5 + i, 60 + 2 * i) for i in range(16)}
    found = capacity(ramp_table(ramps), backtest=True)
    assert [(r["metric"], r["horizon_days"]) for r in found.backtest] == [
        ("cpu", 91),
        ("cpu", 182),
        ("cpu", 364),
    ]
    for row in found.backtest:
        assert row["dated"] == row["breaches"] > 5
        assert row["median_error_days"] <= 10
        assert row["coverage"] >= 0.8
        assert row["false_alarm_share"] <= 0.2
    assert found.backtest[0]["cuts"] == 4
    assert capacity(ramp_table(RAMPS, days=300), backtest=True).backtest == []


def test_a_back_test_changes_nothing() -> None:
    assert capacity(fleet(), backtest=True).rows() == capacity(fleet()).rows()


def test_the_name_stays_the_function() -> None:
    """The package of that name has been imported by now."""
    assert callable(fleetsynth.capacity)
    assert fleetsynth.capacity is capacity


def test_a_server_that_is_no_more() -> None:
    """One ended half a year before the others: that is said, and no date is given."""
    table = ramp_table({"a": (0, 60), "b": (0, 60)})
    keep = np.ones(table.num_rows, np.bool_)
    keep[-180:] = False
    rows = {row["name"]: row for row in capacity(table.filter(pa.array(keep))).rows("server")}
    assert rows["a"]["status"] == "dated"
    assert rows["b"]["status"] == "ended"
    assert rows["b"]["days_100"] is None
    assert rows["b"]["note"] == f"no value since {rows['b']['last_sample']}"


@pytest.mark.parametrize("days", [1, 3, 7])
def test_a_few_days_are_too_short(days: int) -> None:
    found = capacity(_table_of(days), backtest=True)
    assert [row["status"] for row in found.rows("server")] == ["too short"]


def _table_of(days: int) -> pa.Table:
    times = pa.array([1_704_067_200_000_000 + 86_400_000_000 * d for d in range(days)])
    return pa.table(
        {
            "timestamp": times.cast(pa.timestamp("us")),
            "server_id": ["a"] * days,
            "cpu_p95": [42.0] * days,
        }
    )


def test_notebooks_show_what_needs_somebody(found: Capacity) -> None:
    page = found._repr_html_()
    assert page.index("web-3") < page.index("web-0")
    assert repr(found) == "<Capacity of 6 servers as of 2024-12-31>"
