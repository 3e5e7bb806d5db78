"""Labels: those of a brute-force recomputation from the ledger's file, however data are made."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.errors import UsageError
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.kinds import FAULTS, KINDS
from fleetsynth.presets import as_plan
from tests.collector.fleets import only
from tests.e2e.command import Fleetsynth

OFTEN = {
    "intensity": 6,
    "deploy": {"days": 9},
    "runaway": {"per_quarter": 0.5},
    "disk_fill": {"per_quarter": 0.5},
    "power_off": {"hours": [8, 40]},
    "leak": {"hours": [3, 30]},
}
TOLD = [
    {"kind": "change", "at": "2024-02-10 10:20", "for": "95min", "servers": ["server_002"],
     "cpu": "+15", "disk": "+5", "planned": False},
    {"kind": "migration", "at": "2024-02-12 03:10", "share": 0.5, "demand": "x0.4", "ramp": "7h"},
    {"kind": "resize", "at": "2024-02-14 03:10", "for": "2d", "capacity": "x2"},
    {"kind": "surge", "at": "2024-02-16 01:01", "for": "3min", "name": "blink"},
    {"kind": "load_test", "at": "2024-02-08 22:00", "for": "4h", "every": "week"},
    {"kind": "freeze", "from": "2024-02-20", "to": "2024-02-22"},
    {"kind": "blackout", "at": "2024-03-01 01:00", "for": "3h", "share": 0.4},
    {"kind": "decommission", "at": "2024-02-25", "servers": ["server_004"]},
]  # fmt: skip
SPAN = {"num_servers": 7, "start_date": "2024-02-05", "end_date": "2024-03-10", "seed": 8}
SCENARIOS: dict[str, dict[str, Any]] = {
    "classic": SPAN | {"granularity": "hourly", "incidents": OFTEN, "events": TOLD},
    "realistic": SPAN
    | {
        "preset": "realistic",
        "granularity": "6h",
        "sample_interval": "30min",
        "statistics": ["p95", "mean"],
        "stories": {"share": 0.5},
        "incidents": OFTEN,
        "events": TOLD,
        "fleet_growth": {"per_month": 3},
        "retire": {"mean_years": 0.3},
    },
}
SCENARIOS["collected"] = {
    "preset": "realistic",
    "num_servers": 5,
    "start_date": "2024-02-20",
    "end_date": "2024-03-08",
    "granularity": "2h",
    "sample_interval": "1h",
    "incidents": OFTEN,
    # Stamps that are wrong are left out: rows could not be held against the ledger by their times.
    "collector": {**only(*(FAULTS.keys() - {"clock_skew"}))},
}
for _name in ("realistic", "collected"):  # jobs are in tests/dataset/test_jobs.py
    SCENARIOS[_name]["archetypes"] = {
        each: {"jobs": {"count": 0}}
        for each in ("web", "application", "database", "batch", "idle", "instance")
    }
STEPS = {"classic": (3600, 3600), "realistic": (6 * 3600, 1800), "collected": (7200, 3600)}
"""Seconds of a tick, and of a sample."""
UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}
CLASSES = ["anomaly", "fault", "off", "planned", "regime"]


def seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


def ramp_of(effect: str) -> int:
    """Seconds within which an effect comes, as the ledger's words have them: ``within 2h``."""
    if " within " not in effect:
        return 0
    words = effect.split(" within ")[1].split(",")[0]
    unit = words.lstrip("0123456789")
    return int(words.removesuffix(unit)) * UNITS[unit]


def class_in(event: dict[str, Any]) -> str:
    label = KINDS[event["kind"]].label
    if label in ("anomaly", "planned"):
        return "planned" if event["planned"] else "anomaly"
    return label


def counts(event: dict[str, Any], times: list[float]) -> bool:
    """Whether a tick with samples at some times counts."""
    begin, end = event["first"], event["stop"]
    if class_in(event) == "fault":
        return bool(begin <= times[0] < end)
    if class_in(event) != "regime":
        return any(begin <= time < end for time in times)
    over = min(begin + ramp_of(event["effect"]), end)
    step = times[1] - times[0] if len(times) > 1 else 3600
    first = -(-begin // step) * step
    return any(begin <= time < over or time == first for time in times)


def said(events: list[dict[str, Any]], server: str) -> tuple[int, str, str]:
    """Label, class and kind where some events come together."""

    def order(event: dict[str, Any]) -> tuple[Any, ...]:
        place = CLASSES.index(class_in(event))
        of_service = event["entity"] != server
        down = "down" in event["effect"].split(", ")
        return not down, place, of_service, event["begin"], event["event_id"]

    if not events:
        return 0, "normal", "normal"
    first = min(events, key=order)
    return int(class_in(first) == "anomaly"), class_in(first), first["kind"]


def brute(name: str, data: list[dict[str, Any]], ledger: list[dict[str, Any]]) -> list[Any]:
    """The labels of each row, from rows of the data and of the ledger."""
    step, sample = STEPS[name]
    for event in ledger:
        event["first"] = seconds(event["begin"])
        event["stop"] = float("inf") if event["end"] is None else seconds(event["end"])
    metrics = [key for key in data[0] if key.rpartition("_")[2] in ("p95", "mean")]
    out = []
    for row in data:
        time, whom = seconds(row["timestamp"]), (row["server_id"], row.get("service"))
        times = [time + number * sample for number in range(step // sample)]
        here = [e for e in ledger if e["entity"] in whom and counts(e, times)]
        of_row: dict[str, Any] = {
            key: row[key] for key in ("timestamp", "server_id", "ingested_at") if key in row
        }
        for metric in metrics:
            stem = metric.rpartition("_")[0]
            acting = [event for event in here if stem in event["metrics"].split(",")]
            for column, value in zip(
                ("label", "class", "kind"), said(acting, row["server_id"]), strict=True
            ):
                of_row[f"{metric}_{column}"] = value
        out.append(of_row)
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each scenario in a file, its labels beside it."""
    folder = tmp_path_factory.mktemp("labels")
    return {
        name: fleetsynth.generate(scenario, folder / f"{name}.parquet", labels=True)
        for name, scenario in SCENARIOS.items()
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_labels_are_those_of_the_ledgers_file(made: dict[str, Any], name: str) -> None:
    data = pq.read_table(made[name].path).to_pylist()
    beside = made[name].path.parent / f"{name}.tables"
    ledger = pq.read_table(beside / "events.parquet").to_pylist()
    labels = pq.read_table(beside / "labels.parquet").to_pylist()
    assert labels == brute(name, data, ledger)
    classes = {row["cpu_p95_class"] for row in labels}
    if name == "collected":
        assert classes >= {"normal", "anomaly", "fault"}
        faults = {row["cpu_p95_kind"] for row in labels if row["cpu_p95_class"] == "fault"}
        assert faults == {"missing_value", "stuck", "unit_slip", "quantised"}
        return
    assert classes == {"normal", "anomaly", "off", "planned", "regime"}
    assert {row["cpu_p95_kind"] for row in labels} > {"migration", "load_test", "runaway"}
    assert {row["disk_p95_kind"] for row in labels} == {"normal", "change", "disk_fill"}
    assert not any(row["cpu_p95_kind"] == "blink" for row in labels)


@pytest.mark.parametrize("name", SCENARIOS)
def test_labels_are_the_same_however_they_are_made(
    made: dict[str, Any], name: str, tmp_path: Path
) -> None:
    whole, scenario = made[name], SCENARIOS[name]
    digest = whole.tables["labels"].digest
    assert fleetsynth.digest(whole.tables["labels"].url) == digest
    both = fleetsynth.generate(scenario, tmp_path / "a.csv.gz", labels=True, components=True)
    assert both.tables["labels"].digest == fleetsynth.digest(both.tables["labels"].url) == digest
    assert both.digest == whole.digest
    folder = tmp_path / "folder"
    job = as_plan(scenario).scenario, str(folder)
    options: dict[str, Any] = {
        "tables": ["components", "labels"],
        "partition_by": ("year", "month"),
        "part_bytes": 20_000,
    }
    for number in (1, 2):
        generate_folder(*job, **options, shard=Shard(number, 2), engine=LocalEngine(1))
    assert commit(str(folder))["tables"]["labels"]["digest"] == digest
    assert verify(str(folder), regenerate=2).findings == []
    assert fleetsynth.digest(folder / "tables" / "labels") == digest
    order = [("server_id", "ascending"), ("timestamp", "ascending")]
    found = ds.dataset(folder / "tables" / "labels").to_table().sort_by(order)
    assert found.equals(pq.read_table(whole.tables["labels"].url).sort_by(order))


def test_a_change_to_a_label_is_found(tmp_path: Path) -> None:
    scenario = as_plan(SCENARIOS["classic"]).scenario
    folder = tmp_path / "folder"
    generate_folder(scenario, str(folder), tables=["labels"], workers=1, file_format=".csv")
    (part,) = (folder / "tables" / "labels").glob("*.csv")
    text = part.read_text()
    part.write_text(text.replace(",1,anomaly,runaway", ",0,anomaly,runaway", 1))
    (finding, *_) = verify(str(folder)).findings
    assert "changed" in str(finding)


def test_where_nothing_can_happen_all_is_normal(tmp_path: Path) -> None:
    small = {"num_servers": 2, "end_date": "2022-02-02"}
    made = fleetsynth.generate(small, tmp_path / "quiet.parquet", labels=True)
    rows = pq.read_table(made.tables["labels"].url)
    assert rows.num_rows == made.rows
    assert set(rows["mem_p95_class"].to_pylist()) == {"normal"}
    assert set(rows["cpu_p95_label"].to_pylist()) == {0}


def test_from_the_command_line(tmp_path: Path) -> None:
    run = Fleetsynth(tmp_path)
    small = ("generate", "--servers", "2", "--end", "2022-01-05", "--labels")
    ran = run(*small, "-o", "fleet.csv", "--json")
    assert json.loads(ran.out)["tables"]["labels"]["path"] == "fleet.tables/labels.csv"
    assert (tmp_path / "fleet.tables" / "labels.csv").read_text().startswith("timestamp,server_id,")
    refused = run(*small, "-o", "-", "--format", "csv")
    assert refused.code == 2
    assert "--labels is a second file" in refused.err
    with pytest.raises(UsageError, match="labels=True is a second file"):
        fleetsynth.generate({"num_servers": 1}, "-", file_format="csv", labels=True)
