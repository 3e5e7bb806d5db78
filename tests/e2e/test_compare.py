"""``fleetsynth compare``: whether two datasets can be told apart, and by what."""

import json
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fleetsynth import OutputError, UsageError, compare, generate
from fleetsynth.compare.coarser import averaged, no_means
from fleetsynth.reader import open_dataset
from fleetsynth.reader.grid import Grid, Server
from tests.e2e.command import Fleetsynth, contents

START = pd.Timestamp("2024-01-01")
WEEK = 2016


def fleet(servers: int, seed: int, *, steps: int = WEEK, minutes: int = 5) -> pd.DataFrame:
    """Servers with a day, noise with memory and a level of their own."""
    draw = np.random.default_rng(seed)
    times = START + pd.to_timedelta(np.arange(steps) * minutes, "min")
    parts = []
    for number in range(servers):
        noise = draw.normal(size=steps)
        smooth = (noise + np.roll(noise, 1) + np.roll(noise, 2)) * 0.8
        day = np.sin(np.arange(steps) * minutes / 1440 * 2 * np.pi)
        cpu = np.round(draw.uniform(20, 50) + 5 * day + smooth, 2)
        parts.append(pd.DataFrame({"time": times, "host": f"{seed}-{number}", "cpu": cpu}))
    return pd.concat(parts, ignore_index=True)


def held(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with values that are held for two steps."""
    return frame.assign(
        cpu=frame.groupby("host").cpu.transform(lambda x: x.where(x.index % 2 == 0))
    )


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    return fleet(16, 1)


def test_halves_of_one_law_cannot_be_told_apart(plain: pd.DataFrame) -> None:
    found = compare(plain, fleet(16, 2))
    assert found.metrics == ["cpu"]
    for distance in found.distances["cpu"].values():
        assert distance.between < 1.5 * max(distance.a, distance.b)
    for errors in found.forecasts["cpu"].values():
        assert errors["A"]["B"] == pytest.approx(errors["B"]["B"], rel=0.05)
        assert errors["A"]["B"] < errors["seasonal naive"]["B"]
    assert list(found.forecasts["cpu"]) == ["1 step", "1 hour", "1 day"]
    for apart in found.classifiers["cpu"].values():
        assert 0.3 < apart.between.auc < 0.7
        assert 0.2 < apart.a.auc < 0.8
    assert len(found.clearest()) <= 1
    assert (found.a.used, found.a.used_servers, found.days, found.step) == (16, 16, 7, 300)


def test_a_planted_difference_is_said_in_words(plain: pd.DataFrame, tmp_path: Path) -> None:
    other = fleet(16, 2)
    other["cpu"] = other.cpu.where(other.index % 2 == 0).ffill()
    found = compare(plain, other)
    assert all(apart.between.auc > 0.98 for apart in found.classifiers["cpu"].values())
    (said,) = (tell for tell in found.tells if tell.feature == "repeats")
    assert said.auc == said.clarity == 1
    assert said.sentence.startswith("CPU: 5 min values of B repeat more often than those of A (")
    assert "50 %" in said.sentence
    assert said in found.clearest()
    errors = found.forecasts["cpu"]["1 step"]
    assert errors["A"]["B"] > 1.03 * errors["B"]["B"]
    page = found.write_html(tmp_path / "it.html").read_text("utf-8")
    assert escape(said.sentence) in page
    assert page.count("<svg ") >= 3
    with pytest.raises(OutputError, match="exists"):
        found.write_html(tmp_path / "it.html")


def test_the_answer_depends_on_no_order_and_is_the_same_again(plain: pd.DataFrame) -> None:
    other = fleet(16, 3)
    once = compare(plain, other, stretches=10).to_dict()
    again = compare(plain.sort_values(["time", "host"]), other[::-1], stretches=10).to_dict()
    for side in ("a", "b"):
        assert (once[side]["used"], once[side]["stretches"]) == (10, 16)
        once[side].pop("facts")
        again[side].pop("facts")
    assert json.dumps(once) == json.dumps(again)


def test_a_copy_is_told_apart_by_nothing(plain: pd.DataFrame) -> None:
    some = plain[plain.host.isin([f"1-{number}" for number in range(8)])]
    found = compare(some, some.copy())
    assert {apart.between.auc for apart in found.classifiers["cpu"].values()} == {0.5}
    assert found.tells == []
    worse = compare(some, some.assign(cpu=some.cpu.round(-1)))
    assert worse.classifiers["cpu"]["features"].between.auc > 0.9


def test_a_finer_step_is_averaged_to_the_coarser_and_said(plain: pd.DataFrame) -> None:
    some = plain[plain.host < "1-2"]  # 1-0, 1-1, 1-10 to 1-15
    gone = (
        (some.host == "1-1")
        & some.time.dt.hour.eq(5)
        & (some.time < START + pd.Timedelta("2D"))
        & some.time.dt.minute.lt(35)
    )
    late = some[~gone & (some.time >= START + pd.Timedelta("25min"))]
    means = late[["host", "cpu"]].groupby([late.host, late.time.dt.floor("h")]).cpu
    hourly = means.mean().where(means.count() >= 6).reset_index()
    found = compare(hourly, late, stretches=8)
    assert (found.step, found.a.averaged, found.b.averaged) == (3600, [], ["5 min"])
    assert found.b.used_of(7) == (
        "8 of 8 stretches of 7 days, from 8 of 8 servers, averaged from 5 min"
    )
    assert found.tells == []
    assert found.distances["cpu"]["marginal"].between < 0.01
    assert found.b.facts["lag_step"] == pytest.approx(found.a.facts["lag_step"])


def test_days_are_averaged_by_the_clock_that_counts() -> None:
    times = pd.date_range("2024-01-01 15:00", periods=60, freq="h")
    seconds = times.to_numpy().astype("datetime64[s]").astype(np.int64)
    grid = Grid(int(seconds[0]) // 3600, 60, 3600, 0, zone="+09:00")  # midnight there
    values = np.arange(60.0)
    values[30:43] = np.nan
    server = Server("a", grid, {"cpu": values, "memory": np.full(60, np.nan)})
    made = averaged(server, 86_400)
    assert made is not None
    assert made.grid.seconds().tolist() == seconds[[0, 24, 48]].tolist()
    assert np.isnan(made.series["memory"]).all()
    assert made.series["cpu"][[0, 2]].tolist() == [11.5, 53.5]
    assert np.isnan(made.series["cpu"][1])
    assert averaged(server, 7200 + 1800) is server
    short = Server("a", Grid(0, 5, 3600, 0), {"cpu": np.arange(5.0)})
    assert averaged(short, 86_400) is None


def test_samples_of_ours_are_averaged_whatever_they_are_called(tmp_path: Path) -> None:
    ours = {"preset": "realistic", "num_servers": 2, "end_date": "2022-01-01"}
    for granularity, step, no in (("5min", 300, []), ("hourly", 3600, ["cpu_p95"])):
        path = generate({**ours, "granularity": granularity}, tmp_path / f"{step}.parquet").url
        assert no_means(open_dataset(path), ["cpu"], step) == no
    long = pd.DataFrame({"time": [START], "host": "a", "cpu": 1.0, "stat": "Maximum"})
    assert no_means(open_dataset(long), ["cpu"], 300) == ["cpu Maximum"]


def test_of_few_servers_no_auc_is_made_up(plain: pd.DataFrame) -> None:
    found = compare(plain, fleet(3, 2, steps=3 * WEEK))
    assert np.isnan(found.classifiers["cpu"]["features"].between.auc)
    assert found.tells == []


def test_the_command(fleetsynth: Fleetsynth, plain: pd.DataFrame) -> None:
    plain.to_parquet(fleetsynth.folder / "a.parquet")
    other = fleet(12, 2)
    other.loc[:4, "cpu"] = np.nan
    other["cpu"] = (other.cpu / 5).round() * 5
    other.rename(columns={"host": "box", "cpu": "busy"}).to_csv(
        fleetsynth.folder / "b.csv", index=False
    )
    words = ("compare", "a.parquet", "b.csv", "--columns", "server=box,cpu=busy")
    before = contents(fleetsynth.folder)
    out = fleetsynth.prints(*words)
    assert "A         a.parquet: 16 of 16 stretches of 7 days, from 16 of 16 servers" in out
    assert "B         b.csv: 12 of 12 stretches" in out
    assert "CPU, random convolutions" in out
    assert "CPU: the values of B lie on a coarser grid than those of A (" in out
    assert "CPU mean  %" in out
    assert contents(fleetsynth.folder) == before
    assert "forecast error (MASE)" in out
    found = json.loads(fleetsynth.prints(*words, "--json", "--html", "it.html"))
    assert (fleetsynth.folder / "it.html").stat().st_size > 10_000
    ran = fleetsynth(*words, "--html", "it.html")
    assert (ran.code, ran.out) == (1, "")
    assert "it.html exists" in ran.err
    assert found["b"]["understood"]["columns"]["cpu"] == "busy"
    assert found["classifiers"]["cpu"]["features"]["between"]["auc"] > 0.98
    assert found["in_words"][0].startswith("CPU: ")


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        (fleet(4, 2, minutes=8), 1, "B (b.csv) every 8 min: points can be averaged where one step"),
        (
            fleet(4, 2, minutes=60).rename(columns={"cpu": "cpu_p95"}),
            1,
            "points of A (a.parquet) would be averaged, and cpu_p95 of B (b.csv) is not a mean",
        ),
        (fleet(7, 2), 1, "b.csv has 7 whole stretches of 7 days: a comparison takes 8 or more"),
        (fleet(9, 2).rename(columns={"cpu": "disk"}), 1, "have no metric in common"),
        (fleet(9, 2).rename(columns={"host": "x"}), 2, "--columns"),
    ],
)
def test_bad_requests(
    fleetsynth: Fleetsynth, plain: pd.DataFrame, frame: pd.DataFrame, code: int, words: str
) -> None:
    plain.to_parquet(fleetsynth.folder / "a.parquet")
    frame.to_csv(fleetsynth.folder / "b.csv", index=False)
    ran = fleetsynth("compare", "a.parquet", "b.csv")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: ")
    assert words in ran.err


def test_metrics_can_be_chosen(fleetsynth: Fleetsynth, plain: pd.DataFrame) -> None:
    both = plain.assign(memory=plain.cpu * 2)
    assert compare(both, both.assign(host=both.host + "x"), metrics=["memory"]).metrics == [
        "memory"
    ]
    with pytest.raises(UsageError, match="expected one or more of cpu, "):
        compare(both, both, metrics=[])
    both.to_parquet(fleetsynth.folder / "a.parquet")
    ran = fleetsynth("compare", "a.parquet", "a.parquet", "--metrics", "cpu,mem")
    assert (ran.code, ran.err) == (
        2,
        "error: --metrics mem: not a metric (did you mean 'memory'?)\n",
    )


def test_what_is_not_there(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "a.csv").write_text("time,host,cpu\n")
    ran = fleetsynth("compare", "a.csv", "b.csv")
    assert (ran.code, ran.err) == (2, "error: there is no file or folder b.csv\n")


def test_a_daily_dataset() -> None:
    one, two = (fleet(10, seed, steps=91, minutes=1440) for seed in (1, 2))
    made = compare(one, two)
    assert (made.days, made.step) == (91, 86_400)
    assert 0.2 < made.classifiers["cpu"]["features"].between.auc < 0.8
