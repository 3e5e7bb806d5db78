"""A whole cold run of the command, against importing what it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import presets

CORE_MODULES = (
    "numpy",
    "pyarrow",
    "pyarrow.parquet",
    "pydantic",
    "ruamel.yaml",
    "click",
    "rich.console",
    "rich.progress",
    "rich.table",
    "holidays",
)
"""What a bare process imports, as far as a whole run of the command was seen to load it."""

_PROBE = """
import sys
from fleetsynth.cli import main
try:
    main()
finally:
    print(*sys.modules)
"""


def benchmark(folder: Path) -> Benchmark:
    """Compare cold processes; bytecode is written by the untimed first run of each."""
    path = folder / "cold.parquet"
    arguments = ["generate", "-o", str(path), "--overwrite", "--quiet"]
    command = str(Path(sys.executable).with_name("fleetsynth"))
    used = set(_run(sys.executable, "-c", _PROBE, *arguments).split())
    modules = [name for name in CORE_MODULES if name in used]
    bare = "; ".join([*(f"import {name}" for name in modules), "holidays.US(years=2022)"])

    ours, imports = "fleetsynth generate", "imports alone"
    return Benchmark(
        rows=presets.as_plan(None).cells,
        sides={
            ours: timed(lambda: _run(command, *arguments), output=path),
            imports: timed(lambda: _run(sys.executable, "-c", bare)),
        },
        goals=[Goal(ours, (imports,), "wall", 1.7, at_most=True)],
        remark=f"`imports alone` is a Python process that runs `{bare}`: of the core packages, "
        "those that a whole run was seen to load.",
    )


def _run(*command: str) -> str:
    """Run a process with bytecode allowed, and return what it prints."""
    allowed = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=allowed, check=True, capture_output=True, text=True)
    return done.stdout
