"""A format is a module and a row: with these two, all else is there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import fleetsynth
from fleetsynth.errors import UsageError
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.formats import FORMATS, Format, format_of, known
from fleetsynth.formats.law import SizeLaw
from fleetsynth.plan import Plan
from tests.conformance import test_folders, test_reading, test_sinks
from tests.dataset.folders import MIXED, PART_BYTES, manifest_of
from tests.e2e.command import SMALL, Within

TOY = ".toy.zst"
ROW = Format(
    module="tests.conformance.toy",
    media_type="application/vnd.toy",
    size=SizeLaw(27.0, metadata=4.0, calendar=3.0),
    rows_per_byte=1_000,
    compression="zstd",
)


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, TOY, ROW)


def test_a_file_is_written_and_read(tmp_path: Path) -> None:
    result = fleetsynth.generate({"num_servers": 4}, tmp_path / f"a{TOY}")
    assert fleetsynth.digest_file(result.path) == result.digest
    assert result.digest == fleetsynth.generate({"num_servers": 4}, tmp_path / "a.csv").digest
    assert fleetsynth.facts(result.path).servers == 4
    assert fleetsynth.validate(result.path).ok


@pytest.mark.parametrize(
    "promise",
    [
        test_sinks.test_values_types_and_order_come_back,
        test_sinks.test_a_size_is_that_of_the_file,
        test_sinks.test_two_runs_give_the_same_bytes_whatever_the_name_and_the_time,
        test_sinks.test_nothing_is_visible_before_commit,
        test_sinks.test_a_failure_between_writes_leaves_nothing,
        test_sinks.test_an_existing_file_is_refused_and_kept,
        test_sinks.test_overwriting_keeps_the_old_file_until_commit,
    ],
)
def test_it_keeps_what_every_sink_promises(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promise: Callable[..., None]
) -> None:
    names = promise.__code__.co_varnames[: promise.__code__.co_argcount]
    given = {"plan": plan, "tmp_path": tmp_path, "monkeypatch": monkeypatch, "ending": TOY}
    promise(**{name: given[name] for name in names})


def test_it_is_foreseen_and_cut_short_and_without_room(plan: Plan, tmp_path: Path) -> None:
    for place, promise in enumerate(
        (
            test_sinks.test_a_size_is_foreseen_to_about_a_third,
            test_sinks.test_names_with_quotes_commas_and_any_script_survive,
            test_reading.test_a_file_cut_short_is_refused,
        )
    ):
        (tmp_path / str(place)).mkdir()
        promise(tmp_path / str(place), TOY)
    (tmp_path / "room").mkdir()
    test_sinks.test_a_write_that_fails_is_one_error_and_leaves_nothing(
        plan, tmp_path / "room", TOY, 0.01
    )


def test_folders_hold_it(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    result = generate_folder(
        MIXED, str(folder), partition_by=("region",), part_bytes=PART_BYTES, file_format="toy.zst",
        workers=1,
    )  # fmt: skip
    assert all(part["path"].endswith(TOY) for part in manifest_of(folder)["parts"])
    assert verify(str(folder), regenerate=2).findings == []
    assert fleetsynth.facts(folder).servers == 12
    assert result.digest == manifest_of(folder)["digest"]


def test_folders_of_it_keep_what_all_folders_do(tmp_path: Path) -> None:
    for place, promise in enumerate(test_folders.PROMISES):
        (tmp_path / str(place)).mkdir()
        promise(tmp_path / str(place), TOY)


def test_folders_do_not_hold_what_is_not_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        FORMATS, TOY, Format(ROW.module, ROW.media_type, ROW.size, in_folders=False)
    )
    with pytest.raises(UsageError, match=r"folders cannot hold \.toy\.zst: use \.parquet, .* or"):
        generate_folder(MIXED, str(tmp_path / "fleet"), file_format=TOY)
    assert TOY not in known(in_folders=True)
    assert not list(tmp_path.iterdir())


def test_the_command_line_knows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Within(tmp_path, capsys)
    assert TOY in json.loads(run("plan", *SMALL, "--json").out)["bytes"]
    assert run("generate", *SMALL, "-o", f"a{TOY}", "-q").code == 0
    assert run("generate", *SMALL, "-o", "fleet/", "--format", "toy.zst", "-q").code == 0
    assert len({run("digest", name).out[:64] for name in (f"a{TOY}", "fleet/")}) == 1
    assert run("verify", "fleet/").code == 0
    assert TOY in run("generate", "-o", "a.b").err


def test_without_its_row_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert format_of(Path(f"A{TOY.upper()}")) == TOY
    monkeypatch.delitem(FORMATS, TOY)
    with pytest.raises(UsageError, match="is not that of a known format"):
        format_of(Path(f"a{TOY}"))
