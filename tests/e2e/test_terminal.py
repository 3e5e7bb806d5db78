"""What a terminal gets, what a pipe gets, and what happens when its reader has gone."""

import json
import os
import pty
import re
import select
import signal
from pathlib import Path

import pytest

from tests.e2e.command import INTERRUPTIBLE, SMALL, Fleetsynth, Ran, as_told_by_a_shell, contents

EXIT_BROKEN_PIPE = 141
ESCAPE = "\x1b"
ANY_ESCAPE = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")
COLOR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7])m")
LONG = ("--servers", "40", "--granularity", "hourly")
"""1.4 million rows in several batches."""

EVERYTHING = [
    ("--help",),
    ("archetypes",),
    ("archetypes", "web"),
    ("archetypes", "nothing"),
    ("config", "show"),
    ("config", "schema"),
    ("config", "init"),
    ("config", "check", "nowhere.yaml"),
    ("digest", "nowhere.csv"),
    ("generate", *SMALL),
    ("generate", "--servers", "0"),
    ("plan",),
    ("preview", "--end", "2022-03-31"),
]
WRITERS = [
    ("--help",),
    ("archetypes",),
    ("config", "show"),
    ("config", "schema"),
    ("generate", *SMALL),
    ("generate", *SMALL, "--json"),
    ("plan",),
    ("preview", "--end", "2022-03-31"),
]


def on_terminal(
    fleetsynth: Fleetsynth, *arguments: str, interrupt: bool = False, no_color: bool = False
) -> Ran:
    """Run with stdout and stderr each on a terminal of its own, a hundred columns wide.

    With `interrupt`, Ctrl-C is pressed once the rate is shown.
    """
    readers, writers = zip(*(pty.openpty() for _ in range(2)), strict=True)
    child = fleetsynth.start(
        *arguments,
        before=INTERRUPTIBLE,
        stdout=writers[0],
        stderr=writers[1],
        env={"COLUMNS": "100"} | ({"NO_COLOR": "1"} if no_color else {}),
    )
    for writer in writers:
        os.close(writer)
    received = dict.fromkeys(readers, b"")
    waiting = set(readers)
    while waiting:
        for reader in select.select(waiting, (), ())[0]:
            try:
                data = os.read(reader, 1 << 16)
            except OSError:  # a terminal that nobody writes to any more
                data = b""
            received[reader] += data
            if not data:
                waiting.discard(reader)
                os.close(reader)
            if interrupt and b"rows/s" in data:
                interrupt = False
                child.send_signal(signal.SIGINT)
    out, err = (received[reader].decode().replace("\r\n", "\n") for reader in readers)
    return Ran(as_told_by_a_shell(child.wait()), out, err)


@pytest.mark.slow
def test_a_terminal_shows_progress_with_rate_and_time_left(fleetsynth: Fleetsynth) -> None:
    ran = on_terminal(fleetsynth, "generate", *LONG, "-o", "fleet.parquet")
    assert ran.code == 0
    bar = ANY_ESCAPE.sub("", ran.err)
    assert re.search(r"generating ━+ +\d+% +\d+/1402560 rows, \d+\.\d\d M rows/s \d:\d\d:\d\d", bar)
    # The bar clears its line and brings the cursor back; the summary stands on stdout alone.
    assert ran.err.endswith(f"{ESCAPE}[2K")
    assert ran.err.rindex(f"{ESCAPE}[?25h") > ran.err.rindex(f"{ESCAPE}[?25l")
    assert "1,402,560 of 18 columns" in ran.out
    assert "generating" not in ran.out


def test_a_terminal_shows_that_something_is_done(fleetsynth: Fleetsynth) -> None:
    """What has no rows to count says what it does, and steps aside for what is told."""
    (fleetsynth.folder / "theirs.csv").write_text(
        "time,host,cpu\n" + "".join(f"2024-01-{day:02},a,{day}\n" for day in range(1, 31))
    )
    ran = on_terminal(fleetsynth, "report", "theirs.csv", "--no-facts")
    assert ran.code == 0, ran.err
    assert re.search(r". summing up \d:\d\d:\d\d", ANY_ESCAPE.sub("", ran.err))
    assert ran.err.endswith(f"{ESCAPE}[2K")
    assert ran.out.splitlines()[0].startswith("read as: timestamp=time, server=host, cpu=cpu")
    assert ran.out.splitlines()[-1] == "wrote report.html"
    piped = fleetsynth("report", "theirs.csv", "--no-facts", "--overwrite")
    assert (piped.err, piped.out) == ("", ran.out)


@pytest.mark.parametrize("silent", ["--quiet", "--json"])
def test_silence_holds_on_a_terminal(fleetsynth: Fleetsynth, silent: str) -> None:
    ran = on_terminal(fleetsynth, "generate", *SMALL, "-o", "fleet.csv", silent)
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["rows"] == 124 if silent == "--json" else ran.out == ""


@pytest.mark.slow
def test_an_interrupted_bar_leaves_a_working_terminal(fleetsynth: Fleetsynth) -> None:
    ran = on_terminal(
        fleetsynth, "generate", *LONG, "--servers", "4000", "-o", "x.csv", interrupt=True
    )
    assert (ran.code, ran.out) == (130, "")
    assert "interrupted" in ran.err
    assert ran.err.rindex(f"{ESCAPE}[?25h") > ran.err.rindex(f"{ESCAPE}[?25l")
    assert contents(fleetsynth.folder) == {}


@pytest.mark.parametrize("arguments", EVERYTHING, ids=" ".join)
def test_a_pipe_gets_no_escape_codes(fleetsynth: Fleetsynth, arguments: tuple[str, ...]) -> None:
    ran = fleetsynth(*arguments)
    assert ran.out + ran.err
    assert ESCAPE not in ran.out + ran.err


COLORED = [
    ("preview", "--end", "2022-03-31"),
    ("generate", "--servers", "0"),
]


@pytest.mark.parametrize("arguments", COLORED, ids=" ".join)
def test_a_terminal_gets_color(fleetsynth: Fleetsynth, arguments: tuple[str, ...]) -> None:
    ran = on_terminal(fleetsynth, *arguments)
    assert COLOR.search(ran.out + ran.err)


@pytest.mark.parametrize("arguments", [*COLORED, ("generate", *SMALL)], ids=" ".join)
def test_no_color_is_heeded(fleetsynth: Fleetsynth, arguments: tuple[str, ...]) -> None:
    ran = on_terminal(fleetsynth, *arguments, no_color=True)
    assert ran.out + ran.err
    assert not COLOR.search(ran.out + ran.err)


@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_a_reader_that_has_gone_ends_the_command_quietly(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ran = fleetsynth(*arguments, stdout=closed)
    assert (ran.code, ran.err) == (EXIT_BROKEN_PIPE, "")


def test_a_reader_that_goes_in_the_middle_ends_the_command_quietly(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    paths = [str(small[".csv"])] * 200
    child = fleetsynth.start("digest", *paths, "--leaves")
    assert child.stdout is not None
    assert child.stdout.readline().endswith(b"small.csv\n")
    child.stdout.close()
    child.stdout = None
    assert child.communicate()[1] == b""
    assert as_told_by_a_shell(child.returncode) == EXIT_BROKEN_PIPE


@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_output_that_finds_no_room_is_an_error_and_not_a_traceback(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        ran = fleetsynth(*arguments, stdout=full)
    assert ran.code == 1
    assert ran.err == "error: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", [1, 2])
@pytest.mark.parametrize(
    ("arguments", "code"), [(("config", "show"), 0), (("plan",), 0), (("generate", "-o", "x"), 2)]
)
def test_a_closed_stream_does_no_harm(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...], code: int, closed: int
) -> None:
    ran = fleetsynth(*arguments, before=f"os.close({closed})", fresh=True)
    assert ran.code == code
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("arguments", [("generate", *SMALL), ("preview", "--end", "2022-03-31")])
def test_an_output_that_knows_no_unicode_does_no_harm(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...]
) -> None:
    ran = fleetsynth(*arguments, env={"PYTHONIOENCODING": "ascii"}, fresh=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
