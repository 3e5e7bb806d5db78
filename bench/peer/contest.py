"""Environments, rounds and what came of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bench.peer.contender import Contender, Lap
from bench.peer.entries import OURS
from bench.tree import CommandError, last_line, run_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bench.peer.entries import Entry
    from bench.timing import Spent

_ROOT = Path(__file__).parents[2]


class Contest:
    """Some generators, run in turn.

    Args:
        folder: where to put environments and outputs.
    """

    def __init__(self, folder: Path) -> None:
        self.contenders: dict[str, Contender] = {}
        self._folder = folder

    def admit(self, name: str, entry: Entry) -> None:
        """Install a generator; if that cannot be done, say so in the table."""
        home = self._folder / name
        contender = self.contenders[name] = Contender(entry, home / "bin")
        if name == OURS:
            contender.programs = Path(sys.executable).parent
            contender.version = metadata.version(entry.package)
            return
        python = str(contender.programs / "python")
        ask = f"from importlib.metadata import version; print(version({entry.package!r}))"
        try:
            _run((sys.executable, "-m", "venv", str(home)))
            _run((python, "-m", "pip", "install", "--quiet", *entry.requirements.split()))
            contender.version = _run((python, "-c", ask)).strip()
        except CommandError as error:
            contender.trouble = f"could not be installed: {error}"

    def round(self) -> None:
        """Run every generator that works once."""
        for contender in self.contenders.values():
            if contender.trouble:
                continue
            try:
                *_, start_up = self._lap(contender, contender.entry.start_up)
                rows, size, spent = self._lap(contender, contender.entry.size)
            except CommandError as error:
                contender.trouble = f"failed: {error}"
            else:
                contender.laps.append(Lap(rows, size, spent, start_up))

    def ratios(self, name: str, rate: Callable[[Lap], float]) -> list[float]:
        """Return how many times as fast ours was, per round, smallest first."""
        laps = zip(self.contenders[OURS].laps, self.contenders[name].laps, strict=False)
        return sorted(rate(ours) / rate(theirs) for ours, theirs in laps)

    @property
    def has_ours(self) -> bool:
        """Whether there is something to compare with."""
        return OURS in self.contenders and bool(self.contenders[OURS].laps)

    def _lap(self, contender: Contender, size: str) -> tuple[int, int, Spent]:
        """Run a generator; return its rows, their bytes and what it took."""
        folder = self._folder / "output"
        folder.mkdir()
        places = {"bin": contender.programs, "folder": folder}
        command = [word.format(**places) for word in f"{contender.entry.command} {size}".split()]
        try:
            spent = run_tree(command, _environment(contender))
            files = list(folder.rglob("*.parquet"))
            rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
            return rows, sum(file.stat().st_size for file in files), spent
        finally:
            shutil.rmtree(folder)


def _environment(contender: Contender) -> Mapping[str, str]:
    """Allow bytecode; show the peers this folder and nothing else of ours."""
    allowed = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return allowed | {"PYTHONPATH": str(_ROOT)} if contender.entry.requirements else allowed


def _run(command: Iterable[str]) -> str:
    done = subprocess.run([*command], check=False, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(last_line(done.stderr + done.stdout))
    return done.stdout
