"""The specification's names: importable, pure, and the same code that makes a dataset."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fleetsynth
from fleetsynth import Scenario, ServerType
from tests.support import ARCHETYPES, COLUMNS, scenario_of

NAMES = (
    "get_data_config",
    "generate_full_dataset",
    "assign_archetypes_to_fleet",
    "get_archetype",
    "ServerType",
    "ArchetypeProfile",
    "ARCHETYPE_PROFILES",
    "ServerArchetype",
    "quarterly_peak_factor",
    "holiday_factor",
    "generate_server_metadata",
    "add_calendar_features",
    "save_dataset",
)
HOURLY = {"granularity": "hourly", "num_servers": 7, "start_date": date(2024, 12, 20)}
HOURLY |= {"end_date": date(2025, 1, 2)}
STAMPS = [datetime(2024, 3, 1) + timedelta(days=i) for i in range(0, 1200, 7)]
AWARE = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def server() -> fleetsynth.ServerArchetype:
    return fleetsynth.get_archetype(ServerType.WEB, "server_007")


def _frame(scenario: Scenario | None = None) -> pd.DataFrame:
    return fleetsynth.generate_full_dataset(scenario or scenario_of(num_servers=7))


@pytest.mark.parametrize("name", [*NAMES, *fleetsynth.__all__])
def test_name_can_be_imported_in_a_fresh_look_up(name: str) -> None:
    assert getattr(fleetsynth, name) is not None
    assert name in fleetsynth.__all__
    assert name in dir(fleetsynth)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'generate_ful_dataset'"):
        fleetsynth.generate_ful_dataset  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, fleetsynth; print(*sorted({'numpy', 'pyarrow', 'pandas'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_server_type_has_four_members() -> None:
    assert [kind.name for kind in ServerType] == ["WEB", "DATABASE", "APPLICATION", "BATCH"]
    assert set(ServerType) == set(fleetsynth.ARCHETYPE_PROFILES) == set(ARCHETYPES)


def test_get_data_config_is_the_packaged_scenario_and_round_trips() -> None:
    config = fleetsynth.get_data_config()
    assert config["num_servers"] == 120
    assert config["start_date"] == date(2022, 1, 1)
    assert config["seed"] == 42
    assert fleetsynth.load_scenario(config) == fleetsynth.load_scenario()


def test_generate_full_dataset_takes_config_file_mapping_scenario_or_overrides(
    tmp_path: Path,
) -> None:
    path = tmp_path / "few.yaml"
    path.write_text("num_servers: 3\nend_date: 2022-02-01\n")
    expected = fleetsynth.generate_full_dataset(path)
    assert expected.shape == (96, 18)
    ways: list[pd.DataFrame] = [
        fleetsynth.generate_full_dataset(fleetsynth.get_data_config(path)),
        fleetsynth.generate_full_dataset(fleetsynth.load_scenario(path)),
        fleetsynth.generate_full_dataset(num_servers=3, end_date="2022-02-01"),
        fleetsynth.generate_full_dataset(fleetsynth.load_scenario(), num_servers=3)
        .query("timestamp < '2022-02-02'")
        .reset_index(drop=True),
    ]
    for way in ways[:3]:
        pd.testing.assert_frame_equal(way, expected)
    same_draws = ["timestamp", "server_id", "server_type", "region", "net_in_p95"]
    pd.testing.assert_frame_equal(ways[3][same_draws], expected[same_draws])


def test_seed_and_rng_belong_to_the_server(server: fleetsynth.ServerArchetype) -> None:
    again = fleetsynth.ServerArchetype("web", "server_007")
    other = fleetsynth.ServerArchetype("web", "server_008")
    reseeded = fleetsynth.get_archetype("web", "server_007", scenario=scenario_of(seed=43))
    assert 0 <= server.seed < 2**32
    assert server.seed == again.seed
    assert len({server.seed, other.seed, reseeded.seed}) == 3
    assert isinstance(server.rng, np.random.RandomState)
    assert server.rng.randn() == np.random.RandomState(server.seed).randn()
    assert (server.archetype_type, server.server_id) == ("web", "server_007")
    assert server.profile == fleetsynth.ARCHETYPE_PROFILES[ServerType.WEB]


def test_the_engine_never_draws_from_rng(server: fleetsynth.ServerArchetype) -> None:
    before = server.generate_correlated_metrics(STAMPS[0])
    server.rng.randn(1000)
    assert server.generate_correlated_metrics(STAMPS[0]) == before
    assert server.rng.randn() == np.random.RandomState(server.seed).randn(1001)[-1]


def test_metrics_do_not_depend_on_the_order_or_number_of_calls(
    server: fleetsynth.ServerArchetype,
) -> None:
    at_once = server.generate_correlated_metrics(STAMPS)
    assert list(at_once) == list(COLUMNS)
    one_by_one = {ts: server.generate_correlated_metrics(ts) for ts in reversed(STAMPS)}
    assert all(type(value) is float for value in one_by_one[STAMPS[0]].values())
    for column in COLUMNS:
        assert at_once[column].tolist() == [one_by_one[ts][column] for ts in STAMPS]
    again = server.generate_correlated_metrics(STAMPS[::-1])
    for column in COLUMNS:
        assert again[column][::-1].tolist() == at_once[column].tolist()


KINDS: list[Callable[[list[datetime]], Any]] = [
    np.array,
    pd.DatetimeIndex,
    pd.Series,
    lambda stamps: [pd.Timestamp(ts) for ts in stamps],
    lambda stamps: np.array(stamps, dtype="datetime64[D]"),
    lambda stamps: [ts.isoformat() for ts in stamps],
]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_any_kind_of_timestamps_gives_the_same(
    kind: int, server: fleetsynth.ServerArchetype
) -> None:
    stamps = KINDS[kind](STAMPS)
    assert (fleetsynth.holiday_factor(stamps) == fleetsynth.holiday_factor(STAMPS)).all()
    expected = server.generate_correlated_metrics(STAMPS)
    for column, values in server.generate_correlated_metrics(stamps).items():
        assert values.tolist() == expected[column].tolist()


@pytest.mark.parametrize("scenario", [None, scenario_of(HOURLY)], ids=["daily", "hourly"])
def test_metrics_of_each_server_are_those_of_the_dataset(scenario: Scenario | None) -> None:
    frame = _frame(scenario)
    kinds = fleetsynth.assign_archetypes_to_fleet(7)
    for name, rows in frame.groupby("server_id"):
        server = fleetsynth.get_archetype(kinds[str(name)], str(name), scenario=scenario)
        stamps = rows["timestamp"]
        f = server.get_time_factor(stamps)
        f = (f * fleetsynth.quarterly_peak_factor(stamps)) * fleetsynth.holiday_factor(stamps)
        trend = np.arange(len(rows)) / len(rows)
        for column, values in server.generate_correlated_metrics(stamps, f, trend).items():
            assert values.tolist() == rows[column].tolist()


def test_without_a_scenario_full_hours_draw_as_an_hourly_dataset() -> None:
    hours = [datetime(2024, 12, 20, hour) for hour in range(1, 24)]
    plain = fleetsynth.get_archetype("batch", "server_003").generate_correlated_metrics(hours)
    server = fleetsynth.get_archetype("batch", "server_003", scenario=scenario_of(HOURLY))
    assert (
        plain["cpu_p95"].tolist() == server.generate_correlated_metrics(hours)["cpu_p95"].tolist()
    )


def test_a_time_off_the_grid_of_the_scenario_is_refused() -> None:
    server = fleetsynth.get_archetype("web", "server_000", scenario=scenario_of(HOURLY))
    with pytest.raises(ValueError, match="not on the grid of hourly"):
        server.generate_correlated_metrics(datetime(2024, 12, 20, 10, 30))
    with pytest.raises(ValueError, match="not a whole second"):
        server.generate_correlated_metrics(datetime(2024, 12, 20, 10, 0, 0, 500))


def test_an_unknown_archetype_is_refused_with_the_nearest() -> None:
    with pytest.raises(fleetsynth.UsageError, match=r"unknown archetype 'bach' .*'batch'"):
        fleetsynth.get_archetype("bach", "server_000")


def test_server_metadata_are_those_of_the_dataset() -> None:
    frame = _frame().drop_duplicates("server_id").reset_index(drop=True)
    alone = fleetsynth.generate_server_metadata(7)
    assert list(alone) == ["server_id", "business_unit", "criticality", "region"]
    assert frame[list(alone)].astype(object).equals(alone.astype(object))
    picked = fleetsynth.generate_server_metadata(["server_005", "server_002"])
    assert picked.to_dict("records") == [alone.to_dict("records")[i] for i in (5, 2)]
    reseeded = fleetsynth.generate_server_metadata(7, scenario=scenario_of(seed=1))
    assert not reseeded.equals(alone)


def test_calendar_features_are_those_of_the_dataset() -> None:
    frame = _frame(scenario_of(HOURLY))
    bare = frame[["timestamp", "server_id"]].rename(columns={"timestamp": "at"})
    made = fleetsynth.add_calendar_features(bare, "at")
    assert list(bare) == ["at", "server_id"]
    calendar = list(frame)[-7:]
    pd.testing.assert_frame_equal(made[calendar], frame[calendar])


AWARE_TIMES: dict[str, Any] = {
    "datetime": AWARE,
    "pandas timestamp": pd.Timestamp(AWARE),
    "index": pd.DatetimeIndex([AWARE]),
    "list": [AWARE],
    "second of a list": [datetime(2024, 1, 1), AWARE],
    "object array": np.array([AWARE], dtype=object),
    "series": pd.Series([AWARE]),
    "text with an offset": "2024-01-01T00:00:00+02:00",
    "list of text with an offset": ["2024-01-01T00:00:00+02:00"],
}


@pytest.mark.parametrize("kind", AWARE_TIMES)
def test_a_timestamp_with_a_zone_is_refused(kind: str, server: fleetsynth.ServerArchetype) -> None:
    for function in (
        fleetsynth.holiday_factor,
        fleetsynth.quarterly_peak_factor,
        server.get_time_factor,
        server.generate_correlated_metrics,
    ):
        with pytest.raises(ValueError, match="has a zone"):
            function(AWARE_TIMES[kind])


def test_calendar_features_refuse_timestamps_with_a_zone() -> None:
    with pytest.raises(ValueError, match="has a zone"):
        fleetsynth.add_calendar_features(pd.DataFrame({"timestamp": [AWARE]}))


@pytest.mark.parametrize("missing", [None, pd.NaT, np.datetime64("NaT"), [STAMPS[0], None]])
def test_a_missing_timestamp_is_refused(missing: Any) -> None:
    with pytest.raises(ValueError, match="missing"):
        fleetsynth.holiday_factor(missing)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), [1.0, float("nan")]])
def test_factors_that_are_not_finite_are_refused(
    bad: Any, server: fleetsynth.ServerArchetype
) -> None:
    for factors in ({"time_factor": bad}, {"trend_factor": bad}):
        with pytest.raises(ValueError, match="finite"):
            server.generate_correlated_metrics(STAMPS[:2], **factors)
