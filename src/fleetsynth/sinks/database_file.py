"""A database in a file: a new one appears whole, one that is there is changed where it lies."""

from __future__ import annotations

from pathlib import Path

from fleetsynth.errors import ExistsError, OutputError
from fleetsynth.files import AtomicFile


class DatabaseFile:
    """Where a database is written.

    Attributes:
        final: the file.
        path: what to connect to.

    Raises:
        OutputError: if it is a folder, or its folder cannot be written to.
    """

    def __init__(self, place: str) -> None:
        self.final = Path(place)
        self.path = self.final.absolute()  # some take what is before a colon for a scheme
        self._aside: AtomicFile | None = None
        if self.final.is_dir():
            raise OutputError(f"{self.final} is a folder: name a file in it")
        if not self.final.exists():
            self._aside = AtomicFile(self.path, overwrite=False)
            self.path = self._aside.temporary
            self.path.unlink()  # some take an empty file for a damaged one

    def publish(self) -> None:
        """Give a new file its name, once nothing has it open."""
        if self._aside is not None:
            try:
                self._aside.commit()
            except ExistsError as error:
                raise ExistsError(
                    f"somebody else has made {self.final} meanwhile: export again"
                ) from error
            self._aside = None

    def abort(self) -> None:
        """Remove a new file, and what was written beside it."""
        if self._aside is not None:
            for beside in self.path.parent.iterdir():  # a name may have what a pattern is made of
                if beside.name.startswith(self.path.name):
                    beside.unlink(missing_ok=True)
            self._aside.abort()
