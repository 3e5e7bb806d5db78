"""A run is killed at every single step, and whatever is left is whole, and can be gone on with.

A plain run, and one that replaces a dataset, die at each of their steps. Others take most of the
same steps, at the same files: of those every fifth, and each that no run before has taken, and each
by which they take away what is there. Many steps change nothing, such as those that remove a folder
only if it is empty: what is the same is recovered once.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from fleetsynth.folders.begin import look
from fleetsynth.folders.verify import verify
from fleetsynth.presets import resolve
from fleetsynth.reader.file_digest import digest_file
from fleetsynth.stores.store import LocalStore
from tests.dataset import stepping
from tests.dataset.folders import digest_in, files_in, folders_in, made_in
from tests.dataset.stepping import EVENTFUL, TWO_MONTHS, Steps, Task
from tests.support import digest_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed")]

Before = Callable[[Path, Steps], None]
MINE = "notes.txt"


def nothing(folder: Path, _: Steps) -> None:
    """Begin where nothing is."""
    folder.parent.mkdir(exist_ok=True)


def finished(folder: Path, _: Steps) -> None:
    """Begin where a dataset of the other seed is, and a file of somebody's."""
    stepping.generate_other(str(folder))
    (folder / MINE).write_bytes(b"mine")


def unfinished(folder: Path, _: Steps) -> None:
    """Begin where the first part of the other seed's is."""
    stepping.make_first_of_other(str(folder))
    (folder / MINE).write_bytes(b"mine")


def half(folder: Path, _: Steps) -> None:
    """Begin where the first part is."""
    stepping.make_first(str(folder))


def uncommitted(folder: Path, _: Steps) -> None:
    """Begin where all parts are, but no manifest."""
    stepping.make_first(str(folder))
    stepping.make_second(str(folder))


def interrupted(folder: Path, steps: Steps) -> None:
    """Begin where an overwrite was killed in the middle of removing."""
    finished(folder, steps)
    steps.kill_at(8, stepping.overwrite, folder)


@pytest.fixture(scope="module")
def steps() -> Iterator[Steps]:
    """What runs tasks step by step."""
    found = Steps()
    yield found
    found.close()


def finished_tables(folder: Path, _: Steps) -> None:
    """Begin where a dataset of the other seed is, with a further table, and somebody's file."""
    stepping.generate_other_tables(str(folder))
    (folder / MINE).write_bytes(b"mine")


def finished_events(folder: Path, _: Steps) -> None:
    """Begin where another dataset is in which something happens, and somebody's file."""
    stepping.generate_other_events(str(folder))
    (folder / MINE).write_bytes(b"mine")


OF_ANOTHER = (finished, unfinished, interrupted, finished_tables, finished_events)

RUNS: list[tuple[Before, Task]] = [
    (nothing, stepping.generate),
    (half, stepping.resume),
    (uncommitted, stepping.commit_it),
    (finished, stepping.overwrite),
    (unfinished, stepping.overwrite),
    (interrupted, stepping.overwrite),
    (interrupted, stepping.resume),
    (nothing, stepping.generate_tables),
    (finished_tables, stepping.overwrite_tables),
    (finished_tables, stepping.overwrite),
    (nothing, stepping.generate_events),
    (finished_events, stepping.overwrite_events),
    (finished_events, stepping.overwrite),
]
WITH_TABLES = (stepping.generate_tables, stepping.overwrite_tables)
WITH_EVENTS = (stepping.generate_events, stepping.overwrite_events)
EVERY = 5
"""How manieth step is one at which a run dies that other runs have taken as well."""

Taken = Callable[[Before, Task], list[str]]


@pytest.fixture(scope="module")
def taken(steps: Steps, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """What gives the steps of a run that nobody disturbs; of equal ones, which of them it is."""

    @cache
    def of(before: Before, task: Task) -> list[str]:
        folder = tmp_path_factory.mktemp("undisturbed") / "start" / "fleet"
        before(folder, steps)
        counted = Counter[str]()
        names = []
        for name in steps.of(task, folder):
            counted[name] += 1
            names.append(f"{name} {counted[name]}")
        return names

    return of


def _dies_at(run: tuple[Before, Task], taken: Taken) -> list[int]:
    """Choose the steps at which a run dies, counted from 1."""
    earlier = RUNS[: RUNS.index(run)]
    known = {name for each in earlier for name in taken(*each)}
    names = taken(*run)
    begins = next(n for n, name in enumerate(names) if "/making-" in name)
    of_its_own = begins if run[0] in OF_ANOTHER else 0
    return [
        number
        for number, name in enumerate(names, 1)
        if number <= of_its_own or name not in known or (number + len(earlier)) % EVERY == 0
    ]


def test_steps_at_which_runs_die_are_all_that_there_are(taken: Taken) -> None:
    chosen = {run: _dies_at(run, taken) for run in RUNS}
    names = {run: taken(*run) for run in RUNS}
    every = {name for run in RUNS for name in names[run]}
    assert {names[run][number - 1] for run in RUNS for number in chosen[run]} == every
    assert chosen[RUNS[0]] == list(range(1, len(names[RUNS[0]]) + 1))
    assert min(len(numbers) for numbers in chosen.values()) >= 4


@pytest.mark.parametrize(("before", "task"), RUNS)
def test_what_is_killed_at_any_step_is_recovered(
    tmp_path: Path,
    steps: Steps,
    taken: Taken,
    monkeypatch: pytest.MonkeyPatch,
    before: Before,
    task: Task,
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    stepping.as_json(monkeypatch.setattr)
    wanted = digest_of(resolve(EVENTFUL if task in WITH_EVENTS else TWO_MONTHS))
    ways: tuple[Task, Task] = (stepping.resume, stepping.overwrite)
    if task in WITH_TABLES:
        ways = (stepping.resume_tables, stepping.overwrite_tables)
    if task in WITH_EVENTS:
        ways = (stepping.resume_events, stepping.overwrite_events)
    start, end = tmp_path / "start" / "fleet", tmp_path / "end"
    before(start, steps)
    _copy(start, end)
    assert len(steps.of(task, end)) == len(taken(before, task)) > 10
    assert digest_in(end) == wanted
    assert verify(str(end)).findings == []
    made = made_in(end)
    assert (MINE in made) == (before in OF_ANOTHER)
    last = None
    for step in _dies_at((before, task), taken):
        go_on = ways[step % 2]
        folder = tmp_path / str(step)
        _copy(start, folder)
        steps.kill_at(step, task, folder)
        left = stepping.left_in(folder)
        if left == last:  # what the run has done since the last one died has changed nothing
            continue
        last = left
        state = look(LocalStore(folder))
        if state.finished and not state.being_replaced:
            assert [
                found for found in verify(str(folder)).findings if not is_left(found.path)
            ] == []
        if _untouched(start, folder) and go_on is ways[0] and before in OF_ANOTHER:
            continue  # there is no run of this scenario to go on with, and nothing was lost
        go_on(str(folder))
        assert made_in(folder) == made
        assert folders_in(folder) == folders_in(end)
        shutil.rmtree(folder)


@pytest.mark.parametrize("before", [None, stepping.write_both_of_other])
@pytest.mark.parametrize("task", [stepping.overwrite_both, stepping.overwrite_data])
def test_files_that_lie_beside_each_other_are_of_one_run(
    tmp_path: Path, steps: Steps, before: Task | None, task: Task
) -> None:
    """Whole or not there, killed at any step; a table without its data only where none were."""

    def made(folder: Path) -> dict[str, str]:
        folder.mkdir()
        if before:
            before(str(folder))
        return {name: digest_file(folder / name) for name in BOTH if (folder / name).exists()}

    old = made(tmp_path / "end")
    count = len(steps.of(task, tmp_path / "end"))
    new = {name: digest_file(tmp_path / "end" / name) for name in BOTH[: _files_of(task)]}
    assert files_in(tmp_path / "end") == sorted(new)
    assert count >= 2 * len(new)
    for step in range(1, count + 1):
        folder = tmp_path / str(step)
        made(folder)
        steps.kill_at(step, task, folder)
        there = {name: digest_file(folder / name) for name in BOTH if (folder / name).exists()}
        wholes = [old, new, {BOTH[0]: new[BOTH[0]]}, {name: old[name] for name in BOTH[:1] if old}]
        if not before:
            wholes = [{}, new, {name: new[name] for name in new if name != BOTH[0]}]
        assert there in wholes
        task(str(folder))
        assert [name for name in files_in(folder) if not name.endswith(".tmp")] == sorted(new)
        assert {name: digest_file(folder / name) for name in new} == new


@pytest.mark.parametrize("before", [None, stepping.write_file_of_other_events])
def test_a_file_and_its_events_are_of_one_run(
    tmp_path: Path, steps: Steps, before: Task | None
) -> None:
    names = ("fleet.csv", "fleet.tables/events.csv")

    def made(folder: Path) -> dict[str, bytes]:
        folder.mkdir()
        if before:
            before(str(folder))
        return there(folder)

    def there(folder: Path) -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}

    old = made(tmp_path / "end")
    count = len(steps.of(stepping.overwrite_file_events, tmp_path / "end"))
    new = there(tmp_path / "end")
    assert list(new) == list(names)
    data = names[0]
    wholes = [old, new, {data: new[data]}, {data: old[data]} if old else {names[1]: new[names[1]]}]
    for step in range(1, count + 1):
        folder = tmp_path / str(step)
        made(folder)
        steps.kill_at(step, stepping.overwrite_file_events, folder)
        assert there(folder) in (wholes if old else [wholes[0], wholes[1], wholes[3]])
        stepping.overwrite_file_events(str(folder))
        assert there(folder) == new


BOTH = ("fleet.csv", "fleet.tables/components.csv")


def _files_of(task: Task) -> int:
    return 2 if task is stepping.overwrite_both else 1


def is_left(name: str) -> bool:
    """Whether a file is what a killed run leaves, and the next one removes."""
    return name.startswith("_parts/") or name.endswith(".tmp")


def _copy(start: Path, folder: Path) -> None:
    if start.exists():
        shutil.copytree(start, folder)


def _untouched(start: Path, folder: Path) -> bool:
    """Whether everything is still there that was, and no run has begun since."""
    runs = [sorted(path.name for path in each.glob("_parts/job-*")) for each in (start, folder)]
    return runs[0] == runs[1] and set(files_in(start)) <= set(files_in(folder))
