"""What streaming takes: samples into a Prometheus, a VictoriaMetrics, nowhere, and a file.

    python -m bench.push                        # all of it, a minute or two
    python -m bench.push --only nowhere,text    # some of it
    python -m bench.push --json

Needs ``prometheus`` and ``victoria-metrics`` on the path. Nowhere is a server in a process of its
own that reads requests and takes them all: what is left is our own work. CPU time is ours alone,
user and system. Where wall time counts, the machine has to be quiet: the last line says whether it
was.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import fleetsynth as fs
from tests.serve.servers import prometheus, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAN = {
    "preset": "realistic",
    "num_servers": 20,
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
    "granularity": "5min",
}
MANY = {**PLAN, "num_servers": 1_000, "end_date": "2024-01-01"}
WARM = {**PLAN, "num_servers": 1, "end_date": "2024-01-01"}


class Figure(NamedTuple):
    """What was measured, and what it should be at least.

    Attributes:
        name: what.
        value: measured.
        goal: to be reached.
        unit: of both.
    """

    name: str
    value: float
    goal: float | None
    unit: str = "samples/s"

    @property
    def ratio(self) -> float | None:
        """The value as a share of the goal."""
        return None if self.goal is None else self.value / self.goal


def _nowhere(port: Any) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def nowhere(_: Path) -> Iterator[str]:
    """A server that takes all."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_nowhere, args=(theirs,))
    process.start()
    try:
        yield f"prometheus:http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


@contextmanager
def in_prometheus(folder: Path) -> Iterator[str]:
    """An empty Prometheus that scrapes nothing."""
    with prometheus(folder, {"global": {"scrape_interval": "1h"}}) as queries:
        yield f"prometheus:{queries.url}"


@contextmanager
def in_victoria_metrics(folder: Path) -> Iterator[str]:
    """An empty VictoriaMetrics."""
    with victoria_metrics(folder) as queries:
        yield f"prometheus:{queries.url}"


@contextmanager
def text(folder: Path) -> Iterator[str]:
    """A file of OpenMetrics."""
    yield str(folder / "fleet.om")


class Part(NamedTuple):
    """A destination, and what it should reach: samples a second, and a second of our CPU time."""

    name: str
    place: Callable[[Path], Any]
    wall: float | None
    cpu: float | None
    plan: dict[str, Any] = PLAN


PARTS = {
    "prometheus": Part("remote write into Prometheus", in_prometheus, 500_000, 2e6),
    "victoria": Part("remote write into VictoriaMetrics", in_victoria_metrics, None, 2e6),
    "nowhere": Part("remote write into nothing", nowhere, None, 2e6),
    "many": Part("remote write of 1,000 servers into nothing", nowhere, None, None, MANY),
    "many-prometheus": Part("1,000 servers into Prometheus", in_prometheus, 500_000, None, MANY),
    "text": Part("OpenMetrics", text, None, 2e6),
}


def measured(part: Part, folder: Path) -> Iterator[Figure]:
    """Send a month of twenty servers, or a day of a thousand."""
    with part.place(folder) as to:
        if part.place is not in_prometheus:  # which would take nothing else after it
            how = fs.Streaming(record=str(folder / "warm.json"))
            fs.export(WARM, to, streaming=how, overwrite=part.place is text)
        how = fs.Streaming(record=str(folder / "record.json"))
        before, begun = os.times(), time.perf_counter()
        done = fs.export(part.plan, to, streaming=how, overwrite=part.place is text)
        took, after = time.perf_counter() - begun, os.times()
    user, system = after.user - before.user, after.system - before.system
    yield Figure(f"{part.name}, wall time", done.rows / took, part.wall)
    yield Figure(f"{part.name}, own CPU time", done.rows / (user + system), part.cpu)
    yield Figure(f"{part.name}, own CPU time without the system's", done.rows / user, None)


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
    for name in only:
        with TemporaryDirectory() as folder:
            for figure in measured(PARTS[name], Path(folder)):
                found.append({**figure._asdict(), "ratio": figure.ratio})
                if not said.json:
                    goal = "" if figure.ratio is None else f"  {figure.ratio:.2f} of the goal"
                    print(f"{figure.name:64} {figure.value:12,.0f} {figure.unit}{goal}", flush=True)
    if said.json:
        print(json.dumps(found))
    else:
        print(f"load of the machine before and after: {load:.1f}, {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
