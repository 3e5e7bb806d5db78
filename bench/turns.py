"""A long run and a short one that take turns: a machine of varying speed is as fast for both."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.isolated import measured
from bench.timing import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection

    from bench.timing import Side

_TURN_SECONDS = 2.0


@dataclass
class Turns:
    """Two sides: `long` runs once, and is paused again and again for `short`, which runs whole.

    Attributes:
        action: the long run; it can be pickled, and so can `warm_up`.
        opened: opens the short run for as long as the long one takes.
        warm_up: what to do before the clock of the long run starts.
        scale: what to multiply its seconds by.
    """

    action: Callable[[], object]
    opened: Callable[[], AbstractContextManager[Side]]
    warm_up: Callable[[], object] | None = None
    scale: float = 1
    _short: list[Spent] = field(default_factory=list, init=False)

    def long(self) -> Spent:
        """Run both and return what the long one took, pauses aside."""
        with self.opened() as short, self._waiting() as (line, group):
            self._short, paused = [short()], 0.0
            line.send(None)
            while not line.poll(_TURN_SECONDS):
                began = time.perf_counter()
                os.killpg(group, signal.SIGSTOP)
                if not line.poll():  # it may have ended just before
                    self._short.append(short())
                    paused += time.perf_counter() - began
                os.killpg(group, signal.SIGCONT)
            spent: Spent = line.recv()
        return replace(spent, wall=spent.wall - paused) * self.scale

    def short(self) -> Spent:
        """Return what the short one took at the mean, while the long one last ran."""
        return sum(self._short, Spent(0, 0)) * (1 / len(self._short))

    @contextmanager
    def _waiting(self) -> Iterator[tuple[Connection, int]]:
        """Start a process that begins the long run when told to; yield its line and its group."""
        context = multiprocessing.get_context("spawn")
        line, its_line = context.Pipe()
        process = context.Process(target=_run, args=(self.action, self.warm_up, its_line))
        process.start()
        its_line.close()
        group: int = line.recv()
        try:
            yield line, group
        except BaseException:
            os.killpg(group, signal.SIGKILL)
            raise
        finally:
            process.join()


def _run(
    action: Callable[[], object], warm_up: Callable[[], object] | None, line: Connection
) -> None:
    """Run the long action, together with the processes that it starts a group of their own."""
    os.setpgrp()

    def begin() -> None:
        if warm_up:
            warm_up()
        line.send(os.getpid())
        line.recv()

    line.send(measured(action, begin))
