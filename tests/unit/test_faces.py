"""What people see of the library: names, short forms, tables, and what refuses to be changed."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import ServerType, UsageError
from fleetsynth.folders.generate import generate_folder
from fleetsynth.html import table
from tests.support import scenario_of

TINY = {"num_servers": 5, "end_date": "2022-02-28"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> fleetsynth.Result:
    return fleetsynth.generate(TINY, tmp_path_factory.mktemp("made") / "a & b.parquet")


def test_dir_shows_the_public_names_and_no_others() -> None:
    fleetsynth.load_scenario()  # has been used, and with it modules that are not public names
    assert dir(fleetsynth) == sorted(fleetsynth.__all__)


def test_results_are_shown_in_a_line(made: fleetsynth.Result, tmp_path: Path) -> None:
    shown = repr(made)
    assert shown.startswith(f"<Result {made.path}: 295 rows of 18 columns, ")
    assert made.digest[:12] in shown
    assert "\n" not in shown
    assert len(shown) < 120 + len(str(made.path))
    scenario = fleetsynth.load_scenario(TINY)
    folder = generate_folder(scenario, str(tmp_path / "folder"), workers=1)
    assert "1 of 1 parts made, 295 rows" in repr(folder)
    assert f"digest {made.digest[:12]}" in repr(folder)
    checked = fleetsynth.validate(made.path)
    assert repr(checked).startswith(f"<Validation of {made.path}: ")
    assert "(295 rows, 5 servers)" in repr(checked)
    assert "295 rows" in repr(fleetsynth.facts(made.path))
    assert all(len(repr(one)) < 300 + len(str(made.path)) for one in (checked, folder))


def test_tables_are_shown_in_notebooks(made: fleetsynth.Result) -> None:
    html = made._repr_html_()
    assert "a &amp; b.parquet" in html
    assert "<th>CPU (%)</th>" in html
    mean = made.statistics["web"]["cpu_p95"].mean
    assert html.count("<tr>") == 5
    assert f"<td>web</td><td>2</td><td>{mean:.1f} ±" in html
    checked = fleetsynth.validate(made.path)
    assert checked._repr_html_().count("<tr>") == 1 + len(checked.failed or checked.verdicts)
    facts = fleetsynth.facts(made.path)
    assert facts._repr_html_().count("<tr>") == 1 + len(facts.values)


def test_text_cannot_leave_a_table() -> None:
    assert table("<b>", ["<i>"], [["</td>"]]) == (
        "<table><caption>&lt;b&gt;</caption><thead><tr><th>&lt;i&gt;</th></tr></thead>"
        "<tbody><tr><td>&lt;/td&gt;</td></tr></tbody></table>"
    )


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_a_preset_by_its_bare_name_is_told_how_to_say_it(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hint = rf"the packaged one is \{{'preset': '{preset}'\}}"
    with pytest.raises(UsageError, match=hint):
        fleetsynth.to_pandas(preset)
    with pytest.raises(UsageError, match=hint):
        fleetsynth.generate(preset, "a.parquet")
    with pytest.raises(UsageError) as plain:
        fleetsynth.to_pandas("mine.yaml")
    assert "packaged" not in str(plain.value)
    Path(preset).write_text("num_servers: 2\nend_date: 2022-01-02\n")
    assert len(fleetsynth.to_pandas(preset)) == 4


CHANGES: dict[str, Any] = {
    "item": lambda known, web: known.__setitem__("web", web),
    "deletion": lambda known, _: known.__delitem__("web"),
    "update": lambda known, web: known.update({ServerType.WEB: web}),
    "union": lambda known, web: known.__ior__({ServerType.WEB: web}),
    "default": lambda known, web: known.setdefault("cache", web),
    "pop": lambda known, _: known.pop("web"),
    "last": lambda known, _: known.popitem(),
    "all": lambda known, _: known.clear(),
    "attribute": lambda _, web: setattr(web, "base_cpu", 50.0),
    "no attribute": lambda _, web: delattr(web, "base_cpu"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_packaged_profiles_refuse_to_be_changed(change: str) -> None:
    known: Any = fleetsynth.ARCHETYPE_PROFILES
    before = dict(known)
    with pytest.raises(UsageError, match=r"read-only: say .* scenario"):
        CHANGES[change](known, known["web"])
    assert dict(known) == before
    assert known["web"].base_cpu == 45.0


def test_packaged_profiles_can_be_copied() -> None:
    known = fleetsynth.ARCHETYPE_PROFILES
    mine = dict(known) | {ServerType.WEB: known[ServerType.BATCH]}
    assert mine[ServerType.WEB].name == "Batch Processing Server"
    for again in (copy.deepcopy(known), pickle.loads(pickle.dumps(known))):
        assert again == known
        with pytest.raises(UsageError, match="read-only"):
            again.clear()


@pytest.mark.parametrize("name", ["archetype_type", "server_id", "profile", "seed"])
def test_a_server_refuses_what_its_draws_would_not_follow(name: str) -> None:
    server = fleetsynth.get_archetype("web", "server_000")
    with pytest.raises(UsageError, match=f"{name} is read-only: ask get_archetype"):
        setattr(server, name, getattr(server, name))
    server.rng = server.rng.__class__(3)  # that is the user's own


NATIONAL = pd.DataFrame({"timestamp": pd.to_datetime(["2024-05-06", "2024-05-27", "2024-07-04"])})


@pytest.mark.parametrize(
    ("country", "marks"), [(None, [0, 1, 1]), ("US", [0, 1, 1]), ("IE", [1, 0, 0])]
)
def test_calendar_features_mark_the_holidays_of_a_country(
    country: str | None, marks: list[int]
) -> None:
    made = fleetsynth.add_calendar_features(NATIONAL, country=country)
    assert made["is_holiday"].tolist() == marks


def test_calendar_features_of_a_scenario_are_those_of_its_dataset() -> None:
    scenario = fleetsynth.load_scenario(
        {"preset": "realistic", "num_servers": 12, "end_date": "2022-05-31"}
    )
    frame = fleetsynth.to_pandas(scenario)
    columns = list(frame)[-7:]
    shuffled = frame.sample(frac=1.0, random_state=3)
    bare = shuffled.drop(columns=columns)
    made = fleetsynth.add_calendar_features(bare, scenario=scenario)
    pd.testing.assert_frame_equal(made[columns], shuffled[columns])
    american = fleetsynth.add_calendar_features(bare)
    assert (american["is_holiday"] != made["is_holiday"]).any()
    classic = fleetsynth.add_calendar_features(bare, scenario=scenario_of())
    pd.testing.assert_frame_equal(classic, american)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"country": "ireland"}, r"no holidays are known for the country 'ireland' \(did you mean"),
        ({"country": "Atlantis"}, "ISO 3166 code such as IE"),
        ({"country": "US", "scenario": scenario_of()}, "choose one"),
        ({"scenario": fleetsynth.load_scenario({"preset": "realistic"})}, "needs a column region"),
    ],
)
def test_calendar_features_refuse_what_says_no_holidays(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fleetsynth.add_calendar_features(NATIONAL, **more)


def test_calendar_features_refuse_a_region_that_the_scenario_has_not() -> None:
    frame = NATIONAL.assign(region="us-esat-1")
    scenario = fleetsynth.load_scenario({"preset": "realistic"})
    with pytest.raises(UsageError, match=r"no location for region 'us-esat-1' \(did you mean"):
        fleetsynth.add_calendar_features(frame, scenario=scenario)


def test_saving_leaves_row_numbers_out_and_keeps_named_indices(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, 3.5]})
    ways = {
        "filtered": frame[frame["a"] > 1],
        "sorted": frame.sort_values("b", ascending=False),
        "counted from 5": frame.set_axis([5, 6, 7]),
    }
    for name, way in ways.items():
        path = fleetsynth.save_dataset(way, tmp_path / f"{name}.parquet")
        assert pq.read_table(path).to_pydict() == way.to_dict("list")
    named = frame.set_axis(pd.Index([7, 8, 9], name="key"))
    path = fleetsynth.save_dataset(named, tmp_path / "named.parquet")
    assert pq.read_table(path).to_pydict() == {"key": [7, 8, 9], **frame.to_dict("list")}
    counted = frame.rename_axis("row")
    path = fleetsynth.save_dataset(counted, tmp_path / "counted.parquet")
    assert pq.read_table(path).column_names == ["row", "a", "b"]


def test_saving_refuses_an_index_that_would_be_lost_or_renamed(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    times = frame.set_axis(pd.to_datetime(["2024-01-01", "2024-01-02"]))
    for bad, fault in (
        (times, "has no name"),
        (frame.set_index([["x", "y"], [1, 2]]), "has no name"),
        (frame.rename_axis("a"), "is named 'a', as a column is"),
    ):
        with pytest.raises(UsageError, match=f"index {fault}: name it, or call reset_index"):
            fleetsynth.save_dataset(bad, tmp_path / "no.parquet")
    assert list(tmp_path.iterdir()) == []
