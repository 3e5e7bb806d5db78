"""A place for folders that tests add: a folder of this machine, under a scheme of its own."""

from pathlib import Path
from tempfile import gettempdir

from fleetsynth.stores.store import LocalStore

SCHEME = "near://"


class NearStore(LocalStore):
    """A bucket is a folder for temporary files."""

    def __init__(self, url: str) -> None:
        super().__init__(Path(gettempdir()) / url.removeprefix(SCHEME).strip("/"))
        self.name = url.rstrip("/")
