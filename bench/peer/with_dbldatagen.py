"""Make telemetry with dbldatagen on Spark: ``python with_dbldatagen.py SERVERS HOURS FOLDER``."""

from __future__ import annotations

import sys

import dbldatagen as dg  # type: ignore[import-not-found]
from dbldatagen.distributions import Normal  # type: ignore[import-not-found]
from pyspark.sql import SparkSession

CORES = 2
METRICS = {"cpu": (45, 15), "mem": (55, 10), "disk": (30, 8), "net_in": (120, 40), "net_out": (90, 30)}


def main(servers: int, hours: int, folder: str, kind: str) -> None:
    """Generate `servers` x `hours` rows: columns by expression, metrics drawn at random."""
    spark = SparkSession.builder.master(f"local[{CORES}]").config("spark.ui.enabled", "false")
    session = spark.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    spec = (
        dg.DataGenerator(session, rows=servers * hours, partitions=CORES, randomSeed=42)
        .withColumn("server", "int", expr=f"cast(id div {hours} as int)", omit=True)
        .withColumn("timestamp", "timestamp", expr=f"timestamp_seconds(1640995200 + id % {hours} * 3600)")
        .withColumn("server_id", "string", expr="format_string('server_%05d', server)", baseColumn="server")
    )
    for name, (mean, deviation) in METRICS.items():
        how = {"distribution": Normal(mean, deviation)} if kind == "normal" else {}
        spec = spec.withColumn(name, "double", minValue=0, maxValue=mean + 4 * deviation, step=0.01, random=True, **how)
    for name, values in (
        ("server_type", ["web", "application", "database", "batch"]),
        ("business_unit", ["Retail", "Investment", "Wealth", "Corporate"]),
        ("criticality", ["High", "Medium", "Low"]),
        ("region", ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"]),
    ):
        spec = spec.withColumn(name, "string", values=values, baseColumn="server", baseColumnType="hash")
    spec.build().write.parquet(folder)
    session.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
