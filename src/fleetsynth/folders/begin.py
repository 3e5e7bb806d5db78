"""How a folder becomes that of one run, whoever else tries at the same time.

The n-th run in a folder begins by creating ``_parts/job-n.json``, which only one process can.
Whatever it makes carries its random name; the highest number is the run that counts. A run that
replaces a dataset creates its record first, then removes the old parts and their records, the
records of earlier runs from the last to the first, and the old manifest: as long as any of these
two is there, the removal is unfinished, and nothing has been made yet.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import ExistsError, InputError, UsageError
from fleetsynth.folders.job import Job, generation_of, job_key, refuse_if_superseded
from fleetsynth.folders.run_record import compare, differences, job_from, values_of
from fleetsynth.ledger.table import has_ledger
from fleetsynth.presets.data import scenario_from_yaml
from fleetsynth.reader.claims import refuse_beyond
from fleetsynth.stores.names import (
    CARD,
    DATA,
    EVENTS,
    MANIFEST,
    SCENARIO,
    SERVERS,
    TABLES,
    VERSIONS,
    table_key,
)
from fleetsynth.stores.recorded import (
    SEAL,
    has_card,
    parse_manifest,
    paths_of,
    place_of,
)
from fleetsynth.stores.records import (
    mapping_from_data,
)
from fleetsynth.stores.store import STATE, open_store

if TYPE_CHECKING:
    from fleetsynth.scenario import Scenario
    from fleetsynth.stores.store import Store

OLD_JOB = f"{STATE}job.json"
"""Where version 0.1 kept its job, which had no name."""

_VERSION = (
    rf"{VERSIONS}\d{{4}}-\d\d-\d\d/"
    r"(leaves\.bin|scenario\.yaml|[a-z]+\.parquet|croissant\.json|README\.md)"
)


@dataclass(frozen=True)
class Folder:
    """What stands in a folder.

    Attributes:
        names: all its files.
        run: the record of the run that counts, as it was written; None if there is none.
        generation: the number of that run.
        earlier: the records of runs before it.
        finished: the manifest; None if there is none.
    """

    names: list[str]
    run: dict[str, Any] | None
    generation: int
    earlier: dict[str, dict[str, Any]]
    finished: dict[str, Any] | None

    @property
    def being_appended_to(self) -> bool:
        """Whether a run has begun to append days to the dataset, and not come to an end with it."""
        if self.run is None or self.finished is None or self.earlier:
            return False
        earlier = self.run.get("earlier")
        return isinstance(earlier, dict) and earlier.get("manifest") == self.finished.get(SEAL)

    @property
    def _is_append(self) -> bool:
        return self.run is not None and "earlier" in self.run

    @property
    def being_replaced(self) -> bool:
        """Whether a run has begun to replace a dataset, and not come to an end with it."""
        if self._is_append and not self.earlier:
            return False
        other = self.finished is not None and self.finished.get("run") != self.name
        return self.run is not None and (bool(self.earlier) or other)

    @property
    def name(self) -> str | None:
        """The name of the run that counts; runs of version 0.1 have none."""
        return None if self.run is None else self.run.get("run")


def look(store: Store) -> Folder:
    """Read what stands in a folder.

    Raises:
        InputError: if a record or the manifest is damaged.
    """
    names = store.list()
    numbers = {name: number for name in names if (number := generation_of(name)) is not None}
    if OLD_JOB in names:
        numbers[OLD_JOB] = 0
    runs = {}
    for key in sorted(numbers, key=lambda key: numbers[key]):
        written = store.read(key)
        if written is not None:  # a commit may have removed it meanwhile
            runs[key] = mapping_from_data(written, f"{store.name}/{key}")
    last = list(runs)[-1] if runs else None
    finished = store.read(MANIFEST) if MANIFEST in names else None
    return Folder(
        names=names,
        run=runs[last] if last else None,
        generation=numbers[last] if last else 0,
        earlier={key: run for key, run in runs.items() if key != last},
        finished=None if finished is None else parse_manifest(finished, f"{store.name}/{MANIFEST}"),
    )


def begin(job: Job, *, resume: bool = False, overwrite: bool = False, shard: bool = False) -> Job:
    """Make a folder that of a job, or join the run that makes the same one there.

    Returns:
        The job with the name of its run; without one, if the folder has the dataset already.

    Raises:
        ExistsError: if the folder holds something else, or a run that is not to be gone on with.
        UsageError: if the run to go on with is of another scenario, cut otherwise, or was made by
            another version.
    """
    store = open_store(job.url)
    there = look(store)
    if overwrite:
        return _replace(job, store, there)
    if there.being_replaced:
        return _go_on_replacing(job, store, there, resume=resume)
    if there.finished is not None:
        _compare_finished(job, store, there.finished, resume=resume or shard)
        return job
    if there.run is not None:
        refuse_lost(store, there)
        return _join(job, store, there, join=resume or shard)
    if there.names:
        raise ExistsError(
            f"{store.name} holds other files ({there.names[0]}): choose an empty folder"
        )
    return _begin_new(job, store, join=resume or shard)


def refuse_lost(store: Store, there: Folder) -> None:
    """Refuse to go on with an append whose dataset has lost its manifest.

    Raises:
        InputError: if so.
    """
    if there.run is not None and "earlier" in there.run and there.finished is None:
        raise InputError(
            f"{store.name} has no {MANIFEST}, and a run that was to append to what it says: bring "
            f"{MANIFEST} back, or choose another folder"
        )


def _join(job: Job, store: Store, there: Folder, *, join: bool) -> Job:
    if not join:
        raise ExistsError(
            f"{store.name} holds an unfinished run: go on with resume=True, or start again "
            "with overwrite=True"
        )
    compare(job, there.run or {}, store.name)
    return replace(job, run=there.name or "", generation=there.generation)


def _begin_new(job: Job, store: Store, *, join: bool) -> Job:
    begun = claim(job, store, 1)
    if begun is None:
        if not join:
            raise ExistsError(
                f"another run has begun in {store.name} at the same time: choose another folder, "
                "or go on with resume=True when it has ended"
            )
        return begin(job, resume=True)
    if store.read(MANIFEST) is not None:  # another run began, and ended, since we looked
        store.delete(job_key(1))
        return begin(job, resume=join)
    return begun


def _go_on_replacing(job: Job, store: Store, there: Folder, *, resume: bool) -> Job:
    if not resume:
        raise ExistsError(
            f"{store.name} is being replaced, or a replacement was interrupted: go on with "
            "resume=True, or start again with overwrite=True"
        )
    compare(job, there.run or {}, store.name)
    return _replace(job, store, there)


def _replace(job: Job, store: Store, there: Folder) -> Job:
    """Take a folder over, remove the dataset that is in it, and nothing else."""
    refuse_lost(store, there)
    _files_of(store, there)  # refuses what could not be told apart, before anything is touched
    if there.names and there.run is None and there.finished is None:
        raise ExistsError(
            f"{store.name} holds files that are not part of a dataset ({there.names[0]}): "
            "nothing was removed"
        )
    begun = claim(job, store, there.generation + 1)
    if begun is None:
        raise ExistsError(f"another run has begun in {store.name} at the same time")
    there = look(store)  # once more: a commit may have ended before the claim
    for name in _files_of(store, there):
        refuse_if_superseded(store, begun)
        store.delete(name)
    return begun


def _files_of(store: Store, there: Folder) -> list[str]:
    """Return what a dataset and its runs have published, in the order in which it is removed.

    Only the manifest's run or, without a manifest, the earliest one can have made parts: those
    after it have not come to an end with removing them.
    """
    paths: set[str] = set()
    runs = [*there.earlier.values(), *([there.run] if there.run is not None else [])]
    if there.finished is not None:
        paths = {path for part in there.finished["parts"] for path in paths_of(part)}
    elif runs and (made := [name for name in there.names if name.startswith((DATA, TABLES))]):
        job = job_from(runs[0], store.name)
        refuse_beyond(job.plan, store, made, job.file_format)
        parts = {part.path for part in job.parts}
        paths = parts | {table_key(path, name) for path in parts for name in job.tables}
    for run in (run for run in runs if "earlier" in run):
        paths |= _files_of_append(job_from(run, store.name))
    if not (runs or there.finished):
        return []
    names = set(there.names)
    _refuse_card_of_others(store, there)
    records = {
        name for name in names if re.fullmatch(rf"{STATE}(part-[0-9]+|end-[0-9a-f]+)\.json", name)
    }
    versions = {name for name in names if re.fullmatch(_VERSION, name)}
    beside = names & {
        SERVERS,
        SCENARIO,
        *CARD,
        *([EVENTS] if _has_events(there, runs, store) else []),
    }
    others = sorted(records | beside | versions)
    return [*sorted(paths & names), *others, *reversed(there.earlier), MANIFEST]


def _files_of_append(job: Job) -> set[str]:
    parts = {part.path for part in job.parts}
    return parts | {table_key(path, name) for path in parts for name in job.tables}


def _refuse_card_of_others(store: Store, there: Folder) -> None:
    """Refuse to put a card where somebody's file of that name is, beside a dataset without one."""
    if there.finished is None or has_card(there.finished.get("files")):
        return
    for name in there.names:
        if name in CARD:
            raise ExistsError(
                f"{store.name} holds {name}, which is not part of its dataset, and a new one has "
                "such a file: move it away; nothing was removed"
            )


def _has_events(there: Folder, runs: list[dict[str, Any]], store: Store) -> bool:
    """Tell whether a table of events is of the dataset or of its runs, or somebody else's file."""
    if EVENTS not in there.names:
        return False
    files = (there.finished or {}).get("files")
    if isinstance(files, dict) and EVENTS in files:
        return True
    return any(has_ledger(job_from(run, store.name).plan) for run in runs)


def claim(job: Job, store: Store, generation: int) -> Job | None:
    """Create the record of a folder's n-th run; None if another process has."""
    begun = replace(job, run=token_hex(8), generation=generation)
    data = json.dumps(values_of(begun)).encode()
    return begun if store.create(job_key(generation), data) else None


def _compare_finished(job: Job, store: Store, finished: dict[str, Any], *, resume: bool) -> None:
    """Refuse a folder that has another dataset than this, or lacks some of its parts."""
    scenario = scenario_in(store, finished).to_dict()
    found = differences(job, {"cut": job.cut} | finished | {"scenario": scenario})
    if found and resume:
        raise UsageError(
            f"{store.name} holds another dataset: {'; '.join(found[:5])}: use the same, or "
            "overwrite=True"
        )
    if found:
        raise ExistsError(
            f"{store.name} holds a dataset: choose another name, or overwrite=True "
            f"({'; '.join(found[:3])})"
        )
    wrong = [
        file["path"]
        for part in finished["parts"]
        for file in (part, *part.get("tables", {}).values())
        if store.size(file["path"]) != file.get("size")
    ]
    if wrong:
        raise ExistsError(
            f"{store.name} holds this dataset, but not as it was made ({wrong[0]}): see "
            "verify(folder), or start again with overwrite=True"
        )


def scenario_in(store: Store, finished: dict[str, Any]) -> Scenario:
    """Return the scenario of a finished folder, given its manifest.

    Raises:
        InputError: if it is missing, or is not valid.
    """
    name = place_of(finished, SCENARIO)
    data = store.read(name)
    if data is None:
        raise InputError(f"{store.name} has no {name}")
    return scenario_from_yaml(data, f"{store.name}/{name}")
