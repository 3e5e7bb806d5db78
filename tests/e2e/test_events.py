"""``fleetsynth events``: what it lists, chooses, draws and refuses."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.command import Fleetsynth

SCENARIO = """\
preset: realistic
sample_interval: 1h
granularity: 1h
num_servers: 12
start_date: 2024-01-01
end_date: 2024-02-29
incidents: {intensity: 1}
events:
  - {kind: blackout, at: 2024-02-03 10:00, for: 3h, servers: server_007, cause: power works}
  - {kind: migration, at: 2024-02-01, archetype: web, demand: x0.2}
"""
KEYS = [
    *("event_id", "kind", "entity", "begin", "end", "metrics", "effect", "size"),
    *("planned", "cause", "severity"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Fleetsynth:
    """A scenario, as a folder and in files; not to be changed."""
    folder = tmp_path_factory.mktemp("events")
    (folder / "fleet.yaml").write_text(SCENARIO)
    fleetsynth = Fleetsynth(folder)
    for place in ("fleet/", "fleet.csv", "fleet.parquet"):
        ran = fleetsynth("generate", "fleet.yaml", "-o", place)
        assert ran.code == 0, ran.err
        assert "\nevents    " in ran.out
    return fleetsynth


def listed(fleetsynth: Fleetsynth, *arguments: str) -> list[dict[str, Any]]:
    ran = fleetsynth("events", *arguments, "--json")
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = json.loads(ran.out)
    return rows


def test_a_dataset_and_its_scenario_have_one_ledger(made: Fleetsynth) -> None:
    rows = listed(made, "fleet.yaml")
    assert len(rows) > 20
    assert all(list(row) == KEYS for row in rows)
    assert [row["begin"] for row in rows] == sorted(row["begin"] for row in rows)
    for place in ("fleet/", "fleet.csv", "fleet.parquet", "fleet.tables/events.csv"):
        assert listed(made, place) == rows
    (blackout,) = (row for row in rows if row["kind"] == "blackout")
    assert blackout == {
        "event_id": blackout["event_id"],
        "kind": "blackout",
        "entity": "server_007",
        "begin": "2024-02-03T10:00:00",
        "end": "2024-02-03T13:00:00",
        "metrics": ["cpu", "mem", "net_in", "net_out"],
        "effect": "down",
        "size": 0.0,
        "planned": True,
        "cause": "power works",
        "severity": "critical",
    }
    assert {row["end"] for row in rows if row["kind"] == "migration"} == {None}


@pytest.mark.parametrize("place", ["fleet.yaml", "fleet/", "fleet.csv"])
def test_what_is_asked_for_is_chosen(made: Fleetsynth, place: str) -> None:
    every = listed(made, place)
    some = listed(made, place, "--kind", "blackout", "--kind", "deploy")
    assert some == [row for row in every if row["kind"] in ("blackout", "deploy")]
    own = listed(made, place, "--entity", "server_007")
    assert own == [row for row in every if row["entity"] == "server_007"]
    assert own
    wide = listed(made, place, "--server", "server_007")
    (service,) = {row["entity"] for row in wide} - {"server_007"}
    assert wide == [row for row in every if row["entity"] in ("server_007", service)]
    whole = listed(made, place, "--service", service)
    assert {row["event_id"] for row in wide} <= {row["event_id"] for row in whole}
    february = listed(made, place, "--from", "2024-02-01", "--to", "2024-02-03T10:00")
    assert february == [
        row
        for row in every
        if row["begin"] < "2024-02-03T10:00" and (row["end"] or "9") > "2024-02-01T00:00:00"
    ]
    assert len(listed(made, place, "--to", "2024-02-03")) > len(
        listed(made, place, "--to", "2024-02-03T00:00")
    )
    assert listed(made, place, "--top", "3") == every[:3]


def test_people_see_a_list_and_what_follows_from_what(made: Fleetsynth) -> None:
    plain = made("events", "fleet/", "--server", "server_007", "--kind", "blackout")
    assert plain.out.splitlines()[0].split() == [
        *("begin", "(UTC)", "end", "kind", "entity", "effect", "severity", "cause")
    ]
    assert "2024-02-03 10:00 2024-02-03 13:00 blackout server_007 down" in " ".join(
        plain.out.split()
    )
    chains = made("events", "fleet/", "--chains", "--top", "400").out.splitlines()
    below = [place for place, line in enumerate(chains) if "└" in line]
    assert below
    at = next(place for place, line in enumerate(chains) if "blackout" in line)
    assert "└" in chains[at + 1]
    assert made("events", "fleet/", "--kind", "surge", "--to", "2024-01-01T00:01").out in (
        "no events\n",
        plain.out,
    )


@pytest.mark.parametrize("said", ["memory leak", "Memory_Leak"])
def test_the_words_of_the_list_lead_to_a_kind(made: Fleetsynth, said: str) -> None:
    ran = made("events", "fleet/", "--kind", said)
    assert (ran.code, ran.err) == (
        2,
        f"error: unknown kind of event {said!r} (did you mean 'leak'?)\n",
    )


def test_they_are_written_to_a_file(made: Fleetsynth) -> None:
    ran = made("events", "fleet/", "--kind", "deploy", "-o", "deploys.parquet")
    assert ran.out == "wrote deploys.parquet\n"
    rows = pq.read_table(made.folder / "deploys.parquet")
    assert set(rows["kind"].to_pylist()) == {"deploy"}
    again = made("events", "fleet/", "--kind", "deploy", "-o", "deploys.parquet")
    assert (again.code, "--overwrite" in again.err) == (1, True)
    assert made("events", "fleet/", "-o", "some.csv", "--top", "2").code == 0
    assert len((made.folder / "some.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("place", ["fleet.yaml", "fleet/"])
def test_a_server_is_drawn_with_what_befalls_it(made: Fleetsynth, place: str) -> None:
    ran = made("events", place, "--server", "server_007", "--draw")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "server_007"
    (blackout,) = (line for line in lines if "blackout" in line)
    assert "━" in blackout
    name = f"{place.strip('/')}.png"
    drawn = made("events", place, "--server", "server_007", "-o", name)
    assert (drawn.code, drawn.out) == (0, f"wrote {name}\n"), drawn.err
    assert (made.folder / name).read_bytes().startswith(b"\x89PNG")


def test_preview_and_plan_show_events(made: Fleetsynth) -> None:
    assert "╋" in made("preview", "fleet.yaml").out
    plan = made("plan", "fleet.yaml")
    (line,) = (line for line in plan.out.splitlines() if line.startswith("events"))
    assert line.split()[1] == f"{len(listed(made, 'fleet.yaml'))}:"
    counts = json.loads(made("plan", "fleet.yaml", "--json").out)["events"]
    assert sum(counts.values()) == len(listed(made, "fleet.yaml"))
    large = json.loads(made("plan", "fleet.yaml", "--servers", "9000", "--json").out)
    assert 0.5 < large["events_per_server_year"]["deploy"] < 20


def test_a_table_that_is_missing_is_worked_out_if_the_data_say_from_what(
    made: Fleetsynth, tmp_path: Path
) -> None:
    for name in ("fleet.csv", "fleet.parquet"):
        (tmp_path / name).write_bytes((made.folder / name).read_bytes())
    alone = Fleetsynth(tmp_path)
    ran = alone("events", "fleet.parquet", "--json")
    assert json.loads(ran.out) == listed(made, "fleet/")
    assert "has no table of events beside it" in ran.err
    ran = alone("events", "fleet.csv")
    assert ran.code == 1
    assert ran.err.startswith("error: fleet.csv has no ledger of events: ")
    other = alone("generate", "--servers", "3", "--set", f"events={TOLD}", "-o", "other.parquet")
    assert other.code == 0, other.err
    (tmp_path / "other.tables").rename(tmp_path / "fleet.tables")
    (tmp_path / "fleet.tables" / "events.parquet").touch()
    ran = alone("events", "fleet.parquet")
    assert (ran.code, "was made with other data than those in" in ran.err) == (1, True)


TOLD = "[{kind: freeze, from: 2024-01-01, to: 2024-01-02}]"

REFUSED = {
    ("fleet/", "--kind", "outag"): "unknown kind of event 'outag' (did you mean 'outage'?)",
    ("fleet/", "--server", "server_07"): "no server 'server_07' among 12",
    ("fleet/", "--service", "web-99"): "no service 'web-99'",
    ("fleet/", "--entity", "nobody"): "no service 'nobody'",
    ("fleet/", "--from", "soon"): "--from soon: expected a day such as",
    ("fleet/", "--from", "2024-02-01", "--to", "2024-01-01"): (
        "--to 2024-01-01 is not after --from 2024-02-01"
    ),
    ("fleet/", "--draw"): "a picture shows one server: say --server NAME",
    ("fleet/", "-o", "all.png"): "a picture shows one server: say --server NAME",
    ("fleet/", "-o", "all.pn"): "the ending of all.pn is not that of a known format",
    ("fleet/", "--seed", "3"): "--seed is for scenarios, and fleet/ is a dataset",
    ("fleet/", "--set", "seed=3"): "--set is for scenarios, and fleet/ is a dataset",
    ("nothing/",): "there is no folder nothing/",
    ("nothing.csv",): "there is no file or folder nothing.csv",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_cannot_be_is_refused_in_a_line(made: Fleetsynth, arguments: tuple[str, ...]) -> None:
    ran = made("events", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert REFUSED[arguments] in ran.err
    assert len(ran.err.splitlines()) == 1


def test_data_that_are_not_ours_have_no_ledger(tmp_path: Path) -> None:
    fleetsynth = Fleetsynth(tmp_path)
    (tmp_path / "export.csv").write_text("time,host,cpu\n2024-01-01,a,1\n2024-01-02,a,2\n")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "a.csv").write_text("time,host,cpu\n2024-01-01,a,1\n")
    for place in ("export.csv", "exports/"):
        ran = fleetsynth("events", place)
        assert (ran.code, ran.out) == (1, "")
        assert "has no ledger of events" in ran.err
        assert len(ran.err.splitlines()) == 1
