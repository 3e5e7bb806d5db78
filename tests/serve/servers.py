"""Real servers, started and stopped by the tests: ours, Prometheus, VictoriaMetrics."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECONDS = 60.0
SOURCE = Path(__file__).parents[2] / "src"


def needs(program: str) -> str:
    """Return the path of a program, or skip the test and say why."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: apt-get install {program} (Debian)")
    return found


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return int(each.getsockname()[1])


class Served:
    """A running ``fleetsynth serve``.

    Attributes:
        url: where it answers.
        process: that it is.
        log: file with what it says.
    """

    def __init__(self, process: subprocess.Popen[str], log: Path, url: str) -> None:
        self.process, self.log, self.url = process, log, url

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask for a path; return status and content."""
        return get(self.url + path, **headers)

    def stop(self) -> int:
        """Say stop, as a service manager does; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_SECONDS)


def get(url: str, **headers: str) -> tuple[int, str]:
    """Ask for a URL; return status and content."""
    asked = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def serving(scenario: Path, *options: str) -> Iterator[Served]:
    """Serve a scenario at a free port, with nothing left behind."""
    log = scenario.with_suffix(".log")
    command = [sys.executable, "-m", "fleetsynth", "serve", str(scenario), "--port", "0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, log.read_text()
            yield Served(process, log, json.loads(said)["url"])
        finally:
            process.kill()


@contextmanager
def _running(command: list[str], log: Path, ready: str) -> Iterator[None]:
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=errors, stderr=errors) as process,
    ):
        try:
            until = time.monotonic() + _SECONDS
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                try:
                    if get(ready)[0] == 200:
                        break
                except OSError:
                    pass
                time.sleep(0.05)
            yield
        finally:
            process.kill()


class Queries:
    """Prometheus's query API, as any server that speaks it has it.

    Attributes:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, path: str, **asked: Any) -> dict[str, Any]:
        """Ask; return the whole answer."""
        body = urllib.parse.urlencode(asked).encode()
        status, text = _post(f"{self.url}/api/v1/{path}", body)
        answer: dict[str, Any] = json.loads(text)
        assert status == 200, answer
        return answer

    def ranged(self, query: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Evaluate a query at times apart by a step; return its series."""
        answer = self("query_range", query=query, start=start, end=end, step=step, nocache=1)
        assert "warnings" not in answer, answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def at(self, query: str, time: float) -> list[dict[str, Any]]:
        """Evaluate a query at a time; return its series."""
        answer = self("query", query=query, time=time, nocache=1)
        assert "warnings" not in answer, answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


def _post(url: str, body: bytes) -> tuple[int, str]:
    asked = urllib.request.Request(url, body, {"Content-Type": "application/x-www-form-urlencoded"})
    try:
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any] | str) -> Iterator[Queries]:
    """A Prometheus with a configuration: the text of one, or values."""
    program, port = needs("prometheus"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "prometheus.yml").write_text(text)
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with _running(command, folder / "prometheus.log", f"{url}/-/ready"):
        yield Queries(url)


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[Queries]:
    """A VictoriaMetrics that keeps data of a hundred years, and no sample twice."""
    program, port = needs("victoria-metrics"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        program,
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-dedup.minScrapeInterval=1ms",
        "-search.disableCache",
        "-memory.allowedPercent=10",
    ]
    url = f"http://127.0.0.1:{port}"
    with _running(command, folder / "victoria.log", f"{url}/health"):
        yield Queries(url)


def reading(url: str, **more: Any) -> dict[str, Any]:
    """The configuration of a Prometheus that reads from a server of ours."""
    return {
        "global": {"scrape_interval": "1h", **more.pop("of_all", {})},
        "remote_read": [{"url": f"{url}/api/v1/read", "read_recent": True, **more}],
    }
