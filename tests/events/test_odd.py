"""What nobody should tell of a fleet is refused, and what is odd but possible takes no time."""

import json
from typing import Any

import numpy as np
import pytest

from fleetsynth.api import to_table
from fleetsynth.errors import ScenarioError
from fleetsynth.events.api import events
from fleetsynth.presets import as_plan

SMALL: dict[str, Any] = {
    "num_servers": 4,
    "start_date": "2024-01-01",
    "end_date": "2024-01-10",
    "assignment": "interleaved",
    "incidents": {"intensity": 0},
}
PRESETS = {"classic": {}, "realistic": {"preset": "realistic", "sample_interval": "1h"}}


def _change(**keys: Any) -> dict[str, Any]:
    return {"kind": "change", "at": "2024-01-02", **keys}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "thousands of digits": (
        _change(demand=2, servers="server_000..server_" + "9" * 5_000),
        "is not a valid server: give ids",
    ),
    "thousands of names": (
        _change(demand=2, servers=["server_001"] * 10_001),
        "at most 10,000 entries, not 10,001",
    ),
    "every second": (_change(demand=2, **{"for": "1s"}, every="1s"), "30,000 is the most"),
    "every second for years before": (
        _change(at="1950-01-01", demand=2, **{"for": "36500d"}, every="hour"),
        "before it is over",
    ),
    "no capacity": (_change(capacity=1e-310), "greater than or equal to 0.001"),
    "ids of lives": (_change(demand=2, name="life"), "'life' begins the ids of other events"),
    "ids of what is drawn": (_change(demand=2, name="leak"), "begins the ids of other events"),
    "a decommission with an end": (
        {"kind": "decommission", "at": "2024-01-05", "for": "2d"},
        "a decommission is for good",
    ),
    "a decommission with a strength": (
        {"kind": "decommission", "at": "2024-01-05", "demand": 3},
        "a decommission is for good",
    ),
    "freezes without a gap": (
        {"kind": "freeze", "at": "1970-01-01", "for": "1d", "every": "day"},
        "each freeze begins as the last one ends",
    ),
    "a freeze of all time": (
        {"kind": "freeze", "from": "0001-01-01", "to": "9999-12-31"},
        "a freeze of more than ten years",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused(name: str) -> None:
    told, message = REFUSED[name]
    with pytest.raises(ScenarioError, match=message):
        as_plan(SMALL | {"events": [told]})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"incidents": {"noisy_neighbour": {"size": [0, 0.5]}}}, "0.001 and more"),
        ({"fleet_growth": {"per_month": 5e-324}}, "too little to ever come"),
        ({"retire": {"share_per_year": 1e-300}}, "greater than or equal to 0.001"),
    ],
)
def test_rates_that_have_no_meaning_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        as_plan(SMALL | keys)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "keys",
    [
        {"network": 1000, "demand": 1000},
        {"cores": 0.001, "capacity": 0.001},
        {"network": 1000, "cores": 0.001, "cpu": 100},
    ],
)
def test_no_number_of_events_makes_a_value_that_is_none(preset: str, keys: dict[str, Any]) -> None:
    told = [_change(name=f"n{i}", **keys) for i in range(120)]
    told.append(_change(name="z", at="2024-01-05", demand=0, network=0))
    table = to_table(SMALL | PRESETS[preset] | {"events": told})
    values = [table[name].to_numpy() for name in table.column_names if name.startswith("net_in")]
    late = table["timestamp"].to_numpy() >= np.datetime64("2024-01-05")
    assert values[0][late].max() == 0.0
    assert np.isfinite(values[0]).all()


def test_a_last_day_of_all_is_no_end() -> None:
    (row,) = events(
        SMALL
        | {
            "num_servers": 1,
            "events": [
                _change(at=None, demand=2, **{"from": "0999-01-01 10:00", "to": "9999-12-31"})
            ],
        }
    ).rows()
    assert (row["begin"], row["end"]) == ("0999-01-01T10:00:00", None)


def test_a_day_is_a_day_however_it_is_written() -> None:
    found = [
        events(SMALL | {"events": [{"kind": "freeze", "from": "2024-01-02", "to": to}]}).rows()
        for to in ("2024-01-03", "20240103", "2024-W01-3")
    ]
    assert found[0] == found[1] == found[2]
    assert found[0][0]["end"] == "2024-01-04T00:00:00"


@pytest.mark.parametrize(
    ("first", "last"), [("0001-01-01", "0001-01-05"), ("9000-12-25", "9000-12-31")]
)
def test_the_ends_of_all_calendars(first: str, last: str) -> None:
    said = SMALL | {
        "start_date": first,
        "end_date": last,
        "incidents": {"intensity": 20, "deploy": {"days": 1e5}},
        "fleet_growth": {"per_month": 30},
        "retire": {"mean_years": 1000},
        "events": [
            {"kind": "freeze", "at": "2000-01-31", "for": "20d", "every": "month"},
            {"kind": "change", "at": "0001-01-01", "for": "9d", "every": "year", "demand": 2},
        ],
    }
    rows = events(said).rows()
    assert rows
    json.dumps(rows, allow_nan=False)
    assert to_table(said).num_rows


def test_freezes_that_take_turns_for_decades_do_not_last_for_ever() -> None:
    told = [
        {"kind": "freeze", "at": f"1970-01-0{day}", "for": "1d", "every": "2d", "name": f"f{day}"}
        for day in (1, 2)
    ]
    rates = {"intensity": 1, "deploy": {"days": 1}}
    assert events(SMALL | {"events": told, "incidents": rates}).rows()
