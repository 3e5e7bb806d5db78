"""Signals that come at an awkward moment."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time
from fleetsynth.startup import lose_no_signal

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))

class Writer:
    def __del__(self):
        signal.raise_signal({number})

{before}
writer = Writer()
del writer
try:
    time.sleep({seconds})
except KeyboardInterrupt:
    sys.exit(128 + signal.SIGINT)
print("lost")
"""


def _run(number: int, before: str, seconds: float) -> tuple[int, str, str]:
    program = PROGRAM.format(number=int(number), before=before, seconds=seconds)
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_an_object_is_finalized_is_not_lost(number: int) -> None:
    """Nor does it wait until the process has nothing better to do."""
    assert _run(number, "lose_no_signal()", 60) == (128 + number, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_that_it_would_be(number: int) -> None:
    code, out, err = _run(number, "", 0.1)
    assert (code, out) == (0, "lost\n")
    assert "Exception ignored" in err


def test_other_failures_of_finalizers_are_still_told() -> None:
    program = """
from fleetsynth.startup import lose_no_signal
class Broken:
    def __del__(self): raise ValueError("told")
lose_no_signal()
Broken()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0
    assert "ValueError: told" in ran.stderr
