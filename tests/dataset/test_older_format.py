"""Folders that release 0.1.0 wrote: read, verified, and refused where they must be."""

import json
import shutil
from pathlib import Path

import pytest

from fleetsynth.errors import InputError
from fleetsynth.folders.verify import verify
from tests.dataset.folders import manifest_of
from tests.e2e.command import Fleetsynth

WRITTEN = Path(__file__).parent.parent / "data" / "format1"
PART = "data/region=us-east/year=2023/part-00002.parquet"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A copy of the finished folder, called ``older``."""
    return Path(shutil.copytree(WRITTEN / "finished", tmp_path / "older"))


def test_it_is_verified_and_what_cannot_be_checked_is_said(
    older: Path, fleetsynth: Fleetsynth
) -> None:
    note, last = fleetsynth.prints("verify", "older").splitlines()
    assert last == "older: ok"
    assert note.startswith(
        "note: manifest.json is of format 1, which has no hashes of servers.parquet, scenario.yaml "
    )
    told = json.loads(fleetsynth.prints("verify", "older", "--json"))
    assert (told["ok"], told["findings"]) == (True, [])
    assert told["notes"] == [note.removeprefix("note: ")]
    assert verify(str(older)).findings == []


def test_it_is_read(older: Path, fleetsynth: Fleetsynth) -> None:
    digest = manifest_of(older)["digest"]
    assert fleetsynth.prints("digest", "older") == f"{digest}  older\n"
    assert json.loads(fleetsynth.prints("facts", "older", "--json"))["rows"] == 24
    assert '"manifest"' in fleetsynth("validate", "older", "--json").out
    assert fleetsynth("report", "older", "--no-validation").code == 0


@pytest.mark.parametrize("name", ["manifest.json", PART])
def test_flipped_bytes_are_found(older: Path, name: str) -> None:
    data = (older / name).read_bytes()
    part_bytes = data.find(b'"part_bytes": ')
    for place in range(0, len(data), 127):
        if name == "manifest.json" and 0 <= place - part_bytes < 22:
            continue  # it cannot be checked, as is said
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        (older / name).write_bytes(flipped)
        try:
            assert verify(str(older)).findings != [], place
        except InputError as error:
            assert "older" in str(error)  # noqa: PT017 - either will do


def test_servers_are_held_against_the_scenario(older: Path) -> None:
    shutil.copy(older / PART, older / "servers.parquet")
    ((path, message),) = [(found.path, found.message) for found in verify(str(older)).findings]
    assert path == "servers.parquet"
    assert message.startswith("its columns are ")


def test_an_older_format_with_newer_fields_is_told_so(older: Path) -> None:
    values = manifest_of(older)
    (older / "manifest.json").write_text(json.dumps(values | {"run": "x"}, indent=2) + "\n")
    assert [str(found) for found in verify(str(older)).findings] == [
        'manifest.json: "run" is not a field of it'
    ]


def test_a_newer_format_is_refused_in_words(older: Path, fleetsynth: Fleetsynth) -> None:
    values = manifest_of(older)
    (older / "manifest.json").write_text(json.dumps(values | {"format": 6}, indent=2) + "\n")
    for command in ("verify", "digest", "facts", "report"):
        ran = fleetsynth(command, "older")
        assert (ran.code, ran.out) == (1, "")
        assert "older/manifest.json is of format 6, which a newer fleetsynth wrote" in ran.err


def test_an_unfinished_one_is_no_dataset(tmp_path: Path, fleetsynth: Fleetsynth) -> None:
    shutil.copytree(WRITTEN / "unfinished", tmp_path / "begun")
    for command in ("verify", "digest", "facts"):
        ran = fleetsynth(command, "begun")
        assert (ran.code, ran.out) == (1, "")
        assert "unfinished" in ran.err
