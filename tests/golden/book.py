"""The book of golden digests: what each scenario in golden.json gives, and how to work it out."""

import json
from pathlib import Path
from typing import Any, TypedDict

from fleetsynth.plan import Plan
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.streams import fingerprint
from tests.support import digest_of

PATH = Path(__file__).with_name("golden.json")


class Case(TypedDict):
    """One scenario: changes to a packaged one, by dotted key, and what came of it."""

    scenario: dict[str, Any]
    scenario_digest: str
    digest: str


class Book(TypedDict):
    """All cases by name, and the first normals of the random generator."""

    normals_fingerprint: str
    cases: dict[str, Case]


def read() -> Book:
    """What is written down."""
    book: Book = json.loads(PATH.read_text("utf-8"))
    return book


def plan_of(scenario: dict[str, Any]) -> Plan:
    """The plan of a case, of any preset."""
    return resolve(load_scenario(overrides=scenario))


def work_out(scenario: dict[str, Any]) -> Case:
    """What a scenario gives today."""
    plan = plan_of(scenario)
    return {"scenario": scenario, "scenario_digest": plan.digest, "digest": digest_of(plan)}


def work_out_all(book: Book) -> Book:
    """What all scenarios of a book give today."""
    cases = {name: work_out(case["scenario"]) for name, case in book["cases"].items()}
    return {"normals_fingerprint": fingerprint(), "cases": cases}


def render(book: Book) -> str:
    """The text of the file."""
    return json.dumps(book, indent=2) + "\n"
