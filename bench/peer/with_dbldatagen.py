"""Dbldatagen on local Spark: ``python -m bench.peer.with_dbldatagen FOLDER SERVERS HOURS``."""

from __future__ import annotations

import os
import sys

import dbldatagen as dg  # type: ignore[import-not-found]
from dbldatagen.distributions import Normal  # type: ignore[import-not-found]
from pyspark.sql import SparkSession

from bench.peer.common import CATEGORIES, METRICS

SECONDS_1970_TO_2022 = 1_640_995_200


def main(folder: str, servers: int, hours: int) -> None:
    """Generate metrics by its normal distribution, and the other columns by expressions."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    cores = os.cpu_count() or 1
    builder = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    when = f"timestamp_seconds({SECONDS_1970_TO_2022} + id % {hours} * 3600)"
    who = "format_string('server_%05d', server)"
    options = {"partitions": cores, "randomSeed": 42, "randomSeedMethod": "hash_fieldname"}
    spec = (
        dg.DataGenerator(session, rows=servers * hours, **options)
        .withColumn("server", "int", expr=f"cast(id div {hours} as int)", omit=True)
        .withColumn("timestamp", "timestamp", expr=when)
        .withColumn("server_id", "string", expr=who, baseColumn="server")
    )
    for name, mean, deviation in METRICS:
        bounds = {"minValue": 0.0, "maxValue": mean + 4 * deviation, "step": 0.01}
        shape = Normal(mean, deviation)
        spec = spec.withColumn(name, "double", random=True, distribution=shape, **bounds)
    for name, values in CATEGORIES.items():
        picked = {"values": values, "baseColumn": "server", "baseColumnType": "hash"}
        spec = spec.withColumn(name, "string", **picked)
    spec.build().write.parquet(folder)
    session.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
