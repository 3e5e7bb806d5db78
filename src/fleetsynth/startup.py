"""What a new process does before it imports anything heavy."""

from __future__ import annotations

import gc
import os
import signal
import sys
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from sys import UnraisableHookArgs

SHELL_SIGNALS = 128
"""A command that a signal ended exits with this and the signal's number."""
_MOMENT_SECONDS = 0.01


def start_lightly() -> None:
    """Spare a short process what only long ones need; a third of a second becomes a quarter."""
    # Importing makes many objects and no garbage: collect a hundred times less often.
    gc.set_threshold(70_000, 10, 10)
    # No plug-in has a say in what a scenario means, so the environment is not searched for any.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # No command multiplies matrices: NumPy's BLAS need not start its threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def lose_no_signal(heed_again: Callable[[], None] | None = None) -> None:
    """Raise again, a moment later, what a signal raised where Python ignores it.

    A signal's handler runs between any two instructions. If those are of a finalizer, or of what
    an import does when it is done with its lock, Python prints the exception and goes on, and
    Ctrl-C is lost.

    Args:
        heed_again: called before, where a handler takes care that only the first signal counts:
            it sets the handlers anew, for what that one raised has come to nothing.
    """
    before = sys.unraisablehook

    def raise_again(unraisable: UnraisableHookArgs) -> None:
        number = _behind(unraisable.exc_value)
        if number not in signal.valid_signals() or sys.is_finalizing():
            before(unraisable)
            return
        if heed_again:
            heed_again()
        # Sent to the process: the main thread may be waiting, and another could not wake it.
        again = Timer(_MOMENT_SECONDS, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    sys.unraisablehook = raise_again


def _behind(error: BaseException | None) -> int:
    """Return the number of the signal whose handler raised an error; 0 if none did."""
    match error:
        case KeyboardInterrupt():
            return signal.SIGINT
        case SystemExit(code=int(code)):
            return code - SHELL_SIGNALS
        case _:
            return 0
