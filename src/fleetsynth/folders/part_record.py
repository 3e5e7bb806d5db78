"""What is kept of a finished part until the manifest is written."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field
from typing import Any

from fleetsynth.stores.records import mapping_from_data, refuse_odd_fields


@dataclass(frozen=True)
class TableRecord:
    """What there is to know of the rows of a further table that belong to a part.

    Attributes:
        path: where they are, relative to the folder.
        size: of the file, in bytes.
        sha256: hash of the file.
        digest: content digest of the rows.
        leaves: its leaves, one after the other, month by month.
        months: how many of them each month has.
    """

    path: str
    size: int
    sha256: str
    digest: str
    leaves: bytes
    months: dict[str, int]


@dataclass(frozen=True)
class PartRecord:
    """What there is to know of a finished part.

    Attributes:
        run: the run that made it.
        index: its number.
        path: where it is, relative to the folder.
        rows: how many there are.
        servers: number of servers that it may hold; with the ids of the first and the last.
        start: first timestamp that it may hold, as text.
        end: the last one.
        size: of the file, in bytes.
        sha256: hash of the file.
        digest: content digest of its rows.
        leaves: the content digest's leaves, one after the other, month by month; those of months of
            which it has all rows are leaves of the whole.
        months: how many of them each month has.
        tables: of further tables, by name.
        clean: leaves of the same rows without a fault of the collector; nothing where it has none.
    """

    run: str
    index: int
    path: str
    rows: int
    servers: int
    first_server: str
    last_server: str
    start: str
    end: str
    size: int
    sha256: str
    digest: str
    leaves: bytes
    months: dict[str, int]
    tables: dict[str, TableRecord] = field(default_factory=dict)
    clean: bytes = b""

    @property
    def files(self) -> list[PartRecord | TableRecord]:
        """All its files: of the data, and of further tables."""
        return [self, *self.tables.values()]

    def to_json(self) -> bytes:
        """Write as JSON; of further tables nothing, if there are none."""
        values = _written(asdict(self))
        tables = {name: _written(asdict(table)) for name, table in self.tables.items()}
        del values["tables"]
        clean = {"clean": b64encode(values.pop("clean")).decode()}
        more = ({"tables": tables} if tables else {}) | (clean if self.clean else {})
        return json.dumps(values | more).encode()

    @classmethod
    def from_json(cls, data: bytes) -> PartRecord:
        """Read what `to_json` wrote."""
        values = mapping_from_data(data, "the record of a part")
        refuse_odd_fields(values, "the record of a part")
        tables = {name: TableRecord(**_read(of)) for name, of in values.get("tables", {}).items()}
        clean = b64decode(values.pop("clean", ""), validate=True)
        return cls(**_read(values) | {"tables": tables, "clean": clean})


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"leaves": b64encode(values["leaves"]).decode()}


def _read(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"leaves": b64decode(values["leaves"], validate=True)}
