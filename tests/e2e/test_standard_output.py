"""``generate -o -``: data and nothing else on standard output, whatever becomes of it."""

import json
import os
import pty
import subprocess
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, cast

import pytest

from fleetsynth.api import generate
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.formats import FORMATS
from tests.e2e.command import (
    SMALL,
    SMALL_SCENARIO,
    Fleetsynth,
    command,
    contents,
    environment,
    room,
)

LARGE = ("--servers", "40", "--granularity", "hourly", "--end", "2022-06-30")
EACH = pytest.mark.parametrize("ending", FORMATS)


def sent(fleetsynth: Fleetsynth, name: str, *arguments: str) -> tuple[int, str]:
    """Send standard output to a file; return the exit code and what was said beside it."""
    with (fleetsynth.folder / name).open("wb") as out:
        ran = fleetsynth("generate", *arguments, "-o", "-", stdout=out)
    return ran.code, ran.err


@EACH
def test_it_is_the_file_byte_by_byte(
    fleetsynth: Fleetsynth, small: dict[str, Path], ending: str
) -> None:
    name = f"piped{ending}"
    assert sent(fleetsynth, name, *SMALL, "--format", ending[1:], "-q") == (0, "")
    assert (fleetsynth.folder / name).read_bytes() == small[ending].read_bytes()
    assert list(contents(fleetsynth.folder)) == [name]


def test_the_digest_is_told_beside_it(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    code, said = sent(fleetsynth, "a.csv", *SMALL, "--format", "csv", "--json")
    facts = json.loads(said)
    assert (code, facts["path"]) == (0, "-")
    assert facts["bytes"] == len((fleetsynth.folder / "a.csv").read_bytes())
    assert fleetsynth.prints("digest", "a.csv").split()[0] == facts["digest"]
    code, said = sent(fleetsynth, "b.csv", *SMALL, "--format", ".CSV")
    assert code == 0
    assert facts["digest"] in said
    assert "mean ± standard deviation" in said
    for name in "ab":
        assert (fleetsynth.folder / f"{name}.csv").read_bytes() == small[".csv"].read_bytes()


@pytest.mark.slow
@EACH
def test_a_reader_that_goes_away_ends_it_in_silence(fleetsynth: Fleetsynth, ending: str) -> None:
    ours, theirs = os.pipe()

    def look() -> int:
        with os.fdopen(ours, "rb") as read:
            return len(read.read(1000))

    with ThreadPoolExecutor(1) as beside, os.fdopen(theirs, "wb") as out:
        read = beside.submit(look)
        ran = fleetsynth("generate", *LARGE, "-o", "-", "--format", ending, stdout=out)
    assert read.result() == 1000
    assert (ran.code, ran.err) == (141, "")
    assert contents(fleetsynth.folder) == {}


@EACH
def test_a_full_disk_is_told(fleetsynth: Fleetsynth, ending: str) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        ran = fleetsynth("generate", *SMALL, "-o", "-", "--format", ending, stdout=full)
    assert ran.code == 1
    assert ran.err == (
        "error: cannot write to standard output: no room for it (No space left on device); the "
        "output is incomplete\n"
    )


@EACH
def test_a_terminal_gets_text_and_nothing_else(fleetsynth: Fleetsynth, ending: str) -> None:
    ours, theirs = pty.openpty()
    arguments = ("generate", "--servers", "1", "--end", "2022-01-02", "-o", "-", "--format", ending)
    with os.fdopen(theirs, "wb", buffering=0) as terminal:
        ran = fleetsynth(*arguments, stdout=terminal)
    os.close(ours)
    if FORMATS[ending].binary:
        expected = f"error: {ending} cannot be shown on a terminal: send it to a file or a program"
        assert (ran.code, ran.err) == (2, f"{expected} (> or |)\n")
    else:
        assert ran.code == 0
        assert "digest" in ran.err


def test_a_closed_one_is_told(fleetsynth: Fleetsynth) -> None:
    words = [
        "sh",
        "-c",
        '"$@" >&-',
        "sh",
        *command(("generate", *SMALL, "-o", "-", "--format=csv")),
    ]
    ran = subprocess.run(
        words, cwd=fleetsynth.folder, env=environment(None), stderr=subprocess.PIPE, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr == b"error: standard output is closed: there is nothing to write to\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "-"), "standard output has no ending that names a format: say --format (.parquet"),
        (("-o", "-", "--format", "cvs"), "there is no format 'cvs' (did you mean 'csv'?)"),
        (("-o", "-", "--format", ""), "there is no format '' (known: parquet, csv, csv.gz"),
        (("-o", "-", "--format", "csv", "--overwrite"), "--overwrite is for files"),
        (("-o", "-", "--format", "arrow", "--csv-safe"), "--csv-safe is for CSV"),
        (("-o", "-", "--format", "csv", "--resume"), "--resume is for folders"),
        (("-o", "a.csv", "--format", "jsonl"), "For .jsonl, name it a.jsonl"),
        (("--format", "csv"), "For .csv, name it server_metrics.csv"),
        (("-o", "fleet/", "--format", "cvs"), "there is no format 'cvs'"),
        (("-o", "fleet/", "--format", "csv", "--csv-safe"), "--csv-safe is for CSV files"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...], said: str
) -> None:
    ran = fleetsynth("generate", *SMALL, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert contents(fleetsynth.folder) == {}


def test_text_for_spreadsheets_goes_there_too(fleetsynth: Fleetsynth) -> None:
    said = ("--servers", "1", "--end", "2022-01-01", "--set", "regions=['=1']", "--csv-safe")
    ran = fleetsynth("generate", *said, "-o", "-", "--format", "csv", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ",'=1," in ran.out


def test_the_library_writes_there_as_well(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    small = {"num_servers": 2, "end_date": "2022-01-03"}
    result = generate(small, "-", file_format="jsonl")
    out = capfdbinary.readouterr().out
    assert (str(result.path), result.bytes, out.count(b"\n")) == ("-", len(out), 6)
    with pytest.raises(UsageError, match=r"say file_format=\.\.\. \(\.parquet, .* or \.jsonl\.zst"):
        generate(small, "-")


class _Miserly(RawIOBase):
    """Takes a hundred bytes at most, whatever it is given."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.taken += bytes(data[:100])
        return len(data[:100])


@EACH
def test_output_may_take_less_than_it_is_given(
    monkeypatch: pytest.MonkeyPatch, small: dict[str, Path], ending: str
) -> None:
    raw = _Miserly()
    unbuffered = TextIOWrapper(cast("Any", raw), write_through=True)
    monkeypatch.setattr("sys.stdout", unbuffered)
    generate(SMALL_SCENARIO, "-", file_format=ending)
    monkeypatch.undo()
    assert raw.taken == small[ending].read_bytes()


def test_output_that_never_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _Miserly()
    monkeypatch.setattr(raw, "write", lambda _: None)
    monkeypatch.setattr("sys.stdout", TextIOWrapper(cast("Any", raw), write_through=True))
    with pytest.raises(OutputError, match="cannot write to standard output"):
        generate(SMALL_SCENARIO, "-", file_format="csv")


@pytest.mark.parametrize(
    "arguments",
    [("generate", *SMALL, "-q", "-o", "-", "--format", "csv"), ("archetypes", "--json")],
    ids=lambda arguments: arguments[0],
)
def test_a_disk_that_fills_up_in_the_middle_is_told_unbuffered(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...]
) -> None:
    with (fleetsynth.folder / "cut").open("wb") as out:
        unbuffered = {"PYTHONUNBUFFERED": "1"}
        ran = fleetsynth(*arguments, before=room(500), stdout=out, env=unbuffered, fresh=True)
    assert ran.code == 1
    assert "standard output: " in ran.err
    assert "File too large" in ran.err
