"""What a dataset says of its own making: beside its data, or in the metadata of its last file."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from fleetsynth.errors import InputError
from fleetsynth.formats.read import read_metadata
from fleetsynth.presets import resolve
from fleetsynth.presets.data import scenario_from_data, scenario_from_yaml
from fleetsynth.reader.claims import beyond, rows_at_most
from fleetsynth.scenario.data import own_metadata
from fleetsynth.stores.names import MANIFEST, SCENARIO
from fleetsynth.stores.recorded import parse_manifest, place_of
from fleetsynth.tables.provenance import other_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.plan import Plan
    from fleetsynth.reader import Dataset


def metadata_of(dataset: Dataset) -> dict[str, str]:
    """Return the metadata of ours in a dataset's last file, or in its table.

    Of days that are appended the last files have the scenario with the last day; what stands in
    older ones ends before them.
    """
    source = dataset.source
    if source.table is not None:
        return own_metadata(source.table.schema.metadata, source.name)
    if source.files is None:
        return {}
    with source.files.fetch(source.keys[-1]) as path:
        return read_metadata(path)


def own_plan(dataset: Dataset) -> Plan | None:
    """Return the plan of the scenario that a dataset itself names, if any.

    Raises:
        InputError: if it is not a valid scenario.
    """
    files = dataset.source.files
    name = place_of(files.manifest, SCENARIO) if files else SCENARIO
    beside = files.store.read(name) if files and files.store else None
    if beside is not None:
        return _told(beside, f"{dataset.name.rstrip('/')}/{name}")
    value = metadata_of(dataset).get("fleetsynth.scenario")
    return None if value is None else _told(value, f"{dataset.name}: its metadata")


def other_model_of(plan: Plan, dataset: Dataset) -> str | None:
    """Say that a dataset was made by another version of its model; None if it says no such thing.

    Args:
        plan: of the scenario that the dataset itself names.
        dataset: which.
    """
    files = dataset.source.files
    manifest = files.store.read(MANIFEST) if files and files.store else None
    said: object = metadata_of(dataset).get("fleetsynth.model_version")
    if manifest is not None:
        with suppress(InputError):  # what is wrong with it is told where it is verified
            said = parse_manifest(manifest, MANIFEST).get("model_version")
    return other_model(plan, said)


@lru_cache(maxsize=2)
def _told(said: str | bytes, where: str) -> Plan:
    """Resolve a scenario: YAML in a file, JSON in metadata; once for a report and its verdicts."""
    if isinstance(said, bytes):
        return resolve(scenario_from_yaml(said, where))
    return resolve(scenario_from_data(said, where))


def rows_short_of(plan: Plan, dataset: Dataset) -> int | None:
    """Return the most rows that a dataset can have, if a plan has far too many for them."""
    source = dataset.source

    def rows() -> Iterator[int]:
        if source.table is not None:
            yield source.table.num_rows * dataset.wide
        elif source.files is not None:
            for key in source.keys:
                with source.files.fetch(key) as path:
                    yield rows_at_most(path) * dataset.wide

    return beyond(plan, rows())
