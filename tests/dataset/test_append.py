"""Days that are appended to a folder: the digest of one run, old parts as they are."""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fleetsynth as fs
from fleetsynth.errors import ExistsError, FleetsynthError, InputError, OutputError, UsageError
from fleetsynth.folders import append as appending
from fleetsynth.folders import generate as generating
from fleetsynth.folders.begin import look, scenario_in
from fleetsynth.folders.verify import verify
from fleetsynth.reader import scattered
from fleetsynth.stores.names import DATA
from fleetsynth.stores.recorded import seal
from fleetsynth.stores.store import LocalStore, is_unfinished, open_store
from tests.dataset import stepping
from tests.dataset.folders import digest_in, files_in, identities, made_in, manifest_of
from tests.dataset.object_store import (
    BUCKET,
    empty,
    environment,
    gate,
    request,
    store_in_memory,
)
from tests.dataset.stepping import EVENTFUL, LONGER, NEXT_DAY, REFUSED, Steps
from tests.e2e.command import Fleetsynth
from tests.support import digest_of

FIRST = date(2022, 2, 19)
END = date(2022, 2, 25)
TOLD = [{"kind": "change", "at": "2022-02-20", "for": "20d", "disk": "+5"}]
EVENTFUL_FLEET = {
    "num_servers": 3,
    "start_date": FIRST.isoformat(),
    "assignment": "interleaved",
    "fleet_growth": {"per_month": 9},
    "retire": {"mean_years": 0.5},
    "events": TOLD,
}
"""A fleet that grows, whose servers retire, and to which something happens beyond its last day."""


def scenario(preset: str, end: date, keys: dict[str, Any] = EVENTFUL_FLEET) -> dict[str, Any]:
    """A scenario until a day; growth of the classic model as of one that ends on `END`."""
    said = {"preset": preset, **keys, "end_date": end.isoformat()}
    if preset == "classic" and end > END:
        said["growth"] = {"span": [FIRST.isoformat(), END.isoformat()]}
    return said


def day(after: int) -> date:
    """A day after the last one of the dataset that is appended to."""
    return END + timedelta(days=after)


def make(folder: Path | str, preset: str = "classic", **options: Any) -> fs.Result:
    """Generate the dataset that days are appended to."""
    return fs.generate(scenario(preset, END), f"{folder}/", workers=1, **options)


def make_months(folder: Path, **options: Any) -> fs.Result:
    """Generate a dataset of two months."""
    said = scenario("classic", END) | {"start_date": "2022-01-30"}
    return fs.generate(said, f"{folder}/", workers=1, **options)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenarios are written as JSON, which is YAML: that alone is most of a small append."""
    stepping.as_json(monkeypatch.setattr)
    monkeypatch.setattr("os.fsync", lambda _: None)


class KilledError(BaseException):
    """A process that is gone: nothing that is to be tidied up reaches the store."""


class Killing:
    """Ends what runs before a change of the store that nothing was ended before so far.

    Attributes:
        met: the changes that something was ended before.
        every: those of a whole append.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
        self.met: set[str] = set()
        self.every: set[str] = set()
        self._taken: list[str] = []
        self._kill = self._dead = False
        for name in ("create", "write", "replace", "delete", "tidy"):
            monkeypatch.setattr(type(store), name, self._before(name, getattr(type(store), name)))
        monkeypatch.setattr(type(store), "building", self._building(type(store).building))

    @property
    def is_left(self) -> bool:
        """Whether there are changes that nothing was ended before, as far as is known."""
        return not self.every or bool(self.every - self.met)

    def begin(self, *, kill: bool) -> bool:
        """Begin to count; tell whether what ran since the last time has come to its end."""
        whole = not self._dead
        if whole and any("publish data" in each for each in self._taken):  # from the beginning
            self.every |= set(self._taken)
        self._taken, self._kill, self._dead = [], kill, False
        return whole

    def _step(self, name: str, key: str) -> None:
        if self._dead:
            raise KilledError
        what = f"{name} {re.sub('[0-9a-f]{16}|[0-9]{4}-[0-9-]{5}|[0-9]+', '0', key)}"
        what = f"{what} {self._taken.count(what)}"
        self._taken.append(what)
        if self._kill and what not in self.met:
            self.met.add(what)
            self._dead = True
            raise KilledError

    def _before(self, name: str, real: Any) -> Any:
        def stepping(store: Any, key: str = "", *arguments: Any, **options: Any) -> Any:
            self._step(name, key)
            return real(store, *([key] if key else []), *arguments, **options)

        return stepping

    def _building(self, real: Any) -> Any:
        @contextmanager
        def building(store: Any, key: str, **options: Any) -> Iterator[Path]:
            self._step("build", key)
            with real(store, key, **options) as path:
                yield path
                self._step("publish", key)

        return building


def is_fine(folder: Path | str, regenerate: int = 0) -> bool:
    """Whether `verify` has nothing to say."""
    found = verify(str(folder), regenerate=regenerate)
    assert (found.findings, found.notes) == ([], [])
    return True


PARTITIONS = [
    ("classic", ()),
    ("classic", ("date",)),
    ("realistic", ("year", "month")),
    ("realistic", ("region", "year", "month", "day")),
]


@pytest.mark.parametrize(("preset", "partitions"), PARTITIONS)
def test_what_is_appended_has_the_digest_of_one_run_and_all_its_tables(
    tmp_path: Path, preset: str, partitions: tuple[str, ...]
) -> None:
    folder = tmp_path / "fleet"
    both: dict[str, Any] = {"components": True, "labels": True}
    made = make(folder, preset, partition_by=partitions, part_bytes=20_000, **both)
    assert made.digest == fs.digest(folder)
    for after in (2, 6):  # within the month, and beyond it
        before, told = identities(folder), manifest_of(folder)["parts"]
        made = fs.append(folder, day(after), workers=1)
        now = identities(folder)
        assert {path: now[path] for path in before} == before
        assert manifest_of(folder)["parts"][: len(told)] == told
    wanted = fs.generate(scenario(preset, day(6)), tmp_path / "one.parquet", **both)
    assert wanted.tables.keys() == {"components", "labels", "events"}
    assert (made.digest, made.rows_of_whole) == (wanted.digest, wanted.rows)
    assert made.digest == fs.digest(folder) == fs.digest(folder / "data")
    for name, table in wanted.tables.items():
        assert (made.tables[name].digest, made.tables[name].rows) == (table.digest, table.rows)
    for name in both:
        assert fs.digest(f"{folder}/tables/{name}") == wanted.tables[name].digest
    assert fs.events(folder).rows() == fs.events(wanted.path).rows()
    assert is_fine(folder, regenerate=1_000)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("where", "preset"), [("disk", "realistic"), ("bucket", "classic")])
def test_thirty_appended_days_killed_at_every_store_operation_have_the_digest_of_one_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    preset: str,
) -> None:
    """Each append is killed before a change of the store that none was killed before so far."""
    url = str(tmp_path / "lake")
    if where == "bucket":
        url = f"s3://{BUCKET}/lake"
        store_in_memory(monkeypatch)
    made = make(url, preset, partition_by=["date" if where == "bucket" else "year"])
    killing = Killing(monkeypatch, open_store(url))
    states = set()
    for after in range(1, 31):
        before = made.digest
        for _ in range(2 if killing.is_left else 0):
            killing.begin(kill=True)
            with suppress(KilledError):
                made = fs.append(url, day(after), resume=True, workers=1)
            if killing.begin(kill=False):
                break
            states.add(fs.digest(url) == before)  # by the manifest, which is there at any moment
        killing.begin(kill=False)
        made = fs.append(url, day(after), resume=True, workers=1)
        assert made.plan.clock.end == day(after)
    killing.begin(kill=False)
    assert not killing.is_left
    assert len(killing.met) > 20
    assert states == {True, False}
    one = fs.generate(scenario(preset, day(30)), tmp_path / "one.parquet")
    assert made.digest == one.digest == fs.digest(url)
    assert fs.events(url).rows() == fs.events(one.path).rows()
    assert is_fine(url)
    assert len(open_store(url).list("_versions/")) < 14  # no more than what somebody still reads


@pytest.mark.xdist_group("object store")
@pytest.mark.usefixtures("quick")
def test_days_are_appended_in_a_bucket(object_store: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(object_store).items():
        monkeypatch.setenv(name, value)
    empty(object_store)
    url = f"s3://{BUCKET}/lake"
    make(url, partition_by=["date"])
    interrupt(url, day(2))
    assert fs.append(url, day(1), restart=True, workers=1).plan.clock.end == day(1)
    assert fs.append(url, day(4), workers=1).digest == digest_until(4)
    assert is_fine(url)
    part = open_store(url).list(f"{DATA}date={day(4)}/")[0]
    whole = open_store(url).read(part) or b""
    open_store(url).write(part, whole[:-1] + b"0")
    with pytest.raises(InputError, match="is not the file that was recorded"):
        fs.append(url, day(5), workers=1)
    open_store(url).write(part, whole)
    assert fs.append(url, day(5), resume=True, workers=1).digest == digest_until(5)


def test_days_are_found_in_folders_and_are_no_columns(tmp_path: Path) -> None:
    make(tmp_path, partition_by=["date"])
    fs.append(tmp_path, day(1), workers=1)
    names = {path.name for path in (tmp_path / "data").iterdir()}
    every = {f"date={FIRST + timedelta(days=n)}" for n in range((day(1) - FIRST).days + 1)}
    assert names == every
    frame = pd.read_parquet(tmp_path / "data")
    assert len(frame) == manifest_of(tmp_path)["rows"]
    assert (frame["date"].astype(str) == frame["timestamp"].dt.strftime("%Y-%m-%d")).all()
    assert "date" not in {column["name"] for column in manifest_of(tmp_path)["schema"]}
    assert fs.validate(tmp_path).ok
    by_manifest, by_files = (fs.facts(place).to_dict() for place in (tmp_path, tmp_path / "data"))
    assert by_manifest | {"path": ""} == by_files | {"path": ""}


def test_an_older_span_is_cut_as_it_was(tmp_path: Path) -> None:
    """A dataset keeps the cut that it was generated with, whatever its length comes to."""
    made = make(tmp_path, "realistic", part_bytes=6_000)
    cut = manifest_of(tmp_path)["cut"]
    fs.append(tmp_path, day(40), workers=1)
    assert manifest_of(tmp_path)["cut"] == cut
    assert made.parts > 1
    assert is_fine(tmp_path)


def test_the_same_day_twice_is_one_day(tmp_path: Path, fleetsynth: Fleetsynth) -> None:
    make(tmp_path / "fleet")
    ran = fleetsynth("append", "fleet", "--until", str(day(1)))
    assert (ran.code, digest_in(tmp_path / "fleet") in ran.out) == (0, True)
    before = identities(tmp_path), (tmp_path / "fleet/manifest.json").read_bytes()
    for until in (day(1), str(day(1)), pd.Timestamp(day(1))):
        assert fs.append(tmp_path / "fleet", until, workers=1).already
    ran = fleetsynth("append", "fleet", "--until", str(day(1)))
    assert (ran.code, ran.out) == (0, f"nothing to do: fleet has days until {day(1)}\n")
    ran = fleetsynth("append", "fleet", "--until", str(day(1)), "--json")
    assert json.loads(ran.out)["already_there"]
    assert (identities(tmp_path), (tmp_path / "fleet/manifest.json").read_bytes()) == before


def test_what_cannot_be_appended_is_refused_in_words(
    tmp_path: Path, fleetsynth: Fleetsynth
) -> None:
    make(tmp_path / "fleet")
    before = files_in(tmp_path)
    for until, words in {
        str(END - timedelta(days=1)): f"has days until {END}, and 2022-02-24 is before that",
        "9999-12-31": "an append cannot be taken back: 36,525 days, 100 years, at most at a time",
        "tomorrow": "--until tomorrow: expected a day",
        "2022-02-26 12:00": "expected a day",
    }.items():
        ran = fleetsynth("append", "fleet", "--until", until)
        assert ran.code == 2
        assert words in ran.err
        assert "Traceback" not in ran.err
    ran = fleetsynth("append", "nowhere/", "--until", "2022-03-01")
    assert (ran.code, "there is no folder" in ran.err) == (2, True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x.csv").write_text("a,b\n")
    ran = fleetsynth("append", "other", "--until", "2022-03-01")
    assert (ran.code, "has generated no dataset in it" in ran.err) == (1, True)
    assert [name for name in files_in(tmp_path) if not name.startswith("other/")] == before
    fs.generate(scenario("classic", END), f"{tmp_path}/half/", shard="1/2", part_bytes=6_000)
    with pytest.raises(InputError, match="it is unfinished"):
        fs.append(tmp_path / "half", day(1), workers=1)


def test_days_that_do_not_fit_are_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    before = identities(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: (10**9, 10**9 - 9_000, 9_000))
    fs.append(tmp_path, day(1), workers=1)  # a day of three servers fits
    with pytest.raises(OutputError, match="are free"):
        fs.append(tmp_path, day(3_000), workers=1)
    assert before.items() <= identities(tmp_path).items()


def test_parts_without_their_manifest_are_what_the_newest_says(tmp_path: Path) -> None:
    make(tmp_path, part_bytes=20_000)
    fs.append(tmp_path, day(3), workers=1)
    checked = fs.validate(tmp_path / "data")
    assert checked.scenario == manifest_of(tmp_path)["scenario_digest"]
    assert checked.failed == ()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("model_version", "take the release that made it"),
        ("tzdata_version", "install tzdata==0.1"),
        ("holidays_version", "install holidays==0.1"),
    ],
)
def test_other_software_that_decides_values_is_refused(tmp_path: Path, key: str, said: str) -> None:
    make(tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(seal(manifest_of(tmp_path) | {key: "0.1"}))
    with pytest.raises(UsageError, match=re.escape(said)):
        fs.append(tmp_path, day(1), workers=1)


def test_a_part_that_is_not_as_recorded_is_found_before_anything_is_made(tmp_path: Path) -> None:
    make(tmp_path, partition_by=["date"])
    part = next((tmp_path / DATA / f"date={END}").iterdir())
    whole, before = part.read_bytes(), files_in(tmp_path)
    part.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="is not as it was made"):
        fs.append(tmp_path, day(1), workers=1)
    assert files_in(tmp_path) == before
    part.write_bytes(bytes([*whole[:99], whole[99] ^ 1, *whole[100:]]))
    with pytest.raises(FleetsynthError, match="is not the file that was recorded"):
        fs.append(
            tmp_path, day(1), workers=1
        )  # of the same size: its hash is compared, as of all its month
    assert digest_in(tmp_path) == json.loads((tmp_path / "manifest.json").read_bytes())["digest"]
    part.write_bytes(whole)
    fs.append(tmp_path, day(1), resume=True, workers=1)
    assert is_fine(tmp_path)


def test_what_somebody_else_changes_meanwhile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    part = next((tmp_path / DATA).iterdir())
    real = generating.run_job

    def run(*arguments: Any, **options: Any) -> Any:
        made = real(*arguments, **options)
        part.write_bytes(part.read_bytes())
        return made

    monkeypatch.setattr(appending, "run_job", run)
    with pytest.raises(FleetsynthError, match="was changed by somebody else"):
        fs.append(tmp_path, day(1), workers=1)


def test_leaves_of_past_months_are_kept_and_no_part_of_them_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_months(tmp_path, partition_by=["year", "month"])
    read: list[str] = []
    real = scattered.leaves_by_month

    def noting(pieces: Any, months: Any, open_piece: Any) -> Iterator[Any]:
        read.extend(piece.key for piece in pieces if not months.isdisjoint(piece.months))
        yield from real(pieces, months, open_piece)

    monkeypatch.setattr("fleetsynth.folders.leaves.leaves_by_month", noting)
    fs.append(tmp_path, day(1), workers=1)
    assert [name for name in read if "month=1/" in name] == []
    assert len(read) == 2
    leaves = tmp_path / manifest_of(tmp_path)["leaves"][0]["path"]
    whole = leaves.read_bytes()
    leaves.write_bytes(whole[1:] + whole[:1])
    assert [each.path for each in verify(str(tmp_path)).findings] == [
        manifest_of(tmp_path)["leaves"][-1]["path"]
    ]
    with pytest.raises(FleetsynthError, match="is not the file that was written"):
        fs.append(tmp_path, day(2), workers=1)
    leaves.write_bytes(whole)
    fs.append(tmp_path, day(2), resume=True, workers=1)
    assert is_fine(tmp_path)


def test_shards_of_an_append_are_committed(tmp_path: Path) -> None:
    make(tmp_path / "fleet", partition_by=["date"])
    one = make(tmp_path / "one", partition_by=["date"])
    assert one.digest == digest_in(tmp_path / "fleet")
    for shard in ("2/2", "1/2"):
        made = fs.append(tmp_path / "fleet", day(3), shard=shard, workers=1)
        assert not made.committed
    assert digest_in(tmp_path / "fleet") == one.digest == fs.digest(tmp_path / "fleet")
    found = verify(str(tmp_path / "fleet"))
    assert found.findings == []
    assert "days until 2022-02-28 are being appended" in found.notes[0]
    with pytest.raises(ExistsError, match="go on with resume=True"):
        fs.append(tmp_path / "fleet", day(3), workers=1)
    fs.commit(tmp_path / "fleet")
    assert digest_in(tmp_path / "fleet") == fs.append(tmp_path / "one", day(3), workers=1).digest
    assert is_fine(tmp_path / "fleet")


def test_an_interrupted_append_is_ended_first(tmp_path: Path) -> None:
    make(tmp_path, partition_by=["date"])
    fs.append(tmp_path, day(2), shard="1/2", workers=1)
    made = fs.append(tmp_path, day(4), resume=True, workers=1)
    assert made.plan.clock.end == day(4)
    assert [span["until"] for span in manifest_of(tmp_path)["spans"]] == [
        str(each) for each in (END, day(2), day(4))
    ]
    assert is_fine(tmp_path)


def digest_until(after: int) -> str:
    """The digest of one run of the classic preset."""
    return digest_of(fs.resolve(fs.load_scenario(scenario("classic", day(after)))))


def interrupt(folder: Path | str, until: date) -> None:
    """Leave an append as one that was interrupted: one of its parts is made."""
    fs.append(folder, until, shard="1/2", workers=1)


def other_release(folder: Path) -> None:
    """Make of an append that was interrupted one of an earlier release, which wrote other files."""
    record = folder / "_parts/job-0001.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"version": "0.9"}))
    for part in (folder / DATA).rglob(f"date={day(2)}/part-*"):
        part.write_bytes(part.read_bytes() + b"0")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("until", [1, 2, 3])
def test_an_append_that_cannot_be_gone_on_with_is_given_up(tmp_path: Path, until: int) -> None:
    folder = tmp_path / "fleet"
    make(folder, partition_by=["date"], components=True)
    before = files_in(folder)
    interrupt(folder, day(2))
    assert len(files_in(folder)) > len(before)
    other_release(folder)
    with pytest.raises(UsageError, match=r"version was 0\.9.*or restart=True"):
        fs.append(folder, day(until), resume=True, workers=1)
    with pytest.raises(UsageError, match=r"version was 0\.9.*append\(folder\) with restart=True"):
        fs.commit(folder)
    with pytest.raises(ExistsError, match="or give that up with restart=True"):
        fs.append(folder, day(until), workers=1)
    fs.append(folder, day(until), restart=True, workers=1)
    assert len(manifest_of(folder)["spans"]) == 2
    assert digest_in(folder) == digest_until(until)
    assert is_fine(folder)


@pytest.mark.usefixtures("quick")
def test_giving_up_removes_what_no_manifest_names_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path, partition_by=["date"])
    fs.append(tmp_path, day(1), workers=1)
    before = identities(tmp_path)
    interrupt(tmp_path, day(3))
    assert fs.append(tmp_path, day(1), restart=True, workers=1).already
    assert identities(tmp_path) == before
    assert is_fine(tmp_path)
    for both in ({"resume": True}, {"shard": "1/2"}):
        with pytest.raises(UsageError, match="restart=True"):
            fs.append(tmp_path, day(2), restart=True, **both)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("decided", [False, True])
def test_of_an_append_and_one_that_gives_it_up_the_first_to_decide_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decided: bool
) -> None:
    """At the moment of the worst race: all is made, and checked, but the manifest."""
    make(tmp_path, partition_by=["date"])
    real = LocalStore.create

    def create(store: LocalStore, key: str, data: bytes) -> bool:
        if not key.startswith("_parts/end-"):
            return real(store, key, data)
        monkeypatch.setattr(LocalStore, "create", real)
        done = real(store, key, data) if decided else False
        fs.append(tmp_path, day(3), restart=True, workers=1)
        return done or real(store, key, data)

    monkeypatch.setattr(LocalStore, "create", create)
    with pytest.raises(FleetsynthError, match="another process has"):
        fs.append(tmp_path, day(2), workers=1)
    days = [str(END), *([str(day(2))] if decided else []), str(day(3))]
    assert [span["until"] for span in manifest_of(tmp_path)["spans"]] == days
    assert digest_in(tmp_path) == digest_until(3)
    assert is_fine(tmp_path)


@pytest.mark.xdist_group("object store")
def test_a_manifest_is_replaced_only_if_it_is_still_the_one_that_was_looked_at(
    tmp_path: Path, object_store: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("disk", "bucket"):
        with gate(object_store) as door:
            for name, value in environment(door.port).items():
                monkeypatch.setenv(name, value)
            empty(object_store)
            store = open_store(str(tmp_path) if where == "disk" else f"s3://{BUCKET}/lake")
            store.write("manifest.json", b"one")
            assert not store.replace("manifest.json", b"two", b"three")
            assert not store.replace("nothing.json", b"two", b"three")
            assert store.replace("manifest.json", b"one", b"two")
            assert store.read("manifest.json") == b"two"

            def meanwhile(method: str, _: str) -> bool:
                if method == "PUT":
                    request(object_store, "PUT", f"/{BUCKET}/lake/manifest.json", b"other")
                return True

            door.allows = meanwhile
            if where == "bucket":
                assert not store.replace("manifest.json", b"two", b"three")
                assert store.read("manifest.json") == b"other"


def test_nobody_removes_a_manifest_while_another_is_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, held = LocalStore(tmp_path), []
    store.write("manifest.json", b"one")

    def noting(real: Any) -> Any:
        def told(*arguments: Any, **options: Any) -> Any:
            other = os.open(tmp_path, os.O_RDONLY)
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held.append(False)
            except BlockingIOError:
                held.append(True)
            finally:
                os.close(other)
            return real(*arguments, **options)

        return told

    for of, name in ((LocalStore, "read"), (LocalStore, "write"), (Path, "unlink")):
        monkeypatch.setattr(of, name, noting(getattr(of, name)))
    assert store.replace("manifest.json", b"one", b"two")
    store.delete("manifest.json")
    monkeypatch.undo()
    assert held[:2] == [True, True]
    assert held[-1] is True
    assert files_in(tmp_path) == []


def test_what_is_generated_anew_takes_all_of_it_away(tmp_path: Path) -> None:
    make_months(tmp_path / "fleet", partition_by=["year", "month"])
    fs.append(tmp_path / "fleet", day(1), workers=1)
    fs.append(tmp_path / "fleet", day(5), shard="1/2", workers=1)  # one that was interrupted
    other = {**scenario("classic", END), "seed": 7}
    fs.generate(other, f"{tmp_path}/fleet/", overwrite=True)
    fs.generate(other, f"{tmp_path}/other/")
    assert files_in(tmp_path / "fleet") == files_in(tmp_path / "other")
    assert is_fine(tmp_path / "fleet")


# Killed, and at the same time


@pytest.fixture(scope="module")
def steps() -> Iterator[Steps]:
    """What runs tasks step by step."""
    found = Steps()
    yield found
    found.close()


def whole(url: str, old: str, new: str) -> str:
    """The digest that a folder tells, which its rows and its events have."""
    values = json.loads(open_store(url).read("manifest.json") or b"")
    assert values["digest"] in (old, new)
    assert fs.digest(url) == values["digest"]
    end = NEXT_DAY if values["digest"] == new else EVENTFUL.end_date
    assert scenario_in(open_store(url), values).end_date == end
    assert len(fs.events(url).rows()) == values["files"]["events.parquet"]["rows"]
    return str(values["digest"])


@pytest.mark.slow
def test_an_append_that_is_killed_at_any_step_leaves_a_whole_dataset(
    tmp_path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    stepping.as_json(monkeypatch.setattr)
    start, end = tmp_path / "start", tmp_path / "end"
    stepping.generate_to_append(str(start))
    old, new = digest_in(start), digest_of(fs.resolve(LONGER))
    shutil.copytree(start, end)
    count = len(steps.of(stepping.append, end))
    assert digest_in(end) == new
    assert verify(str(end)).findings == []
    made = made_in(end)
    assert count > 30
    seen, before = set(), None
    for step in range(1, count + 1):
        folder = tmp_path / str(step)
        shutil.copytree(start, folder)
        parts = identities(folder)
        steps.kill_at(step, stepping.append, folder)
        left = stepping.left_in(folder)
        if left == before:  # the step before has changed nothing
            continue
        before = left
        seen.add(whole(str(folder), old, new))
        state = look(LocalStore(folder))
        assert not state.being_replaced
        if state.finished and digest_in(folder) == old:
            found = verify(str(folder)).findings
            assert [each for each in found if not is_unfinished(each.path)] == []
        stepping.resume_append(str(folder))
        assert made_in(folder) == made
        now = identities(folder)
        assert {path: now[path] for path in parts} == parts
        shutil.rmtree(folder)
    assert seen == {old, new}


@pytest.mark.slow
@pytest.mark.xdist_group("races")
def test_of_two_appends_at_the_same_time_one_is_refused_or_both_end_well(
    tmp_path: Path, steps: Steps
) -> None:
    stepping.generate_to_append(str(tmp_path / "start"))
    new = digest_of(fs.resolve(LONGER))
    for number in range(6):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "start", folder)
        codes = steps.together([stepping.append] * 2, folder)
        assert 0 in codes
        assert set(codes) <= {0, REFUSED}
        assert digest_in(folder) == new
        assert verify(str(folder)).findings == []
        assert len(manifest_of(folder)["spans"]) == 2


@pytest.mark.slow
@pytest.mark.xdist_group("races")
def test_an_overwrite_beside_an_append_never_mixes_with_it(tmp_path: Path, steps: Steps) -> None:
    stepping.generate_to_append(str(tmp_path / "start"))
    for number in range(6):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "start", folder)
        codes = steps.together([stepping.append, stepping.overwrite_events], folder)
        assert set(codes) <= {0, REFUSED}
        if codes[1] == REFUSED:
            stepping.overwrite_events(str(folder))
        assert digest_in(folder) == digest_of(fs.resolve(EVENTFUL))
        assert verify(str(folder)).findings == []


def test_the_next_day_is_the_day_after() -> None:
    assert EVENTFUL.end_date + timedelta(days=1) == NEXT_DAY
