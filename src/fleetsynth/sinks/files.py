"""Files of our own formats, and standard output, beside other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.errors import UsageError
from fleetsynth.formats import STANDARD_OUTPUT, format_of, known, named_format, open_standard_output
from fleetsynth.formats import open_sink as open_file
from fleetsynth.formats.read import read_metadata
from fleetsynth.formats.together import abort, publish
from fleetsynth.single_file import beside
from fleetsynth.sinks.base import DATA_TABLE
from fleetsynth.sinks.types import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.formats.base import Sink
    from fleetsynth.sinks.base import Wanted

_DATASET = "fleetsynth.scenario_digest"


class FileSink:
    """Tables in files: the data in one, the others beside it; see `base.TablesSink`."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        self._sinks: dict[str, Sink] = {}
        self._schemas = {shape.name: shape.schema for shape in wanted.shapes}
        path = Path(wanted.place)
        format_of(path)
        overwrite = wanted.overwrite or _is_same(path, wanted)
        self._replaces = overwrite and path.exists()
        names = [name for name in wanted.known if name != DATA_TABLE]
        stale = [beside(path, n) for n in names if self._replaces or n not in self._schemas]
        for shape in wanted.shapes:
            arrow_schema(shape.schema)  # refuses what no system takes
        try:
            for name, schema in self._schemas.items():
                if name == DATA_TABLE:
                    place, told, goes = path, dict(wanted.metadata), stale
                else:
                    place, goes = beside(path, name), []
                    told = {**wanted.metadata, "fleetsynth.table": name}
                self._sinks[name] = open_file(place, schema, told, overwrite=overwrite, stale=goes)
        except BaseException:
            self.abort()
            raise

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows."""
        self._sinks[table].write(_typed(batch, self._schemas[table]))

    def publish(self) -> Mapping[str, Any]:
        """Give all files their names; data that replace others come first, and alone."""
        last = None if self._replaces else DATA_TABLE
        return {"bytes": sum(publish(self._sinks, last=last).values())}

    def abort(self) -> None:
        """Remove what was written, and the folder of the tables when it is empty."""
        abort(self._sinks.values())


class StandardOutputSink:
    """The data alone, on standard output; what was written cannot be taken back."""

    already = False

    def __init__(self, wanted: Wanted) -> None:
        if wanted.file_format is None:
            raise UsageError(
                "standard output has no ending that names a format: say file_format=... "
                f"({known()})"
            )
        ending = named_format(wanted.file_format)
        self._schema = wanted.shapes[0].schema
        self._sink = open_standard_output(ending, self._schema, wanted.metadata)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows of the data; other tables have no place."""
        if table == DATA_TABLE:
            self._sink.write(_typed(batch, self._schema))

    def publish(self) -> Mapping[str, Any]:
        """Write the end."""
        return {"bytes": self._sink.commit()}

    def abort(self) -> None:
        """Write no more."""
        self._sink.abort()


def open_sink(wanted: Wanted) -> FileSink | StandardOutputSink:
    """Open files, or standard output; see `base.TablesSink`."""
    if wanted.place == STANDARD_OUTPUT:
        return StandardOutputSink(wanted)
    return FileSink(wanted)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of just the types that were announced: text in codes, or not."""
    if batch.schema.equals(schema):
        return batch
    arrays = []
    for field, column in zip(schema, batch.columns, strict=True):
        if pa.types.is_dictionary(field.type) and column.type != field.type:
            coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
            codes = coded.indices.cast(field.type.index_type)
            column = pa.DictionaryArray.from_arrays(codes, coded.dictionary)
        arrays.append(column if column.type == field.type else column.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_same(path: Path, wanted: Wanted) -> bool:
    """Tell whether a file says that it holds just this dataset."""
    if wanted.dataset is None or not path.is_file():
        return False
    return read_metadata(path).get(_DATASET) == wanted.dataset
