"""Commands with all their descendants: what they took, and whether they worked."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bench.timing import MEGABYTE, Spent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PR_SET_CHILD_SUBREAPER = 36


class CommandError(Exception):
    """A command failed; the message is the last line it had to say."""


def run_tree(command: Sequence[str], environment: Mapping[str, str]) -> Spent:
    """Run a command and count the CPU time of every process that came of it.

    On Linux, processes that outlive the one that started them (Spark's are of that kind) become
    children of this one, which waits for them. The CPU time of those that are waited for by
    their own parents is in that of their parents. This process must have no other children.

    Raises:
        CommandError: if it fails.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = Spent(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime)
    peak = usage.ru_maxrss
    while True:
        try:
            _, _, usage = os.wait3(0)
        except ChildProcessError:
            break
        spent += Spent(0, usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss)
    if process.returncode:
        raise CommandError(last_line(said) or f"exit status {process.returncode}")
    return Spent(spent.wall, spent.cpu, peak * 1024 / MEGABYTE)


def last_line(text: str) -> str:
    """Return the last line that names an error, or the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "")
