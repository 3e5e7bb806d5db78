"""Jobs in the ledger, and the ticks that labels call periodic."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fleetsynth

SAID: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 8,
    "seed": 5,
    "start_date": "2024-03-01",
    "end_date": "2024-03-04",
    "granularity": "5min",
    "archetypes.application.jobs": {"jitter": 0, "skipped": 0, "drift": 0, "memory": 0},
    "distribution": {"application": 1},
}


def _made(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    said = {key: value for key, value in SAID.items() if "." not in key}
    said["archetypes"] = {"application": {"jobs": SAID["archetypes.application.jobs"]}}
    fleetsynth.generate(said, path / "fleet.parquet", labels=True)
    tables = path / "fleet.tables"
    return pd.read_parquet(tables / "events.parquet"), pd.read_parquet(tables / "labels.parquet")


def test_labels_say_when_jobs_run_as_the_ledger_says(tmp_path: Path) -> None:
    """Worked out from the ledger's rows alone: begin, and how often."""
    events, labels = _made(tmp_path)
    jobs = events[events["kind"] == "job"]
    assert len(jobs) > 5
    assert jobs["planned"].all()
    assert jobs["end"].isna().all()
    assert jobs["event_id"].is_unique
    found = labels["cpu_p95_class"] == "periodic"
    assert set(labels.loc[found, "cpu_p95_kind"]) == {"job"}
    assert not labels.loc[found, "cpu_p95_label"].any()
    busy = set()
    for job in jobs.itertuples():
        period = float(re.search(r"every ([\d.]+) min", str(job.effect))[1]) * 60  # type: ignore[index]
        weekdays = "Friday" in str(job.effect)
        if period < 4 * 300:
            continue
        begin = pd.Timestamp(job.begin).timestamp()  # type: ignore[arg-type]
        first = pd.Timestamp("2024-03-01").timestamp()
        number = np.arange(np.ceil((first - begin) / period), (first + 4 * 86_400 - begin) / period)
        for second in (begin + number * period).tolist():
            if not weekdays or pd.Timestamp(second, unit="s").day_of_week < 5:
                busy.add((job.entity, pd.Timestamp(second // 300 * 300, unit="s")))
    other = labels["cpu_p95_class"].isin(["anomaly", "planned", "regime", "off"])
    marked = set(
        labels.loc[found | other, ["server_id", "timestamp"]].itertuples(index=False, name=None)
    )
    assert len(busy) > 100
    assert busy <= marked
    # A run may go on in later ticks; most do not.
    assert len(
        set(labels.loc[found, ["server_id", "timestamp"]].itertuples(index=False, name=None)) - busy
    ) < len(busy)


def test_jobs_are_listed_where_they_are_asked_for(tmp_path: Path) -> None:
    """They are schedules, and would drown what happens once."""
    _made(tmp_path)
    path = str(tmp_path / "fleet.parquet")
    assert "job" not in {row["kind"] for row in fleetsynth.events(path).rows()}
    assert {row["kind"] for row in fleetsynth.events(path, kinds=["job"]).rows()} == {"job"}


def test_a_larger_fleet_and_a_later_end_leave_jobs_as_they_are() -> None:
    small = {"preset": "realistic", "num_servers": 5, "end_date": "2022-02-01"}
    large = {"preset": "realistic", "num_servers": 9, "end_date": "2023-02-01"}
    few, more = (fleetsynth.events(each, kinds=["job"]).rows() for each in (small, large))
    assert few
    assert few == [row for row in more if row["entity"] < "server_005"]
