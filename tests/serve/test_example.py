"""The folder that a newcomer starts from does what it says, panel by panel."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fleetsynth.ledger.table import of_one
from fleetsynth.presets import as_plan
from fleetsynth.sinks.truth import KINDS_TOLD
from tests.serve.servers import needs, prometheus, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serve.servers import Queries

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

FOLDER = Path(__file__).parents[2] / "examples" / "prometheus"
BOARD = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
VARIABLES = {each["name"]: each for each in BOARD["templating"]["list"] if each["type"] == "query"}


def end() -> float:
    """When the dashboard's time ends."""
    return datetime.fromisoformat(BOARD["time"]["to"]).timestamp()


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    """The example's Prometheus, at other ports."""
    folder = tmp_path_factory.mktemp("example")
    scenario = folder / "fleet.yaml"
    scenario.write_text((FOLDER / "fleet.yaml").read_text("utf-8"))
    config = (FOLDER / "prometheus.yml").read_text("utf-8")
    assert config.count("127.0.0.1:9240") == 4
    with serving(scenario, "--events") as served:
        there = config.replace("127.0.0.1:9240", served.url.removeprefix("http://"))
        with prometheus(folder / "p", there) as found:
            yield found


def filled(text: str, values: dict[str, str]) -> str:
    """Put values in place of variables, as Grafana does."""
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return text


def options(queries: Queries, name: str, values: dict[str, str]) -> list[str]:
    """What the list of a variable offers: what a pattern finds in series written as text."""
    variable = VARIABLES[name]
    match = re.fullmatch(r"query_result\((.*)\)", variable["query"]["query"])
    assert match
    pattern = re.compile(variable["regex"].strip("/"))
    out = []
    for series in queries.at(filled(match[1], values), end()):
        text = ",".join(f'{key}="{value}"' for key, value in series["metric"].items())
        found = pattern.search("{" + text + "}")
        assert found, text
        out.append(found[1])
    return sorted(set(out))


def test_lists_at_the_top_are_filled(queries: Queries) -> None:
    plan = as_plan(FOLDER / "fleet.yaml")
    metadata = plan.fleet.metadata(0, plan.fleet.size)
    everything = dict.fromkeys(VARIABLES, ".*")
    for name, column in (("region", "region"), ("unit", "business_unit"), ("type", "server_type")):
        assert options(queries, name, {}) == sorted(set(metadata[column]))
    assert options(queries, "server", everything) == plan.fleet.server_ids(0, plan.fleet.size)
    some = options(queries, "server", everything | {"region": metadata["region"][0]})
    assert 0 < len(some) < plan.fleet.size
    assert VARIABLES["server"]["current"]["value"] in options(queries, "server", everything)


@pytest.mark.parametrize("panel", BOARD["panels"], ids=lambda panel: panel["title"])
def test_every_panel_shows_something(queries: Queries, panel: dict[str, Any]) -> None:
    values = dict.fromkeys(VARIABLES, ".*") | {"server": "server_007", "__rate_interval": "20m"}
    for target in panel["targets"]:
        expression = filled(target["expr"], values)
        assert "$" not in expression
        found = queries.ranged(expression, end() - 86_400, end(), 1800)
        assert found, expression
        assert all(len(series["values"]) == 49 for series in found if "topk" not in expression)


@pytest.mark.parametrize("note", BOARD["annotations"]["list"], ids=lambda note: note["name"])
def test_annotations_are_the_events_of_the_ledger(queries: Queries, note: dict[str, Any]) -> None:
    """Those that begin and end; what is named so by accident would show nothing."""
    begin = datetime.fromisoformat(BOARD["time"]["from"]).timestamp()
    chosen = VARIABLES["server"]["current"]["value"]
    expression = filled(note["expr"], {"server": chosen})
    assert "$" not in expression
    assert note["step"] == "5m"
    found = {
        series["metric"]["kind"]: [int(at) for at, _ in series["values"]]
        for series in queries.ranged(expression, begin, end(), 300)
    }
    plan = as_plan(FOLDER / "fleet.yaml")
    place = plan.fleet.server_ids(0, plan.fleet.size).index(chosen)
    told: dict[str, set[int]] = {}
    kinds = re.search(r'kind=~"([^"]+)"', expression)
    assert kinds
    assert set(kinds[1].split("|")) <= set(KINDS_TOLD)
    for event in of_one(plan, place):
        if event.kind in kinds[1].split("|") and event.end is not None:
            there = range(-(-event.begin // 300) * 300, event.end, 300)
            told.setdefault(event.kind, set()).update(at for at in there if begin <= at <= end())
    assert found == {kind: sorted(at) for kind, at in told.items() if at}
    assert found


def test_the_configuration_is_one() -> None:
    program = needs("promtool")
    done = subprocess.run(
        [program, "check", "config", FOLDER / "prometheus.yml"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
