"""What the peers are all asked for; needs nothing but the standard library and pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ROW_GROUP = 1 << 18
FIRST_YEAR = 2022
HOUR = 3_600


class Metric(NamedTuple):
    """A column of values: a mean, and the deviation of its noise, which its days share."""

    name: str
    mean: float
    deviation: float


METRICS = (
    Metric("cpu", 45, 15),
    Metric("mem", 55, 10),
    Metric("disk", 30, 8),
    Metric("net_in", 120, 40),
    Metric("net_out", 90, 30),
)

CATEGORIES = {
    "server_type": ["web", "application", "database", "batch"],
    "business_unit": ["Retail", "Investment", "Wealth", "Corporate"],
    "criticality": ["High", "Medium", "Low"],
    "region": ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"],
}


def texts(server: int) -> dict[str, str]:
    """Return the id and the four category columns of a server."""
    picked = {name: values[server % len(values)] for name, values in CATEGORIES.items()}
    return {"server_id": f"server_{server:05d}"} | picked


def sizes(arguments: list[str]) -> tuple[int, int, int]:
    """Read servers, ticks and seconds from tick to tick, an hour unless given."""
    servers, ticks, *rest = map(int, arguments[2:])
    return servers, ticks, rest[0] if rest else HOUR


def write(frames: Iterable[Any], folder: str) -> None:
    """Write pandas frames, one per server, to a Parquet file in row groups of a good size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    Path(folder).mkdir()
    writer, waiting, rows = None, [], 0
    for frame in frames:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if writer is None:
            writer = pq.ParquetWriter(Path(folder) / "part-00000.parquet", table.schema)
        waiting.append(table)
        rows += len(table)
        if rows >= ROW_GROUP:
            writer.write_table(pa.concat_tables(waiting))
            waiting, rows = [], 0
    if writer is not None:
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
        writer.close()
