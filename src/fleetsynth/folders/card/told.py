"""What a card tells, before it is put in words of people or of programs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fleetsynth.folders.of_plan import files_of_plan
from fleetsynth.stores.names import DATA, TABLES
from fleetsynth.stores.recorded import file_format_of
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.table import KEYS
from fleetsynth.tables.table import TABLES as OF_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from fleetsynth.plan import Plan

MEANT = {
    "data": "one row a server and interval",
    "components": "what each value is made of, row by row",
    "labels": "of each value whether it is in an anomaly, row by row",
    "servers": "one row a server",
    "events": "one row an event: what happened to servers and services, the answer key",
}


@dataclass(frozen=True)
class Content:
    """A table of a dataset.

    Attributes:
        name: what it is called.
        place: its file, or the folder of its parts with a slash at the end.
        schema: its columns, in plain types.
        key: columns that tell its rows apart; none if rows may come twice.
        about: what a row is.
        digest: content digest, where it has one.
    """

    name: str
    place: str
    schema: pa.Schema
    key: tuple[str, ...]
    about: str
    digest: str | None = None

    @property
    def is_in_parts(self) -> bool:
        """Whether it has a file for each part."""
        return self.place.endswith("/")


@dataclass(frozen=True)
class Told:
    """A dataset, as its plan and its manifest tell of it.

    Attributes:
        plan: the plan.
        values: the manifest.
    """

    plan: Plan
    values: Mapping[str, Any]

    @property
    def ending(self) -> str:
        """The ending of the parts, which names their format."""
        return file_format_of(dict(self.values))

    @property
    def in_paths(self) -> tuple[str, ...]:
        """Columns that stand in the paths of parts, and not in them."""
        return tuple(self.values["partition_by"])

    @cached_property
    def contents(self) -> list[Content]:
        """All tables, the data first."""
        plan, key = self.plan, KEYS if self.plan.is_gapless else ()
        out = [
            Content("data", DATA, plain(schema(plan)), key, MEANT["data"], self.values["digest"])
        ]
        for name, said in self.values.get("tables", {}).items():
            of_rows = plain(schema(OF_ROWS[name].plan(plan)))
            out.append(
                Content(name, f"{TABLES}{name}/", of_rows, key, _about(name), said["digest"])
            )
        for place, table in files_of_plan(plan).items():
            columns = plain(table.schema(plan))
            digest = self.values["files"].get(place, {}).get("digest")
            out.append(
                Content(table.name, place, columns, (table.key,), _about(table.name), digest)
            )
        return out

    @property
    def gaps(self) -> str:
        """What is missing, in a sentence."""
        if self.plan.is_full:
            return "No row and no value is missing."
        if self.plan.is_gapless:
            return "A server has rows from the day it was commissioned to the day it was retired."
        return "Rows and values are missing, late or repeated where the scenario makes them so."


def _about(name: str) -> str:
    return MEANT.get(name, "one row a server and interval")
