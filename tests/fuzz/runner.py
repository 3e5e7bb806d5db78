"""Runs the real command line on one input after the other, each in a fork of a warm process.

``python -m tests.fuzz.runner FOLDER`` loads fleetsynth once, then reads a JSON line per input:
``{"args": […], "folder": …}``; it answers each with ``{"code", "out", "err"}``, where a negative
code is the signal that ended the run. Every run has two seconds of processor time and 500 MB of
address space, whatever it takes to load Python, NumPy and pyarrow included (360 MB of it: their
thread pools and the allocators' arenas are kept small, or they alone would take twice as much).
"""

import ctypes
import gc
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

SECONDS = 2
BYTES = 500_000_000
PATIENCE = 60
"""Seconds on the wall after which a run is taken to hang."""
MOST_OUTPUT = 1 << 20

SMALL = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Environment in which nothing reserves address space that it may never use."""


def load(folder: Path) -> None:
    """Import what commands use, and prepare what is the same for all of them."""
    import pandas  # noqa: F401
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    from fleetsynth.cli import main  # noqa: F401
    from fleetsynth.presets.load import default_scenario
    from fleetsynth.validate import checker
    from fleetsynth.validate.dataset import validate

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    default_scenario("realistic")
    for path in sorted(folder.glob("base*.parquet")):
        validate(path)  # imports what it uses, and works public holidays out
    checker._ESTIMATORS.clear()  # they are large, and each run has room for its own
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)


def run(args: list[str], folder: str) -> dict[str, Any]:
    """Run the command line in a fork; return how it ended and what it said."""
    out, err = (Path(folder) / f".fuzz-{name}" for name in ("out", "err"))
    child = os.fork()
    if child == 0:
        _be(args, folder, out, err)
    deadline = time.monotonic() + PATIENCE
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.002)
    said = {"out": _head(out), "err": _head(err)}
    return {"code": os.waitstatus_to_exitcode(status), **said}


def _be(args: list[str], folder: str, out: Path, err: Path) -> NoReturn:
    """Become the command line, within limits."""
    code = 70
    try:
        for path, stream in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        from fleetsynth.cli import main

        main(args)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - what gets here is the fault that is looked for
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _head(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        text = stream.read(MOST_OUTPUT).decode("utf-8", "backslashreplace")
    path.unlink()
    return text


def serve(folder: Path) -> None:
    """Answer requests until there are no more."""
    load(folder)
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
