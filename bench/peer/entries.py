"""Who takes part: what to install, what to run, and what to know about its work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from bench.peer.common import FIRST_YEAR

HOURS = 17_520
START_UP = "1 24"
"""Servers and hours of a run that is nothing but start-up."""


@dataclass(frozen=True)
class Entry:
    """A generator.

    Attributes:
        package: its package, whose version is shown.
        requirements: what to install, pinned to what was tried; empty for ours.
        command: what to run, where ``{bin}`` is where its environment has its programs and
            ``{folder}`` a new folder for its Parquet files.
        size: arguments at the end of the command.
        start_up: those that make next to nothing.
        remark: how its work is done, and where it is not the same.
        goal: how many times as many rows per CPU-second ours is to make.
    """

    package: str
    requirements: str
    command: str
    size: str
    start_up: str
    remark: str
    goal: float | None = None


def _ours(servers: int, hours: int) -> str:
    start = date(FIRST_YEAR, 1, 1)
    return f"--servers {servers} --start {start} --end {start + timedelta(hours=hours - 1)}"


OURS = "fleetsynth"

ENTRIES = {
    OURS: Entry(
        package="fleetsynth",
        requirements="",
        command="{bin}/python -m fleetsynth generate --granularity hourly --no-calendar --quiet"
        " -o {folder}/data.parquet",
        size=_ours(960, HOURS),
        start_up=_ours(1, 24),
        remark="correlated noise, growth, holidays, spikes and a digest; ZSTD",
    ),
    "tpchgen-cli": Entry(
        package="tpchgen-cli",
        requirements="tpchgen-cli==4.0.0",
        command="{bin}/tpchgen-cli parquet --tables=lineitem --output-dir={folder} --quiet -s",
        size="2",
        start_up="0.001",
        remark="not the same work: 16 columns of TPC-H's lineitem, in Rust; Snappy",
        goal=2.5,
    ),
    "dbldatagen": Entry(
        package="dbldatagen",
        requirements="dbldatagen==0.4.0.post1 pyspark==3.5.9 setuptools<81 pandas==3.1.1"
        " pyarrow==26.0.1 jmespath==1.0.1 pyparsing==3.3.3",
        command="{bin}/python -m bench.peer.with_dbldatagen {folder}/data",
        size=f"240 {HOURS}",
        start_up=START_UP,
        remark="independent normal values, no time series; Spark on all cores; Snappy",
        goal=25,
    ),
    "ts-data-generator": Entry(
        package="ts-data-generator",
        requirements="ts-data-generator==0.7.1 pandas==3.1.1 pyarrow==26.0.1",
        command="{bin}/python -m bench.peer.with_ts_data_generator {folder}/data",
        size=f"120 {HOURS}",
        start_up=START_UP,
        remark="a line, a daily sine and noise, independent; pyarrow, Snappy",
    ),
    "mockseries": Entry(
        package="mockseries",
        requirements="mockseries==0.3.1 pandas==2.3.3 pyarrow==20.0.0",
        command="{bin}/python -m bench.peer.with_mockseries {folder}/data",
        size=f"120 {HOURS}",
        start_up=START_UP,
        remark="a line, a daily sine and noise, independent; pyarrow, Snappy",
    ),
}
