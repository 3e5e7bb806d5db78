"""Every byte of a dataset is covered by `verify`, and nothing that is damaged ends in a trace."""

import json
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.folders import begin
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.presets.data import scenario_from_yaml
from fleetsynth.reader.files import find_files
from fleetsynth.stores.recorded import parse_object, seal
from tests.dataset.folders import manifest_of
from tests.dataset.test_verify import edit, found
from tests.e2e.command import Fleetsynth
from tests.support import scenario_of

TINY = scenario_of(
    num_servers=2,
    start_date="2023-12-31",
    end_date="2024-01-01",
    include_metadata=False,
    include_calendar=False,
)
PART = "data/part-00000.parquet"

COMPONENTS = "tables/components/part-00000.parquet"

STEPS = {COMPONENTS: 193, "servers.parquet": 13, "manifest.json": 13, "scenario.yaml": 47, PART: 73}
"""Every how manieth byte is flipped, each time another of its bits."""


@pytest.fixture(autouse=True)
def _same_scenario_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longest of a small folder's check is to read the same YAML again."""
    monkeypatch.setattr(begin, "scenario_from_yaml", READ)


READ = lru_cache(maxsize=4)(scenario_from_yaml)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny folder, not to be changed."""
    folder = tmp_path_factory.mktemp("tiny") / "fleet"
    generate_folder(TINY, str(folder), part_bytes=10**6, tables=["components"], workers=1)
    return folder


@pytest.fixture
def tiny(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "fleet"))


@pytest.fixture(scope="module")
def scratch(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it for properties, which put back what they change."""
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("scratch") / "fleet"))


def is_found(folder: Path) -> bool:
    """Whether `verify` says that something is wrong, in whatever way."""
    try:
        return bool(verify(str(folder)).findings)
    except InputError:
        return True


# Flipped bytes


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_every_flipped_byte_is_found(tiny: Path, name: str) -> None:
    path = tiny / name
    data = path.read_bytes()
    assert not is_found(tiny)
    unseen = []
    for place in range(0, len(data), STEPS[name]):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        if not is_found(tiny):
            unseen.append(place)
    assert unseen == []


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("change", ["longer", "shorter", "empty"])
def test_a_file_of_another_length_is_found(tiny: Path, name: str, change: str) -> None:
    data = (tiny / name).read_bytes()
    (tiny / name).write_bytes({"longer": data + b"\n", "shorter": data[:-1], "empty": b""}[change])
    assert is_found(tiny)


# Servers and scenario


def test_a_server_that_is_not_as_the_scenario_says_is_named(copied: Callable[[], Path]) -> None:
    folder = copied()
    rows = pq.read_table(folder / "servers.parquet")
    regions = rows["region"].to_pylist()
    regions[3] = "nowhere"
    place = rows.schema.get_field_index("region")
    changed = rows.set_column(place, rows.schema.field(place), [regions])
    pq.write_table(changed, folder / "servers.parquet")
    ((path, message),) = found(folder)
    assert path == "servers.parquet"
    assert message.startswith("region of server_003 is 'nowhere': the scenario gives ")
    pq.write_table(rows.slice(1), folder / "servers.parquet")
    assert found(folder) == [("servers.parquet", "it has 11 servers: the scenario has 12")]
    pq.write_table(rows.drop_columns(["region"]), folder / "servers.parquet")
    ((_, message),) = found(folder)
    assert "its columns are server_id, server_type, business_unit, criticality: exp" in message
    pq.write_table(rows, folder / "servers.parquet", compression="none")
    same = "the file was written again, with the same values"
    assert found(folder) == [("servers.parquet", same)]
    (folder / "servers.parquet").unlink()
    assert found(folder) == [("servers.parquet", "this file is missing")]


def test_a_comment_in_the_scenario_is_found(tiny: Path) -> None:
    with (tiny / "scenario.yaml").open("a") as stream:
        stream.write("# mine\n")
    same = "the file was written again, with the same values"
    assert found(tiny) == [("scenario.yaml", same)]


# Fields of the manifest

TOP = [
    *("format", "digest", "rows", "version", "schema_version", "model_version"),
    *("scenario_digest", "seed", "numpy_version", "normals_fingerprint", "holidays_version"),
    *("tzdata_version", "schema", "partition_by", "part_bytes", "parts", "run", "cut", "files"),
    *("file_format", "tables"),
]
OF_A_PART = [
    *("path", "rows", "servers", "first_server", "last_server", "start", "end", "size"),
    *("sha256", "digest", "tables"),
]
WRONG: list[Any] = [None, True, 0, -1, 1.0, 10**30, "", "x", "\ud800\x1b", [], [1], {}, {"a": 1}]


def test_the_fields_are_those_that_there_are(made: Path) -> None:
    values = manifest_of(made)
    assert sorted(values) == sorted([*TOP, "manifest_sha256"])
    assert sorted(values["parts"][0]) == sorted(OF_A_PART)


def told(folder: Path) -> str:
    """What `verify` says, in one text."""
    try:
        return "\n".join(map(str, verify(str(folder)).findings))
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("key", TOP)
def test_a_field_that_is_missing_or_anything_else_is_named(tiny: Path, key: str) -> None:
    right = manifest_of(tiny)
    for wrong in WRONG:
        if key == "part_bytes" and wrong == 10**30:
            continue  # the same parts: told by nothing else than the manifest's own hash
        if wrong == right[key] and type(wrong) is type(right[key]):
            continue
        (tiny / "manifest.json").write_bytes(seal(right | {key: wrong}))
        assert (PART if wrong == [] and key == "parts" else key) in told(tiny), wrong
    (tiny / "manifest.json").write_bytes(seal({k: v for k, v in right.items() if k != key}))
    if key == "file_format":  # older manifests do not say it: Parquet
        assert told(tiny) == ""
    else:
        assert key in told(tiny)


@pytest.mark.parametrize("key", OF_A_PART)
def test_a_field_of_a_part_that_is_missing_or_anything_else_is_named(tiny: Path, key: str) -> None:
    right = manifest_of(tiny)
    (part,) = right["parts"]
    for wrong in [*WRONG, part["digest"][::-1]]:
        (tiny / "manifest.json").write_bytes(seal(right | {"parts": [part | {key: wrong}]}))
        said = told(tiny)
        assert PART in said or "parts[0]" in said, wrong
        assert key in said or key == "sha256", wrong
    less = {k: v for k, v in part.items() if k != key}
    (tiny / "manifest.json").write_bytes(seal(right | {"parts": [less]}))
    assert key in told(tiny)


@pytest.mark.parametrize("name", ["servers.parquet", "scenario.yaml"])
def test_what_the_manifest_says_of_a_file_is_compared(tiny: Path, name: str) -> None:
    right = manifest_of(tiny)
    for wrong in [*WRONG, {"size": 1}, {"sha256": "x"}, right["files"][name] | {"size": 1}]:
        files = right["files"] | {name: wrong}
        (tiny / "manifest.json").write_bytes(seal(right | {"files": files}))
        assert name in told(tiny), wrong
    (tiny / "manifest.json").write_bytes(seal(right | {"files": right["files"] | {"x": {}}}))
    assert told(tiny) == 'manifest.json: files names "x", which does not belong to the dataset'


def test_a_field_that_there_is_not_is_named(tiny: Path) -> None:
    edit(tiny / "manifest.json", lambda values: values.update(extra=1))
    assert told(tiny) == 'manifest.json: "extra" is not a field of it'
    edit(tiny / "manifest.json", lambda values: values.pop("extra"))
    edit(tiny / "manifest.json", lambda values: values["parts"][0].update(extra=1))
    assert told(tiny) == f'{PART}: "extra" is not a field of it in the manifest'


def test_what_nothing_else_tells_is_covered_by_the_manifests_own_hash(tiny: Path) -> None:
    text = (tiny / "manifest.json").read_text()
    run = manifest_of(tiny)["run"]
    message = "manifest.json: this is not the file that was written"
    for old, new in [("1000000", "1000001"), (run, run[::-1]), ('": ', '":  '), ("{\n", "{ \n")]:
        assert old in text
        (tiny / "manifest.json").write_text(text.replace(old, new, 1))
        assert told(tiny) == message


def test_a_part_of_another_version_is_named(copied: Callable[[], Path]) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values.update(version="9.9"))
    assert found(folder) == [
        ("manifest.json", 'version: the manifest says "9.9", its parts "0.1.0"')
    ]


def test_parts_in_another_order_or_twice_are_named(copied: Callable[[], Path]) -> None:
    folder = copied()
    edit(folder / "manifest.json", lambda values: values["parts"].reverse())
    assert found(folder) == [("manifest.json", "parts are not in their order")]
    edit(folder / "manifest.json", lambda values: values["parts"].reverse())
    edit(folder / "manifest.json", lambda values: values["parts"].append(values["parts"][1]))
    message = "the manifest names this part more than once"
    assert found(folder) == [("data/part-00001.parquet", message)]


@pytest.mark.parametrize(
    "path",
    [
        "../fleet/data/part-00000.parquet",
        "/etc/passwd",
        "data/../../part-00000.parquet",
        "data/a=../part-00000.parquet/../x",
        "data/./part-00000.parquet",
        "data//part-00000.parquet",
        "data\\part-00000.parquet",
        "data/part-00000.csv",
        "data/a=\0/part-00000.parquet",
        "data/a=\ud800/part-00000.parquet",
        "",
    ],
)
def test_a_path_from_a_manifest_names_nothing_but_parts(tiny: Path, path: str) -> None:
    edit(tiny / "manifest.json", lambda values: values["parts"][0].update(path=path))
    with pytest.raises(InputError, match=r"manifest\.json is not a manifest of .*: parts\[0\] is "):
        verify(str(tiny))
    with pytest.raises(InputError, match=r"manifest\.json is not a manifest of .*: parts\[0\] is "):
        find_files(str(tiny))


@pytest.mark.parametrize("command", ["verify", "facts", "report", "digest"])
def test_every_command_refuses_such_a_path(
    tiny: Path, fleetsynth: Fleetsynth, command: str
) -> None:
    other = "../fleet/data/part-00000.parquet"
    edit(tiny / "manifest.json", lambda values: values["parts"][0].update(path=other))
    ran = fleetsynth(command, "fleet")
    assert (ran.code, ran.out) == (1, "")
    assert "fleet/manifest.json is not a manifest of this version: parts[0] is " in ran.err
    assert len(ran.err.splitlines()) == 1


# Damaged text

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@example(b"")
@example(b"\xff\xfe{\0}\0")
@example(b'{"format": 2, "format": 2}')
@example(b'{"format": NaN}')
@example(b'{"format": 1e999}')
@example(b'{"format": ' + b"9" * 5000 + b"}")
@example(b"[" * 100_000)
@example(b'{"format": 2, "parts": ' + b"[" * 300 + b"]" * 300 + b"}")
@example(b'{"a":' * 100_000)
@given(
    st.binary() | st.text().map(str.encode) | _json.map(lambda value: json.dumps(value).encode())
)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_for_a_manifest_are_answered(scratch: Path, data: bytes) -> None:
    path = scratch / "manifest.json"
    whole = path.read_bytes()
    try:
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"manifest\.json is "):
            verify(str(scratch))
    finally:
        path.write_bytes(whole)


@given(st.sampled_from(TOP), _json, st.sampled_from(OF_A_PART), _json)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_a_manifest_is_answered(
    scratch: Path, key: str, value: object, inner: str, other: object
) -> None:
    path = scratch / "manifest.json"
    whole = path.read_bytes()
    try:
        values = json.loads(whole)
        values["parts"][0][inner] = other
        path.write_text(json.dumps(values | {key: value}, indent=2))
        assert is_found(scratch)
    finally:
        path.write_bytes(whole)


@example(b"\xff\xfe")
@example(b"\0")
@example(b"? [a]\n: b\n")
@example(b"{" * 5_000)
@example(b"!!python/object:os.system x")
@example(b"? {a: b}\n")
@example(b"start_date: 2022-13-45\n")
@given(st.binary() | st.text().map(str.encode))
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_for_a_scenario_are_answered(scratch: Path, data: bytes) -> None:
    path = scratch / "scenario.yaml"
    whole = path.read_bytes()
    try:
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"scenario\.yaml"):
            verify(str(scratch))
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"a": 1, "a": 2}', 'it says "a" twice'),
        (b'{"a": NaN}', "NaN is not valid JSON"),
        (b'{"a": -Infinity}', "-Infinity is not valid JSON"),
        (b"{\xff}", "byte 1 is not UTF-8"),
        (b"[1]", r"it holds \[1\], not an object"),
        (b"[" * 10_000, "nested too deeply"),
        (b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}", "nested too deeply"),
    ],
)
def test_json_is_read_strictly(data: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_object(data)


# Files


def test_links_are_named_and_not_followed(tiny: Path, tmp_path: Path) -> None:
    link = "this is a symbolic link: a dataset's files lie in its own folder"
    (tiny / PART).rename(tmp_path / "elsewhere.parquet")
    (tiny / PART).symlink_to(tmp_path / "elsewhere.parquet")
    assert found(tiny) == [(PART, link)]
    (tiny / "data").rename(tmp_path / "data")
    (tiny / "data").symlink_to(tmp_path / "data")
    assert found(tiny) == [("data", link)]
    (tiny / "_parts").symlink_to(tmp_path)
    (tiny / "servers.parquet").rename(tmp_path / "servers.parquet")
    (tiny / "servers.parquet").symlink_to(tmp_path / "servers.parquet")
    assert found(tiny) == [(name, link) for name in ("_parts", "data", "servers.parquet")]


def test_what_is_no_regular_file_is_named_and_not_opened(tiny: Path) -> None:
    (tiny / PART).unlink()
    os.mkfifo(tiny / PART)
    assert found(tiny) == [(PART, "this is not a regular file")]
    (tiny / PART).unlink()
    (tiny / PART).mkdir()
    assert found(tiny) == [(PART, "this part is a folder")]


def test_left_overs_of_a_run_are_named(tiny: Path) -> None:
    run = manifest_of(tiny)["run"]
    (tiny / "_parts").mkdir()
    (tiny / "_parts" / "job-0001.json").write_text(json.dumps({"run": run}))
    (tiny / "_parts" / "part-00000.json").write_text("{}")
    (tiny / "data" / ".part-00000.parquet.0123abcd.tmp").write_bytes(b"")
    (tiny / ".manifest.json.0123abcd.tmp").write_bytes(b"")
    tidy = "commit(folder) removes it"
    unfinished = f"an unfinished file of a run that was stopped: {tidy}"
    ended = f"left over from a run that has ended: {tidy}"
    assert found(tiny) == [
        (".manifest.json.0123abcd.tmp", unfinished),
        ("_parts/job-0001.json", ended),
        ("_parts/part-00000.json", ended),
        ("data/.part-00000.parquet.0123abcd.tmp", unfinished),
    ]


def test_an_overwrite_that_was_stopped_is_one_finding(tiny: Path) -> None:
    (tiny / "_parts").mkdir()
    for number, run in ((1, manifest_of(tiny)["run"]), (2, "another")):
        (tiny / "_parts" / f"job-{number:04d}.json").write_text(json.dumps({"run": run}))
    (tiny / PART).unlink()
    ((path, message),) = found(tiny)
    assert path == "_parts/job-0002.json"
    assert message == (
        "another run began to overwrite the dataset of manifest.json, and did not end: go on with "
        "resume=True, or start again with overwrite=True"
    )
    (tiny / "_parts" / "job-0002.json").write_bytes(b"[" * 10_000)
    ((path, message),) = found(tiny)
    assert message == "the record of a run cannot be read: it is nested too deeply"


def test_what_is_beside_the_dataset_is_noted_and_no_fault(
    tiny: Path, fleetsynth: Fleetsynth
) -> None:
    for name in ("README.txt", ".DS_Store", "\x1b[31m.txt"):
        (tiny / name).write_text("mine")
    (tiny / "notes").mkdir()
    result = verify(str(tiny))
    assert result.findings == []
    of_no_concern = "does not belong to the dataset: it was not checked"
    names = ['"\\u001b[31m.txt"', ".DS_Store", "README.txt", "notes/"]
    assert result.notes == [f"{name} {of_no_concern}" for name in names]
    *notes, last = fleetsynth.prints("verify", "fleet").splitlines()
    assert notes == [f"note: {note}" for note in result.notes]
    assert last == "fleet: ok"
    assert json.loads(fleetsynth.prints("verify", "fleet", "--json"))["notes"] == result.notes
    (tiny / "data" / ".DS_Store").write_text("theirs")
    assert found(tiny) == [("data/.DS_Store", "this file is not in the manifest")]


# Files that the system will not let us read

COMMANDS = ("verify", "commit", "validate", "facts", "report", "digest")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that cannot be read")
@pytest.mark.parametrize(
    ("name", "command"),
    [
        *((PART, command) for command in COMMANDS),
        *(("manifest.json", command) for command in COMMANDS[:3]),
        *(
            (name, command)
            for name in ("servers.parquet", "scenario.yaml")
            for command in COMMANDS[:2]
        ),
        ("scenario.yaml", "validate"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tiny: Path, fleetsynth: Fleetsynth, name: str, command: str
) -> None:
    (tiny / name).unlink()
    (tiny / name).symlink_to("/proc/self/mem")  # opens, and fails when it is read
    ran = fleetsynth(command, "fleet")
    assert "standard output" not in ran.out + ran.err
    assert "Traceback" not in ran.out + ran.err
    if ran.code:
        assert name in ran.out + ran.err
    needs_it = name == "manifest.json" or (name == PART and command != "commit")
    assert not needs_it or ran.code == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_is_closed_to_us_is_named(tiny: Path) -> None:
    (tiny / "data").chmod(0)
    try:
        ((path, message),) = found(tiny)
    finally:
        (tiny / "data").chmod(0o700)
    assert path == "data"
    assert "Permission denied" in message


def test_every_outcome_is_no_trace(tiny: Path) -> None:
    """Files swapped for one another, in all ways."""
    names = list(STEPS)
    contents = {name: (tiny / name).read_bytes() for name in names}
    for name in names:
        for other in names:
            (tiny / name).write_bytes(contents[other])
            try:
                assert bool(verify(str(tiny)).findings) == (name != other)
            except FleetsynthError:
                assert name != other
        (tiny / name).write_bytes(contents[name])
