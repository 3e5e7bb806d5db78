"""Whatever is read, the outcome is an answer or an error of ours: no traceback, no signal.

Inputs are drawn from fixed seeds, so that a fault is found again; FUZZ_INPUTS asks for more of
each kind, FUZZ_SEED for others.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.inputs import KINDS, Corpus, Input
from tests.fuzz.runner import BYTES, SMALL

INPUTS = int(os.environ.get("FUZZ_INPUTS", "30"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
LEAST = {"damaged": 50}
"""Kinds of which it takes more until one is not refused."""
MOST_WORDS = 50_000

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fuzz")]


@dataclass
class Runner:
    """A warm process that runs inputs."""

    process: subprocess.Popen[str]
    folder: Path

    def __call__(self, given: Input) -> dict[str, Any]:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        given.lay(self.folder)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"args": given.args, "folder": str(self.folder)}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.runner", str(corpus.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | SMALL | {"COLUMNS": "100"},
    ) as process:
        yield Runner(process, tmp_path_factory.mktemp("runs") / "here")
        assert process.stdin is not None
        process.stdin.close()


def fault(given: Input, answer: dict[str, Any]) -> str | None:
    """Say what is wrong with an answer, if anything is."""
    code, said = answer["code"], answer["out"] + answer["err"]
    if code not in (0, 1, 2):
        return f"ended with {code}: {said[-300:]!r}"
    if "Traceback" in said or "Exception ignored" in said:
        return f"a traceback: {said[-300:]!r}"
    raw = sorted({char for char in said if not char.isprintable() and char != "\n"})
    if raw:
        return f"raw characters {raw[:5]}"
    if code and not said.strip():
        return f"exit code {code} without a word"
    if "more memory" in answer["err"]:
        return f"took more than {BYTES:,} bytes of address space"
    if len(answer["err"]) > MOST_WORDS:
        return f"{len(answer['err']):,} characters of errors"
    if "--json" in given.args and answer["out"]:
        json.loads(
            answer["out"], parse_constant=lambda name: pytest.fail(f"{name} is not valid JSON")
        )
    return None


AWAITING_THE_READER = {"names", "damaged"}
"""Kinds whose faults are those of a way to read data that is being replaced."""


def _marked(kind: str) -> Any:
    """A kind, not run before what it is about is there."""
    waiting = kind in AWAITING_THE_READER and find_spec("fleetsynth.reader") is None
    reason = "duplicate names and damaged Arrow files: what reads them is being replaced"
    return pytest.param(kind, marks=pytest.mark.skip(reason=reason) if waiting else ())


@pytest.mark.parametrize("kind", [_marked(kind) for kind in KINDS])
def test_every_input_has_an_answer(kind: str, run: Runner, corpus: Corpus) -> None:
    drawn = KINDS[kind](random.Random(f"{SEED} {kind}"), corpus)
    codes, faults = [], []
    for number, given in enumerate(islice(drawn, max(INPUTS, LEAST.get(kind, 0)))):
        answer = run(given)
        codes.append(answer["code"])
        if wrong := fault(given, answer):
            faults.append(f"{number}: {[word[:80] for word in given.args]} {wrong}")
    assert not faults, "\n".join(faults)
    assert len(set(codes)) > 1, "inputs that all end alike test nothing"


def test_the_runner_notices(run: Runner) -> None:
    """Its limits hold, and what is not an answer is told from one."""
    ok = run(Input(("--version",)))
    assert (ok["code"], fault(Input(()), ok)) == (0, None)
    assert fault(Input(()), {"code": -11, "out": "", "err": ""})
    assert fault(Input(()), {"code": 1, "out": "", "err": "Traceback (most recent call last)"})
    assert fault(Input(()), {"code": 1, "out": "", "err": "\x1b[31m"})
    assert fault(Input(()), {"code": 1, "out": "", "err": ""})
    long = ("generate", "--granularity", "1s", "--end", "2022-01-31", "-o", "x.csv", "--quiet")
    assert fault(Input(()), run(Input(long)))
