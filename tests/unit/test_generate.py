"""`generate`, `verify`, `commit` and `digest` take a file or a folder alike."""

from pathlib import Path
from typing import Any

import pytest

import fleetsynth as fs
from fleetsynth.stores.places import is_folder

pytestmark = pytest.mark.slow

TINY = {"num_servers": 3, "end_date": "2022-02-28"}
PARTS: dict[str, Any] = {"part_bytes": 5_000, "workers": 1}


@pytest.mark.parametrize(
    "name", ["fleet.parquet", "fleet.csv.gz", "fleet/", "there", Path("fleet")]
)
def test_any_place_takes_the_same_dataset(
    name: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    made = fs.generate(TINY, name, workers=1)
    assert made.committed
    assert made.path == Path(name)
    assert made.path.exists()
    assert made.digest == fs.digest(name) == fs.digest(fs.to_table(TINY))
    assert made.rows == made.plan.cells == made.to_dict()["rows"] == 177
    assert made.bytes > 0
    assert f"digest {made.digest[:12]}" in repr(made)
    assert made._repr_html_().startswith("<p>" if is_folder(name) else "<table>")
    assert fs.validate(name).ok


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("fleet", False),
        ("fleet.parqet", False),
        (Path("fleet.parqet"), False),
        (Path("v1.2"), False),
        ("fleet.CSV", False),
        ("fleet.csv/", True),
        ("s3://bucket/fleet", True),
        (Path("data/fleet"), True),
    ],
)
def test_which_names_are_folders(name: str | Path, folder: bool) -> None:
    assert is_folder(name) is folder


def test_shards_are_committed_apart(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    for number in (1, 2):
        shard = fs.generate(TINY, folder, shard=f"{number}/2", **PARTS)
        assert not shard.committed
        assert (shard.digest, shard.bytes, shard.to_dict()["digest"]) == ("", 0, None)
        assert "not committed" in repr(shard)
        assert 0 < shard.made < shard.parts
    manifest = fs.commit(folder)
    assert manifest["digest"] == fs.digest(folder) == fs.digest(fs.to_table(TINY))
    again = fs.generate(TINY, folder, resume=True, **PARTS)
    assert (again.already, again.made, again.committed) == (True, 0, True)


def test_verify_says_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    fs.generate(TINY, folder, partition_by=["year", "month"], workers=1)
    sound = fs.verify(folder, regenerate=2)
    assert sound.ok
    assert sound.to_dict() == {"path": str(folder), "ok": True, "findings": []}
    assert repr(sound) == f"<Verification of {folder}: ok>"
    lost = next((folder / "data").rglob("*.parquet"))
    lost.unlink()
    found = fs.verify(folder)
    assert not found.ok
    name = lost.relative_to(folder).as_posix()
    assert found.to_dict()["findings"] == [{"path": name, "message": "this part is missing"}]
    assert [str(finding) for finding in found.findings] == [f"{name}: this part is missing"]
    assert repr(found) == f"<Verification of {folder}: 1 finding>"
    with pytest.raises(fs.UsageError, match="there is no file or folder"):
        fs.verify(tmp_path / "none")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partition_by": ["year"]}, r"partition_by=\.\.\. is for folders: end the path with a"),
        ({"part_bytes": 1000}, r"part_bytes=\.\.\. is for folders"),
        ({"resume": True}, "resume=True is for folders"),
        ({"shard": "1/2"}, r"shard=\.\.\. is for folders"),
        ({"engine": "local"}, r"engine=\.\.\. is for folders"),
        ({"master": "local[2]"}, r"master=\.\.\. is for folders"),
        ({"part_bytes": 0}, "part_bytes=0: expected a whole number from 1"),
        ({"workers": 0}, "workers=0: expected a whole number from 1"),
    ],
)
def test_a_file_refuses_what_is_for_folders(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(fs.UsageError, match=message):
        fs.generate(TINY, tmp_path / "fleet.parquet", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"csv_safe": True}, "csv_safe=True is for CSV files"),
        ({"engine": "sparc"}, r"unknown engine 'sparc' \(did you mean 'spark'\?\)"),
        ({"master": "local[2]"}, r"master=\.\.\. is for Spark: say engine='spark'"),
        ({"shard": "3/2"}, "shard 3/2: shard 3 is not among 1 to 2"),
        ({"shard": "half"}, "shard half: expected K/N"),
        ({"resume": True, "overwrite": True}, "choose one"),
        ({"workers": -1}, "workers=-1: expected a whole number from 1"),
    ],
)
def test_a_folder_refuses_what_cannot_be(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(fs.UsageError, match=message):
        fs.generate(TINY, f"{tmp_path}/fleet/", **options)
    assert not (tmp_path / "fleet").exists()


def test_what_is_in_an_object_store_has_no_path() -> None:
    made = fs.Result(
        url="s3://bucket/fleet", plan=fs.resolve(fs.load_scenario()), seconds=1, rows=1
    )
    with pytest.raises(fs.UsageError, match="take url instead of path"):
        _ = made.path


def test_an_estimate_takes_whatever_describes_a_scenario() -> None:
    plan = fs.resolve(fs.load_scenario(TINY))
    assert fs.estimate(TINY) == fs.estimate(plan) == fs.estimate(plan.scenario)
    assert fs.calibrate(TINY, rows=100).rows > 0


def test_a_preview_returns_what_it_draws(tmp_path: Path) -> None:
    shown = fs.preview(TINY, tmp_path / "fleet.svg")
    assert (tmp_path / "fleet.svg").stat().st_size > 1000
    alone = fs.preview(TINY)
    assert [one.server for one in shown] == [one.server for one in alone]
    assert all(
        (one.values["cpu_p95"] == two.values["cpu_p95"]).all()
        for one, two in zip(shown, alone, strict=True)
    )
