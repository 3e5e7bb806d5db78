"""``fleetsynth report``: one HTML file from any dataset."""

from pathlib import Path

import pytest

from tests.e2e.command import Fleetsynth, contents, room


def test_a_report_is_one_file(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    for ending, path in small.items():
        out = fleetsynth.prints("report", path, "-o", f"new/{ending}.html")
        assert out == f"wrote new/{ending}.html\n"
    made = contents(fleetsynth.folder)
    assert set(made) == {"new", *(f"new/{ending}.html" for ending in small)}
    for page in filter(None, made.values()):
        assert page.startswith(b"<!DOCTYPE html>")
        assert page.endswith(b"</html>\n")
        assert b"4 servers, 124 rows, 2022-01-01 to 2022-01-31" in page


def test_the_same_data_give_the_same_bytes(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    for name in ("one", "two"):
        fleetsynth.prints("report", small[".parquet"], "-o", f"{name}.html")
    one, two = contents(fleetsynth.folder).values()
    assert one == two


def test_an_existing_report_is_kept_unless_told_otherwise(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    path = fleetsynth.folder / "report.html"
    path.write_bytes(b"mine")
    ran = fleetsynth("report", small[".csv"])
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: report.html exists: choose another name, or pass --overwrite\n"
    assert path.read_bytes() == b"mine"
    fleetsynth.prints("report", small[".csv"], "--overwrite", "--no-facts", "--top", "2")
    assert len(path.read_bytes()) > 100_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nothing.parquet",), 2, "there is no file or folder nothing.parquet"),
        (("nothing.txt",), 2, "there is no file or folder nothing.txt"),
        (("text.txt",), 2, "the ending of text.txt is not that of a known format"),
        (("broken.parquet",), 1, "cannot read broken.parquet"),
        (("other.csv",), 2, "no column that looks like a timestamp: name it"),
        (
            ("other.csv", "--columns", "time"),
            2,
            "--columns: expected ROLE=COLUMN, such as cpu=cpu_pct",
        ),
        (("other.csv", "--columns", "timestmp=a"), 2, "(did you mean 'timestamp'?)"),
        (
            ("other.csv", "--columns", "timestamp=b"),
            2,
            "no column 'b' to be its timestamp (known: a, h)",
        ),
        (("other.csv", "--columns", "timestamp=a,server_id=h"), 2, "no column that looks like CPU"),
        (("words.csv",), 1, "words.csv, row 1: 'timestamp' is 'soon': expected a time"),
        (("empty.csv",), 1, "empty.csv has no rows"),
        (("other.csv", "--scenario", "wrong.yaml"), 2, "unknown key 'num_server'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    fleetsynth: Fleetsynth, arguments: tuple[str, ...], code: int, message: str
) -> None:
    files = {
        "text.txt": "hello",
        "broken.parquet": "PAR1 and no more",
        "other.csv": "a,h\n2024-01-01,x\n",
        "words.csv": "timestamp,server_id,cpu_p95\nsoon,x,1.0\n",
        "empty.csv": "timestamp,server_id,cpu_p95\n",
        "wrong.yaml": "num_server: 3\n",
    }
    for name, text in files.items():
        (fleetsynth.folder / name).write_text(text)
    ran = fleetsynth("report", *arguments)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert ran.err.startswith("error: ")
    assert message in ran.err
    assert set(contents(fleetsynth.folder)) == set(files)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--usable", "cpu=80,cpu=70"], "--usable of cpu is said twice, as 80 and as 70"),
        (["--threshold", ","], "--threshold ',': nothing stands beside a comma"),
        (["--lead-time", "soon"], "expected days, weeks, months or years"),
        (["--link", "0"], "--link 0.0: expected Mbps above 0"),
        (["--usable", "190"], "--usable cpu=190: expected percent"),
    ],
)
def test_capacity_is_asked_as_of_the_command_of_that_name(
    fleetsynth: Fleetsynth, small: dict[str, Path], arguments: list[str], words: str
) -> None:
    before = contents(fleetsynth.folder)
    ran = fleetsynth("report", small[".csv"], *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert contents(fleetsynth.folder) == before


def test_nothing_is_left_of_a_report_that_does_not_fit(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    ran = fleetsynth("report", small[".parquet"], before=room(50_000))
    assert (ran.code, ran.out) == (1, "")
    assert "no room for it" in ran.err
    assert contents(fleetsynth.folder) == {}
