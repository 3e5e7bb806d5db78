"""What a realistic dataset looks like from outside: columns, holidays, files, folders."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.formats.read import read_metadata
from fleetsynth.models.realistic.plan import RealisticPlan
from tests import realistic_twin as twin
from tests.conformance.support import EACH, TYPES, WITH_METADATA, read, types
from tests.dataset.folders import manifest_of, parts_in
from tests.realistic_agreement import realistic
from tests.support import digest_of, plain_table

YEAR_END: dict[str, Any] = {
    "num_servers": 24,
    "start_date": date(2022, 12, 20),
    "end_date": date(2023, 1, 31),
    "sample_interval": "1h",
}


@pytest.fixture(scope="module")
def plan() -> RealisticPlan:
    """Two dozen servers on four continents, around the end of a year."""
    return realistic(YEAR_END)


@pytest.fixture(scope="module")
def digest(plan: RealisticPlan) -> str:
    """Of its dataset."""
    return digest_of(plan)


# Columns


def test_there_are_19_columns_with_the_service_among_them(plan: RealisticPlan) -> None:
    table = plain_table(plan)
    assert table.num_columns == len(plan.columns) == 19
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == types(plan)
    assert table.schema.names == list(types(plan))
    assert table.schema.names.index("service") == table.schema.names.index("server_type") + 1
    assert all(column.null_count == 0 for column in table.columns)


def test_text_is_dictionary_encoded_in_memory(plan: RealisticPlan) -> None:
    schema = fleetsynth.to_table(plan).schema
    assert schema.field("service").type == pa.dictionary(pa.int32(), pa.string())
    assert not any(field.nullable for field in schema)


def test_every_statistic_is_a_column() -> None:
    statistics = ["p50", "p95", "max", "mean", "min"]
    made = realistic(YEAR_END, statistics=statistics, num_servers=2)
    stems = ["cpu", "mem", "disk", "net_in", "net_out"]
    expected = [f"{stem}_{name}" for stem in stems for name in statistics]
    names = plain_table(made).schema.names
    assert names[2:27] == expected
    assert len(names) == 19 + 20


@pytest.mark.parametrize(
    ("metadata", "calendar", "columns"),
    [(False, True, 14), (True, False, 12), (False, False, 7)],
)
def test_columns_can_be_left_out(
    plan: RealisticPlan, metadata: bool, calendar: bool, columns: int
) -> None:
    fewer = plain_table(realistic(YEAR_END, include_metadata=metadata, include_calendar=calendar))
    assert fewer.num_columns == columns
    assert fewer.equals(plain_table(plan).select(fewer.schema.names))


def test_servers_of_a_service_have_their_metadata_in_common() -> None:
    made = realistic(YEAR_END, num_servers=200, end_date=date(2022, 12, 20))
    rows = plain_table(made).to_pylist()
    shared = ("server_type", "business_unit", "criticality", "region")
    by_service: dict[str, set[tuple[str, ...]]] = {}
    for row in rows:
        by_service.setdefault(row["service"], set()).add(tuple(row[name] for name in shared))
    assert all(len(found) == 1 for found in by_service.values())
    assert len(by_service) < len(rows)
    assert all(name.rsplit("-", 1)[0] == next(iter(f))[0] for name, f in by_service.items())


def test_holidays_are_those_of_the_regions_country_by_utc_date(plan: RealisticPlan) -> None:
    hourly = realistic(YEAR_END, granularity="hourly")
    places = plan.scenario.locations
    seen: dict[str, set[date]] = {}
    for row in plain_table(hourly).to_pylist():
        country = places[row["region"]].country
        day = row["timestamp"].date()
        holiday = day in twin.public_holidays(country, day.year)
        assert row["is_holiday"] == int(holiday), (row["timestamp"], country)
        if holiday:
            seen.setdefault(country, set()).add(day)
    assert set(seen) == {"US", "IE", "IN-MH", "AU-NSW"}
    assert date(2023, 1, 26) in seen["AU-NSW"] & seen["IN-MH"]
    assert date(2023, 1, 26) not in seen["US"] | seen["IE"]
    assert date(2022, 12, 26) in seen["US"]  # observed
    assert all(one != other for one, other in pairwise(seen.values()))


# Files


@EACH
def test_a_file_has_the_digest_that_generate_told(
    plan: RealisticPlan, digest: str, tmp_path: Path, ending: str
) -> None:
    result = fleetsynth.generate(plan, tmp_path / f"a{ending}")
    assert result.digest == digest
    assert fleetsynth.digest_file(tmp_path / f"a{ending}") == digest
    assert read(tmp_path / f"a{ending}").schema.names == list(types(plan))
    assert set(types(plan)) - set(TYPES) == {"service"}


@pytest.mark.parametrize("ending", WITH_METADATA)
def test_a_file_says_how_to_make_it_again(
    plan: RealisticPlan, digest: str, tmp_path: Path, ending: str
) -> None:
    fleetsynth.generate(plan, tmp_path / f"a{ending}")
    metadata = read_metadata(tmp_path / f"a{ending}")
    assert metadata["fleetsynth.scenario_digest"] == plan.digest
    (tmp_path / "again.yaml").write_text(metadata["fleetsynth.scenario"], "utf-8")
    assert fleetsynth.load_scenario(tmp_path / "again.yaml") == plan.scenario
    again = fleetsynth.generate(tmp_path / "again.yaml", tmp_path / f"b{ending}")
    assert again.digest == digest
    assert again.path.read_bytes() == (tmp_path / f"a{ending}").read_bytes()


# Folders


@pytest.mark.parametrize(
    "keys",
    [
        (),
        ("region",),
        ("server_type",),
        ("year", "month"),
        ("region", "server_type", "year", "month"),
        ("criticality", "business_unit"),
    ],
    ids=",".join,
)
def test_folders_have_the_same_digest_and_can_be_verified(
    plan: RealisticPlan, digest: str, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "fleet"
    result = generate_folder(
        plan.scenario, str(folder), partition_by=keys, part_bytes=22_000, workers=1
    )
    assert result.digest == manifest_of(folder)["digest"] == digest
    assert len(parts_in(folder)) == result.parts > 1
    assert verify(str(folder), regenerate=3).findings == []


def test_a_changed_value_is_found_in_a_folder(plan: RealisticPlan, tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    generate_folder(
        plan.scenario, str(folder), partition_by=("region",), part_bytes=22_000, workers=1
    )
    path = parts_in(folder)[0]
    path.write_bytes(path.read_bytes()[:-5] + b"wrong")
    assert [finding.path for finding in verify(str(folder)).findings] == [
        path.relative_to(folder).as_posix()
    ]
