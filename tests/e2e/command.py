"""The real command line in a child process, or in a fork of one, or in this process."""

import atexit
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import pytest

from fleetsynth.cli import main
from tests.e2e.warm import Warm

SMALL = ("--servers", "4", "--end", "2022-01-31")
SMALL_SCENARIO = {"num_servers": 4, "end_date": "2022-01-31"}
"""Four servers for a month: 124 rows, and no batch server."""

_LEFT_OUT = {
    # what decides how output looks
    *("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    # what slows a start down, or changes when output is written
    *("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
}

_SEARCH, _OVERRIDE, _DROP_FROM_BOUNDING_SET = 2, 1, 24  # linux/capability.h, linux/prctl.h
_VERSION_3 = 0x20080522

AS_ANYONE = f"""
if os.geteuid() == 0:
    # Root that cannot overrule a file's mode: what a plain user is.
    import ctypes
    library = ctypes.CDLL(None)
    head, sets = (ctypes.c_uint32 * 2)({_VERSION_3}, 0), (ctypes.c_uint32 * 6)()
    failed = library.capget(head, sets)
    for kind in (0, 1):  # effective and permitted, now; and after a program starts:
        sets[kind] &= ~(1 << {_OVERRIDE} | 1 << {_SEARCH})
    failed = failed or library.capset(head, sets)
    for capability in ({_OVERRIDE}, {_SEARCH}):
        failed = failed or library.prctl({_DROP_FROM_BOUNDING_SET}, capability, 0, 0, 0)
    if failed:
        sys.exit("cannot drop privileges")
"""
"""Python to run before the command line: modes of files and folders count, for root too."""

INTERRUPTIBLE = """
import signal
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""
"""Python to run before: signals count, even if the tests run in the background."""


def room(size: int) -> str:
    """Python to run before the command line: no file can grow beyond `size` bytes."""
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    # Bytecode would be cut short as well, and break the next run that imports it.
    return f"import resource; os.environ['PYTHONDONTWRITEBYTECODE'] = '1'; {limit}"


@dataclass(frozen=True)
class Ran:
    """What a run printed, and how it ended."""

    code: int
    out: str
    err: str


@cache
def warm() -> Warm:
    """The process from which runs fork."""
    started = Warm(environment(None))
    atexit.register(started.close)
    return started


@dataclass(frozen=True)
class Fleetsynth:
    """Runs ``python -m fleetsynth`` in a folder."""

    folder: Path

    def __call__(
        self,
        *arguments: str | Path,
        before: str = "",
        stdout: int | IO[bytes] = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> Ran:
        """Run to the end, after the Python statements `before`.

        If it matters how Python starts, let it start `fresh`; others are forks of a process that
        has started long ago.
        """
        if not fresh:
            told = warm().run(
                [*map(str, arguments)],
                self.folder,
                environment(env),
                before=before,
                stdout=None if isinstance(stdout, int) else stdout.fileno(),
            )
            return Ran(as_told_by_a_shell(told[0]), *told[1:])
        done = subprocess.run(
            command(arguments, before),
            cwd=self.folder,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        return Ran(as_told_by_a_shell(done.returncode), done.stdout or "", done.stderr)

    def prints(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, fresh: bool = False
    ) -> str:
        """Run what must succeed without a word on stderr; return its output."""
        ran = self(*arguments, env=env, fresh=fresh)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    def start(
        self,
        *arguments: str | Path,
        before: str = "",
        inside: str = "",
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a run and return while it goes on."""
        return subprocess.Popen(
            command(arguments, before, inside),
            cwd=self.folder,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )


@dataclass(frozen=True)
class Within(Fleetsynth):
    """Runs the same command line in this process, where everything is imported already."""

    capture: pytest.CaptureFixture[str]

    def __call__(
        self,
        *arguments: str | Path,
        before: str = "",
        stdout: int | IO[bytes] = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> Ran:
        """Run to the end; what takes a process of its own gets one."""
        if before or fresh or stdout != subprocess.PIPE:
            return super().__call__(*arguments, before=before, stdout=stdout, env=env, fresh=fresh)
        signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        thresholds = gc.get_threshold()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(os, "environ", environment(env))
            patch.setattr(sys, "unraisablehook", sys.unraisablehook)
            with pytest.raises(SystemExit) as end:
                main([*map(str, arguments)])
        gc.set_threshold(*thresholds)
        for number, handler in signals.items():
            signal.signal(number, handler)
        code = end.value.code
        assert isinstance(code, int)
        return Ran(code, *self.capture.readouterr())


def command(arguments: Iterable[str | Path], before: str = "", inside: str = "") -> list[str]:
    """The words of a command line.

    Python statements `before` it are executed in the same process; those `inside` in the same
    Python, so that what they change of its modules is changed when it runs.
    """
    words = [sys.executable, "-m", "fleetsynth"]
    if inside:
        run = "runpy.run_module('fleetsynth', run_name='__main__', alter_sys=True)"
        words[1:] = ["-c", f"import runpy\n{inside}\n{run}"]
    if before:
        code = f"import os, sys\n{before}\nos.execv(sys.executable, {words} + sys.argv[1:])"
        words = [sys.executable, "-c", code]
    return [*words, *map(str, arguments)]


def as_told_by_a_shell(code: int) -> int:
    """An exit code where Python tells the signal that ended a process, if one did."""
    return 128 - code if code < 0 else code


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, by relative path: the bytes of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """What a child finds in its environment: ours, but for what would blur a test, and more."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return kept | {"TERM": "xterm-256color"} | dict(more or {})
