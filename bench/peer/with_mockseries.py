"""Mockseries: ``python -m bench.peer.with_mockseries FOLDER SERVERS TICKS [SECONDS]``."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from mockseries.noise import GaussianNoise  # type: ignore[import-not-found]
from mockseries.seasonality import SinusoidalSeasonality  # type: ignore[import-not-found]
from mockseries.trend import LinearTrend  # type: ignore[import-not-found]
from mockseries.utils import datetime_range  # type: ignore[import-not-found]

from bench.peer.common import FIRST_YEAR, METRICS, sizes, texts, write

if TYPE_CHECKING:
    from collections.abc import Iterator


def frames(servers: int, ticks: int, seconds: int) -> Iterator[pd.DataFrame]:
    """Yield each server: a line, a daily wave and Gaussian noise per metric."""
    step = timedelta(seconds=seconds)
    times = np.array(datetime_range(step, datetime(FIRST_YEAR, 1, 1), num_points=ticks))
    index = pd.DatetimeIndex(times)
    for server in range(servers):
        columns = {"timestamp": index, **texts(server)}
        for number, (name, mean, deviation) in enumerate(METRICS, 1):
            seed = server * len(METRICS) + number
            signal = (
                LinearTrend(mean / 1000, timedelta(days=30), flat_base=mean)
                + SinusoidalSeasonality(amplitude=deviation, period=timedelta(days=1))
                + GaussianNoise(mean=0, std=deviation, random_seed=seed)
            )
            columns[name] = signal.generate(times).astype(float).round(2)
        yield pd.DataFrame(columns)


if __name__ == "__main__":
    write(frames(*sizes(sys.argv)), sys.argv[1])
