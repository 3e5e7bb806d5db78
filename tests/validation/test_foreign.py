"""Data of other people: in their order, at their hours, of their types."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth import InputError, Validation

COLUMNS = {"timestamp": "when", "server_id": "host", "cpu_p95": "cpu"}


def theirs(start: str, step: str, periods: int = 60) -> pd.DataFrame:
    """Two servers, one after the other."""
    rng = np.random.default_rng(3)
    times = pd.date_range(start, periods=periods, freq=step)
    return pd.DataFrame(
        {
            "when": [*times, *times],
            "host": ["a"] * periods + ["b"] * periods,
            "cpu": rng.uniform(5, 90, 2 * periods),
        }
    )


def checked(frame: pd.DataFrame, path: Path) -> Validation:
    frame.to_parquet(path, index=False)
    return fleetsynth.validate(path, columns=COLUMNS)


def found(validation: Validation) -> dict[str, str]:
    return {v.name: f"{v.status}: {v.found}" for v in validation.verdicts}


@pytest.mark.parametrize(
    ("start", "step"),
    [("2024-01-01", "7D"), ("2024-01-01 00:02", "5min"), ("2024-01-01 06:30", "1D")],
    ids=["every Monday", "two minutes past", "half past six"],
)
def test_a_grid_may_begin_anywhere(start: str, step: str, tmp_path: Path) -> None:
    frame = theirs(start, step)
    assert checked(frame, tmp_path / "x.parquet").ok
    frame.loc[[7, 40], "when"] += pd.Timedelta("1s")
    (fault,) = checked(frame, tmp_path / "x.parquet").failed
    assert (fault.name, fault.found) == ("timestamps", "2 rows are off the grid")


def test_servers_may_have_grids_of_their_own(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "5min")
    frame["when"] += pd.to_timedelta((frame["host"] == "b") * 2, unit="min")
    assert checked(frame, tmp_path / "x.parquet").ok


def test_rows_may_be_in_order_of_time_alone(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h").sort_values(["when", "host"])
    validation = checked(frame, tmp_path / "x.parquet")
    assert validation.ok, validation.failed
    assert found(validation)["order"] == "ok: by time"


def test_rows_in_no_order_are_still_counted(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h").drop(index=[9, 10, 11])
    validation = checked(frame.sample(frac=1, random_state=1), tmp_path / "x.parquet")
    assert {v.name: v.found for v in validation.failed}["gaps"] == "3 ticks are missing"
    assert "order" in {v.name for v in validation.failed}


def test_a_stray_timestamp_takes_no_memory(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1s")
    frame.loc[0, "when"] = pd.Timestamp("2200-01-01")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_file(tmp_path / "x.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=20)
    verdicts = found(fleetsynth.validate(tmp_path / "x.arrow", columns=COLUMNS))
    assert verdicts["gaps"].startswith("untestable: in no order, over 5,554,")
    assert verdicts["duplicates"] == verdicts["gaps"]
    assert verdicts["order"].startswith("fail")
    with pa.ipc.new_file(tmp_path / "x.arrow", table.schema) as file:
        file.write_table(pa.concat_tables([table, table[-1:]]), max_chunksize=20)
    verdicts = found(fleetsynth.validate(tmp_path / "x.arrow", columns=COLUMNS))
    assert verdicts["duplicates"].startswith("fail: 1 rows repeat")


def test_numbers_are_timestamps_in_a_unit_that_is_certain(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h")
    frame["when"] = frame["when"].astype("int64")
    assert checked(frame, tmp_path / "x.parquet").ok  # one unit alone gives times of our days
    frame["when"] = range(len(frame))
    with pytest.raises(InputError, match="'when' is 0: expected dates and times"):
        checked(frame, tmp_path / "x.parquet")


def test_text_may_have_more_decimals_than_are_read(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h")
    frame["when"] = frame["when"].dt.strftime("%Y-%m-%dT%H:%M:%S.0000000")
    assert checked(frame, tmp_path / "x.parquet").ok


@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_text_is_read_as_timestamps_with_a_zone_and_without(zone: str, tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h")
    frame["when"] = frame["when"].dt.strftime("%Y-%m-%dT%H:%M:%S") + zone
    assert checked(frame, tmp_path / "x.parquet").ok
    path = tmp_path / "x.csv"
    ours = {name: role for role, name in COLUMNS.items()}
    frame.rename(columns=ours).to_csv(path, index=False)
    validation = fleetsynth.validate(path)
    assert validation.ok, validation.failed
    assert found(validation)["timestamps"] == "ok: on a grid of an hour"


def test_later_files_have_the_columns_of_the_first(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h")
    first, later = frame[frame["host"] == "a"], frame[frame["host"] == "b"]
    first.to_parquet(tmp_path / "a.parquet", index=False)
    later.assign(cpu=later["cpu"].astype(str), load=1.0).to_parquet(
        tmp_path / "b.parquet", index=False
    )
    (fault,) = fleetsynth.validate(tmp_path, columns=COLUMNS).failed
    assert fault.name == "schema"
    (changed,) = fault.places
    assert changed.startswith("cpu is double, later ")
    later.drop(columns="cpu").to_parquet(tmp_path / "b.parquet", index=False)
    (fault,) = fleetsynth.validate(tmp_path, columns=COLUMNS).failed
    assert fault.places == ("cpu is missing from a later file",)


def test_what_is_read_alike_may_change_between_files(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h").rename(columns={"when": "timestamp", "host": "server_id"})
    first, later = frame[frame["server_id"] == "a"], frame[frame["server_id"] == "b"]
    first.assign(cpu=range(60)).to_csv(tmp_path / "a.csv", index=False)
    later.assign(load=1.0).to_csv(tmp_path / "b.csv", index=False)
    assert fleetsynth.validate(tmp_path, columns={"cpu": "cpu"}).ok


def test_servers_without_a_value_are_no_copies(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h").assign(cpu=np.nan)
    frame.to_parquet(tmp_path / "x.parquet", index=False)
    columns = {"timestamp": "when", "server_id": "host"}
    failed = fleetsynth.validate(tmp_path / "x.parquet", columns=columns).failed
    assert [v.name for v in failed] == ["missing values"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    frame = theirs("2024-01-01", "1h").assign(month=pd.Series([["x"]] * 120))
    with pytest.raises(InputError, match="'month' is list"):
        checked(frame, tmp_path / "x.parquet")
    frame = theirs("2024-01-01", "1h").assign(region=pd.Series([{"x": 1}] * 120))
    with pytest.raises(InputError, match="'region' is struct"):
        checked(frame, tmp_path / "x.parquet")


def test_single_precision_will_do_and_three_decimals_will_not(tmp_path: Path) -> None:
    scenario = {"num_servers": 24, "end_date": "2022-06-30"}
    frame = fleetsynth.to_pandas(scenario)
    path = tmp_path / "x.parquet"
    frame.assign(net_in_p95=frame["net_in_p95"].astype("float32")).to_parquet(path, index=False)
    assert fleetsynth.validate(path, scenario).ok
    traffic = frame["net_in_p95"].to_numpy(copy=True)
    traffic[5] += 0.001
    frame.assign(net_in_p95=traffic).to_parquet(path, index=False)
    assert "rounding" in {v.name for v in fleetsynth.validate(path, scenario).failed}


def test_figures_that_nothing_tells_of_are_untestable(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    kinds = ("web", "application", "database", "batch")
    scenario = {
        "end_date": "2022-12-31",
        "num_servers": 20,
        "archetypes": {kind: {"base_network": 5000} for kind in kinds},
    }
    fleetsynth.generate(scenario, path)
    verdicts = fleetsynth.validate(path).verdicts
    unknown = {v.subject for v in verdicts if v.found == "the data say nothing about it"}
    assert "web base_network" in unknown
    assert all(v.status == "untestable" for v in verdicts if v.subject in unknown)


@pytest.mark.parametrize(
    ("times", "step"),
    [
        ([f"2024-{month:02}-01T00:00:00+02:00" for month in range(1, 13)], "a month"),
        ([f"2024-{month:02}-01T00:00:00-05:00" for month in range(1, 13)], "a month"),
        (["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"], "a month"),
        (["2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01"], "3 months"),
        (["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"], "12 months"),
    ],
)
def test_months_are_a_step_wherever_in_them_the_points_lie(
    tmp_path: Path, times: list[str], step: str
) -> None:
    path = tmp_path / "export.csv"
    lines = [f"{time},a,{40 + at}.5" for at, time in enumerate(times)]
    path.write_text("\n".join(["time,host,cpu", *lines, ""]))
    verdicts = {verdict.name: verdict for verdict in fleetsynth.validate(path).verdicts}
    assert verdicts["timestamps"].found == f"on a grid of {step}"
    assert verdicts["gaps"].status == "ok"
    path.write_text("\n".join(["time,host,cpu", *lines[:2], *lines[3:], ""]))
    verdicts = {verdict.name: verdict for verdict in fleetsynth.validate(path).verdicts}
    assert verdicts["gaps"].status == "fail"
