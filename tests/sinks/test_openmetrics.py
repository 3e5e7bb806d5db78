"""A file of OpenMetrics: read by another parser, whole or not there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

import fleetsynth as fs
from fleetsynth.errors import ExistsError, OutputError
from fleetsynth.presets import as_plan
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.sinks import push
from fleetsynth.sinks.batches import Cutting, cutting
from fleetsynth.sinks.push import Streaming, chosen
from tests.e2e.command import Within

if TYPE_CHECKING:
    from pathlib import Path

PLAN: dict[str, Any] = {
    "num_servers": 5,
    "granularity": "hourly",
    "start_date": "2022-01-01",
    "end_date": "2022-02-10",
    "retire": {"mean_years": 0.1},
}
SERIES = "fleetsynth_.*|node_boot_time_seconds"
OPTIONS = ("--servers", "5", "--end", "2022-01-03", "--series", "fleetsynth_.*")
LEAST = 700


@pytest.fixture(params=[600, 1_000_000])
def several(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that are pieces of a server's time, or all of it of many servers."""

    def other(everything: Any, cut: Any) -> Cutting:
        return cutting(everything, cut._replace(samples=request.param))

    monkeypatch.setattr(push, "cutting", other)


@pytest.mark.usefixtures("several")
def test_the_text_is_the_series(tmp_path: Path) -> None:
    done = fs.export(PLAN, tmp_path / "a.om", streaming=Streaming(series=SERIES))
    text = (tmp_path / "a.om").read_text("utf-8")
    *lines, end = text.splitlines()
    assert end == "# EOF"
    assert text.endswith("# EOF\n")
    samples = [line for line in lines if not line.startswith("#")]
    assert len(samples) == done.rows > LEAST
    found = {
        head: [(float(value), int(at)) for _, value, at in (line.rsplit(" ", 2) for line in of)]
        for head, of in groupby(samples, lambda line: line.rsplit(" ", 2)[0])
    }
    selection = chosen(Catalog(as_plan(PLAN), {"job": "fleetsynth"}, Limits()), SERIES)
    told = {
        labels[0][1]
        + "{"
        + ",".join(f'{name}="{value}"' for name, value in labels[1:])
        + "}": list(zip(values.tolist(), (ms // 1000).tolist(), strict=True))
        for labels, ms, values in selection.series()
    }
    assert found == told  # and so the lines of each series stand together
    names = [line.split("{")[0] for line in samples]
    families = [name for name, _ in groupby(names)]
    assert len(families) == len(set(families)) == 6  # and those of each family
    for name in families:
        assert f"# TYPE {name} gauge" in lines


def test_a_counter_is_typed_without_its_ending(tmp_path: Path) -> None:
    small = {"num_servers": 1, "end_date": "2022-01-02"}
    fs.export(small, tmp_path / "a.om", streaming=Streaming(series="node_network_receive.*"))
    lines = (tmp_path / "a.om").read_text("utf-8").splitlines()
    assert lines[1] == "# TYPE node_network_receive_bytes counter"
    assert lines[2].startswith("node_network_receive_bytes_total{")


def test_promtool_takes_it(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: apt-get install prometheus (Debian)")
    small = {"num_servers": 2, "end_date": "2022-01-02"}
    fs.export(small, tmp_path / "a.om", streaming=Streaming(events=True, truth=True))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, "a.om", "data"], cwd=tmp_path, check=True, capture_output=True)
    assert list((tmp_path / "data").glob("*/meta.json"))


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    to, how = tmp_path / "a.om", Streaming(series="fleetsynth_.*")
    with pytest.raises(KeyboardInterrupt):
        fs.export(PLAN, to, streaming=how, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
    fs.export(PLAN, to, streaming=how)
    whole = to.read_bytes()
    with pytest.raises(ExistsError, match="overwrite=True"):
        fs.export(PLAN, to, streaming=how)
    with pytest.raises(KeyboardInterrupt):
        fs.export(PLAN, to, streaming=how, overwrite=True, progress=interrupt)
    assert to.read_bytes() == whole
    fs.export(PLAN, to, streaming=Streaming(series="fleetsynth_cpu.*"), overwrite=True)
    assert len(to.read_bytes()) < len(whole)
    assert list(tmp_path.iterdir()) == [to]
    with pytest.raises(OutputError, match="is a folder"):
        fs.export(PLAN, f"openmetrics:{tmp_path}", streaming=how, overwrite=True)


def test_standard_output_has_the_text_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fleetsynth", "export", *OPTIONS, "--to", "openmetrics:-"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.endswith("# EOF\n")
    assert done.stdout.count("\n") == 5 * 5 * 3 + 2 * 5 + 1
    assert "samples" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_says_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Within(tmp_path, capsys)
    done = run("export", *OPTIONS, "--to", "a.om")
    assert done.code == 0
    assert "samples                      75\n" in done.out
    again = run("export", *OPTIONS, "--to", "a.om")
    assert again.code == 1
    assert "--overwrite" in again.err
