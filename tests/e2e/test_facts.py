"""``fleetsynth facts``: what a dataset is like, beside real fleets."""

import json
from pathlib import Path

import pytest

from fleetsynth import load_scenario
from fleetsynth.cli.show_facts import _only
from fleetsynth.facts.facts_table import known_facts
from fleetsynth.folders.generate import generate_folder
from tests.e2e.command import Fleetsynth, contents

REAL = Path(__file__).parent.parent / "data" / "jumpstarter.parquet"


def row(printed: str, name: str) -> list[str]:
    """The words of a fact's line after its label and unit."""
    fact = known_facts()[name]
    label = f"{fact.label}  {fact.unit}".strip() + " "
    (line,) = (line for line in printed.splitlines() if line.startswith(label))
    return line.removeprefix(label).split()


def test_a_real_file_beside_real_fleets(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("facts", REAL)
    assert "24,192, one every 300 s" in out
    assert row(out, "mean")[:4] == ["22.9", "8", "–", "35"]
    assert row(out, "residual_lag")[:6] == ["0.85", "✓", "0.38", "–", "0.99", "0.55"]
    assert row(out, "skewed_share") == ["0", "✗", "30", "–", "95"]
    assert row(out, "memory_cpu_r") == ["–", "0", "–", "0.3"]
    assert all(row(out, name) for name in known_facts())
    assert "\x1b" not in out
    assert contents(fleetsynth.folder) == {}


def test_json_has_every_fact_with_its_ranges(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("facts", REAL, "--json")
    assert out.count("\n") == 1
    found = json.loads(out)
    assert found["values"].keys() == known_facts().keys()
    assert (found["servers"], found["rows"], found["step"]) == (4, 24192, 300)
    assert found["columns"]["cpu"] == "cpu_pct"
    lag = found["values"]["residual_lag"]
    assert (lag["wanted"], lag["holds"], lag["real"]["web"]) == ([0.38, 0.99], True, 0.88)
    assert "skewed_share" in found["missed"]


def test_a_check_fails_where_facts_are_not_as_wanted(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("facts", REAL, "--check")
    assert (ran.code, ran.err) == (1, "")
    assert "✗" in ran.out


def test_at_another_step_nothing_stands_beside(fleetsynth: Fleetsynth) -> None:
    generate_folder(load_scenario({"num_servers": 2}), str(fleetsynth.folder / "it"), workers=1)
    out = fleetsynth.prints("facts", "it/")
    assert "✗" not in out
    assert "✓" not in out
    assert "wanted" not in out
    assert out.splitlines()[-1] == (
        "not comparable with real fleets: those were measured every 300 s, and these data have one "
        "point every 86,400 s"
    )
    found = json.loads(fleetsynth.prints("facts", "it/", "--json"))
    assert (found["comparable"], found["missed"]) == (False, [])
    assert {fact["holds"] for fact in found["values"].values()} == {None}
    assert fleetsynth("facts", "it/", "--check").code == 1


def test_a_folder(fleetsynth: Fleetsynth) -> None:
    scenario = {"num_servers": 2, "end_date": "2022-01-03"}
    generate_folder(load_scenario(scenario), str(fleetsynth.folder / "it"), workers=1)
    assert "servers   2\n" in fleetsynth.prints("facts", "it/")


def test_columns_can_be_told(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "mine.csv").write_text(
        "when,box,busy\n"
        + "".join(f"2024-01-{1 + t // 24:02}T{t % 24:02}:00:00Z,7,{t % 5}\n" for t in range(240))
    )
    told = "timestamp=when,server=box,cpu=busy"
    found = json.loads(fleetsynth.prints("facts", "mine.csv", "--columns", told, "--json"))
    assert (found["servers"], found["step"], found["rows"]) == (1, 3600, 240)
    assert found["values"]["mean"]["value"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.parquet"], "there is no file or folder nothing.parquet"),
        ([REAL, "--columns", "cpu=cpu_pkt"], "no column 'cpu_pkt' to be its cpu (did you mean"),
        (
            [REAL, "--columns", "cpu"],
            "for a name with a comma, not 'cpu'",
        ),
    ],
)
def test_bad_requests(fleetsynth: Fleetsynth, arguments: list[str | Path], words: str) -> None:
    ran = fleetsynth("facts", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert words in ran.err


def test_a_file_that_cannot_be_read(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "it.parquet").write_text("PAR1")
    ran = fleetsynth("facts", "it.parquet")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: cannot read it.parquet: ")
    assert ran.err.count("\n") == 1


def test_words_that_are_wanted_leave_a_column_of_figures_its_width() -> None:
    for fact in known_facts().values():
        assert max((len(line) for line in _only(fact.only).splitlines()), default=0) <= 18
