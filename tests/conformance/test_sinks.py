"""One suite over every sink: what a destination promises, whichever it is."""

import signal
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.errors import OutputError
from fleetsynth.formats import FORMATS, csv, open_sink
from fleetsynth.plan import Plan
from fleetsynth.tables.frame import plain, schema
from tests.conformance.support import (
    EACH,
    MARCH,
    STRANGE,
    TYPES,
    files,
    opened,
    read,
    room,
    save,
    types,
)
from tests.support import plain_table, plan_of


def has_rows_of(plan: Plan, path: Path) -> bool:
    rows = read(path).replace_schema_metadata(None).cast(plain(schema(plan)))
    return bool(rows == plain_table(plan))


def test_there_are_sinks() -> None:
    text = {".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.zst"}
    assert set(FORMATS) == {".parquet", ".arrow"} | text


@EACH
def test_values_types_and_order_come_back(plan: Plan, tmp_path: Path, ending: str) -> None:
    save(plan, tmp_path / f"a{ending}")
    back = read(tmp_path / f"a{ending}")
    assert dict(zip(back.schema.names, back.schema.types, strict=True)) == types(plan)
    assert list(back.schema.names) == list(types(plan))
    assert has_rows_of(plan, tmp_path / f"a{ending}")


@EACH
def test_a_size_is_that_of_the_file(plan: Plan, tmp_path: Path, ending: str) -> None:
    outcome = save(plan, tmp_path / f"a{ending}")
    assert outcome.size == (tmp_path / f"a{ending}").stat().st_size


@EACH
def test_a_size_is_foreseen_to_about_a_third(tmp_path: Path, ending: str) -> None:
    plan = plan_of()
    outcome = save(plan, tmp_path / f"a{ending}")
    assert fleetsynth.estimate(plan).bytes[ending] == pytest.approx(outcome.size, rel=1 / 3)


@EACH
def test_names_with_quotes_commas_and_any_script_survive(tmp_path: Path, ending: str) -> None:
    plan = plan_of(num_servers=200, end_date="2022-01-02", business_units=STRANGE)
    save(plan, tmp_path / f"a{ending}")
    assert has_rows_of(plan, tmp_path / f"a{ending}")
    assert set(read(tmp_path / f"a{ending}")["business_unit"].to_pylist()) == set(STRANGE)
    assert (
        fleetsynth.digest_file(tmp_path / f"a{ending}")
        == fleetsynth.generate(plan, tmp_path / f"b{ending}").digest
    )


@EACH
def test_empty_text_survives(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"server_id": ["", "a", ""], "business_unit": ["b", "", ""]})
    fleetsynth.save_dataset(frame, tmp_path / f"a{ending}")
    assert read(tmp_path / f"a{ending}").to_pydict() == frame.to_dict("list")


@EACH
def test_batches_of_any_size_give_the_same_rows(plan: Plan, tmp_path: Path, ending: str) -> None:
    for size in (1000, 744 * 3, pipeline.BATCH_ROWS):
        save(plan, tmp_path / f"{size}{ending}", batch_rows=size)
    one, *others = (read(tmp_path / name) for name in files(tmp_path))
    assert all(one == other for other in others)


@EACH
def test_columns_left_out_are_not_in_the_file(tmp_path: Path, ending: str) -> None:
    plan = plan_of(num_servers=2, include_metadata=False, include_calendar=False, **MARCH)
    save(plan, tmp_path / f"a{ending}")
    assert read(tmp_path / f"a{ending}").schema.names == list(TYPES)[:7]


@EACH
def test_two_runs_give_the_same_bytes_whatever_the_name_and_the_time(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    for name, now in (("one", 1.0e9), ("two", 1.5e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        save(plan, tmp_path / f"{name}{ending}", batch_rows=744 * 3)
    one, two = (tmp_path / f"{name}{ending}" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@EACH
def test_another_seed_gives_other_bytes(plan: Plan, tmp_path: Path, ending: str) -> None:
    save(plan, tmp_path / f"a{ending}")
    save(plan_of(num_servers=10, granularity="hourly", seed=43, **MARCH), tmp_path / f"b{ending}")
    one, two = (tmp_path / f"{name}{ending}" for name in "ab")
    assert one.read_bytes() != two.read_bytes()


@EACH
def test_nothing_is_visible_before_commit(plan: Plan, tmp_path: Path, ending: str) -> None:
    sink = opened(plan, tmp_path / f"a{ending}")
    for batch in pipeline.batches(plan, batch_rows=744):
        sink.write(batch)
        assert list(tmp_path.glob(f"*{ending}")) == []
        assert [name[0] for name in files(tmp_path)] == ["."]
    assert sink.commit() > 0
    assert files(tmp_path) == [f"a{ending}"]


@EACH
@pytest.mark.parametrize("written", [0, 1, 10])
@pytest.mark.parametrize("times", [1, 2])
def test_abort_leaves_nothing_at_any_stage(
    plan: Plan, tmp_path: Path, ending: str, written: int, times: int
) -> None:
    sink = opened(plan, tmp_path / f"new/deep/a{ending}")
    for batch, _ in zip(pipeline.batches(plan, batch_rows=744), range(written), strict=False):
        sink.write(batch)
    for _ in range(times):
        sink.abort()
        assert files(tmp_path) == []


@EACH
def test_abort_keeps_a_folder_that_others_use_by_now(
    plan: Plan, tmp_path: Path, ending: str
) -> None:
    sink = opened(plan, tmp_path / f"new/a{ending}")
    (tmp_path / "new/other.txt").touch()
    sink.abort()
    assert files(tmp_path) == ["new", "new/other.txt"]


@EACH
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.9999])
def test_a_write_that_fails_is_one_error_and_leaves_nothing(
    plan: Plan, tmp_path: Path, ending: str, part: float
) -> None:
    whole = save(plan, tmp_path / f"whole{ending}").size
    path = tmp_path / f"new/a{ending}"
    with room(int(part * whole)), pytest.raises(OutputError) as caught:
        save(plan, path, batch_rows=744)
    assert str(caught.value) == (
        f"cannot write {path}: no room for it (File too large); nothing was left behind"
    )
    assert files(tmp_path) == [f"whole{ending}"]


@EACH
def test_a_failure_between_writes_leaves_nothing(plan: Plan, tmp_path: Path, ending: str) -> None:
    def stop(done: int) -> None:
        if done > 744:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(plan, opened(plan, tmp_path / f"new/a{ending}"), progress=stop, batch_rows=744)
    assert files(tmp_path) == []


@EACH
def test_an_existing_file_is_refused_and_kept(plan: Plan, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"exists: choose another name, or pass overwrite=True"):
        opened(plan, path)
    assert files(tmp_path) == [f"a{ending}"]
    assert path.read_bytes() == b"mine"


@EACH
def test_a_file_that_appears_meanwhile_is_refused_and_kept(
    plan: Plan, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a{ending}"
    sink = opened(plan, path)
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"):
        pipeline.run(plan, sink)
    assert files(tmp_path) == [f"a{ending}"]
    assert path.read_bytes() == b"mine"


@EACH
def test_overwriting_keeps_the_old_file_until_commit(
    plan: Plan, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"mine")
    sink = opened(plan, path, overwrite=True)
    for batch in pipeline.batches(plan):
        sink.write(batch)
    assert path.read_bytes() == b"mine"
    sink.commit()
    assert read(path).num_rows == plan.cells
    assert files(tmp_path) == [f"a{ending}"]


@EACH
def test_an_aborted_overwrite_keeps_the_old_file(plan: Plan, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"mine")
    opened(plan, path, overwrite=True).abort()
    assert path.read_bytes() == b"mine"
    assert files(tmp_path) == [f"a{ending}"]


@EACH
def test_a_folder_is_no_file(plan: Plan, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        opened(plan, tmp_path / f"a{ending}", overwrite=True)


def test_a_sink_that_cannot_be_opened_leaves_its_folder_as_it_was(tmp_path: Path) -> None:
    odd = pa.schema([pa.field("a", pa.month_day_nano_interval())])  # Parquet has none
    with pytest.raises(pa.ArrowNotImplementedError):
        open_sink(tmp_path / "new/a.parquet", odd, {}, overwrite=False)
    assert files(tmp_path) == []


def test_no_signal_is_lost_while_lines_are_rendered() -> None:
    """A cast of NumPy's from text to bytes swallowed most of those that came meanwhile."""
    batch = next(pipeline.batches(plan_of(num_servers=1, end_date="2023-12-31")))
    handled = raised = 0

    def ring(_number: int, _frame: object) -> None:
        nonlocal handled
        handled += 1
        raise KeyboardInterrupt  # other kinds are caught by NumPy's array_equal

    before = signal.signal(signal.SIGALRM, ring)
    try:
        while handled < 100:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.001 + handled * 1e-5)
                for _ in range(20):
                    csv.render(batch)
            except KeyboardInterrupt:
                raised += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (handled, raised) == (100, 100)
