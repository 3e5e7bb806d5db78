"""``fleetsynth preview``: pictures in the terminal and as files."""

import os
import struct
from xml.etree import ElementTree

import pytest

from fleetsynth.metrics import METRICS
from tests.e2e.command import Fleetsynth, contents

QUARTER = ("--start", "2024-01-01", "--end", "2024-03-31")
NAMES = ["Web Server", "Application Server", "Database Server", "Batch Processing Server"]


def test_each_archetype_has_a_chart_with_all_metrics_and_marks(fleetsynth: Fleetsynth) -> None:
    charts = fleetsynth.prints("preview", *QUARTER).split("\n\n")
    *charts, closing = charts
    assert [chart.splitlines()[0].split("  ")[0] for chart in charts] == NAMES
    for chart in charts:
        lines = chart.splitlines()
        labels = [line[:12].strip() for line in lines[1:] if line[:12].strip()]
        assert labels == [*(metric.label for metric in METRICS), "quarter ends", "US holidays"]
        marks = {line[:12].strip(): line[13:] for line in lines[-2:]}
        # 91 days in 50 columns: the quarter ends in the last columns alone.
        assert marks["quarter ends"].strip() == "▲▲▲"
        assert marks["quarter ends"].endswith("▲▲▲")
        assert marks["US holidays"].count("✶") == 3
        assert marks["US holidays"].startswith("✶")
    assert "2024-01-01 to 2024-03-31, daily" in closing
    assert contents(fleetsynth.folder) == {}


def test_marks_stand_where_the_days_are(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("preview", "--start", "2024-06-24", "--end", "2024-07-05")
    rows = [line[13:].rstrip() for line in out.splitlines() if "▲" in line or "✶" in line]
    # 26 to 30 June; the fourth of July.
    assert rows == ["  ▲▲▲▲▲", " " * 10 + "✶"] * 4


def test_a_preview_has_a_server_of_each_archetype_that_has_any(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("preview", *QUARTER, "--servers", "4")
    assert [name for name in NAMES if name in out] == NAMES[:3]


def test_a_picture_is_written_as_png(fleetsynth: Fleetsynth, fonts: dict[str, str]) -> None:
    out = fleetsynth.prints("preview", *QUARTER, "-o", "new/fleet.png", env=fonts)
    assert out == "wrote new/fleet.png\n"
    made = contents(fleetsynth.folder)
    assert list(made) == ["new", "new/fleet.png"]
    picture = made["new/fleet.png"]
    assert picture is not None
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 1000
    assert height > 500
    assert len(picture) > 50_000
    assert picture.endswith(b"IEND\xaeB`\x82")


def test_a_picture_is_written_as_svg_with_its_words(
    fleetsynth: Fleetsynth, fonts: dict[str, str]
) -> None:
    fleetsynth.prints("preview", *QUARTER, "-o", "fleet.svg", env=fonts)
    text = (fleetsynth.folder / "fleet.svg").read_text()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for name in NAMES:
        assert f"<!-- {name}" in text
    assert text.count("<path") > 100


@pytest.mark.parametrize("ending", [".svg", ".pdf"])
def test_the_same_scenario_gives_the_same_picture(
    fleetsynth: Fleetsynth, fonts: dict[str, str], ending: str
) -> None:
    short = ("--end", "2022-01-07", "--servers", "1")
    for name in ("one", "two"):
        fleetsynth.prints("preview", *short, "-o", f"{name}{ending}", env=fonts)
    one, two = contents(fleetsynth.folder).values()
    assert one == two


def test_an_existing_picture_is_kept_unless_told_otherwise(
    fleetsynth: Fleetsynth, fonts: dict[str, str]
) -> None:
    path = fleetsynth.folder / "fleet.png"
    path.write_bytes(b"mine")
    ran = fleetsynth("preview", *QUARTER, "-o", "fleet.png", env=fonts)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: fleet.png exists: choose another name, or pass --overwrite\n"
    assert contents(fleetsynth.folder) == {"fleet.png": b"mine"}
    fleetsynth.prints("preview", *QUARTER, "-o", "fleet.png", "--overwrite", env=fonts)
    assert path.read_bytes() != b"mine"


@pytest.mark.parametrize("ending", [".jpg", "", ".csv"])
def test_only_pictures_can_be_drawn(fleetsynth: Fleetsynth, ending: str) -> None:
    ran = fleetsynth("preview", "-o", f"fleet{ending}")
    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err
        == f"error: the ending of fleet{ending} is not that of a picture: use .png, .svg, .pdf\n"
    )
    assert contents(fleetsynth.folder) == {}


def test_a_series_too_long_to_look_at_is_refused(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("preview", "--granularity", "1s")
    assert (ran.code, ran.out) == (2, "")
    assert "126,230,400 points" in ran.err
    assert "--start and --end" in ran.err


def test_a_fleet_of_any_size_has_a_preview(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("preview", *QUARTER, "--servers", str(10**15))
    assert [name for name in NAMES if name in out] == NAMES
    assert f"server_{35 * 10**13}" in out


def test_without_matplotlib_the_error_says_what_to_install(
    fleetsynth: Fleetsynth, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hiding = tmp_path_factory.mktemp("hiding")
    (hiding / "matplotlib.py").write_text("raise ImportError('hidden')\n")
    path = os.pathsep.join([str(hiding), os.environ.get("PYTHONPATH", "")])
    ran = fleetsynth("preview", "-o", "fleet.png", env={"PYTHONPATH": path}, fresh=True)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: pictures need matplotlib: pip install 'fleetsynth[plot]'\n"
    assert contents(fleetsynth.folder) == {}
