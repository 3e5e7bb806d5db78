"""Runs the real command line in forks of a process that has imported everything already.

Most of a short run is imports, and reading what is packaged: a fork has done that. All else is as
in a process of its own, from its streams, folder and environment to the way in which Python ends.
What a fresh process imports, and how it starts, is looked at where a test runs one: by
`Fleetsynth.start`, in tests/unit/test_imports.py, and in the pages of the documentation.

``python -m tests.e2e.warm SOCKET`` answers each request on the socket with an exit code, where a
negative one is the signal that ended the run.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
LIBRARIES = (
    *("pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "pyarrow.dataset"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg"),
    *("matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg"),
    *("rich.progress", "rich.table", "ruamel.yaml", "holidays", "zoneinfo", "isal.igzip"),
)
"""What commands import when they come to need it."""

FLUSH_FAILED = 120
"""With this code Python ends if it cannot write what is left of the output."""

LIGHT = {
    # what the command line sets before it imports
    "OPENBLAS_NUM_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # nothing reserves address space that it may never use: some runs may not have much
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
}
"""Environment of the process that forks."""


class Warm:
    """The process that forks, and how to ask it.

    Attributes:
        patience: seconds that a run may take.
    """

    def __init__(self, environment: Mapping[str, str], patience: float = 300) -> None:
        self.patience = patience
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.warm", str(theirs.fileno())],
                cwd=ROOT,
                env={**environment, **LIGHT},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def close(self) -> None:
        """End."""
        self._socket.close()
        self._server.wait()

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        before: str = "",
        stdout: int | None = None,
        merged: bool = False,
    ) -> tuple[int, str, str]:
        """Run the command line to its end.

        Args:
            arguments: its words.
            folder: where it runs.
            environment: all that it finds there.
            before: Python statements that are executed before it.
            stdout: a file to write to; without it, output is returned.
            merged: whether errors go where output goes.

        Returns:
            The exit code as Python tells it, and what was printed on stdout and stderr.
        """
        pipes = [os.pipe(), os.pipe()]
        out_to = pipes[0][1] if stdout is None else stdout
        outs = [out_to, out_to if merged else pipes[1][1]]
        request = json.dumps([list(arguments), str(folder), dict(environment), before]).encode()
        try:
            _send(self._socket, request, outs)
            for _, writer in pipes:
                os.close(writer)
            out, err = self._read([reader for reader, _ in pipes])
            code = int(_receive(self._socket)[0])
        finally:
            for reader, _ in pipes:
                os.close(reader)
        return code, out, err

    def _read(self, readers: Sequence[int]) -> list[str]:
        """Read streams up to their ends."""
        deadline = time.monotonic() + self.patience
        said = dict.fromkeys(readers, b"")
        with selectors.DefaultSelector() as selector:
            for reader in readers:
                selector.register(reader, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(deadline - time.monotonic())
                if not ready:
                    os.killpg(self._server.pid, signal.SIGKILL)
                    raise TimeoutError(f"a run took more than {self.patience} seconds: {said}")
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    said[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
        return [text.decode("utf-8").replace("\r\n", "\n") for text in said.values()]


def _send(to: socket.socket, data: bytes, files: Sequence[int] = ()) -> None:
    socket.send_fds(to, [len(data).to_bytes(8, "big")], files)
    to.sendall(data)


def _receive(from_: socket.socket) -> tuple[bytes, list[int]]:
    """Return a message and its files; an empty one at the end."""
    head, files, *_ = socket.recv_fds(from_, 8, 2)
    length, data = int.from_bytes(head, "big"), b""
    while len(data) < length:
        more = from_.recv(length - len(data))
        assert more, "the process that forks has ended"
        data += more
    return data, files


def _import_all() -> None:
    """Import all that a command may, but for what only some can have."""
    import fleetsynth

    for module in pkgutil.walk_packages(fleetsynth.__path__, "fleetsynth."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)
    from fleetsynth.presets.catalog import packaged
    from fleetsynth.presets.load import load_scenario

    for preset in ("classic", "realistic"):
        load_scenario(packaged(preset))


def _become(request: list[Any], files: Sequence[int]) -> None:
    """Become what a new process is just before it runs the command line."""
    arguments, folder, environment, before = request
    for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *files]):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[0] = folder
    sys.argv[1:] = arguments
    sys.dont_write_bytecode = True  # a run may have no room for it
    exec(before, {"os": os, "sys": sys})
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _run() -> NoReturn:
    """Run the command line, and end as Python does, but for the work of freeing everything."""
    code: object = 1
    try:
        runpy.run_module("fleetsynth", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - told as Python would
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            traceback.print_exc()
            code = FLUSH_FAILED
    assert isinstance(code, int)
    os._exit(code)


def serve(number: int) -> None:
    """Answer requests until there are no more."""
    _import_all()
    gc.collect()
    gc.freeze()
    asked = socket.socket(fileno=number)
    while True:
        data, files = _receive(asked)
        if not data:
            return
        child = os.fork()
        if not child:
            asked.close()
            _become(json.loads(data), files)
            _run()
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        _send(asked, str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    serve(int(sys.argv[1]))
