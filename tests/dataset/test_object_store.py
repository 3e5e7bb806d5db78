"""Folders in an object store: a real server, real uploads, and some that fail."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleetsynth.api import digest
from fleetsynth.errors import FleetsynthError, OtherBytesError, OutputError, UsageError
from fleetsynth.events.api import events as fleetsynth_events
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.stores.object_store import ObjectStore
from fleetsynth.stores.store import LocalStore, Store, open_store
from tests.dataset import stepping
from tests.dataset.conftest import Finished
from tests.dataset.folders import MIXED, OF_THE_RUN, PART_BYTES, told_in
from tests.dataset.object_store import (
    BUCKET,
    KEY,
    SECRET,
    empty,
    environment,
    forgetful,
    gate,
    keys,
    request,
    store_in_memory,
    uploads,
)
from tests.e2e.command import SMALL, Fleetsynth, Ran
from tests.support import digest_of, plan_of

LARGE = ("--servers", "160", "--granularity", "hourly", "--end", "2022-12-31")
LARGE_PLAN = plan_of(num_servers=160, granularity="hourly", end_date="2022-12-31")
"""One part of some 15 MB."""

pytestmark = pytest.mark.xdist_group("object store")  # one server for all of them

BESIDE = ["README.md", "croissant.json", "manifest.json", "scenario.yaml", "servers.parquet"]


@pytest.fixture
def port(object_store: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of an empty object store that this process and its children know of."""
    for name, value in environment(object_store).items():
        monkeypatch.setenv(name, value)
    empty(object_store)
    return object_store


def discreet(ran: Ran) -> Ran:
    """Assert that no credentials were printed."""
    for text in (ran.out, ran.err):
        assert SECRET not in text
        assert KEY not in text
    return ran


# There and back


@pytest.mark.parametrize("partitions", [(), ("region", "year")])
def test_a_folder_is_the_same_in_a_bucket_as_on_a_disk(
    port: int, finished: Finished, single: str, partitions: tuple[str, ...]
) -> None:
    url = f"s3://{BUCKET}/some/where/"
    result = generate_folder(MIXED, url, partition_by=partitions, part_bytes=PART_BYTES, workers=1)
    assert result.digest == single
    local = told_in(finished(partitions))
    found = json.loads(request(port, "GET", f"/{BUCKET}/some/where/manifest.json"))
    assert {name: value for name, value in found.items() if name not in OF_THE_RUN} == local
    names = [*(part["path"] for part in local["parts"]), *BESIDE]
    names += [each["path"] for each in local.get("leaves", [])]
    store = open_store(url)
    assert store.list() == sorted(names)
    for name in set(names) - {"manifest.json"}:
        assert store.read(name) == (finished(partitions) / name).read_bytes()
    assert len(keys(port)) == len(names)
    assert verify(url, regenerate=2).findings == []


@pytest.mark.usefixtures("port")
def test_the_table_of_events_is_in_a_bucket_too(tmp_path: Path) -> None:
    told = {"kind": "change", "at": "2022-01-05", "for": "2d", "every": "week", "disk": "+5"}
    eventful = load_scenario({"num_servers": 3, "end_date": "2022-01-31", "events": [told]})
    url, folder = f"s3://{BUCKET}/eventful", str(tmp_path / "fleet")
    far, near = (generate_folder(eventful, place, workers=1) for place in (url, folder))
    assert (far.tables["events"].rows, far.tables["events"].url) == (12, f"{url}/events.parquet")
    assert far.tables["events"].digest == near.tables["events"].digest
    assert verify(url).findings == []
    assert fleetsynth_events(url).rows() == fleetsynth_events(folder).rows()
    store = open_store(url)
    store.delete("events.parquet")
    assert [finding.path for finding in verify(url).findings] == ["events.parquet"]


@pytest.mark.usefixtures("port")
def test_parts_of_any_format_say_what_they_are(single: str) -> None:
    url = f"s3://{BUCKET}/lines"
    made = generate_folder(MIXED, url, part_bytes=10**6, file_format="jsonl.zst", workers=1)
    assert made.digest == single
    assert verify(url).findings == []
    store = open_store(url)
    assert isinstance(store, ObjectStore)
    said = store._obstore.get(store._store, "data/part-00000.jsonl.zst").attributes
    assert said["Content-Type"] == "application/zstd"


def test_a_bucket_of_its_own_needs_no_prefix(port: int, single: str) -> None:
    result = generate_folder(MIXED, f"s3://{BUCKET}", part_bytes=10**6, workers=1)
    assert result.digest == single
    assert keys(port) == sorted(["data/part-00000.parquet", *BESIDE])


def test_two_folders_in_a_bucket_do_not_see_each_other(port: int) -> None:
    generate_folder(MIXED, f"s3://{BUCKET}/a", part_bytes=10**6, workers=1)
    generate_folder(MIXED, f"s3://{BUCKET}/ab", part_bytes=10**6, workers=1)
    assert verify(f"s3://{BUCKET}/a").findings == []
    generate_folder(MIXED, f"s3://{BUCKET}/a", part_bytes=10**6, workers=1, overwrite=True)
    assert len(keys(port, "ab/")) == len(keys(port, "a/")) == 1 + len(BESIDE)


def test_a_run_that_stopped_is_resumed(port: int, single: str) -> None:
    url = f"s3://{BUCKET}/fleet/"
    generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, shard=Shard(1, 2))
    assert "fleet/manifest.json" not in keys(port)
    with pytest.raises(OutputError, match="unfinished run: go on with resume=True"):
        generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1)
    with pytest.raises(UsageError, match=r"part_bytes was 41200, now 1000000"):
        generate_folder(MIXED, url, part_bytes=10**6, workers=1, resume=True)
    damaged = open_store(url)
    damaged.write("data/part-00002.parquet", b"PAR1 and no more")
    result = generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, resume=True)
    assert (result.made, result.digest) == (4, single)
    assert not keys(port, "fleet/_parts")
    assert verify(url).findings == []


@pytest.mark.usefixtures("port")
def test_shards_are_committed(single: str) -> None:
    url = f"s3://{BUCKET}/fleet/"
    for number in (3, 1, 4):
        generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, shard=Shard(number, 4))
    with pytest.raises(FleetsynthError, match=r"parts are missing .*\(data/part-00001"):
        commit(url)
    generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, shard=Shard(2, 4))
    assert commit(url)["digest"] == single
    assert commit(url)["digest"] == single
    assert verify(url).findings == []


def test_a_dataset_is_replaced_only_when_that_is_asked_for(port: int) -> None:
    url = f"s3://{BUCKET}/fleet/"
    generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1, partition_by=("region",))
    open_store(url).write("notes.txt", b"mine")
    with pytest.raises(OutputError, match="holds a dataset"):
        generate_folder(MIXED, url, part_bytes=10**6, workers=1)
    assert len(keys(port)) > 5
    generate_folder(MIXED, url, part_bytes=10**6, workers=1, overwrite=True)
    names = sorted(["data/part-00000.parquet", "notes.txt", *BESIDE])
    assert keys(port) == [f"fleet/{name}" for name in names]


def test_other_objects_are_refused_and_left_as_they_were(port: int) -> None:
    open_store(f"s3://{BUCKET}/fleet").write("mine", b"mine")
    for overwrite, shard in ((False, None), (True, None), (False, Shard(1, 2))):
        with pytest.raises(OutputError, match="mine"):
            generate_folder(
                MIXED, f"s3://{BUCKET}/fleet/", workers=1, overwrite=overwrite, shard=shard
            )
    assert keys(port) == ["fleet/mine"]


def test_faults_in_a_bucket_are_named(port: int) -> None:
    url = f"s3://{BUCKET}/fleet/"
    generate_folder(MIXED, url, part_bytes=PART_BYTES, workers=1)
    store = open_store(url)
    data = store.read("data/part-00001.parquet")
    assert data
    store.delete("data/part-00001.parquet")
    store.write("data/part-x.parquet", data)
    store.write("data/part-00004.parquet", data[:1_000])
    assert [finding.path for finding in verify(url).findings] == [
        "data/part-00001.parquet",
        "data/part-x.parquet",
        "data/part-00004.parquet",
    ]
    assert len(keys(port)) == 6 + len(BESIDE)


# Whole or not at all


@pytest.mark.slow
def test_a_large_part_is_uploaded_in_one_request_and_seen_only_when_it_is_whole(
    port: int, fleetsynth: Fleetsynth
) -> None:
    part = "fleet/data/part-00000.parquet"
    seen_early: list[list[str]] = []

    def allows(method: str, target: str) -> bool:
        if method == "PUT" and part in target:
            seen_early.append(keys(port, part))
        return True

    with gate(port, allows) as before:
        ran = fleetsynth(
            "generate",
            *LARGE,
            *("-o", f"s3://{BUCKET}/fleet/", "--workers", "1", "--json"),
            env=environment(before.port),
        )
    discreet(ran)
    assert (ran.code, ran.err) == (0, "")
    facts = json.loads(ran.out)
    assert facts["bytes"] > 12_000_000
    assert facts["digest"] == digest_of(LARGE_PLAN)
    assert seen_early == [[]]
    assert keys(port, part) == [part]
    assert uploads(port) == []
    assert verify(f"s3://{BUCKET}/fleet/").findings == []


def test_an_upload_that_fails_leaves_nothing(port: int) -> None:
    def allows(method: str, target: str) -> bool:
        return not (method == "PUT" and "data/part.parquet" in target)

    with gate(port, allows) as before, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(before.port).items():
            patch.setenv(name, value)
        store = open_store(f"s3://{BUCKET}/fleet")
        with pytest.raises(OutputError) as failure, store.building("data/part.parquet") as path:
            path.write_bytes(bytes(13_000_000))
    assert str(failure.value).startswith(f"the object store at s3://{BUCKET}/fleet failed: ")
    assert str(failure.value).endswith("403 Forbidden (AccessDenied)")
    assert "\n" not in str(failure.value)
    assert keys(port) == []
    assert uploads(port) == []


def test_parts_beyond_what_one_request_takes_are_refused(port: int) -> None:
    with pytest.raises(UsageError, match="too large"):
        generate_folder(MIXED, f"s3://{BUCKET}/fleet/", part_bytes=6 * 10**9, workers=1)
    assert keys(port) == []


def test_a_store_without_conditional_uploads_is_refused_in_words(port: int) -> None:
    with forgetful(port) as before, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(before.port).items():
            patch.setenv(name, value)
        with pytest.raises(
            OutputError, match=r"does not support conditional uploads \(If-None-Match\)"
        ):
            generate_folder(MIXED, f"s3://{BUCKET}/fleet/", workers=1)
    assert keys(port) == []


def test_a_file_is_created_once(port: int) -> None:
    store = open_store(f"s3://{BUCKET}/fleet")
    assert store.create("a", b"first")
    assert not store.create("a", b"second")
    assert store.read("a") == b"first"
    assert keys(port) == ["fleet/a"]


def test_a_part_with_other_bytes_is_an_error_and_stays(port: int) -> None:
    store = open_store(f"s3://{BUCKET}/fleet")
    store.write("part", b"mine")
    with store.building("part") as path:
        path.write_bytes(b"mine")
    with pytest.raises(OtherBytesError, match="fleet/part is there already"):
        _build(store, b"yours")
    assert store.read("part") == b"mine"
    _build(store, b"yours", replace=True)
    assert store.read("part") == b"yours"
    assert keys(port) == ["fleet/part"]


def _build(store: Store, data: bytes, *, replace: bool = False) -> None:
    with store.building("part", replace=replace) as path:
        path.write_bytes(data)


def test_what_fails_while_it_is_built_is_not_uploaded(port: int) -> None:
    store = open_store(f"s3://{BUCKET}/fleet")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"), store.building("part.parquet") as path:
        fail(path)
    assert keys(port) == []
    assert not path.exists()


# Stores that fail


def test_a_run_whose_uploads_are_refused_says_so_and_goes_on_later(
    port: int, fleetsynth: Fleetsynth, single: str
) -> None:
    (fleetsynth.folder / "mixed.yaml").write_text(json.dumps(MIXED.to_dict()))
    command = ("generate", "mixed.yaml", "-o", f"s3://{BUCKET}/fleet/", "--workers", "1")
    small = ("--part-size", "42kB")

    def allows(method: str, target: str) -> bool:
        return not (method == "PUT" and "part-00002.parquet" in target)

    with gate(port, allows) as before:
        ran = discreet(fleetsynth(*command, *small, env=environment(before.port)))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: the object store at s3://{BUCKET}/fleet failed: ")
    assert ran.err.endswith("(AccessDenied). 2 of 6 parts are whole; go on with --resume\n")
    assert ran.err.count("\n") == 1
    assert [key for key in keys(port) if key.endswith(".parquet")] == [
        "fleet/data/part-00000.parquet",
        "fleet/data/part-00001.parquet",
    ]
    ran = discreet(fleetsynth(*command, *small, "--resume", "--json", env=environment(port)))
    facts = json.loads(ran.out)
    assert (facts["parts_made"], facts["digest"]) == (4, single)


SOON = """
import obstore.store
real = obstore.store.from_url
obstore.store.from_url = lambda *of, **how: real(*of, **how, retry_config={"max_retries": 2})
"""
"""What lets each process of a run give a store up after tenths of a second, and not of a minute."""


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_a_store_that_is_lost_ends_the_run_and_what_is_whole_stays(
    port: int, fleetsynth: Fleetsynth, single: str, count: int
) -> None:
    (fleetsynth.folder / "sitecustomize.py").write_text(SOON)
    paths = (str(fleetsynth.folder), os.environ["PYTHONPATH"])
    soon = {"PYTHONPATH": os.pathsep.join(paths)}
    (fleetsynth.folder / "mixed.yaml").write_text(json.dumps(MIXED.to_dict()))
    command = ("generate", "mixed.yaml", "-o", f"s3://{BUCKET}/fleet/", "--part-size", "42kB")
    with gate(port) as before:

        def allows(method: str, target: str) -> bool:
            if method == "PUT" and "data/part-00003.parquet" in target:
                before.close()
            return True

        before.allows = allows
        env = environment(before.port) | soon
        ran = discreet(fleetsynth(*command, "--workers", str(count), env=env, fresh=True))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: the object store at s3://{BUCKET}/fleet failed: ")
    assert ran.err.endswith("parts are whole; go on with --resume\n")
    assert ran.err.count("\n") == 1
    assert "fleet/manifest.json" not in keys(port)
    assert "fleet/data/part-00003.parquet" not in keys(port)
    assert len([key for key in keys(port) if key.endswith(".parquet")]) >= 2
    assert uploads(port) == []
    ran = discreet(fleetsynth(*command, "--resume", "--json", env=environment(port)))
    facts = json.loads(ran.out)
    assert 0 < facts["parts_made"] < 6
    assert facts["digest"] == single


@pytest.mark.parametrize(
    "command",
    [
        ("generate", *SMALL, "-o", "s3://no-such-bucket/fleet/"),
        ("verify", "s3://no-such-bucket/fleet"),
        ("commit", "s3://no-such-bucket/fleet"),
    ],
)
def test_a_bucket_that_is_not_there_is_a_clear_error(
    port: int, fleetsynth: Fleetsynth, command: tuple[str, ...]
) -> None:
    ran = discreet(fleetsynth(*command, env=environment(port)))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert "s3://no-such-bucket/fleet" in ran.err
    assert ran.err.count("\n") == 1


def test_a_bucket_that_disappears_is_an_error_like_any_other(port: int) -> None:
    store = open_store("s3://no-such-bucket/fleet")
    missing = r"404 Not Found \(NoSuchBucket\)"
    with pytest.raises(OutputError, match=missing):
        store.write("a", b"")
    with pytest.raises(OutputError, match=missing), store.building("a") as path:
        path.write_bytes(b"")
    with pytest.raises(OutputError, match=missing):
        store.list()
    assert keys(port) == []


# Credentials


@pytest.fixture
def without_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bucket, an environment without keys, and the folder of the files that may have some."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def test_credentials_may_come_from_a_profile(
    port: int, without_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (without_keys / "AWS_SHARED_CREDENTIALS_FILE").write_text(
        f"[capacity]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    (without_keys / "AWS_CONFIG_FILE").write_text("[profile capacity]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_PROFILE", "capacity")
    open_store(f"s3://{BUCKET}/fleet").write("mine", b"mine")
    assert keys(port) == ["fleet/mine"]


@pytest.mark.usefixtures("port", "without_keys")
@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (None, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
        ("nobody", r"The config profile \(nobody\) could not be found"),
    ],
)
def test_credentials_that_are_not_there_are_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, profile: str | None, words: str
) -> None:
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(OutputError, match=f"^no AWS credentials for s3://{BUCKET}/x: {words}"):
        open_store(f"s3://{BUCKET}/x")


# Names


def test_a_store_knows_what_is_not_there(port: int, tmp_path: Path) -> None:
    for store in (open_store(f"s3://{BUCKET}/fleet"), open_store(str(tmp_path / "fleet"))):
        assert store.list() == []
        assert store.read("a/b") is None
        assert store.size("a/b") is None
        store.delete("a/b")
        store.write("a/b", b"one")
        store.write("a/b", b"two and three")
        store.write("ab", b"")
        assert store.list() == ["a/b", "ab"]
        assert store.list("a/") == ["a/b"]
        assert (store.list("a/b"), store.list("a/c")) == (["a/b"], [])
        assert (store.read("a/b"), store.size("a/b")) == (b"two and three", 13)
        with store.fetch("a/b") as path:
            assert path.read_bytes() == b"two and three"
        store.delete("a/b")
        store.tidy()
        assert store.list() == ["ab"]
    assert not (tmp_path / "fleet" / "a").exists()
    assert keys(port) == ["fleet/ab"]


@pytest.mark.usefixtures("port")
def test_a_url_names_its_kind_of_store(tmp_path: Path) -> None:
    assert isinstance(open_store(f"s3://{BUCKET}/x/"), ObjectStore)
    assert isinstance(open_store(str(tmp_path)), LocalStore)
    for url in ("http://host/x", "ftp://host/x", "s4://x"):
        with pytest.raises(UsageError, match="is not a place to write to"):
            open_store(url)
    with pytest.raises(UsageError, match="s3:// does not name a bucket"):
        open_store("s3://")


# Killed at every request


class _Killed(BaseException):
    """What a power cut is, as far as a store can tell: no more requests."""


def _ends_before(step: int, task: stepping.Task, url: str) -> bool:
    """Run a task, killed before its n-th change, so after the one before; tell if it ended."""
    left = [step]

    def dying(name: str) -> Callable[..., Any]:
        real = getattr(ObjectStore, name)

        def change(store: ObjectStore, *arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise _Killed
            return real(store, *arguments, **options)

        return change

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_put", "delete"):
            patch.setattr(ObjectStore, name, dying(name))
        try:
            task(url)
        except _Killed:
            return False
    return True


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty folder in a store of this process.

    Runs that die do so between requests, whoever takes those; a server needs a hundredfold of time.
    """
    stepping.as_json(monkeypatch.setattr)
    store_in_memory(monkeypatch)
    return f"s3://{BUCKET}/fleet"


def _all_in(url: str) -> dict[str, bytes]:
    store = open_store(url)
    return {key: store.read(key) or b"" for key in store.list()}


def _begin_with(url: str, there: dict[str, bytes]) -> None:
    store = open_store(url)
    for key in store.list():
        store.delete(key)
    for key, data in there.items():
        store.write(key, data)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["generate", "overwrite"])
def test_what_is_killed_at_any_request_is_recovered(in_memory: str, what: str) -> None:
    wanted = digest_of(resolve(stepping.TWO_MONTHS))
    url = in_memory
    if what == "overwrite":
        stepping.generate_other(url)
        open_store(url).write("notes.txt", b"mine")
    there, begun = _all_in(url), False
    for step in range(1, 100):
        if what == "overwrite" and begun and step % 4:
            continue  # as a run that replaces nothing, which dies at each
        _begin_with(url, there)
        if _ends_before(step, getattr(stepping, what), url):
            break
        store = open_store(url)
        untouched = what == "overwrite" and not store.list("_parts/job")
        begun = bool(store.list("data/"))
        (stepping.overwrite if step % 2 or untouched else stepping.resume)(url)
        assert json.loads(store.read("manifest.json") or b"")["digest"] == wanted
        assert verify(url).findings == []
        assert not store.list("_parts")
        assert (store.read("notes.txt") == b"mine") == (what == "overwrite")
    assert 10 < step < 99


@pytest.mark.slow
def test_an_append_that_is_killed_at_any_request_leaves_a_whole_dataset(in_memory: str) -> None:
    url = in_memory
    stepping.generate_to_append(url)
    there = _all_in(url)
    old, new = (digest_of(resolve(each)) for each in (stepping.EVENTFUL, stepping.LONGER))
    for step in range(1, 100):
        _begin_with(url, there)
        if _ends_before(step, stepping.append, url):
            break
        told = json.loads(open_store(url).read("manifest.json") or b"")["digest"]
        assert digest(url) == told
        assert told in (old, new)
        stepping.resume_append(url)
        assert json.loads(open_store(url).read("manifest.json") or b"")["digest"] == new
        assert verify(url).findings == []
        now = _all_in(url)
        assert not [name for name in now if name.startswith("_parts")]
        assert {name: now[name] for name in there if name.startswith("data/")} == {
            name: data for name, data in there.items() if name.startswith("data/")
        }
    assert 10 < step < 99
