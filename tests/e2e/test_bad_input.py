"""Bad input: one clear error, the right exit code, and nothing left behind."""

import json
import os
import py_compile
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetsynth.formats import FORMATS
from tests.e2e.command import AS_ANYONE, SMALL, Fleetsynth, Ran, Within, contents

BILLION_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FORGED = "archetypes: {web: {memory_disk_correlation: 0.7}}\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(frozen=True)
class Bad:
    """A request that cannot be right, and words that its error must have."""

    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    scenario: str | bytes | None = None
    code: int = 2


def by_file(scenario: str | bytes, *words: str) -> Bad:
    return Bad(words, scenario=scenario)


def by_options(options: str, *words: str, code: int = 2) -> Bad:
    return Bad(words, options=tuple(options.split()), code=code)


def by_set(setting: str, *words: str) -> Bad:
    return Bad((*words, f"from --set {setting}"), options=("--set", setting))


SCENARIOS = {
    # keys
    "unknown key": by_file(
        "seed: 1\nnum_server: 5\n", "'num_server'", "did you mean 'num_servers'?", "line 2"
    ),
    "unknown key of an archetype": by_file(
        "archetypes:\n  web:\n    base_cp: 5\n",
        "'base_cp'",
        "did you mean 'base_cpu'?",
        "archetypes.web.base_cp",
        "line 3",
    ),
    "unknown key of growth": by_file(
        "growth: {mod: span}\n", "did you mean 'mode'?", "growth.mod", "line 1"
    ),
    "unknown key far from any": by_file("zzz: 1\n", "'zzz'", "known: preset, num_servers"),
    "unknown key by option": by_set("sed=3", "'sed'", "did you mean 'seed'?"),
    "duplicate key": by_file(
        "num_servers: 5\nseed: 1\nnum_servers: 6\n", "duplicate key", '"num_servers"', "line 3"
    ),
    "duplicate key inside": by_file(
        "archetypes:\n  web: {base_cpu: 4, base_cpu: 5}\n", "duplicate key", "base_cpu", "line 2"
    ),
    "key that is not text": by_file("growth: {2: 3}\n", "keys should be strings", "growth.2"),
    "incomplete archetype": by_file(
        "archetypes: {cache: {base_cpu: 3}}\n", "missing base_memory", "archetypes.cache"
    ),
    # types
    "word for a number": by_file(
        "num_servers: five\n", "integer", "'five'", "num_servers", "line 1"
    ),
    "fraction for a whole number": by_file("num_servers: 1.5\n", "integer", "1.5", "num_servers"),
    "text for a number": by_file('seed: "42"\n', "integer", "'42'", "seed"),
    "number for a switch": by_file("spikes: 1\n", "boolean", "spikes", "line 1"),
    "no for a switch": by_file("spikes: no\n", "boolean", "'no'", "spikes"),
    "number for a mapping": by_file("growth: 3\n", "keys and values", "3", "growth"),
    "number for an archetype": by_file(
        "archetypes: {web: 3}\n", "keys and values", "3", "archetypes.web"
    ),
    "nothing for a number": by_file("seed:\n", "integer", "None", "seed", "line 1"),
    "unknown choice": by_file("assignment: random\n", "'interleaved' or 'drawn'", "'random'"),
    "word for a date": by_file("start_date: soon\n", "'soon'", "2022-01-01", "start_date"),
    "day that does not exist": by_file("start_date: 2022-02-30\n", "day", "bad.yaml"),
    "time for a date": by_file("end_date: 2022-01-01 10:00:00\n", "time of day", "end_date"),
    "half a span": by_file("growth: {span: [2022-01-01]}\n", "two dates", "growth.span"),
    "word for a number, by option": by_options("--servers five", "--servers", "'five'", "integer"),
    # values
    "end before start": by_file(
        "start_date: 2023-01-01\nend_date: 2022-12-31\n",
        "end_date 2022-12-31 is before start_date 2023-01-01",
        "line 2",
    ),
    "end before start, by option": by_options(
        "--end 2021-12-31", "2021-12-31 is before start_date 2022-01-01", "from --end 2021-12-31"
    ),
    "span backwards": by_file(
        "growth: {span: [2023-01-01, 2022-01-01]}\n", "2022-01-01", "before", "growth.span"
    ),
    "no servers": by_options("--servers 0", "greater than or equal to 1", "0", "num_servers"),
    "negative servers": by_options("--servers -3", "greater than or equal to 1", "-3"),
    "more servers than can be counted": by_options(
        f"--servers {10**21}", "less than or equal to", "num_servers"
    ),
    "distribution below 1": by_file(
        "distribution: {web: 0.5, batch: 0.4}\n", "add up to 0.9, not to 1", "distribution"
    ),
    "distribution above 1": by_set("distribution.web=0.36", "add up to 1.01, not to 1"),
    "distribution negative": by_file(
        "distribution: {web: 1.5, batch: -0.5}\n", "distribution.web", "distribution.batch"
    ),
    "distribution empty": by_file("distribution: {}\n", "at least one", "distribution"),
    "odds above 1": by_set("regions={a: 0.7, b: 0.7}", "add up to 1.4", "regions"),
    "name twice": by_set("regions=[a, b, a]", "listed twice: a", "regions"),
    "name with a line break": by_set(r'regions=["a\nb"]', "printable", "regions"),
    "name empty": by_set('regions=["", b]', "at least 1 character", "regions"),
    "unknown archetype": by_file(
        "distribution: {wbe: 0.6, batch: 0.4}\n",
        "unknown archetype 'wbe'",
        "did you mean 'web'?",
        "distribution.wbe",
        "line 1",
    ),
    "step that does not divide a day": by_options(
        "--granularity 7min", "7min does not divide a day", "6min would", "--granularity 7min"
    ),
    "step above a day": by_options("--granularity 2d", "2d does not divide a day", "1d would"),
    "step of nothing": by_options("--granularity 0s", "'0s'", "daily, hourly", "15min"),
    "unknown step": by_options("--granularity weekly", "'weekly'", "daily, hourly", "15min"),
    "probability above 1": by_set(
        "archetypes.web.spike_probability=1.5", "less than or equal to 1", "1.5"
    ),
    "probability below 0": by_set(
        "archetypes.web.spike_probability=-0.1", "greater than or equal to 0", "-0.1"
    ),
    "negative variance": by_set(
        "archetypes.batch.disk_variance=-1", "greater than or equal to 0", "-1"
    ),
    "correlation above 1": by_set(
        "archetypes.web.cpu_memory_correlation=1.01", "less than or equal to 1", "1.01"
    ),
    "correlations not positive definite": by_file(
        FORGED,
        "not positive definite",
        "smallest eigenvalue -0.012964",
        "memory_disk_correlation: 0.696377",
        "correlation_repair: nearest",
        "archetypes.web",
        "line 1",
    ),
    "growth of -100 %": by_set("archetypes.web.monthly_growth_rate=-100", "greater than -100"),
    "shares that never repeat": Bad(
        ("too long to interleave", "distribution"),
        options=(
            *("--servers", str(10**13), "--set", "assignment=interleaved"),
            *("--set", "distribution={web: 0.333333333333, batch: 0.666666666667}"),
        ),
    ),
    # presets
    "unknown preset": by_options(
        "--preset realstic", "'realstic'", "did you mean 'realistic'?", "from --preset realstic"
    ),
    "statistics of the classic model": by_options(
        "--statistics p50", "the classic model publishes p95 alone: add --preset realistic"
    ),
    "samples of the classic model": by_options(
        "--sample-interval 1min", "no samples within a tick: add --preset realistic"
    ),
    "unknown statistic": by_options(
        "--preset realistic --statistics p50,p100",
        "'p100' is not a valid statistic",
        "from --statistics p50,p100",
    ),
    "sample interval that does not divide an hour": by_options(
        "--preset realistic --sample-interval 7min",
        "7min does not divide an hour; 6min would",
        "from --sample-interval 7min",
    ),
    "granularity that is not a multiple": by_options(
        "--preset realistic --granularity 8min",
        "8min is not a multiple of the sample interval of 5min",
        "from --granularity 8min",
    ),
    "unknown key of a group": Bad(
        ("did you mean 'level'?", "from --set archetypes.web.demand.levle=3"),
        options=("--preset", "realistic", "--set", "archetypes.web.demand.levle=3"),
    ),
    # not a number, not finite
    "nan": by_set("archetypes.web.base_cpu=.nan", "finite", "nan", "archetypes.web.base_cpu"),
    "infinity": by_set("archetypes.web.base_cpu=.inf", "finite", "inf", "archetypes.web.base_cpu"),
    "negative infinity": by_set("archetypes.web.monthly_growth_rate=-.inf", "finite", "-inf"),
    "too large for a float": by_set("archetypes.web.base_disk=1e999", "finite", "inf"),
    "nan in a distribution": by_set("distribution.web=.nan", "finite", "distribution.web"),
    "infinite seed": by_set("seed=.inf", "integer", "inf"),
    "number too long to read": by_file(f"seed: {'9' * 5000}\n", "5000 digits", "bad.yaml"),
    # not a scenario
    "broken YAML": by_file("growth: [1\nseed: }\n", "expected ',' or ']'", "bad.yaml, line 2"),
    "tab": by_file("\tseed: 1\n", "\\t", "bad.yaml, line 1"),
    "list": by_file("- a\n- b\n", "key: value", "a list", "bad.yaml"),
    "words": by_file("just words\n", "key: value", "just words", "bad.yaml"),
    "two documents": by_file("seed: 1\n---\nseed: 2\n", "single document", "bad.yaml, line 2"),
    "binary file": by_file(PNG, "bad.yaml", "byte", "not UTF-8"),
    "control characters": by_file(b"\x00\x01\x02", "not YAML", "bad.yaml"),
    "tag": by_file(
        'seed: !!python/object/apply:os.system ["touch owned"]\n', "tags are not accepted", "line 1"
    ),
    "plain tag": by_file('seed: !!int "3"\n', "tags are not accepted", "line 1"),
    "alias bomb": by_file(BILLION_LAUGHS, "anchors and aliases are not accepted", "line 1"),
    "deep nesting": by_file("seed: " + "[" * 5_000, "nested too deeply", "bad.yaml"),
    # words of the command line
    "set without a value": by_options("--set seed", "--set seed", "KEY=VALUE", "seed=7"),
    "set without a key": by_options("--set =3", "--set =3", "KEY=VALUE"),
    "set with broken YAML": by_options("--set seed=[1", "--set seed=[1", "expected"),
    "unknown option": by_options("--sever 3", "--sever"),
    "unknown output": by_options("-o fleet.txt", "fleet.txt", ".parquet, .csv, .csv.gz"),
    "output without ending": by_options("-o fleet", "fleet", ".parquet, .csv, .csv.gz"),
    "more rows than fit": by_options(
        "--servers 100000000 --granularity 1s",
        f"{100_000_000 * 1_461 * 86_400:,} rows would take about",
        "are free",
        "fleetsynth plan",
        code=1,
    ),
    "more rows than fit, in a folder": by_options(
        "--servers 31700000 --granularity 1s -o new/fleet/",
        f"{31_700_000 * 1_461 * 86_400:,} rows would take about",
        "new/fleet, where",
        "are free",
        code=1,
    ),
    "more parts than a folder takes": by_options(
        "-o new/fleet/ --granularity hourly --part-size 10kB --servers 5000",
        "175,320,000 rows would be 2,247,693 parts",
        "a folder can hold 100,000",
        "larger parts (--part-size)",
    ),
}


def refused(ran: Ran, bad: Bad) -> None:
    """Assert that a run ended with its code and one error that has its words."""
    assert (ran.code, ran.out) == (bad.code, "")
    assert "Traceback" not in ran.err
    assert len(re.findall(r"^error: ", ran.err, re.MULTILINE | re.IGNORECASE)) == 1
    problems = [line for line in ran.err.splitlines() if line.startswith("  - ")]
    assert len(problems) == ran.err.count("the scenario has a problem:") or (
        f"the scenario has {len(problems)} problems:" in ran.err
    )
    assert len(ran.err) < 1200
    for word in bad.words:
        assert word in ran.err


@pytest.mark.parametrize("bad", SCENARIOS.values(), ids=SCENARIOS)
def test_a_bad_request_is_refused(within: Within, bad: Bad) -> None:
    arguments = list(bad.options)
    if bad.scenario is not None:
        raw = bad.scenario.encode() if isinstance(bad.scenario, str) else bad.scenario
        (within.folder / "bad.yaml").write_bytes(raw)
        arguments.append("bad.yaml")
    if "-o" not in arguments:
        arguments += ["-o", "new/fleet.csv"]
    before = contents(within.folder)
    refused(within("generate", *arguments), bad)
    assert contents(within.folder) == before


def test_a_bad_request_in_a_process_of_its_own_is_told_the_same(
    fleetsynth: Fleetsynth, within: Within
) -> None:
    """What allows the test above to run them all in this one."""
    (fleetsynth.folder / "bad.yaml").write_text("seed: 1\nsed: 2\n")
    for arguments in (("generate", "bad.yaml"), ("generate", "--sever"), ("generate", "-o", "x.y")):
        ran = fleetsynth(*arguments)
        assert ran.code == 2
        assert within(*arguments) == ran


def test_all_problems_are_shown_at_once(fleetsynth: Fleetsynth) -> None:
    bad = "seed: a\nsed: 1\nend_date: 2021-01-01\ngranularity: 7min\ndistribution: {wbe: 1.0}\n"
    (fleetsynth.folder / "bad.yaml").write_text(bad)
    ran = fleetsynth("plan", "bad.yaml")
    assert "the scenario has 5 problems:" in ran.err
    for line in range(1, 6):
        assert f"bad.yaml, line {line}\n" in ran.err


def test_the_nearest_matrix_that_is_named_is_taken(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "bad.yaml").write_text(FORGED)
    refusal = fleetsynth("plan", "bad.yaml").err
    named = refusal.split("the nearest that are: ")[1].split(";")[0]
    settings = [f"archetypes.web.{entry.replace(': ', '=')}" for entry in named.split(", ")]
    options = [word for setting in settings for word in ("--set", setting)]
    digests = {
        json.loads(fleetsynth.prints("plan", *more, "--json"))["scenario_digest"]
        for more in (options, ("bad.yaml", "--set", "correlation_repair=nearest"))
    }
    assert len(digests) == 1


FILES = {
    "missing scenario": Bad(("nowhere.yaml", "No such file"), ("generate", "nowhere.yaml")),
    "folder as scenario": Bad(("folder", "Is a directory"), ("generate", "folder")),
    "unreadable scenario": Bad(("secret.yaml", "not readable"), ("generate", "secret.yaml")),
    "scenario in an unreadable folder": Bad(
        ("locked/a.yaml", "Permission denied"), ("generate", "locked/a.yaml")
    ),
    "dataset as scenario": Bad(("data.csv", "key: value"), ("generate", "data.csv")),
    "output exists": Bad(
        ("data.csv exists", "--overwrite"), ("generate", *SMALL, "-o", "data.csv"), code=1
    ),
    "output is a folder": Bad(
        ("folder.csv is a folder",), ("generate", *SMALL, "-o", "folder.csv"), code=1
    ),
    "output is a folder, to overwrite": Bad(
        ("folder.csv is a folder",),
        ("generate", *SMALL, "-o", "folder.csv", "--overwrite"),
        code=1,
    ),
    "output below a file": Bad(
        ("data.csv/fleet.csv", "Not a directory"),
        ("generate", *SMALL, "-o", "data.csv/fleet.csv"),
        code=1,
    ),
    "folders below a file": Bad(
        ("data.csv/new/fleet.csv", "Not a directory"),
        ("generate", *SMALL, "-o", "data.csv/new/fleet.csv"),
        code=1,
    ),
    "output in a read-only folder": Bad(
        ("read-only/fleet.csv", "Permission denied", "nothing was left behind"),
        ("generate", *SMALL, "-o", "read-only/fleet.csv"),
        code=1,
    ),
    "new folders in a read-only folder": Bad(
        ("read-only/new/fleet.csv", "Permission denied"),
        ("generate", *SMALL, "-o", "read-only/new/fleet.csv"),
        code=1,
    ),
    "output in an unreadable folder": Bad(
        ("locked/fleet.csv", "Permission denied"),
        ("generate", *SMALL, "-o", "locked/fleet.csv"),
        code=1,
    ),
    "new folders in an unreadable folder": Bad(
        ("locked/new/fleet.csv", "Permission denied"),
        ("generate", *SMALL, "-o", "locked/new/fleet.csv"),
        code=1,
    ),
    "name too long": Bad(
        ("File name too long",), ("generate", *SMALL, "-o", f"new/{'n' * 300}.csv"), code=1
    ),
    "name just too long": Bad(
        ("File name too long",), ("generate", *SMALL, "-o", f"new/{'n' * 245}.csv"), code=1
    ),
    "picture in a read-only folder": Bad(
        ("read-only/fleet.svg", "Permission denied"),
        ("preview", "--end", "2022-01-07", "-o", "read-only/fleet.svg"),
        code=1,
    ),
    "scenario to start in an unreadable folder": Bad(
        ("locked/a.yaml", "Permission denied"), ("config", "init", "locked/a.yaml"), code=1
    ),
    "digest of nothing": Bad(("nowhere.csv",), ("digest", "nowhere.csv")),
    "digest of a folder": Bad(("folder.csv",), ("digest", "folder.csv")),
    "digest of an unreadable file": Bad(("secret.csv", "not readable"), ("digest", "secret.csv")),
    "digest in an unreadable folder": Bad(
        ("locked/data.csv", "Permission denied"), ("digest", "locked/data.csv"), code=1
    ),
    "digest of an unknown format": Bad(("open.yaml", ".parquet, .csv"), ("digest", "open.yaml")),
    "digest of another table": Bad(
        ("no column that looks like a timestamp", "a, b"), ("digest", "other.csv")
    ),
}


@pytest.mark.parametrize("bad", FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_used_is_refused(
    fleetsynth: Fleetsynth, small: dict[str, Path], fonts: dict[str, str], bad: Bad
) -> None:
    folder = fleetsynth.folder
    for name in ("folder", "folder.csv", "locked", "read-only"):
        (folder / name).mkdir()
    (folder / "data.csv").write_bytes(small[".csv"].read_bytes())
    (folder / "other.csv").write_text("a,b\n1,2\n")
    (folder / "open.yaml").write_text("seed: 1\n")
    for name in ("secret.yaml", "secret.csv"):
        (folder / name).write_text("seed: 1\n")
        (folder / name).chmod(0)
    before = contents_as_owner(folder)
    (folder / "read-only").chmod(0o500)
    (folder / "locked").chmod(0)
    ran = fleetsynth(*bad.options, before=AS_ANYONE, env=fonts)
    refused(ran, bad)
    assert contents_as_owner(folder) == before


def contents_as_owner(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, opened up again first."""
    for path in folder.iterdir():
        path.chmod(0o700)
    found = contents(folder)
    for path in folder.glob("secret.*"):
        path.chmod(0)
    return found


def test_modes_count_for_the_tests_above(fleetsynth: Fleetsynth) -> None:
    """What makes those tests fail for a reason: the same run works when the mode allows it."""
    (fleetsynth.folder / "open").mkdir(0o700)
    ran = fleetsynth("generate", *SMALL, "-o", "open/fleet.csv", "-q", before=AS_ANYONE)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_cut_short_has_no_digest(
    fleetsynth: Fleetsynth, small: dict[str, Path], ending: str
) -> None:
    whole = small[ending].read_bytes()
    (fleetsynth.folder / f"cut{ending}").write_bytes(whole[: len(whole) * 2 // 3])
    refused(fleetsynth("digest", f"cut{ending}"), Bad((f"cannot read cut{ending}",), code=1))


def test_bytecode_that_is_cut_short_is_named_and_no_interruption(fleetsynth: Fleetsynth) -> None:
    """The import of such a module raises EOFError, which click takes for Ctrl-D."""
    library = fleetsynth.folder / "library"
    library.mkdir()
    (library / "matplotlib.py").touch()
    py_compile.compile(str(library / "matplotlib.py"), doraise=True)
    (bytecode,) = library.rglob("*.pyc")
    bytecode.write_bytes(bytecode.read_bytes()[:20])
    path = os.pathsep.join([str(library), os.environ.get("PYTHONPATH", "")])
    ran = fleetsynth("preview", "-o", "fleet.png", env={"PYTHONPATH": path}, fresh=True)
    refused(ran, Bad((f"error: {bytecode} is cut short", "remove it"), code=1))
    assert not (fleetsynth.folder / "fleet.png").exists()
