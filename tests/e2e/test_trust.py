"""Nothing that is read is trusted: what data say of themselves, and what names do to a terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth.api import to_table
from fleetsynth.tables.frame import plain
from tests.e2e.command import SMALL, SMALL_SCENARIO, Fleetsynth, Ran, Within

CAPPED = (
    "import resource;"
    " there = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize();"
    " resource.setrlimit(resource.RLIMIT_AS, (there + 450_000_000,) * 2);"
    " resource.setrlimit(resource.RLIMIT_CPU, (10, 10));"
    " os.environ.update(MALLOC_ARENA_MAX='1', OPENBLAS_NUM_THREADS='1',"
    " ARROW_DEFAULT_MEMORY_POOL='system')"
)
"""Python to run before: far more than a small file may take, far less than what is claimed."""
READERS = (("validate", "x.parquet"), ("report", "x.parquet", "-o", "r.html"))
NASTY = "\x1b[31;5m\u202e\u200b\x9b\u2028x"


def says(folder: Path, scenario: bytes) -> None:
    """Write a small file that names a scenario."""
    table = plain(to_table(SMALL_SCENARIO))
    named = table.replace_schema_metadata({b"fleetsynth.scenario": scenario})
    pq.write_table(named, folder / "x.parquet")


def is_clean(ran: Ran) -> bool:
    said = ran.out + ran.err
    raw = [char for char in said if not (char.isprintable() or char == "\n")]
    return not raw and "Traceback" not in said


@pytest.mark.parametrize("command", READERS, ids=["validate", "report"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b'"{path}"', "its scenario is text"),
        (b"{path}", "not JSON"),
        (b'["{path}"]', "its scenario is a list"),
        (b"null", "its scenario is nothing"),
        (b"7", "its scenario is a number"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"\xff{}", "byte 0 (0xff) is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"seed":' * 500 + b"1" + b"}" * 500, "nested too deeply"),
        (b'{"sed": 1}', "unknown key 'sed'"),
        (b'{"preset": "{path}"}', "unknown preset"),
        (b'{"num_servers": NaN}', "num_servers"),
        (b'{"seed": ' + b"9" * 5_000 + b"}", "not JSON"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_a_scenario_from_data_is_a_mapping_and_never_a_path(
    within: Within, tmp_path: Path, command: tuple[str, ...], said: bytes, words: str
) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("seed: 1 # hidden words\nbad")
    says(tmp_path, said.replace(b"{path}", str(secret).encode()))
    ran = within(*command)
    assert ran.code == 1
    assert "x.parquet" in ran.err
    assert words in ran.err
    assert "hidden" not in ran.out + ran.err
    assert is_clean(ran)
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    "claim",
    [
        {"granularity": "1s"},
        {"num_servers": 10**12},
        {"end_date": "9998-12-31", "granularity": "5min"},
        {"num_servers": 10**9, "assignment": "interleaved"},
        {"num_servers": 10**12, "preset": "realistic"},
    ],
)
def test_claims_are_held_against_the_rows(
    fleetsynth: Fleetsynth, tmp_path: Path, claim: dict[str, Any]
) -> None:
    says(tmp_path, json.dumps(SMALL_SCENARIO | claim).encode())
    ran = fleetsynth("validate", "x.parquet", before=CAPPED)
    assert (ran.code, ran.err) == (1, "")
    assert "size" in ran.out
    assert "124 at most" in ran.out
    ran = fleetsynth("report", "x.parquet", before=CAPPED)
    assert (ran.code, ran.out) == (1, "")
    assert "x.parquet has 124 rows at most" in ran.err


def test_data_that_were_cut_short_still_have_a_verdict(within: Within, tmp_path: Path) -> None:
    """Half of a dataset is held against its scenario, and told where it ends."""
    assert within("generate", *SMALL, "-o", "x.parquet").code == 0
    half = pq.read_table(tmp_path / "x.parquet").slice(0, 62)
    pq.write_table(half, tmp_path / "x.parquet")
    ran = within("validate", "x.parquet")
    assert ran.code == 1
    assert "servers" in ran.out
    assert "size" not in ran.out


Damage = Callable[[Any], Any]
CLAIMS: dict[str, Damage] = {
    "more servers": lambda v: v | {"scenario": v["scenario"] | {"num_servers": 10**12}},
    "more ticks": lambda v: v | {"scenario": v["scenario"] | {"granularity": "1s"}},
    "tiny parts": lambda v: v | {"part_bytes": 1},
    "no parts": lambda v: v | {"part_bytes": 0},
    "half a byte": lambda v: v | {"part_bytes": 0.5},
    "huge parts": lambda v: v | {"part_bytes": 10**400},
    "odd key": lambda v: v | {"partition_by": ["\x1b[31m"]},
    "key that is not text": lambda v: v | {"partition_by": [["year"]]},
    "keys that are not a list": lambda v: v | {"partition_by": "year"},
    "a path": lambda v: v | {"scenario": "/etc/hostname"},
    "no scenario": lambda v: {k: x for k, x in v.items() if k != "scenario"},
    "a list": lambda v: [v],
    "servers by region": lambda v: v | {
        "scenario": v["scenario"] | {"num_servers": 10**12},
        "partition_by": ["region"],
        "part_bytes": 10**15,
    },
}  # fmt: skip


@pytest.mark.parametrize("damage", CLAIMS)
def test_a_job_record_is_data(
    fleetsynth: Fleetsynth, within: Within, tmp_path: Path, damage: str
) -> None:
    assert within("generate", *SMALL, "-o", "fleet/", "--shard", "1/1", "--workers", "1").code == 0
    record = tmp_path / "fleet/_parts/job-0001.json"
    record.write_text(json.dumps(CLAIMS[damage](json.loads(record.read_bytes()))))
    for command in (
        ("commit", "fleet/"),
        ("generate", *SMALL, "-o", "fleet/", "--resume"),
    ):
        ran = fleetsynth(*command, before=CAPPED)
        assert ran.code in (1, 2), command
        assert ran.out == ""
        assert is_clean(ran)


def test_a_part_is_never_looked_for_outside_its_folder(within: Within, tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_bytes(b"other")
    assert within("generate", *SMALL, "-o", "fleet/").code == 0
    manifest = tmp_path / "fleet/manifest.json"
    whole = json.loads(manifest.read_bytes())
    for path in ("data/../../other.parquet", "../other.parquet", f"{tmp_path}/other.parquet", 7):
        parts = [whole["parts"][0] | {"path": path}]
        manifest.write_text(json.dumps(whole | {"parts": parts}))
        for command in ("verify", "validate", "facts", "report", "capacity"):
            ran = within(command, "fleet/")
            assert ran.code == 1, command
            assert "manifest.json is not a manifest of this version" in ran.err
            assert is_clean(ran)


def test_names_do_nothing_to_a_terminal(within: Within, tmp_path: Path) -> None:
    table = plain(to_table(SMALL_SCENARIO))
    for column in ("server_id", "server_type", "region"):
        words = [f"{NASTY}\n[red]{word}[/red]" for word in table[column].to_pylist()]
        table = table.set_column(table.schema.get_field_index(column), column, pa.array(words))
    table = table.append_column(f"more{NASTY}", table["cpu_p95"])
    name = "x\x1b[31m.parquet"
    pq.write_table(table, tmp_path / name)
    for command in (
        ("facts", name),
        ("capacity", name),
        ("capacity", name, "-o", f"{NASTY}.csv"),
        ("facts", name, "--columns", f"cpu={NASTY}"),
        ("facts", name, "--columns", f"{NASTY}=x"),
        ("validate", name, "--all", "--preset", "classic"),
        ("digest", name, "--leaves"),
        ("report", name, "-o", f"r{NASTY}.html"),
        ("verify", name),
        ("config", "check", NASTY),
        ("generate", "--set", f"{NASTY}=1"),
        ("generate", NASTY, NASTY),
        ("archetypes", NASTY),
        (NASTY,),
    ):
        ran = within(*command)
        assert ran.out + ran.err, command
        assert is_clean(ran), command


def test_json_stays_json(within: Within, tmp_path: Path) -> None:
    table = plain(to_table(SMALL_SCENARIO))
    words = pa.array([f"{NASTY}{word}" for word in table["server_id"].to_pylist()])
    pq.write_table(table.set_column(1, "server_id", words), tmp_path / "x.parquet")
    ran = within("digest", "x.parquet", "--leaves", "--json")
    assert is_clean(ran)
    assert json.loads(ran.out)["leaves"][0][0].startswith(NASTY)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("archetypes:\n  web.v2: {base_cpu: 1}\n", "'web.v2' has a dot"),
        ('"\\ud800": 1\n', "holds half a character"),
        ('archetypes: {"\\ud800": {base_cpu: 1}}\n', "holds half a character"),
        ('"\\e[31;5mred\\e]0;owned\\a": 1\n', "unknown key '\\x1b[31;5mred"),
        (f"seed: {'{a: ' * 60}1{'}' * 60}\n", "nested too deeply"),
    ],
)
def test_an_odd_key_is_one_problem(
    within: Within, tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "odd.yaml").write_text(content)
    ran = within("config", "check", "odd.yaml")
    assert ran.code == 2
    assert words in ran.err
    assert "the scenario has a problem:" in ran.err
    assert "line 1" in ran.err or "line 2" in ran.err
    assert is_clean(ran)


@pytest.mark.parametrize("key", ["preset.", "preset.x"])
def test_what_stands_below_a_preset_is_a_problem(within: Within, key: str) -> None:
    ran = within("config", "show", "--set", f"{key}=classic")
    assert (ran.code, ran.out) == (2, "")
    assert "at preset" in ran.err
    assert is_clean(ran)


def test_a_scenario_without_end_is_refused(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("plan", "/dev/zero", before=CAPPED)
    assert (ran.code, ran.out) == (2, "")
    assert "characters is too long" in ran.err


def test_a_name_that_is_not_utf8_is_refused(within: Within) -> None:
    ran = within("generate", *SMALL, "-o", "caf\udce9.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert "caf\\xe9.parquet is not UTF-8" in ran.err


def test_an_endpoint_keeps_its_password(fleetsynth: Fleetsynth) -> None:
    pytest.importorskip("obstore")
    env = {
        "AWS_ENDPOINT_URL": "http://user:hidden@127.0.0.1:9/",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    ran = fleetsynth("verify", "s3://bucket/fleet/", env=env)
    assert (ran.code, ran.out) == (1, "")
    assert "hidden" not in ran.err
    assert "http://***@127.0.0.1:9" in ran.err


@pytest.mark.parametrize(
    "url",
    ["http://user:hid den@:x:y", "http://user:hidden@h\x1bost", "user:hidden@host", "http://"],
)
def test_an_endpoint_that_is_none_is_refused(within: Within, url: str) -> None:
    pytest.importorskip("obstore")
    ran = within("verify", "s3://bucket/fleet/", env={"AWS_ENDPOINT_URL": url})
    assert (ran.code, ran.out) == (2, "")
    assert "AWS_ENDPOINT_URL ends in" in ran.err
    assert "hid" not in ran.err
    assert is_clean(ran)
