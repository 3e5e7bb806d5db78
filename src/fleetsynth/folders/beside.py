"""Holding what is published beside the parts of a folder against its manifest and its plan."""

from __future__ import annotations

from hashlib import file_digest
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import read_errors
from fleetsynth.folders.of_plan import files_of_plan, table_faults
from fleetsynth.folders.reread import DAMAGE, REWRITTEN, reason
from fleetsynth.folders.verification import Finding
from fleetsynth.formats.read import read_batches
from fleetsynth.stores import recorded
from fleetsynth.stores.names import CARD, MANIFEST, SCENARIO
from fleetsynth.stores.recorded import has_card
from fleetsynth.tables.of_plan import Count

_NO_COPY = "this is not the copy of what the dataset has: commit(folder) makes it anew"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.folders.listing import Listing
    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store


def beside_findings(
    store: Store, listing: Listing, values: dict[str, Any], plan: Plan
) -> Iterator[Finding]:
    """Compare what is published beside the parts with the manifest and the plan."""
    said = values.get("files")
    if not isinstance(said, dict):
        said = {}
    tables = files_of_plan(plan)
    for name in (*tables, SCENARIO):
        place = recorded.place_of(values, name)
        entry = said.get(name) if values["format"] > 1 else None
        if place in listing.files:
            for fault in _file_faults(store, name, place, entry, plan):
                yield Finding(place, fault)
        elif not listing.hidden(place):
            yield Finding(place, "this file is missing")
        yield from _copy_findings(store, listing, name, place, entry)
        if values["format"] > 1 and not isinstance(said.get(name), dict):
            yield Finding(MANIFEST, f"files says nothing of {name}")
    yield from _card_findings(store, listing, values, said)
    for name in said.keys() - {*tables, SCENARIO, *CARD}:
        yield Finding(
            MANIFEST, f"files names {recorded.as_json(name)}, which does not belong to the dataset"
        )


def _card_findings(
    store: Store, listing: Listing, values: dict[str, Any], said: dict[str, Any]
) -> Iterator[Finding]:
    """Compare the card with the manifest; datasets of earlier versions have none."""
    for name in CARD if has_card(said) else ():
        entry, place = said.get(name), recorded.place_of(values, name)
        if not isinstance(entry, dict):
            yield Finding(MANIFEST, f"files says nothing of {name}")
        elif place in listing.files:
            try:
                made = _described(store, place)
            except DAMAGE as error:
                yield Finding(place, reason(error))
                continue
            if place != name:
                made["path"] = place
            if entry.get("sha256") != made["sha256"]:
                yield Finding(place, "this is not the file that was written")
            else:
                for fault in recorded.differences(entry, made):
                    yield Finding(place, f"{fault} in the manifest")
        elif not listing.hidden(place):
            yield Finding(place, "this file is missing")
        yield from _copy_findings(store, listing, name, place, entry)


def _copy_findings(
    store: Store, listing: Listing, name: str, place: str, entry: object
) -> Iterator[Finding]:
    """Compare the copy that a file beside the parts has under its usual name."""
    if place != name and not listing.hidden(name):
        right = isinstance(entry, dict) and entry.get("sha256")
        if name not in listing.files or _described(store, name)["sha256"] != right:
            yield Finding(name, _NO_COPY)


def _file_faults(store: Store, name: str, place: str, entry: object, plan: Plan) -> list[str]:
    """Say where a file is neither what the plan says nor what the manifest says."""
    try:
        made = _described(store, place)
        table = files_of_plan(plan).get(name)
        if table:
            count = Count(table)
            with store.fetch(place) as path:
                faults = list(table_faults(table, plan, count.passing(read_batches(path))))
            if faults:
                return faults
            made |= count.facts()
    except DAMAGE as error:
        return [reason(error)]
    if not isinstance(entry, dict):
        return []
    if place != name:
        made["path"] = place
    if "sha256" in entry and entry["sha256"] != made["sha256"]:
        return [REWRITTEN]
    return [f"{each} in the manifest" for each in recorded.differences(entry, made)]


def _described(store: Store, name: str) -> dict[str, Any]:
    """Return size and hash of a file, as a manifest has them."""
    with store.fetch(name) as path, read_errors(path), path.open("rb") as stream:
        return {
            "sha256": file_digest(stream, "sha256").hexdigest(),
            "size": stream.tell(),
        }
