"""Ts-data-generator: ``python -m bench.peer.with_ts_data_generator FOLDER SERVERS TICKS``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd
from ts_data_generator import DataGen  # type: ignore[import-not-found]
from ts_data_generator.utils.trends import (  # type: ignore[import-not-found]
    LinearTrend,
    SinusoidalTrend,
)

from bench.peer.common import FIRST_YEAR, HOUR, METRICS, sizes, texts, write

if TYPE_CHECKING:
    from collections.abc import Iterator


def frames(servers: int, ticks: int, seconds: int) -> Iterator[pd.DataFrame]:
    """Yield each server: a line and a noisy daily wave per metric.

    A generator per server takes less time than one that expands over all servers.
    """
    start = pd.Timestamp(FIRST_YEAR, 1, 1)
    end = start + pd.Timedelta(seconds=seconds * (ticks - 1))
    step = "h" if seconds == HOUR else f"{seconds // 60}min"
    for server in range(servers):
        made = DataGen(
            start_datetime=str(start), end_datetime=str(end), granularity=step, seed=server
        )
        labels = texts(server)
        made.add_multi_items(names=list(labels), function=[tuple(labels.values())])
        for name, mean, deviation in METRICS:
            wave = SinusoidalTrend(amplitude=deviation, freq=1, noise_level=deviation)
            made.add_metric(name, {LinearTrend(offset=mean, slope=mean / 720_000), wave})
        frame = made.data.drop(columns="epoch").round(2)
        yield frame.rename_axis("timestamp").reset_index()


if __name__ == "__main__":
    write(frames(*sizes(sys.argv)), sys.argv[1])
