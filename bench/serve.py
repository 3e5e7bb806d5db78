"""What `fleetsynth serve` takes: queries through a real Prometheus, and what it answers itself.

    python -m bench.serve                    # all of it, some minutes
    python -m bench.serve --only day,metrics # some of it
    python -m bench.serve --json

Needs ``prometheus`` on the path (``apt-get install prometheus``). Every line is a figure beside its
goal. Wall time counts, so the machine has to be quiet: the last line says whether it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.wire import snappy
from fleetsynth.wire.protobuf import field, int_field
from tests.serve.servers import Queries, Served, prometheus, reading, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCENARIO = """\
preset: realistic
num_servers: {servers}
start_date: 2022-01-01
end_date: 2025-12-31
granularity: 5min
"""
BEGIN, DAY, STEP, DAYS = 1_640_995_200, 86_400, 300, 1_461
MILLION, FEW, THOUSAND = 1_000_000, 120, 1_000


class Figure(NamedTuple):
    """What was measured, and what it should be at most (or at least).

    Attributes:
        name: what.
        value: measured.
        goal: to be reached.
        unit: of both.
    """

    name: str
    value: float
    goal: float | None
    unit: str


class Fleet(NamedTuple):
    """A running server, and a Prometheus that reads from it."""

    served: Served
    queries: Queries
    servers: int


def quantile(seconds: list[float], share: float) -> float:
    """A quantile in milliseconds."""
    return float(np.quantile(seconds, share)) * 1e3


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def cpu(served: Served) -> float:
    """Seconds of CPU time that a server has taken."""
    stat = Path(f"/proc/{served.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def server_day(fleet: Fleet, rng: random.Random, query: str) -> float:
    """Ask for a day of a server."""
    server = f"server_{rng.randrange(fleet.servers):03d}"
    start = BEGIN + DAY * rng.randrange(60, DAYS - 1)

    def ask() -> None:
        found = fleet.queries.ranged(query.replace("$", server), start, start + DAY - STEP, STEP)
        assert found
        assert len(found[0]["values"]) >= 280

    return timed(ask)


GAUGE = 'fleetsynth_cpu_p95{server_id="$"}'
RATE = 'rate(node_cpu_seconds_total{server_id="$"}[5m])'


def day(fleet: Fleet) -> Iterator[Figure]:
    """A day of one of a million servers, by one client and by four."""
    rng = random.Random(5)
    for _ in range(20):
        server_day(fleet, rng, GAUGE)
    before = cpu(fleet.served)
    seconds = [server_day(fleet, rng, GAUGE) for _ in range(300)]
    spent = (cpu(fleet.served) - before) / 300 * 1e3
    yield Figure("server-day, CPU time of fleetsynth, mean", spent, None, "ms")
    yield Figure("server-day, one client, p50", quantile(seconds, 0.5), None, "ms")
    yield Figure("server-day, one client, p99", quantile(seconds, 0.99), 15, "ms")

    def client(seed: int) -> list[float]:
        mine = random.Random(seed)
        return [server_day(fleet, mine, GAUGE) for _ in range(100)]

    with ThreadPoolExecutor(4) as pool:
        begin = time.perf_counter()
        four = [second for each in pool.map(client, range(4)) for second in each]
        took = time.perf_counter() - begin
    yield Figure("server-day, four clients, p99", quantile(four, 0.99), 50, "ms")
    yield Figure("server-day, four clients", len(four) / took, None, "answers/s")
    before = cpu(fleet.served)
    rates = [server_day(fleet, rng, RATE) for _ in range(150)]
    spent = (cpu(fleet.served) - before) / 150 * 1e3
    yield Figure("rate, CPU time of fleetsynth, mean", spent, None, "ms")
    yield Figure("rate of eight counters, server-day, p50", quantile(rates, 0.5), None, "ms")
    yield Figure("rate of eight counters, server-day, p99", quantile(rates, 0.99), 40, "ms")


def month(fleet: Fleet) -> Iterator[Figure]:
    """120 servers over 30 days, each time others."""
    rng, seconds, before = random.Random(9), [], cpu(fleet.served)
    for _ in range(9):
        start = BEGIN + DAY * rng.randrange(1, DAYS - 31)
        times = start, start + 30 * DAY - STEP, STEP
        query = "avg by (business_unit) (fleetsynth_cpu_p95)"
        seconds.append(timed(lambda q=query, t=times: fleet.queries.ranged(q, *t)))  # type: ignore[misc]
    yield Figure("120 servers, 30 days, median", float(np.median(seconds)), 0.8, "s")
    spent = (cpu(fleet.served) - before) / len(seconds)
    yield Figure("the same, CPU time of fleetsynth, mean", spent, None, "s")


def answer(fleet: Fleet) -> Iterator[Figure]:
    """An answer of 50 million samples, asked of the server itself."""
    matcher = field(2, b"__name__") + field(3, b"fleetsynth_cpu_p95")
    times = int_field(1, BEGIN * 1000) + int_field(2, (BEGIN + DAY * 1446) * 1000)
    request = snappy.block(field(1, times + field(3, matcher)))
    size = 0

    def ask() -> None:
        nonlocal size
        asked = urllib.request.Request(fleet.served.url + "/api/v1/read", request)
        with urllib.request.urlopen(asked, timeout=600) as got:
            while chunk := got.read(1 << 20):
                size += len(chunk)

    took = timed(ask)
    status = Path(f"/proc/{fleet.served.process.pid}/status").read_text()
    peak = next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))
    yield Figure("50 million samples in an answer, memory at its peak", peak / 1e6, 1, "GB")
    yield Figure("the same, time", took, None, "s")
    yield Figure("the same, bytes", size / 1e6, None, "MB")


def metrics(fleet: Fleet) -> Iterator[Figure]:
    """A scrape of 1,000 servers."""
    served = fleet.served
    for _ in range(3):
        served.get("/metrics")
    before = cpu(served)
    seconds = [timed(lambda: served.get("/metrics")) for _ in range(30)]
    spent = (cpu(served) - before) / len(seconds) * 1e3
    yield Figure("/metrics of 1,000 servers, CPU time", spent, None, "ms")
    yield Figure("/metrics of 1,000 servers, median", quantile(seconds, 0.5), 100, "ms")


def soak(fleet: Fleet) -> Iterator[Figure]:
    """Memory over many queries."""
    rng = random.Random(2)

    def resident() -> float:
        pages = Path(f"/proc/{fleet.served.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    sizes = []
    for _ in range(10):
        for _ in range(SOAK // 10):
            server_day(fleet, rng, GAUGE)
        sizes.append(resident())
    yield Figure(f"memory after {SOAK // 2:,} queries", sizes[4], None, "MB")
    yield Figure(f"memory after {SOAK:,} queries", sizes[-1], sizes[4] * 1.1, "MB")


SOAK = 10_000


@contextmanager
def running(folder: Path, servers: int, *options: str) -> Iterator[Fleet]:
    """Serve a fleet of some size to a Prometheus."""
    folder = folder / str(servers)
    folder.mkdir()
    scenario = folder / "fleet.yaml"
    scenario.write_text(SCENARIO.format(servers=servers))
    with (
        serving(scenario, *options) as served,
        prometheus(folder / "p", reading(served.url)) as queries,
    ):
        while served.get("/-/ready")[0] != 200:
            time.sleep(0.2)
        yield Fleet(served, queries, servers)


PARTS = {
    "day": (day, MILLION, ("--only", "0-9")),
    "soak": (soak, MILLION, ("--only", "0-9", "--cache-mb", "16")),  # filled long before the end
    "month": (month, FEW, ()),
    "answer": (answer, FEW, ()),
    "metrics": (metrics, THOUSAND, ("--at", "2024-03-05T10:00")),
}


def measured(only: list[str], folder: Path) -> Iterator[Figure]:
    """Measure the parts that are asked for, each with a server of its own."""
    for part in only:
        measure, servers, options = PARTS[part]
        (folder / part).mkdir()
        with running(folder / part, servers, *options) as fleet:
            yield from measure(fleet)


def main() -> None:
    """Print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    said = parser.parse_args()
    only = said.only.split(",")
    if unknown := set(only) - PARTS.keys():
        parser.error(f"unknown: {', '.join(unknown)}")
    found = []
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        for figure in measured(only, Path(folder)):
            found.append(figure)
            if not said.json:
                goal = "" if figure.goal is None else f"  (at most {figure.goal:,.4g})"
                print(f"{figure.name:52} {figure.value:10,.1f} {figure.unit}{goal}", flush=True)
    if said.json:
        print(json.dumps([figure._asdict() for figure in found]))
    else:
        print(f"load of the machine before and after: {load:.1f}, {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
