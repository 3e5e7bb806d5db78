"""What is read is data: bounds of what is believed, on both sides."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fleetsynth.errors import InputError
from fleetsynth.reader.claims import ALWAYS, PER_ROW, beyond, refuse_beyond
from fleetsynth.stores.recorded import is_part, same
from fleetsynth.stores.store import LocalStore


def plan(rows: int) -> Any:
    return SimpleNamespace(cells=rows, is_full=True)


def test_a_plan_may_have_four_rows_for_each_that_is_there() -> None:
    assert PER_ROW == 4
    there = ALWAYS
    assert beyond(plan(4 * there), [there // 2, there // 2]) is None
    assert beyond(plan(4 * there + 1), [there // 2, there // 2]) == there


def test_a_folder_whose_files_are_far_too_small_for_its_record_is_refused(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write("data/a", bytes(2_000))
    store.write("data/b", bytes(2_096))
    most = PER_ROW * 64 * 4_096  # rows that a byte of Parquet can stand for, at most
    refuse_beyond(plan(most), store, ["data/a", "data/b"], ".parquet")
    with pytest.raises(InputError, match=r"is said to have 1,048,577 rows, .* 262,144 at most"):
        refuse_beyond(plan(most + 1), store, ["data/a", "data/b", "data/lost"], ".parquet")


def test_a_small_plan_is_always_believed() -> None:
    assert beyond(plan(ALWAYS), []) is None
    assert beyond(plan(ALWAYS + 1), []) == 0


def test_no_more_files_are_looked_at_than_it_takes() -> None:
    sizes = iter([ALWAYS, ALWAYS, ALWAYS])
    assert beyond(plan(ALWAYS + 1), sizes) is None
    assert len(list(sizes)) == 2


@pytest.mark.parametrize(
    "path",
    ["data/../x", "data/a/../../x", "data//x", "data/./x", "/data/x", "x", "data/", "data/a\\b",
     "data/\x1b", "../data/x"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_no_part(path: str) -> None:
    assert not is_part(path)


def test_a_path_below_the_data_is_a_part() -> None:
    for path in ("data/part-00000.parquet", "data/region=a..b/part-00000.parquet"):
        assert is_part(path)


def test_json_values_are_the_same_only_if_they_are_written_so() -> None:
    assert same({"a": [1, "x", None]}, {"a": [1, "x", None]})
    for one, other in ((1, True), (1, 1.0), (0, False), ("1", 1), ([], {}), ("", None)):
        assert not same(one, other)
