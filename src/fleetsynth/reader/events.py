"""The ledger of a dataset: the table beside its data, or what its own scenario says of it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.errors import InputError
from fleetsynth.formats.read import read_batches, read_head, read_metadata
from fleetsynth.ledger.table import has_ledger
from fleetsynth.presets import resolve
from fleetsynth.presets.data import scenario_from_data, scenario_from_yaml
from fleetsynth.reader.claims import beyond, rows_at_most
from fleetsynth.reader.files import find_files
from fleetsynth.single_file import beside
from fleetsynth.stores.names import EVENTS, SCENARIO
from fleetsynth.stores.places import is_url, split_object
from fleetsynth.stores.recorded import place_of
from fleetsynth.stores.store import open_store
from fleetsynth.tables import events
from fleetsynth.tables.digest import combine
from fleetsynth.tables.provenance import other_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store


class Ledger(NamedTuple):
    """What befell a fleet, as its dataset says.

    Attributes:
        name: what to call it in messages.
        plan: what the dataset was made from; None where it does not say, or another version of
            its model made it, which may have given other servers to a service.
        batches: yields the rows of the table.
        data: the dataset, to read series from; None for a scenario, and for a table alone.
        anew: whether the table was missing, and is worked out from the scenario instead.
    """

    name: str
    plan: Plan | None
    batches: Callable[[], Iterator[pa.RecordBatch]]
    data: str | None = None
    anew: bool = False


def ledger_of_plan(plan: Plan, name: str = "the scenario") -> Ledger:
    """Return the ledger of a plan, worked out without generating."""
    return Ledger(name, plan, lambda: events.batches(plan))


def open_ledger(url: str) -> Ledger:
    """Open the ledger of a dataset, or of the table itself.

    Raises:
        UsageError: if there is nothing at the path, or it names no format.
        InputError: if it cannot be read, or has no ledger.
    """
    single = split_object(url)
    if single:
        folder, name = single
        return _of_file(_Place(url, open_store(folder), name))
    if is_url(url) or Path(url).is_dir():
        return _of_folder(url)
    return _of_file(_Place(url, None, url))


class _Place(NamedTuple):
    """A dataset in a file, and where its table lies."""

    url: str
    store: Store | None
    key: str

    @property
    def table(self) -> str:
        """The file of the table."""
        return str(beside(Path(self.key), events.NAME))

    def has(self, key: str) -> bool:
        """Whether a file is there."""
        return Path(key).is_file() if self.store is None else self.store.size(key) is not None

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Yield a local path of a file."""
        if self.store is None:
            yield Path(key)
        else:
            with self.store.fetch(key) as path:
                yield path


def _of_file(place: _Place) -> Ledger:
    with place.fetch(place.key) as path:
        if read_head(path).names == events.SCHEMA.names:
            return Ledger(place.url, None, lambda: _rows(place, place.key))
        said = read_metadata(path)
        told = said.get("fleetsynth.scenario")
        plan = None
        if told is not None:
            plan = resolve(scenario_from_data(told, f"{place.url}: its metadata"))
            there = beyond(plan, [rows_at_most(path)])
            if there is not None:
                raise InputError(
                    f"{place.url} is said to have {plan.cells:,} rows, and has {there:,} at most"
                )
    other = plan and other_model(plan, said.get("fleetsynth.model_version"))
    if place.has(place.table):
        _refuse_others(place, said)
        known = None if other else plan
        return Ledger(place.url, known, lambda: _rows(place, place.table), place.url)
    if plan is None:
        raise InputError(
            f"{place.url} has no ledger of events: {place.table} is not there, and the file does "
            "not say what it was made from; of a scenario, name the scenario"
        )
    if other and has_ledger(plan):
        raise InputError(
            f"{place.table} is not there, and cannot be worked out: {place.url} was {other}"
        )
    return Ledger(place.url, plan, lambda: events.batches(plan), place.url, anew=has_ledger(plan))


def _refuse_others(place: _Place, said: dict[str, str]) -> None:
    """Refuse a table that was made with other data, as far as both say what they were made from."""
    with place.fetch(place.table) as path:
        told = read_metadata(path)
    key = "fleetsynth.scenario_digest"
    if key in told and key in said and told[key] != said[key]:
        raise InputError(f"{place.table} was made with other data than those in {place.url}")


def _rows(place: _Place, key: str) -> Iterator[pa.RecordBatch]:
    with place.fetch(key) as path:
        yield from table_batches(path)


def _of_folder(url: str) -> Ledger:
    files = find_files(url)  # refuses what is unfinished, or holds no data
    store, manifest = files.store, files.manifest
    name = url.rstrip("/")
    if store is None or manifest is None:
        raise InputError(
            f"{name} has no ledger of events: it has no manifest, so it is not a dataset folder of "
            "fleetsynth; of a scenario, name the scenario"
        )
    scenario = place_of(manifest, SCENARIO)
    written = store.read(scenario)
    if written is None:
        raise InputError(f"{name} has no {scenario}")
    plan = resolve(scenario_from_yaml(written, f"{name}/{scenario}"))
    other, said = other_model(plan, manifest.get("model_version")), manifest.get("files")
    if not (isinstance(said, dict) and EVENTS in said):
        return Ledger(name, plan, lambda: iter(()), url)

    def batches() -> Iterator[pa.RecordBatch]:
        with store.fetch(place_of(manifest, EVENTS)) as path:
            yield from table_batches(path)

    return Ledger(name, None if other else plan, batches, url)


def table_digest(url: str) -> str | None:
    """Return the content digest of a table of events in a file here; None if it is no such file."""
    path = Path(url)
    if is_url(url) or not path.is_file() or read_head(path).names != events.SCHEMA.names:
        return None
    return combine(b"".join(events.leaves(batch) for batch in table_batches(path)))


def table_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table of events in a file of any format.

    Raises:
        InputError: if it cannot be read, or is another table.
    """
    names = read_head(path).names
    if not names:
        return  # JSON Lines of no rows
    if names != events.SCHEMA.names:
        raise InputError(
            f"{path} is not a table of events: its columns are {', '.join(names)}, expected "
            f"{', '.join(events.SCHEMA.names)}"
        )
    types = dict(zip(events.SCHEMA.names, events.SCHEMA.types, strict=True))
    for batch in read_batches(path, types):
        yield batch.cast(events.SCHEMA)
