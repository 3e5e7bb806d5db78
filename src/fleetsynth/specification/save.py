"""DataFrames to files of any format: whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth._version import __version__
from fleetsynth.errors import UsageError
from fleetsynth.formats import open_sink
from fleetsynth.pipeline import BATCH_ROWS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def save(frame: pd.DataFrame, path: Path, *, overwrite: bool) -> None:
    """Write any DataFrame through the sink that the ending of `path` names.

    An index with a name becomes a column; one that only numbers the rows is left out.

    Raises:
        UsageError: if the DataFrame cannot be written, or the ending names no known format.
        OutputError: if the file exists or cannot be written.
    """
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(_with_index(frame)).replace_schema_metadata(None)
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(f"this DataFrame cannot be written: {error}") from error
    sink = open_sink(path, table.schema, {"fleetsynth.version": __version__}, overwrite=overwrite)
    try:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            sink.write(batch)
        sink.commit()
    except BaseException:
        sink.abort()
        raise


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of an index that has names, and drop one that only numbers rows.

    Raises:
        UsageError: if the index is neither, or shares its name with a column.
    """
    index = frame.index
    if list(index.names) == [None] and index.dtype.kind in "iu":
        return frame.set_axis(range(len(frame)))
    for name in index.names:
        if name is None or name in frame.columns:
            fault = "has no name" if name is None else f"is named {name!r}, as a column is"
            raise UsageError(
                f"this DataFrame's index {fault}: name it, or call "
                "reset_index(drop=True) to leave it out"
            )
    return frame.reset_index()
