"""``fleetsynth serve``: what it refuses, and that it stops when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command import environment

if TYPE_CHECKING:
    from tests.e2e.command import Fleetsynth

SMALL = ("--servers", "8", "--end", "2022-01-31")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "soon"], "--at soon: "),
        (["--at", "2031-01-01"], "the scenario goes from 2022-01-01 00:00:00 to 2022-01-31"),
        (["--at", "2022-01-05T00:00+02:00"], "zone"),
        (["--only", "1-50"], "there is no server_050; the fleet has server_000 to server_007"),
        (["--only", "5-3"], "5-3 ends before it begins"),
        (["--only", "some"], "expected numbers of servers, such as 1-50"),
        (["--only", "1,,2"], "expected numbers of servers, such as 1-50"),
        (["--speed", "0"], "--speed 0: time goes on"),
        (["--speed", "-1"], "--speed -1: time goes on"),
        (["--speed", "nan"], "--speed nan: "),
        (["--speed", "inf"], "--speed inf: "),
        (["--label", "cluster"], "expected NAME=VALUE"),
        (["--label", "a=1", "--label", "a=2"], "a is given twice"),
        (["--label", "region=x"], "series have this label already"),
        (["--label", "no-name=x"], "a label's name is letters, digits and _"),
        (["--port", "70000"], "70000 is not in the range"),
        (["--max-samples", "0"], "0 is not in the range"),
        (["--host", "nowhere.invalid"], "cannot listen at nowhere.invalid:9240"),
    ],
)
def test_bad_usage_is_one_clear_error(
    fleetsynth: Fleetsynth, options: list[str], said: str
) -> None:
    done = fleetsynth("serve", *SMALL, *options)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_scenario_that_is_not_there(fleetsynth: Fleetsynth) -> None:
    done = fleetsynth("serve", "nowhere.yaml")
    assert done.code in {1, 2}
    assert "nowhere.yaml" in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken(fleetsynth: Fleetsynth) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = fleetsynth("serve", *SMALL, "--port", port)
    assert done.code == 2
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "fleetsynth", "serve", *SMALL, "--port", "0", "--json"]
    reset = "import signal, os, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{reset}; os.execv(sys.argv[1], sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", code, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(None), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    ) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["servers"] == 8
        assert said["url"].startswith("http://127.0.0.1:")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "stopped" in errors
    assert "Traceback" not in errors
