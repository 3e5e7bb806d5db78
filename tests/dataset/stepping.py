"""Runs that die at a chosen step, and runs that begin at the same time.

A step is a change of the file system: a file that is opened to be written, linked, renamed or
removed, a folder that is made or removed. Python tells of each before it happens, so a run can be
killed at every one of them, as by a power cut: nothing is tidied up.
"""

import gc
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fleetsynth.api import generate as generate_file
from fleetsynth.errors import FleetsynthError
from fleetsynth.folders import begin as beginning
from fleetsynth.folders import folder as making
from fleetsynth.folders.append import append_days
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.presets import resolve
from fleetsynth.presets.data import scenario_from_yaml
from fleetsynth.presets.load import load_scenario
from fleetsynth.reader import events
from fleetsynth.scenario import Scenario
from tests.support import digest_of, scenario_of

ROOT = Path(__file__).parents[2]
KILLED = 9
REFUSED = 3
"""Exit codes of a process that was killed at a step, and of one whose task raised an error."""

TWO_MONTHS = scenario_of(num_servers=2, start_date="2022-01-30", end_date="2022-02-02")
OTHER = scenario_of(num_servers=2, start_date="2022-01-30", end_date="2022-02-02", seed=7)
"""Eight rows in two parts, if they are partitioned by month; and the same of another seed."""

TOLD = [{"kind": "change", "at": "2022-01-31", "for": "6h", "disk": "+5"}]
EVENTFUL = scenario_of(
    {"events": TOLD}, num_servers=2, start_date="2022-01-30", end_date="2022-02-02", seed=8
)
OTHER_EVENTFUL = scenario_of(
    {"events": TOLD}, num_servers=2, start_date="2022-01-30", end_date="2022-02-02", seed=9
)
"""The same with something that happens."""

MONTHS = ("year", "month")
NEXT_DAY = date(2022, 2, 3)
LONGER = EVENTFUL.until(NEXT_DAY)
"""The one with something that happens, and a day more."""
SCENARIOS = (TWO_MONTHS, OTHER, EVENTFUL, OTHER_EVENTFUL, LONGER)
_CHANGES = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_RANDOM = re.compile(r"(?<=[-.])[0-9a-f]{8}\b")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

Task = Callable[[str], Any]


def as_json(patch: Callable[[Any, str, Any], None] = setattr) -> None:
    """Write and read scenarios as JSON: YAML takes longest of a small run, and has no steps."""
    patch(making, "dump_yaml", lambda scenario: json.dumps(scenario.to_dict()))
    real = scenario_from_yaml

    def read(data: bytes, where: str) -> Scenario:
        return load_scenario(json.loads(data)) if data[:1] == b"{" else real(data, where)

    for reads in (beginning, events):
        patch(reads, "scenario_from_yaml", read)


def generate(url: str, scenario: Scenario = TWO_MONTHS, **options: Any) -> Any:
    """Generate a scenario in two parts."""
    return generate_folder(scenario, url, partition_by=MONTHS, workers=1, **options)


def resume(url: str) -> Any:
    """Go on with the run."""
    return generate(url, resume=True)


def overwrite(url: str) -> Any:
    """Replace whatever dataset there is."""
    return generate(url, overwrite=True)


def generate_other(url: str) -> Any:
    """Generate the scenario of the other seed."""
    return generate(url, OTHER)


def overwrite_with_other(url: str) -> Any:
    """Replace whatever dataset there is by that of the other seed."""
    return generate(url, OTHER, overwrite=True)


def generate_tables(url: str, scenario: Scenario = TWO_MONTHS, **options: Any) -> Any:
    """Generate a scenario with a further table."""
    return generate(url, scenario, tables=["components"], **options)


def resume_tables(url: str) -> Any:
    """Go on with the run that has a further table."""
    return generate_tables(url, resume=True)


def overwrite_tables(url: str) -> Any:
    """Replace whatever dataset there is by one with a further table."""
    return generate_tables(url, overwrite=True)


def generate_other_tables(url: str) -> Any:
    """Generate the scenario of the other seed with a further table."""
    return generate_tables(url, OTHER)


def generate_events(url: str, **options: Any) -> Any:
    """Generate a scenario in which something happens."""
    return generate(url, EVENTFUL, **options)


def resume_events(url: str) -> Any:
    """Go on with the run in which something happens."""
    return generate_events(url, resume=True)


def overwrite_events(url: str) -> Any:
    """Replace whatever dataset there is by one in which something happens."""
    return generate_events(url, overwrite=True)


def generate_other_events(url: str) -> Any:
    """Generate another scenario in which something happens."""
    return generate(url, OTHER_EVENTFUL)


def generate_to_append(url: str) -> Any:
    """Generate the dataset that days are appended to: with events and a further table."""
    return generate_tables(url, EVENTFUL)


def append(url: str, **options: Any) -> Any:
    """Append a day."""
    return append_days(url, NEXT_DAY, workers=1, **options)


def resume_append(url: str) -> Any:
    """Append a day, or go on with that."""
    return append(url, resume=True)


def overwrite_file_events(folder: str) -> Any:
    """Replace a file and its events, if there are any."""
    return generate_file(EVENTFUL, f"{folder}/fleet.csv", overwrite=True)


def write_file_of_other_events(folder: str) -> Any:
    """Generate another scenario, and its events, into the same files."""
    return generate_file(OTHER_EVENTFUL, f"{folder}/fleet.csv")


def make_first(url: str) -> Any:
    """Make the first of two shards."""
    return generate(url, shard=Shard(1, 2))


def make_second(url: str) -> Any:
    """Make the second of two shards."""
    return generate(url, shard=Shard(2, 2))


def make_first_of_other(url: str) -> Any:
    """Make the first of two shards of the other seed."""
    return generate(url, OTHER, shard=Shard(1, 2))


def commit_it(url: str) -> Any:
    """Commit the shards."""
    return commit(url)


def write_file(path: str) -> Any:
    """Generate the scenario into one file."""
    return generate_file(TWO_MONTHS, path)


def write_other_file(path: str) -> Any:
    """Generate the scenario of the other seed into one file."""
    return generate_file(OTHER, path)


def write_both(folder: str) -> Any:
    """Generate the scenario into one file, and its components beside it."""
    return generate_file(TWO_MONTHS, f"{folder}/fleet.csv", components=True)


def write_both_of_other(folder: str) -> Any:
    """Generate the scenario of the other seed into the same files."""
    return generate_file(OTHER, f"{folder}/fleet.csv", components=True)


def overwrite_both(folder: str) -> Any:
    """Replace both files, if there are any."""
    return generate_file(TWO_MONTHS, f"{folder}/fleet.csv", components=True, overwrite=True)


def overwrite_data(folder: str) -> Any:
    """Replace the data, if there are any, by data alone."""
    return generate_file(TWO_MONTHS, f"{folder}/fleet.csv", overwrite=True)


def left_in(folder: Path) -> dict[str, int | None]:
    """All that a killed run has left, with the sizes of files: by it, states are told apart."""
    return {
        _RANDOM.sub("", str(path.relative_to(folder))): path.stat().st_size
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


class Steps:
    """A process that runs tasks in copies of itself, which start at once."""

    def __init__(self) -> None:
        program = [sys.executable, "-c", "from tests.dataset.stepping import serve; serve()"]
        self._server = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        )

    def close(self) -> None:
        """End."""
        self._server.communicate()

    def of(self, task: Task, folder: Path) -> list[str]:
        """Run a task to its end; return its steps: what is done, and to which file."""
        codes, steps = self._ask([task], folder)
        assert codes == [0]
        return steps

    def kill_at(self, step: int, task: Task, folder: Path) -> None:
        """Run a task and kill it just before one of its steps, counted from 1."""
        codes, _ = self._ask([task], folder, step)
        assert codes == [KILLED]

    def together(self, tasks: Sequence[Task], folder: Path | str) -> list[int]:
        """Begin tasks at the same time; return their exit codes."""
        return self._ask(tasks, folder)[0]

    def _ask(
        self, tasks: Sequence[Task], folder: Path | str, step: int = 0
    ) -> tuple[list[int], list[str]]:
        assert self._server.stdin
        assert self._server.stdout
        names = [task.__name__ for task in tasks]
        self._server.stdin.write(json.dumps([names, str(folder), step]) + "\n")
        self._server.stdin.flush()
        codes, steps = json.loads(self._server.stdout.readline())
        return codes, steps


def serve() -> None:
    """Run what is asked for on standard input, line by line."""
    os.fsync = lambda _: None  # type: ignore[assignment] # what a disk forgets is not the matter
    as_json()
    for scenario in SCENARIOS:
        digest_of(resolve(scenario))  # imports and works out what each copy would have to
    with TemporaryDirectory() as folder:
        generate_to_append(folder)
        append(folder)
        generate_file(EVENTFUL, f"{folder}/fleet.csv", components=True)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        names, folder, step = json.loads(line)
        gate, opener = os.pipe()
        told, teller = os.pipe()
        children = []
        for name in names:
            child = os.fork()
            if not child:
                os.close(opener)
                os.read(gate, 1)  # returns when all have been started
                os._exit(_run(globals()[name], folder, step, teller))
            children.append(child)
        os.close(opener)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.close(teller)
        with os.fdopen(told) as answers:
            said = answers.read().splitlines()
        steps = json.loads(said[-1]) if step == 0 and len(names) == 1 and said else []
        os.close(gate)
        print(json.dumps([codes, steps]), flush=True)


def _run(task: Task, folder: str, step: int, teller: int) -> int:
    taken: list[str] = []

    def note(what: str) -> None:
        taken.append(_RANDOM.sub("", what))
        if len(taken) == step:
            os._exit(KILLED)

    _at_each_step(folder, note)
    try:
        task(folder)
    except FleetsynthError as error:
        os.write(2, f"{error}\n".encode())
        return REFUSED
    except BaseException:  # noqa: BLE001 - told by the exit code, as Python would
        traceback.print_exc()
        return 1
    os.write(teller, f"{json.dumps(taken)}\n".encode())
    return 0


def _at_each_step(folder: str, note: Callable[[str], None]) -> None:
    def hook(event: str, details: tuple[Any, ...]) -> None:
        changes = event in _CHANGES or (event == "open" and (details[2] or 0) & _WRITING)
        if changes and str(details[0]).startswith(folder):
            note(f"{event} {str(details[0])[len(folder) :]}")

    sys.addaudithook(hook)
