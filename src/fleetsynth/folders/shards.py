"""Array jobs: which parts one of several machines makes."""

from __future__ import annotations

import os
import re

from fleetsynth.errors import UsageError
from fleetsynth.folders.folder import Shard

INDEX_VARIABLES = ("AWS_BATCH_JOB_ARRAY_INDEX", "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX")
"""Where AWS Batch, Slurm and Kubernetes tell a task its number, counted from 0."""


def parse_shard(text: str) -> Shard:
    """Read ``K/N`` with K from 1, or ``auto/N`` with K from the scheduler's environment.

    Raises:
        UsageError: if it is neither, or out of range.
    """
    match = re.fullmatch(r"(auto|[0-9]+)/([0-9]+)", text)
    if not match:
        raise UsageError(f"shard {text}: expected K/N, such as 1/8, or auto/8")
    count = int(match[2])
    number = _from_environment() if match[1] == "auto" else int(match[1])
    if not 1 <= number <= count:
        raise UsageError(f"shard {text}: shard {number} is not among 1 to {count}")
    return Shard(number, count)


def _from_environment() -> int:
    for name in INDEX_VARIABLES:
        value = os.environ.get(name, "")
        if value.isdecimal():
            return int(value) + 1
    raise UsageError(f"shard auto: none of {', '.join(INDEX_VARIABLES)} is set to a number")
