"""What can go wrong, as the user is told it: what, where, and what would be right."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


NOTHING_LEFT = "; nothing was left behind"
"""The end of a message about one file; a folder has more to tell."""


class FleetsynthError(Exception):
    """Every error that fleetsynth raises on purpose; its text is fit to show to a user.

    Attributes:
        exit_code: what the command line returns: 1 for work that failed, 2 for a request that
            cannot be right however often it is tried.
    """

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One fault of a scenario.

    Attributes:
        message: what is wrong and what would be right.
        path: the dotted key, such as ``archetypes.web.base_cpu``; empty for the whole.
        where: the file and line, or the option, that said so; empty when unknown.
    """

    message: str
    path: str = ""
    where: str = ""

    def __str__(self) -> str:
        """Render as ``problem, at path.to.key, file line N``."""
        at = f", at {self.path}" if self.path else ""
        return f"{self.message}{at}{', ' if self.where else ''}{self.where}"


class ScenarioError(FleetsynthError):
    """A scenario that cannot be accepted, with all its problems at once."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        head = (
            "the scenario has a problem:" if count == 1 else f"the scenario has {count} problems:"
        )
        super().__init__(f"{head}\n{lines}")


class UsageError(FleetsynthError):
    """A request that names something that does not exist or does not fit."""

    exit_code = 2


class OutputError(FleetsynthError):
    """Output that could not be written; nothing is left under its final name."""


class WriteError(OutputError):
    """A file that the operating system did not take.

    Attributes:
        path: the file, by its final name.
        reason: what the system says.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(path, reason)  # as arguments, so that it survives the way from a worker

    def __str__(self) -> str:
        """Render as one sentence; in a folder, what is left is told by whoever knows."""
        return f"cannot write {self.path}: {self.reason}{NOTHING_LEFT}"


class ExistsError(OutputError):
    """A file or dataset is there already, and nobody said that it may be replaced."""


class OtherBytesError(OutputError):
    """A part that is there already, and is not the one that was made."""

    def __str__(self) -> str:
        """Say what to do, of the file that the only argument names."""
        return (
            f"{self.args[0]} is there already, with other bytes: another run or version made it. "
            "Choose another folder, or start again with --overwrite"
        )


class SupersededError(OutputError):
    """Work on a folder that another process has finished, or begun anew, in the meantime."""


class InputError(FleetsynthError):
    """A dataset that cannot be read, or that is not what it should be."""


@contextmanager
def read_errors(what: object) -> Iterator[None]:
    """Turn a failure of the operating system to read into one error that names what was read.

    A file that can be opened may still fail, and what its reading raises then names no file.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror or error}") from error


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return a hint at the nearest valid name, or the list of them where none is near."""
    names = list(valid)
    return nearest_name(name, names) or (f" (known: {', '.join(names)})" if names else "")


def nearest_name(name: str, valid: Iterable[str]) -> str:
    """Return a hint at the nearest of more names than anyone wants to see, or nothing."""
    near = get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
