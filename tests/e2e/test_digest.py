"""``fleetsynth digest``: the content digest of files."""

import json
from pathlib import Path

import pandas as pd

from fleetsynth.formats import FORMATS
from tests.e2e.command import Fleetsynth


def test_all_formats_agree_in_one_call(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    lines = fleetsynth.prints("digest", *small.values()).splitlines()
    digests, paths = zip(*(line.split("  ") for line in lines), strict=True)
    assert paths == tuple(map(str, small.values()))
    assert len(paths) == len(FORMATS)
    assert len(set(digests)) == 1
    assert len(bytes.fromhex(digests[0])) == 32


def test_another_value_gives_another_digest_and_the_leaf_names_it(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    frame = pd.read_csv(small[".csv"])
    frame.loc[40, "cpu_p95"] = 12.34
    frame.to_csv(fleetsynth.folder / "other.csv", index=False)
    here, there = (
        json.loads(fleetsynth.prints("digest", path, "--leaves", "--json"))
        for path in (small[".csv"], fleetsynth.folder / "other.csv")
    )
    assert here["digest"] != there["digest"]
    differ = [
        one[:2] for one, two in zip(here["leaves"], there["leaves"], strict=True) if one != two
    ]
    assert differ == [["server_001", "2022-01"]]


def test_rows_may_come_in_any_order(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    frame = pd.read_csv(small[".csv"]).sample(frac=1, random_state=1)
    frame.to_csv(fleetsynth.folder / "shuffled.csv", index=False)
    one, two = fleetsynth.prints("digest", small[".csv"], "shuffled.csv").splitlines()
    assert one.split()[0] == two.split()[0]


def test_leaves_are_one_per_server_and_month(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    path = str(small[".arrow"])
    whole, *leaves = fleetsynth.prints("digest", path, "--leaves").splitlines()
    assert whole == fleetsynth.prints("digest", path).strip()
    found = [line.split("  ") for line in leaves]
    assert [entry[1:] for entry in found] == [
        [path, f"server_{i:03d}", "2022-01"] for i in range(4)
    ]
    assert len({entry[0] for entry in found}) == 4


def test_json_is_one_object_per_file(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    files = (small[".csv"], small[".parquet"])
    lines = fleetsynth.prints("digest", *files).splitlines()
    objects = fleetsynth.prints("digest", *files, "--json").splitlines()
    for line, text, path in zip(lines, objects, files, strict=True):
        assert json.loads(text) == {"path": str(path), "digest": line.split()[0]}


def test_json_leaves_are_those_of_the_text(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    path = small[".csv.gz"]
    facts = json.loads(fleetsynth.prints("digest", path, "--json", "--leaves"))
    _, *lines = fleetsynth.prints("digest", path, "--leaves").splitlines()
    assert [
        f"{leaf}  {path}  {server}  {month}" for server, month, leaf in facts["leaves"]
    ] == lines


def test_files_of_a_folder_have_one_set_of_columns(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    """In whatever order and width; files of two tables are refused, and not a traceback."""
    folder = fleetsynth.folder / "mixed"
    folder.mkdir()
    rows = pd.read_csv(small[".csv"], parse_dates=["timestamp"])
    late, early = rows[rows["timestamp"].dt.day > 9], rows[rows["timestamp"].dt.day <= 9]
    late[sorted(late.columns)].to_csv(folder / "a.csv", index=False)
    early.astype({"year": "int32"}).to_parquet(folder / "b.parquet", index=False)
    both = fleetsynth.prints("digest", "mixed").split()[0]
    assert both == fleetsynth.prints("digest", str(small[".csv"])).split()[0]
    early.drop(columns="region").to_parquet(folder / "b.parquet", index=False)
    ran = fleetsynth("digest", "mixed")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: mixed: not all of its files have the columns region: name files of one table, or "
        "its folder\n"
    )
    early.assign(region=7).to_parquet(folder / "b.parquet", index=False)
    ran = fleetsynth("digest", "mixed")
    assert (ran.code, ran.out) == (1, "")
    assert "has not the same type in all of its files" in ran.err
