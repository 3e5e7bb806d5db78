"""What begins at the same time: one of two wins, or both do the same, and nothing ever mixes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetsynth.api import generate
from fleetsynth.errors import ExistsError, SupersededError
from fleetsynth.folders.begin import look
from fleetsynth.folders.verify import verify
from fleetsynth.presets import resolve
from fleetsynth.reader.file_digest import digest_file
from fleetsynth.stores.store import LocalStore
from tests.dataset import stepping
from tests.dataset.folders import digest_in, files_in
from tests.dataset.stepping import OTHER, REFUSED, TWO_MONTHS, Steps
from tests.support import digest_of

TIMES = 6
"""How often each race is run."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("races")]

FILES = [
    "README.md",
    "_versions/2022-02-02/leaves.bin",
    "croissant.json",
    "data/year=2022/month=1/part-00000.parquet",
    "data/year=2022/month=2/part-00001.parquet",
    *("manifest.json", "scenario.yaml", "servers.parquet"),
]


@pytest.fixture(scope="module")
def steps() -> Iterator[Steps]:
    """What runs tasks at the same time."""
    found = Steps()
    yield found
    found.close()


@pytest.fixture(scope="module")
def digests() -> dict[str, str]:
    """The digests of the two scenarios by the name of the task that generates them."""
    one, other = digest_of(resolve(TWO_MONTHS)), digest_of(resolve(OTHER))
    tasks = ("generate", "resume", "overwrite")
    return dict.fromkeys(tasks, one) | dict.fromkeys(
        ("generate_other", "overwrite_with_other"), other
    )


def whole(folder: Path) -> str:
    """The digest of a finished folder, in which all is well."""
    assert files_in(folder) == FILES
    assert verify(str(folder)).findings == []
    return digest_in(folder)


def test_of_two_runs_in_a_new_folder_one_is_refused(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        codes = steps.together([stepping.generate, stepping.generate_other], folder)
        assert sorted(codes) == [0, REFUSED]
        winner = ("generate", "generate_other")[codes.index(0)]
        assert whole(folder) == digests[winner]


def test_runs_of_one_scenario_that_join_all_end_well(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        assert steps.together([stepping.resume] * 3, folder) == [0, 0, 0]
        assert whole(folder) == digests["resume"]


def test_an_overwrite_beside_a_running_one_never_mixes_with_it(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        codes = steps.together([stepping.generate, stepping.overwrite_with_other], folder)
        assert set(codes) <= {0, REFUSED}
        state = look(LocalStore(folder))
        if state.finished is None or state.being_replaced:
            assert 0 not in codes
            stepping.generate(str(folder), OTHER, overwrite=True)
        assert whole(folder) in {digests["generate"], digests["overwrite_with_other"]}
        if codes == [REFUSED, 0]:
            assert whole(folder) == digests["overwrite_with_other"]


def test_of_two_overwrites_the_later_one_counts_or_one_is_refused(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        stepping.generate(str(folder), OTHER)
        codes = steps.together([stepping.overwrite, stepping.overwrite_with_other], folder)
        assert set(codes) <= {0, REFUSED}
        assert 0 in codes
        assert whole(folder) in set(digests.values())
        if codes == [0, REFUSED]:
            assert whole(folder) == digests["overwrite"]
        if codes == [REFUSED, 0]:
            assert whole(folder) == digests["overwrite_with_other"]


def test_a_commit_during_a_shard_waits_for_it_or_is_refused(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        stepping.make_first(str(folder))
        codes = steps.together(
            [stepping.make_second, stepping.commit_it, stepping.commit_it], folder
        )
        assert codes[0] == 0
        assert set(codes[1:]) <= {0, REFUSED}
        stepping.commit_it(str(folder))
        assert whole(folder) == digests["generate"]


def test_shards_that_begin_together_share_one_run(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        tasks = [stepping.make_first, stepping.make_second, stepping.make_second]
        assert steps.together(tasks, folder) == [0, 0, 0]
        stepping.commit_it(str(folder))
        assert whole(folder) == digests["generate"]


def test_of_two_writers_of_one_file_one_is_refused(
    tmp_path: Path, steps: Steps, digests: dict[str, str]
) -> None:
    for number in range(TIMES):
        path = tmp_path / str(number) / "fleet.parquet"
        codes = steps.together([stepping.write_file, stepping.write_other_file], path)
        assert sorted(codes) == [0, REFUSED]
        winner = ("generate", "generate_other")[codes.index(0)]
        assert digest_file(path) == digests[winner]
        assert files_in(path.parent) == [path.name]


def test_a_run_that_was_taken_over_publishes_no_more(tmp_path: Path) -> None:
    # The first run is stopped in the middle, another takes the folder over, the first goes on.
    folder = tmp_path / "fleet"

    def taken_over(*_: Any) -> None:
        if not (folder / "manifest.json").exists():
            stepping.generate(str(folder), OTHER, overwrite=True)

    with pytest.raises(SupersededError, match=r"taken .* over"):
        stepping.generate(str(folder), progress=taken_over)
    assert whole(folder) == digest_of(resolve(OTHER))


def test_a_record_of_a_dead_run_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    stepping.make_first(str(folder))
    record = folder / "_parts" / "part-00000.json"
    late = record.read_bytes()
    stepping.generate(str(folder), overwrite=True, part_bytes=10**6)
    stepping.generate(str(folder), OTHER, overwrite=True)
    folder.joinpath("_parts").mkdir()
    record.write_bytes(late)
    stepping.commit_it(str(folder))
    assert whole(folder) == digest_of(resolve(OTHER))


def test_a_file_that_appears_while_it_is_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "fleet.parquet"

    def appear(_: int) -> None:
        path.write_bytes(b"mine")

    with pytest.raises(ExistsError, match="exists: choose another name"):
        generate(TWO_MONTHS, path, progress=appear)
    assert path.read_bytes() == b"mine"
    assert files_in(tmp_path) == ["fleet.parquet"]
