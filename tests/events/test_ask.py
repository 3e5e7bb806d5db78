"""Which events are asked for, and what is drawn of them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

import fleetsynth
from fleetsynth.cli.show_events import _chained
from fleetsynth.errors import UsageError
from fleetsynth.events.series import series_of
from fleetsynth.ledger.counts import MOST, counts
from fleetsynth.ledger.table import events as ledger
from fleetsynth.presets import as_plan
from fleetsynth.preview.figure import Mark
from fleetsynth.preview.samples import samples
from fleetsynth.reader.events import ledger_of_plan

TOLD: dict[str, Any] = {
    "num_servers": 5,
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
    "granularity": "hourly",
    "events": [
        {"kind": "change", "name": "a", "from": "2024-01-10 06:00", "to": "2024-01-10 18:00",
         "cpu": "+20", "servers": "server_001"},
        {"kind": "launch", "name": "b", "at": "2024-01-20", "servers": "server_001"},
    ],
}  # fmt: skip


def found(**asked: Any) -> list[str]:
    rows = fleetsynth.events(TOLD, **asked).rows()
    return [row["event_id"].partition("-")[0] for row in rows]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["a", "b"]),
        ({"kinds": ["launch"]}, ["b"]),
        ({"kinds": "launch"}, ["b"]),
        ({"entity": "server_001"}, ["a", "b"]),
        ({"server": "server_002"}, []),
        ({"start": "2024-01-10T18:00"}, ["b"]),
        ({"start": "2024-01-10T17:59"}, ["a", "b"]),
        ({"end": "2024-01-10T06:00"}, []),
        ({"end": "2024-01-10T06:01"}, ["a"]),
        ({"end": "2024-01-10"}, ["a"]),
        ({"end": date(2024, 1, 20)}, ["a", "b"]),
        ({"start": date(2024, 1, 11), "end": date(2024, 1, 19)}, []),
        ({"end": datetime(2024, 1, 20, 1, tzinfo=timezone(timedelta(hours=1)))}, ["a"]),
        ({"end": datetime(2024, 1, 20, 0, 1, tzinfo=UTC)}, ["a", "b"]),
    ],
)
def test_each_bound_is_where_it_should_be(asked: dict[str, Any], names: list[str]) -> None:
    assert found(**asked) == names


def test_a_server_without_services_is_its_own_service() -> None:
    assert found(server="server_001") == ["a", "b"]
    with pytest.raises(UsageError, match="no service 'web-000': servers of this fleet have none"):
        found(service="web-000")
    with pytest.raises(UsageError, match="no server 'server_005' among 5"):
        found(server="server_005")


def test_an_event_without_an_end_lasts() -> None:
    (row,) = fleetsynth.events(TOLD, kinds=["launch"]).rows()
    assert (row["begin"], row["end"]) == ("2024-01-20T00:00:00", None)
    assert Mark("load_test", 1.0, None, ()).is_change
    assert Mark("launch", 1.0, 2.0, ()).is_change
    assert not Mark("load_test", 1.0, 2.0, ()).is_change


def test_the_series_is_that_of_the_dataset() -> None:
    plan = as_plan(TOLD)
    series = series_of(ledger_of_plan(plan), "server_001")
    frame = fleetsynth.to_pandas(TOLD)
    rows = frame[frame["server_id"] == "server_001"]
    assert list(series.values) == ["cpu", "mem", "disk"]
    assert np.array_equal(series.times, rows["timestamp"].to_numpy().astype("datetime64[s]"))
    for stem, values in series.values.items():
        assert np.array_equal(values, rows[f"{stem}_p95"].to_numpy())


def test_a_preview_marks_what_befalls_a_server_and_its_service() -> None:
    plan = as_plan(
        {
            "preset": "realistic",
            "num_servers": 30,
            "sample_interval": "1h",
            "end_date": "2022-06-30",
        }
    )
    every = {(event.kind, event.begin) for event in ledger(plan, 0, 30)}
    marks = [mark for sample in samples(plan) for mark in sample.marks]
    assert len(marks) > 10
    assert {(mark.kind, mark.begin) for mark in marks} <= every


def test_events_are_counted_or_their_rate_is_told() -> None:
    told = {"kind": "maintenance", "at": "2024-01-01", "for": "2h", "every": "14d"}
    scenario = {"start_date": "2024-01-01", "end_date": "2024-12-29", "events": [told]}
    small = counts(as_plan(scenario | {"num_servers": 20}))
    assert (small.of_all, small.nowhere, small.faults) == ({"maintenance": 26 * 20}, (), {})
    large = counts(as_plan(scenario | {"num_servers": MOST}))
    assert large.of_all is None
    assert large.per_server_year is not None
    assert large.per_server_year["maintenance"] == pytest.approx(26 * 365.25 / 364)
    assert counts(as_plan({"num_servers": 3})).of_all == {}


def test_faults_of_the_collector_are_counted_or_their_rate_is_told() -> None:
    scenario = {"start_date": "2024-01-01", "end_date": "2024-12-29", "granularity": "hourly"}
    said = scenario | {"collector": {"intensity": 1, "collector_outage": {"per_day": 0.03}}}
    few = counts(as_plan(said | {"num_servers": 20})).faults
    assert few == Counter(
        row["kind"] for row in fleetsynth.events(said | {"num_servers": 20}).rows()
    )
    rates = counts(as_plan(said | {"num_servers": MOST})).faults
    assert rates.keys() == few.keys()
    assert rates["duplicate"] == pytest.approx(few["duplicate"] / 20, rel=0.3)
    # Of the whole fleet, and so of each server.
    assert rates["collector_outage"] == pytest.approx(few["collector_outage"] * 365.25 / 364)


@pytest.mark.parametrize("servers", [20, MOST])
def test_told_events_that_befall_nobody_are_named(servers: int) -> None:
    events = [
        {"kind": "launch", "name": "tardy", "at": "2032-01-01"},
        {"kind": "load_test", "name": "early", "at": "2019-01-01", "for": "2h"},
        {"kind": "launch", "name": "here", "at": "2024-02-01"},
    ]
    said = {"start_date": "2024-01-01", "end_date": "2024-12-29", "events": events}
    assert counts(as_plan(said | {"num_servers": servers})).nowhere == ("tardy", "early")


def test_what_follows_stands_below_its_cause_once() -> None:
    rows = [
        {"event_id": name, "cause": cause}
        for name, cause in (
            *(("x", ""), ("y", "x"), ("other", "planned by somebody"), ("z", "y")),
            *(("w", "x"), ("self", "self"), ("lost", "not-here")),
        )
    ]
    order = [(depth, row["event_id"]) for depth, row in _chained(rows)]
    assert order == [
        *((0, "x"), (1, "y"), (2, "z"), (1, "w")),
        *((0, "other"), (0, "self"), (0, "lost")),
    ]
