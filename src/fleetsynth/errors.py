"""What can go wrong, as the user is told it: what, where, and what would be right."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any

from fleetsynth.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


NOTHING_LEFT = "; nothing was left behind"
"""The end of a message about one file; a folder has more to tell."""

_MOST_OF_A_PATH = 200
_MOST_PROBLEMS = 100
_MOST_NAMES = 2_000
"""Names among which the nearest is looked for."""
_LONGEST_NAME = 200


class FleetsynthError(Exception):
    """Every error that fleetsynth raises on purpose; its text is fit to show to a user.

    Whatever values its text holds, no control characters and no secrets are in it, and no line is
    endless: see `shown`.

    Args:
        message: what is wrong, as one line.
        lines: further lines.

    Attributes:
        exit_code: what the command line returns: 1 for work that failed, 2 for a request that
            cannot be right however often it is tried.
    """

    exit_code = 1

    def __init__(self, message: object, *lines: object) -> None:
        super().__init__(*map(shown, (message, *lines)))

    def __str__(self) -> str:
        """Return the message and the further lines."""
        return "\n".join(self.args)


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
        at = f", at {shown(self.path, _MOST_OF_A_PATH)}" if self.path else ""
        where = f", {shown(self.where, _MOST_OF_A_PATH)}" if self.where else ""
        return shown(f"{self.message}{at}{where}")


class ScenarioError(FleetsynthError):
    """A scenario that cannot be accepted, with all its problems at once."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = [f"  - {problem}" for problem in self.problems[:_MOST_PROBLEMS]]
        if count > _MOST_PROBLEMS:
            lines.append(f"  - and {count - _MOST_PROBLEMS:,} more")
        head = (
            "the scenario has a problem:" if count == 1 else f"the scenario has {count} problems:"
        )
        super().__init__(head, *lines)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with the problems."""
        return type(self), (self.problems,)


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
        super().__init__(f"cannot write {path}: {reason}{NOTHING_LEFT}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with path and reason."""
        return type(self), (self.path, self.reason)


class ExistsError(OutputError):
    """A file or dataset is there already, and nobody said that it may be replaced."""


class OtherBytesError(OutputError):
    """A part that is there already, and is not the one that was made."""


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
    return nearest_name(name, names) or (f" (known: {listed(names)})" if names else "")


def nearest_name(name: str, valid: Iterable[str]) -> str:
    """Return a hint at the nearest of more names than anyone wants to see, or nothing."""
    if len(name) > _LONGEST_NAME:
        return ""
    known = [entry for entry in islice(valid, _MOST_NAMES) if len(entry) <= _LONGEST_NAME]
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def listed(names: Iterable[str], most: int = 40) -> str:
    """Write names one after the other, each cut if it is long; say how many are left out."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shown(name, 100) for name in names[:most]) + more
