"""How far a stream has come: a small file that a later process goes on from."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import OutputError, UsageError
from fleetsynth.files import held, write_text
from fleetsynth.sinks.batches import Cutting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORM = 1


@dataclass(frozen=True)
class Record:
    """What has been sent of what.

    Attributes:
        what: tells what is sent, and where, from all else.
        cut: how it is cut.
        batches: those that have been acknowledged: all before this number.
        samples: in these.
        done: whether that is all.
    """

    what: str
    cut: Cutting
    batches: int = 0
    samples: int = 0
    done: bool = False


def identity(what: Mapping[str, Any]) -> str:
    """Return a name for what is sent where; it says nothing of what it is made from."""
    text = json.dumps(what, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def default_path(what: str) -> Path:
    """Return where a record lies unless somebody says so: where the command is run."""
    return Path(f"fleetsynth-push-{what[:12]}.json")


def read(path: Path, what: str) -> Record | None:
    """Return the record of a file; None if there is no file.

    Raises:
        UsageError: if it is of something else.
        OutputError: if it is no record.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        if said["form"] != _FORM:
            raise ValueError
        seconds, servers, by_server = said["cut"]
        record = Record(
            str(said["what"]),
            Cutting(int(seconds), int(servers), bool(by_server)),
            int(said["batches"]),
            int(said["samples"]),
            said["done"] is True,
        )
        if min(record.batches, record.samples, int(seconds) - 1, int(servers) - 1) < 0:
            raise ValueError
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise OutputError(
            f"{path} does not say how far an export has come: name another file, or remove it to"
            " send everything again"
        ) from error
    if record.what != what:
        raise UsageError(
            f"{path} is of another scenario, destination or choice of series: name another file"
            " with record="
        )
    return record


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others from going on from a record as long as the block runs.

    Raises:
        OutputError: if somebody does just now.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it with record=")
    with held(path) as free:
        if not free:
            raise OutputError(
                f"another export goes on from {path} just now: wait until it has ended, or name"
                " another file with record="
            )
        yield


def write(path: Path, record: Record, destination: str) -> None:
    """Replace a record. Raises OutputError if that cannot be done."""
    said = {"form": _FORM, "destination": destination, **asdict(record)}
    write_text(path, json.dumps(said, indent=1) + "\n", overwrite=True)
