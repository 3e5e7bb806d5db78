"""Spark's daemon, of which its Python workers are forks, with all imported that they need."""

import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
from pyspark import daemon

import tests.dataset.makers  # noqa: F401

if __name__ == "__main__":
    daemon.manager()  # type: ignore[no-untyped-call]
