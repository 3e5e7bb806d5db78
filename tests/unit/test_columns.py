"""The dataset as a table: columns, types, rows and their order, calendar and metadata."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.plan import Plan
from fleetsynth.tables.frame import plain
from tests import twin
from tests.support import COLUMNS, plan_of

TEXTS = ("server_type", "business_unit", "criticality", "region")
CALENDAR = ("year", "month", "quarter", "dayofweek", "is_weekend", "is_eoq", "is_holiday")
ORDER = ["timestamp", "server_id", *COLUMNS, *TEXTS, *CALENDAR]
ODDS = {
    "business_unit": dict.fromkeys(("Retail", "Investment", "Wealth", "Corporate"), 0.25),
    "criticality": {"High": 0.2, "Medium": 0.5, "Low": 0.3},
    "region": dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"), 0.25),
}


@pytest.fixture(scope="module")
def table(default_plan: Plan) -> pa.Table:
    return fleetsynth.to_table(default_plan)


@pytest.fixture(scope="module")
def frame(table: pa.Table) -> pd.DataFrame:
    made: pd.DataFrame = plain(table).to_pandas()
    return made


def _expected_types(text: pa.DataType) -> list[tuple[str, pa.DataType]]:
    kinds = {"timestamp": pa.timestamp("us"), "server_id": text}
    kinds |= dict.fromkeys(COLUMNS, pa.float64()) | dict.fromkeys(TEXTS, text)
    kinds |= dict.fromkeys(CALENDAR, pa.int32())
    return list(kinds.items())


def _types(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in schema]


def test_the_default_dataset_has_175_320_rows_and_18_columns(table: pa.Table) -> None:
    assert table.shape == (175_320, 18)
    assert table.column_names == ORDER
    assert all(column.null_count == 0 for column in table.columns)


def test_arrow_types(table: pa.Table) -> None:
    assert _types(table.schema) == _expected_types(pa.dictionary(pa.int32(), pa.string()))
    assert not any(field.nullable for field in table.schema)


def test_pandas_types() -> None:
    frame = fleetsynth.generate_full_dataset(num_servers=2, end_date="2022-01-31")
    assert list(frame.columns) == ORDER
    kinds = frame.dtypes
    assert [kinds[name] for name in COLUMNS] == [np.dtype("float64")] * 5
    assert [kinds[name] for name in CALENDAR] == [np.dtype("int32")] * 7
    assert all(pd.api.types.is_string_dtype(kinds[name]) for name in ("server_id", *TEXTS))
    assert pd.api.types.is_datetime64_dtype(kinds["timestamp"])
    assert frame["timestamp"].dt.tz is None
    assert ((frame["year"] * 100 + frame["month"]) == 202201).all()  # no overflow


def test_parquet_reads_back_with_the_same_types_and_values(
    table: pa.Table, default_plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.parquet"
    fleetsynth.generate(default_plan, path)
    read = pq.read_table(path)
    assert _types(read.schema) == _expected_types(pa.string())
    assert read.replace_schema_metadata(None).equals(plain(table))


def test_rows_are_ordered_by_server_then_time(frame: pd.DataFrame) -> None:
    assert frame["server_id"].tolist() == [
        f"server_{i:03d}" for i in range(120) for _ in range(1461)
    ]
    assert frame["timestamp"].tolist() == twin.days() * 120


def test_servers_are_ordered_by_index_not_by_name_beyond_a_thousand() -> None:
    plan = plan_of(num_servers=1_102, start_date=date(2024, 1, 1), end_date=date(2024, 1, 2))
    names = fleetsynth.to_table(plan)["server_id"].to_pylist()[::2]
    assert names == [f"server_{i:03d}" for i in range(1_102)]
    assert names[999:1001] == ["server_999", "server_1000"]
    assert names.index("server_1000") > names.index("server_101")


def test_hourly_data_include_the_whole_last_day() -> None:
    plan = plan_of(num_servers=1, granularity="hourly", start_date="2025-12-30")
    stamps = fleetsynth.to_table(plan)["timestamp"].to_pylist()
    assert len(stamps) == 48
    assert stamps[0] == datetime(2025, 12, 30)
    assert stamps[-1] == datetime(2025, 12, 31, 23)


def test_values_are_whole_hundredths(frame: pd.DataFrame) -> None:
    for column in COLUMNS:
        values = frame[column].to_numpy()
        assert (np.rint(values * 100) / 100 == values).all()


def test_calendar_columns_are_the_twins_on_every_day(frame: pd.DataFrame) -> None:
    one = frame[frame["server_id"] == "server_119"]
    holidays = set().union(*(twin.federal_holidays(year) for year in range(2022, 2026)))
    expected = [twin.calendar(ts, holidays) for ts in twin.days()]
    assert one[list(CALENDAR)].to_dict("records") == expected


def test_the_default_span_has_80_quarter_end_days_and_48_holidays(frame: pd.DataFrame) -> None:
    one = frame[frame["server_id"] == "server_000"]
    assert one["is_eoq"].sum() == 80
    assert one["is_holiday"].sum() == 48
    assert one["is_weekend"].sum() == sum(ts.weekday() > 4 for ts in twin.days())


def test_a_holiday_lasts_all_its_hours_and_quarter_ends_are_marked_without_peaks() -> None:
    plan = plan_of(
        num_servers=1,
        granularity="hourly",
        start_date="2025-06-19",
        end_date="2025-07-04",
        quarterly_peaks=False,
        holiday_effect=False,
    )
    made = fleetsynth.to_pandas(plan)
    per_day = made.groupby(made["timestamp"].dt.date)[["is_holiday", "is_eoq"]].sum()
    busy = per_day[per_day["is_holiday"] > 0]
    assert list(busy.index) == [date(2025, 6, 19), date(2025, 7, 4)]
    assert set(busy["is_holiday"]) == {24}
    assert list(per_day.index[per_day["is_eoq"] == 24]) == [date(2025, 6, d) for d in range(26, 31)]
    assert set(per_day["is_eoq"]) == {0, 24}


def test_metadata_are_constant_per_server_and_drawn_with_their_odds(frame: pd.DataFrame) -> None:
    per_server = frame.groupby("server_id")[list(TEXTS)].nunique()
    assert (per_server == 1).all(axis=None)
    many = fleetsynth.generate_server_metadata(4_000)
    for column, odds in ODDS.items():
        counts = Counter(many[column])
        assert set(counts) == set(odds)
        for value, p in odds.items():
            assert abs(counts[value] - 4_000 * p) <= 4.5 * (4_000 * p * (1 - p)) ** 0.5


def test_metadata_of_one_column_tell_nothing_of_another() -> None:
    many = fleetsynth.generate_server_metadata(4_000)
    for a, b in (("business_unit", "criticality"), ("criticality", "region")):
        cells = pd.crosstab(many[a], many[b]).to_numpy()
        expected = np.outer(cells.sum(1), cells.sum(0)) / cells.sum()
        chi2 = ((cells - expected) ** 2 / expected).sum()
        freedom = (cells.shape[0] - 1) * (cells.shape[1] - 1)
        assert abs(chi2 - freedom) <= 4.5 * (2 * freedom) ** 0.5


@pytest.mark.parametrize(
    ("metadata", "calendar", "columns"),
    [(False, True, 14), (True, False, 11), (False, False, 7)],
)
def test_columns_can_be_left_out_and_the_rest_stay_the_same(
    table: pa.Table, metadata: bool, calendar: bool, columns: int
) -> None:
    fewer = fleetsynth.to_table(plan_of(include_metadata=metadata, include_calendar=calendar))
    left_out = {*(() if metadata else TEXTS), *(() if calendar else CALENDAR)}
    assert fewer.column_names == [name for name in ORDER if name not in left_out]
    assert fewer.num_columns == columns
    assert fewer.equals(table.select(fewer.column_names))
