"""Text of Parquet comes as the codes that the file has, whatever its row groups and words."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth.formats import read
from fleetsynth.formats.base import BATCH_ROWS
from fleetsynth.formats.place import Place
from fleetsynth.reader.values import encode


@pytest.mark.parametrize("group", [1_000, BATCH_ROWS, 10**6])
@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_come_in_order(group: int, dictionary: bool, tmp_path: Path) -> None:
    words = [f"server-{i // 7 % 5000}" for i in range(300_000)]
    words[10] = words[200_000] = None  # type: ignore[call-overload]
    table = pa.table({"server": words, "n": np.arange(len(words))})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=group, use_dictionary=dictionary)
    batches = list(read.read_batches(path, {"server": None, "n": None}))
    found = pa.concat_arrays([batch["server"].cast(pa.string()) for batch in batches])
    assert found.equals(table["server"].combine_chunks())
    numbers = np.concatenate([batch["n"] for batch in batches])
    assert np.array_equal(numbers, np.arange(len(words)))
    assert max(map(len, batches)) <= BATCH_ROWS
    assert len(batches) <= 6  # small row groups come together
    coded = pa.types.is_dictionary(batches[0].schema.field("server").type)
    assert coded == (group > 1_000)


def test_only_the_words_of_a_batch_are_looked_at() -> None:
    """A dictionary of a whole row group may be far longer than a batch of it."""
    words = pa.array([f"word {i}" for i in range(10_000)])
    column = pa.DictionaryArray.from_arrays(pa.array([7, None, 9_000, 7], pa.int32()), words)
    codes, found = encode(column, "server", Place("t.parquet"))
    assert [found[code] for code in codes.tolist()] == ["word 7", None, "word 9000", "word 7"]
    assert len(found) == 3
