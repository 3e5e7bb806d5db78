"""Facts of files and folders of all kinds."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from fleetsynth import Facts, FleetsynthError, InputError, UsageError, facts, generate
from fleetsynth.folders.folder import Shard
from fleetsynth.folders.generate import generate_folder
from fleetsynth.formats import FORMATS
from fleetsynth.presets.load import load_scenario
from fleetsynth.stores.names import CARD

SMALL = {"num_servers": 4, "granularity": "1h", "end_date": "2022-02-08"}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The facts of the small dataset as one Parquet file."""
    return facts(generate(SMALL, tmp_path_factory.mktemp("small") / "it.parquet").path)


def same(found: Facts, expected: Facts, columns: Mapping[str, str]) -> None:
    assert (found.servers, found.rows, found.step) == (4, 4 * 39 * 24, 3600)
    assert found.columns == columns
    assert found.values.keys() == expected.values.keys()
    for name, value in expected.values.items():
        near = pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value
        assert found.values[name] == near, name
    assert found.network_by_type == pytest.approx(expected.network_by_type)


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != ".parquet"])
def test_every_format(tmp_path: Path, ending: str, expected: Facts) -> None:
    path = generate(SMALL, tmp_path / f"it{ending}").path
    same(facts(path), expected, expected.columns)


@pytest.mark.parametrize("keys", [(), ("server_type",), ("year", "month", "region")], ids=str)
def test_folders(tmp_path: Path, keys: tuple[str, ...], expected: Facts) -> None:
    url = f"{tmp_path}/it"
    generate_folder(load_scenario(SMALL), url, partition_by=keys, workers=1)
    same(facts(url), expected, expected.columns)
    assert facts(f"{url}/").values == facts(Path(url)).values


def test_a_folder_of_files_made_elsewhere(tmp_path: Path, expected: Facts) -> None:
    url = tmp_path / "it"
    generate_folder(load_scenario(SMALL), str(url), partition_by=("server_type",), workers=1)
    for name in ("manifest.json", "servers.parquet", "scenario.yaml", *CARD):
        (url / name).unlink()
    same(facts(url), expected, expected.columns)


def test_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    scenario = load_scenario(SMALL)
    generate_folder(scenario, str(tmp_path / "it"), workers=1, shard=Shard(1, 2))
    with pytest.raises(InputError, match="unfinished: go on with resume=True"):
        facts(tmp_path / "it")


def test_every_file_of_a_folder_has_times_and_servers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,server_id,cpu\n2024-01-01,a,1\n2024-01-02,a,2\n")
    (tmp_path / "b.csv").write_text("timestamp,cpu\n2024-01-01,1\n")
    with pytest.raises(InputError, match=r"b.csv has no column 'server_id'"):
        facts(tmp_path)


def test_points_that_come_twice_and_servers_with_few(tmp_path: Path) -> None:
    path = tmp_path / "it.csv"
    rows = [f"2024-01-01T{hour:02}:00:00,1,{hour}" for hour in range(24)]
    rows[5:5] = ["2024-01-01T04:00:00,1,30", "2024-01-01T04:10:00,1,"]
    rows += ["2024-01-01,2,5", "2024-01-01,3,5", "2024-01-01,3,7"]
    path.write_text("timestamp,server_id,cpu\n" + "\n".join(rows).replace("-01,", "-01T00:00:00,"))
    found = facts(path)
    assert (found.servers, found.left_out, found.repeated, found.points) == (1, 2, 1, 24)
    assert found.values["mean"] == (sum(range(24)) - 4 + 30) / 24


@pytest.mark.parametrize(
    ("name", "text", "error", "words"),
    [
        ("a.parquet", "PAR1", InputError, "cannot read .*a.parquet"),
        (
            "a.csv",
            "timestamp,server_id,cpu\n2024-01-01,a,many\n",
            InputError,
            "a.csv, row 1: 'cpu' is 'many': expected a number",
        ),
        (
            "a.csv",
            "timestamp,server_id,cpu\n7,a,1\n8,a,1\n",
            InputError,
            "expected dates and times",
        ),
        ("a.csv", "timestamp,server_id,cpu\n2024-01-01,a,1\n", InputError, "two points or more"),
        ("a.csv", "timestamp,server_id,cpu\n", InputError, "two points or more"),
        ("a.csv", "timestamp,server_id,cpu\n,a,1\n2024-01-01,a,1\n", InputError, "missing values"),
        (
            "a.csv",
            "timestamp,server_id,cpu\n2024-01-01T00:00:00,a,1\n2024-01-01T00:00:01,a,1\n"
            "2024-01-01T00:00:02,a,1\n2034-01-01T00:00:00,a,1\n",
            InputError,
            "is it one series",
        ),
        ("folder/a.txt", "x", InputError, "holds no data"),
        ("a.txt", "x", UsageError, "a.txt"),
        ("b.csv", "x", UsageError, "there is no file"),
    ],
)
def test_what_cannot_be_measured(
    tmp_path: Path, name: str, text: str, error: type[FleetsynthError], words: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if name != "b.csv":
        path.write_text(text)
    with pytest.raises(error, match=words):
        facts(tmp_path / name.partition("/")[0])
