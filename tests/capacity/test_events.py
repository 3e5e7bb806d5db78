"""What is known to have happened: histories are cut at it, or its days left out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import InputError, UsageError, capacity
from fleetsynth.capacity.known import LONGEST, Mark, marks, stems_of
from fleetsynth.capacity.look import look
from fleetsynth.capacity.past import History, Past, share_of
from fleetsynth.clock import DAY_SECONDS
from fleetsynth.kinds import DRAWN, KINDS, STORIES, TOLD
from fleetsynth.kinds.kind import Effect, Event, Levels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fleetsynth.ledger.sources import Span

DAYS = 730
LAST = datetime(2024, 12, 31)
ONE: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 6,
    "start_date": "2023-01-01",
    "end_date": "2024-12-31",
    "sample_interval": "1h",
    "distribution": {"web": 1.0},
}


def users(daily: Any) -> pa.Table:
    """A user's own export: a server, a value a day."""
    times = [LAST - timedelta(DAYS - 1 - day) for day in range(DAYS)]
    return pa.table({"timestamp": times, "server_id": ["a"] * DAYS, "cpu_pct": daily})


def level(*changes: tuple[int, int, float], noise: float = 1.0) -> Any:
    """30 % with other levels over some days, counted back from the last."""
    daily = 30 + noise * np.random.default_rng(3).standard_normal(DAYS)
    for first, stop, more in changes:
        daily[DAYS - first : DAYS - stop] += more
    return daily


def listed(folder: Path, *rows: str, head: str = "event_id,kind,entity,begin,end") -> Path:
    path = folder / "events.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def row_of(data: Any, **options: Any) -> dict[str, Any]:
    return capacity(data, **options).rows("server")[0]


def test_a_step_that_is_known_cuts_where_none_could_be_seen_yet(tmp_path: Path) -> None:
    data = users(level((16, 0, 30)))
    assert row_of(data)["note"] is None
    begin = LAST - timedelta(15)
    events = listed(tmp_path, f"go-live-a,launch,a,{begin:%Y-%m-%d},")
    found = row_of(data, events=events)
    assert found["note"] == f"history cut at go-live on {begin.day} {begin:%B %Y}"
    assert abs(found["trend_month"]) < 0.3
    assert found["now"] == pytest.approx(61.5, abs=2)


def test_what_comes_before_an_old_step_is_left_out(tmp_path: Path) -> None:
    data = users(level((730, 250, 40)))
    events = listed(tmp_path, f"move-a,migration,a,{LAST - timedelta(249):%Y-%m-%d},")
    found = row_of(data, events=events)
    assert "history cut at move on 26 April 2024" in found["note"]
    assert found["weeks"] <= 250 // 7
    assert row_of(data)["note"].startswith("on another level since about")


def test_several_steps_are_all_taken_out(tmp_path: Path) -> None:
    data = users(level((100, 50, 20), (50, 0, 35)))
    one, other = (f"{LAST - timedelta(days - 1):%Y-%m-%d}" for days in (100, 50))
    events = listed(tmp_path, f"one-a,launch,a,{one},", f"other-a,resize,a,{other},")
    found = row_of(data, events=events)
    assert "history cut at other" in found["note"]
    assert abs(found["trend_month"]) < 0.3


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_the_last_change_is_the_latest_whatever_it_is_called(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    begins = [LAST - timedelta(days) for days in (499, 99)]
    rows = [f"{n},launch,a,{day:%Y-%m-%d}," for n, day in zip(names, begins, strict=True)]
    found = row_of(users(level((500, 0, 10), (100, 0, 20))), events=listed(tmp_path, *rows))
    assert found["note"] == (f"history cut at {names[1]} on {begins[1].day} {begins[1]:%B %Y}")


def test_a_load_test_of_yesterday_is_no_need(tmp_path: Path) -> None:
    data = users(level((8, 2, 65)))
    assert row_of(data)["status"] == "already above"
    begin, end = (f"{LAST - timedelta(days - 1):%Y-%m-%dT%H:%M:%S}" for days in (8, 2))
    events = listed(tmp_path, f"lt-a,load_test,a,{begin},{end}")
    found = row_of(data, events=events)
    assert found["status"] == "no trend"
    assert found["note"] == "6 days with events left out"


def test_a_file_of_parquet_or_of_other_metrics(tmp_path: Path) -> None:
    data = users(level((8, 2, 65)))
    times = [[LAST - timedelta(days - 1)] for days in (8, 2)]
    table = {"kind": ["anything"], "entity": ["a"], "begin": times[0], "end": times[1]}
    pq.write_table(pa.table(table), tmp_path / "e.parquet")
    assert row_of(data, events=tmp_path / "e.parquet")["status"] == "no trend"
    pq.write_table(pa.table(table | {"metrics": ["mem,disk"]}), tmp_path / "m.parquet")
    assert row_of(data, events=tmp_path / "m.parquet")["status"] == "already above"


@pytest.mark.parametrize(
    ("head", "row", "message"),
    [
        ("begin,end,entity", "2024-01-01,,a", "no column 'kind'"),
        ("begin,end,entity,kind", "soon,,a,launch", "event 1: begin: 'soon' is not a valid time"),
        ("begin,end,entity,kind", "2024-01-02,2024-01-01,a,launch", "ends .* before it begins"),
        ("begin,end,entity,kind", "2024-01-02,,,launch", "a begin, an entity and a kind"),
    ],
)
def test_a_list_that_cannot_be_understood(
    head: str, row: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        capacity(users(level()), events=listed(tmp_path, row, head=head))


def test_a_list_with_others_names_them(tmp_path: Path) -> None:
    events = listed(tmp_path, "test,load_test,nobody,2025-01-06,2025-01-07")
    assert capacity(users(level()), events=events).strangers == ["nobody"]


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file of events"):
        capacity(users(level()), events=tmp_path / "none.csv")


def test_our_own_data_carry_what_happened(tmp_path: Path) -> None:
    told = {"kind": "launch", "at": "2024-11-01", "demand": "x1.5", "servers": ["server_000"]}
    quiet = {"incidents": {"intensity": 0}}
    path = fleetsynth.generate(ONE | quiet | {"events": [told]}, tmp_path / "x.parquet").path
    found = {(row["name"], row["metric"]): row["note"] for row in capacity(path).rows("server")}
    assert found["server_000", "cpu"] == "history cut at launch-20241101 on 1 November 2024"
    assert "history cut" not in (found["server_000", "disk"] or "")
    assert not any("history cut" in (found[f"server_00{i}", "cpu"] or "") for i in range(1, 6))


def test_what_is_drawn_is_left_out(tmp_path: Path) -> None:
    many = {"intensity": 1, "power_off": {"per_quarter": 2.0, "archetypes": {}}}
    path = fleetsynth.generate(ONE | {"incidents": many}, tmp_path / "x.parquet").path
    notes = [row["note"] for row in capacity(path).rows("server") if row["metric"] == "cpu"]
    assert all("with events left out" in note for note in notes)


# What an event is for a history


def _event(kind: str, end: int | None, **more: Any) -> Event:
    effects = (Effect.of("demand", 1.5),)
    return Event("x-a", kind, "a", 0, end, effects, **more)


def test_told_changes_that_last_are_steps_at_the_end_of_their_ramp() -> None:
    kinds = [name for name, kind in TOLD.items() if kind.lasts]
    assert stems_of("life", "") == stems_of("freeze", "") == ()
    assert {"launch", "migration", "resize", "change"} <= set(kinds)
    for name in kinds:
        (mark,) = marks(_event(name, None, ramp=DAY_SECONDS))
        assert mark == Mark("x", 0, DAY_SECONDS, True, ("cpu", "mem", "net_in", "net_out"))


def test_spells_are_windows_and_versions_are_neither() -> None:
    for name, kind in DRAWN.items():
        found = list(marks(_event(name, 3600, stays=isinstance(kind.drawn, Levels))))
        assert [mark.lasts for mark in found] == ([] if kind.lasts else [False])
    assert list(marks(Event("x", "freeze", "a", 0, 3600))) == []
    assert [mark.lasts for mark in marks(_event("failover", 3600))] == [False]


def test_a_launch_with_an_end_is_two_steps() -> None:
    first, second = marks(_event("launch", LONGEST + 1, ramp=60))
    assert (first.end, second.begin, second.end) == (60, LONGEST - 59, LONGEST + 1)
    assert [mark.lasts for mark in marks(_event("launch", LONGEST))] == [False]
    assert "launch" in KINDS


def test_stories_are_steps_where_they_come_or_go_at_once_and_nothing_else() -> None:
    steps = {"seasonal_peak": [], "step_up": ["x", "the end of x"]}
    for name, kind in STORIES.items():
        end = round(850.5 * DAY_SECONDS)
        found = list(marks(_event(name, end, course=kind.course)))
        assert [mark.name for mark in found] == steps.get(name, ["the end of x"]), name
        assert all(mark.lasts for mark in found)
        if found:
            assert found[-1].end == end


# By day


class _Known:
    def __init__(self, *found: Mark) -> None:
        self._found = found

    def of(
        self, servers: Sequence[str], _services: Sequence[str | None], _span: Span
    ) -> list[list[Mark]]:
        return [list(self._found) for _ in servers]


def _past(*found: Mark, days: int = 40, share: float = 0.05, zone: str = "") -> Past:
    history = History(_Known(*found), {"cpu": share}, zone)
    return history.past(history.of(["a"], [None], days - 1, days), "cpu", days - 1, days)


def test_days_are_left_out_if_enough_of_them_is_touched() -> None:
    begin, hour = 3 * DAY_SECONDS, 3600
    for hours, out in ((1, []), (2, [3]), (24, [3]), (25, [3]), (26, [3, 4])):
        past = _past(Mark("x", begin, begin + hours * hour, False, ("cpu",)))
        assert np.flatnonzero(past.out).tolist() == out
    halves = [Mark("x", begin + n * hour, begin + (n + 1) * hour, False, ("cpu",)) for n in (1, 5)]
    assert np.flatnonzero(_past(*halves).out).tolist() == [3]
    assert np.flatnonzero(_past(halves[0], share=share_of("max")).out).tolist() == [3]
    far = Mark("x", begin - 23 * hour, begin - 21 * hour, False, ("cpu",))
    assert np.flatnonzero(_past(far, zone="-05:00").out).tolist() == [1]
    assert not _past(Mark("x", begin, begin + 10**6, False, ("mem",))).out.any()
    for first, stop in ((-9, -2), (45, 50)):
        outside = Mark("x", first * DAY_SECONDS, stop * DAY_SECONDS, False, ("cpu",))
        assert not _past(outside).out.any()
    over = Mark("x", -3 * DAY_SECONDS, 99 * DAY_SECONDS, False, ("cpu",))
    assert _past(over).out.all()


def test_nobody_knows_what_has_not_begun() -> None:
    """A back-test up to a day finds the same whatever happens after it."""
    daily = level()[None, :200].astype(np.float32)
    before = Mark("x", 50 * DAY_SECONDS, 50 * DAY_SECONDS, True, ("cpu",))
    after = Mark("y", 150 * DAY_SECONDS, 150 * DAY_SECONDS, True, ("cpu",))
    window = Mark("z", 160 * DAY_SECONDS, 170 * DAY_SECONDS, False, ("cpu",))
    kept = 140
    one = look(daily[:, :kept], kept - 1, past=_past(before, days=200).until(kept))
    other = look(daily[:, :kept], kept - 1, past=_past(before, after, window, days=200).until(kept))
    assert np.array_equal(one.figures, other.figures, equal_nan=True)
    assert one.told == other.told
    assert one.told[0].name == "x"
    assert one.step[0] > 0
    whole = look(daily, 199, past=_past(before, after, window, days=200))
    assert whole.told[0].name == "y"
    assert whole.left_out.tolist() == [10]


def test_a_list_says_what_the_ledger_says(tmp_path: Path) -> None:
    """Data without a scenario, beside the events that `fleetsynth events` writes of it."""
    told = [
        {"kind": "migration", "at": "2024-02-01", "share": 0.5},
        {"kind": "load_test", "from": "2024-11-10 08:00", "for": "8h"},
    ]
    path = fleetsynth.generate(ONE | {"events": told}, tmp_path / "x.parquet").path
    bare = pq.read_table(path).replace_schema_metadata(None)
    listed = fleetsynth.events(path).save(tmp_path / "events.csv")
    one = capacity(path).rows("server")
    other = capacity(bare, events=listed).rows("server")
    assert one == other
    assert any("history cut at migration-20240201" in (row["note"] or "") for row in one)
    assert one != capacity(bare).rows("server")
