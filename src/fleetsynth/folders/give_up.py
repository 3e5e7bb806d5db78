"""An append that is not gone on with: what it has made is removed, and nothing else.

Whether an append ends or is given up is decided once, by who creates a file of its name first. So a
process that still works on it, wherever that may be, cannot end it after its parts were removed.
"""

from __future__ import annotations

import json
import re
from secrets import token_hex
from typing import TYPE_CHECKING

from fleetsynth.folders.folder import commit
from fleetsynth.folders.job import end_key, job_key
from fleetsynth.folders.versions import current, days_of
from fleetsynth.stores.names import DATA, MANIFEST, TABLES, VERSIONS
from fleetsynth.stores.recorded import paths_of, seal
from fleetsynth.stores.store import STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.folders.begin import Folder
    from fleetsynth.stores.store import Store

_PART = re.compile(rf"(?:{DATA}|{TABLES}[a-z_]+/)(?:[^/]+=[^/]*/)*part-([0-9]{{5,}})\.[a-z.]+")
_GIVEN_UP = b""


def give_up(store: Store, url: str, there: Folder) -> None:
    """End an append that is under way, or was interrupted, with the days before.

    If it had come so far that nothing but its manifest was to be put in place, that is done.

    Raises:
        OutputError: if something cannot be removed. The dataset stays as it was.
    """
    key = end_key(there.name or "")
    if not store.create(key, _GIVEN_UP) and (end := store.read(key)):
        store.replace(MANIFEST, seal(there.finished or {}), end)
        commit(url)
        return
    # Under another name nobody takes its parts for his, and who still makes some stops.
    record = json.dumps((there.run or {}) | {"run": token_hex(8)})
    store.write(job_key(there.generation), record.encode())
    for name in _made(there):
        store.delete(name)
    store.delete(job_key(there.generation))
    store.delete(key)  # from here on the missing record tells
    store.tidy()


def _made(there: Folder) -> Iterator[str]:
    """Yield what an append may have made that no manifest names.

    By the names alone: the release that began it may have cut parts otherwise.
    """
    values = there.finished or {}
    told = {path for part in values["parts"] for path in paths_of(part)} | current(values)
    days = days_of(values)
    for name in there.names:
        part = _PART.fullmatch(name)
        if (
            (part and int(part[1]) >= len(values["parts"]) and name not in told)
            or re.fullmatch(rf"{STATE}part-[0-9]+\.json", name)
            or (name.startswith(VERSIONS) and name not in told and name.split("/")[1] not in days)
        ):
            yield name
