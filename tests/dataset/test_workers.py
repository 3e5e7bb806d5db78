"""Workers end when they should, whatever they are in the middle of."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from fleetsynth.errors import OutputError
from fleetsynth.folders.engines import worker as workers
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.engines.worker import Worker, WorkerLostError
from tests.dataset import makers

ROOT = Path(__file__).parents[2]
JOB: Any = None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends when it can")
def test_a_worker_dies_with_its_parent_even_if_it_cannot_look_for_that() -> None:
    code = (
        "from fleetsynth.folders.engines.worker import Worker; from tests.dataset import makers; "
        "worker = Worker(); worker.submit(makers.busy_when_the_parent_dies, None, 0); "
        "worker.result()"
    )
    # Read up to the end: the worker has inherited the pipe, and closes it when it ends.
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert done.returncode < 0
    assert done.stdout == b"killing "


def test_a_worker_that_takes_no_notice_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "GRACE_SECONDS", 0.1)
    worker = Worker()
    worker.submit(cast("Any", makers.deaf), JOB, 0)
    assert worker.connection.recv() == "deaf"
    worker.tell_to_stop()
    worker.stop()
    assert worker._process.exitcode == -9


def test_a_worker_that_is_told_at_an_awkward_moment_tidies_up_all_the_same(tmp_path: Path) -> None:
    worker = Worker()
    folder: Any = str(tmp_path)
    worker.submit(cast("Any", makers.told_while_finalizing), folder, 0)
    with pytest.raises(WorkerLostError):
        worker.result()
    assert worker._process.exitcode == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["tidied up"]


def test_after_a_failure_no_other_part_is_begun(tmp_path: Path) -> None:
    engine = LocalEngine(2, make=cast("Any", makers.first_fails))
    folder: Any = str(tmp_path)
    with pytest.raises(OutputError, match="no room for this part"):
        list(engine.run(folder, range(8)))
    assert {path.name for path in tmp_path.iterdir()} <= {"0", "1"}


SCRIPT = """
import sys
import fleetsynth as fs
print(fs.generate({"num_servers": 2, "end_date": "2022-01-02"}, sys.argv[1],
                  partition_by=["date"], workers=2).parts)
"""


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", "fleet/"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")
