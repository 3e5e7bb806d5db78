"""What is added to models: each row of the table performed."""

import json
from pathlib import Path

import pandas as pd
import pytest

import fleetsynth as fs
from tests.extensions.tree import PACKAGE, TINY, WEEK, Tree, performs, shown


@performs("an archetype")
def test_an_archetype(tmp_path: Path) -> None:
    web = PACKAGE / "models" / "classic" / "catalog" / "archetypes" / "web.yaml"
    text = web.read_text("utf-8").replace("Web Server", "Proxy")
    tree = Tree(tmp_path, "an archetype")
    tree.add("models/classic/catalog/archetypes/proxy.yaml", text)
    assert "Proxy" in tree.command("archetypes", "proxy")
    profile = fs.load_scenario().archetypes["web"].model_dump()
    block = {"archetypes": {"proxy": profile}, "distribution": {"proxy": 1}}
    assert set(fs.to_pandas({**TINY, **block})["server_type"]) == {"proxy"}


@performs("an estate")
def test_an_estate(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "an estate")
    tree.add(
        "models/realistic/catalog/estates/lab.yaml",
        "# A laboratory: what is on is idle. More of it.\nestate: lab\n"
        'distribution: {idle: 0.75, "off": 0.25}\n',
    )
    listed = tree.command("estates")
    assert "lab         A laboratory: what is on is idle\n" in listed, listed
    assert "75 % idle, 25 % off" in listed
    (tmp_path / "lab.yaml").write_text(tree.command("estates", "lab"), "utf-8")
    for said in (["lab.yaml"], ["--preset", "realistic", "--set", "estate=lab"]):
        plan = tree.command("plan", *said, "--servers", "4", "--end", "2022-01-02")
        assert "4: 3 idle, 1 off" in plan, plan
    assert '"lab"' in tree.command("config", "schema", "--preset", "realistic")


@performs("a metric")
def test_a_metric(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a metric")
    tree.edit(
        "metrics.py",
        ("METRICS = (\n", 'METRICS = (\n    Metric("swap", "swap", "%", 0.0, 100.0),\n'),
    )
    tree.edit("models/classic/signals.py", ('{"mem": 1.0}', '{"mem": 1.0, "swap": 0.5}'))
    tree.python(
        "import fleetsynth as fs\n"
        f"made = fs.generate({TINY}, 'fleet.parquet')\n"
        f"frame = fs.to_pandas({TINY})\n"
        "assert ((frame.swap_p95 - frame.mem_p95 / 2).abs() < 0.01).all()\n"
        "assert fs.digest('fleet.parquet') == made.digest\n"
        "checked = fs.validate('fleet.parquet')\n"
        "assert checked.ok, checked.failed\n"
        "assert 'swap_p95' in [verdict.subject for verdict in checked.verdicts], checked.verdicts\n"
        f"assert 'swap_p95' not in fs.to_pandas({WEEK})\n"
    )


@performs("a factor")
def test_a_factor(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a factor")
    friday = shown("FRIDAY = ")
    tree.edit("models/classic/factors.py", ("FACTORS = (", f"{friday}\n\nFACTORS = (FRIDAY, "))
    tree.edit(
        "models/classic/scenario.py",
        (
            "    spikes: bool = Field(",
            '    fridays: bool = Field(description="Half of the demand on Fridays.")\n'
            "    spikes: bool = Field(",
        ),
    )
    tree.edit("models/classic/catalog/config.yaml", ("\nspikes:", "\nfridays: true\nspikes:"))
    tree.python(
        "import fleetsynth as fs\n"
        "year = {'num_servers': 20, 'end_date': '2022-12-31'}\n"
        "frame, plain = fs.to_pandas(year), fs.to_pandas({**year, 'fridays': False})\n"
        "a, b = (f.groupby('dayofweek').cpu_p95.mean() for f in (frame, plain))\n"
        "ratio = a / b\n"
        "assert abs(ratio[4] - 0.5) < 0.05 and (ratio.drop(4) == 1).all(), ratio\n"
        "fs.generate(year, 'fleet.parquet')\n"
        "checked = fs.validate('fleet.parquet')\n"
        "assert checked.ok, checked.failed\n"
        "assert any('Fri' in v.name + v.subject for v in checked.verdicts), checked.verdicts\n"
        "fs.report('fleet.parquet')\n"
        "assert 'Fridays' in open('report.html').read()\n"
    )


BREW = '''
"""Everybody fetches coffee."""

from fleetsynth.kinds.kind import Kind, Spells, only

KIND = Kind(
    name="coffee",
    title="coffee break",
    about="nobody asks for anything",
    entity="service",
    effects=only("demand"),
    size=0.5,
    color="#6f4e37",
    drawn=Spells(per_quarter=3.0, hours=(1.0, 2.0), size=(0.2, 0.4), source="a guess"),
)
'''


@performs("a kind of event")
def test_a_kind_of_event(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a kind of event")
    tree.add("kinds/coffee.py", BREW)
    tree.edit(
        "kinds/__init__.py",
        ("    clock_skew,\n", "    clock_skew,\n    coffee,\n"),
        ("        surge.KIND,\n", "        surge.KIND,\n        coffee.KIND,\n"),
    )
    told = {"kind": "coffee", "at": "2022-01-03 10:00", "for": "1h", "cause": "beans"}
    scenario = {**WEEK, "granularity": "5min", "events": [told]}
    often = {"intensity": 0, "coffee": {"per_quarter": 9}}
    tree.python(
        "import fleetsynth as fs\n"
        f"fs.generate({scenario | {'incidents': often}}, 'fleet.parquet')\n"
        "rows = fs.events('fleet.parquet', kinds=['coffee']).rows()\n"
        "assert rows and {row['cause'] for row in rows} == {'beans'}, rows\n"
        f"drawn = {scenario | {'incidents': often | {'intensity': 3}}}\n"
        "more = fs.events(drawn, kinds=['coffee']).rows()\n"
        "assert len(more) > len(rows) and any(not row['cause'] for row in more)\n"
    )
    out = tree.command("config", "schema")
    assert "coffee break: nobody asks" in out


SPILT = '''"""Coffee in a network card."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="coffee",
    title="coffee",
    about="traffic is told in cups",
    entity="server",
    effects=None,
    label="fault",
    is_told=False,
    color="#6f4e37",
    drawn=Faults(
        act="scale", per_day=2.0, hours=(1.0, 2.0), of={"net_in": (0.5,)}, source="a guess"
    ),
)
'''


@performs("a kind of fault")
def test_a_kind_of_fault(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a kind of fault")
    tree.add("kinds/coffee.py", SPILT)
    tree.edit(
        "kinds/__init__.py",
        ("    clock_skew,\n", "    clock_skew,\n    coffee,\n"),
        ("        surge.KIND,\n", "        surge.KIND,\n        coffee.KIND,\n"),
    )
    scenario = WEEK | {"granularity": "5min", "collector": {"intensity": 1}}
    tree.python(
        "import fleetsynth as fs\n"
        f"made = fs.generate({scenario}, 'fleet.parquet')\n"
        "rows = fs.events('fleet.parquet', kinds=['coffee']).rows()\n"
        "assert {row['effect'] for row in rows} == {'net_in x0.5'}, rows\n"
        "assert made.clean_digest != made.digest\n"
    )
    assert "coffee: traffic is told in cups" in tree.command("config", "schema")


@performs("a packaged scenario")
def test_a_packaged_scenario(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a packaged scenario")
    tree.add("presets/scenarios/tiny.yaml", "num_servers: 2\nend_date: 2022-01-02\n")
    assert "4 rows" in tree.command("config", "check", "tiny")
    tree.command("config", "init", "mine.yaml", "--scenario", "tiny")
    assert "4 rows" in tree.command("config", "check", "mine.yaml")


@performs("a figure of the realistic model")
def test_a_figure_of_the_realistic_model(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a figure of the realistic model")
    tree.edit(
        "models/realistic/profile.py",
        (
            "    holiday: Multiplier",
            '    noon: Multiplier = Field(description="Multiplies demand at 12:00.")\n'
            "    holiday: Multiplier",
        ),
    )
    for path in sorted((PACKAGE / "models/realistic/catalog/archetypes").glob("*.yaml")):
        name = f"models/realistic/catalog/archetypes/{path.name}"
        tree.edit(name, ("\ndemand:\n", "\ndemand:\n  noon: 1\n"))
    tree.edit(
        "models/realistic/demand.py",
        (
            "out[0, row] = np.maximum(1.0 + wave, _LEAST)\n",
            "out[0, row] = np.maximum(1.0 + wave, _LEAST)\n"
            '        noon = of_row["demand.noon"]\n'
            "        out[0, row] *= np.where(quarter == 48, noon, 1.0)\n",
        ),
    )
    here = {"regions": ["here"], "locations": {"here": {"zone": "UTC", "country": "US"}}}
    scenario = {**WEEK, **here, "granularity": "hourly", "distribution": {"web": 1}}
    less = {**scenario, "archetypes": {"web": {"demand": {"noon": 0.1}}}}
    tree.python(
        "import fleetsynth as fs\n"
        f"a, b = fs.to_pandas({scenario}), fs.to_pandas({less})\n"
        "hours = a.timestamp.dt.hour[a.net_in_p95 != b.net_in_p95]\n"
        "assert set(hours) == {11, 12}, set(hours)\n"
        "assert b.net_in_p95.sum() < a.net_in_p95.sum()\n"
    )


@performs("a statistic")
def test_a_statistic(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a statistic")
    tree.edit(
        "metrics.py",
        ('|mean|min|max)$"', '|mean|min|max|range)$"'),
        ('"mean", "min", "max")', '"mean", "min", "max", "range")'),
    )
    tree.edit(
        "models/realistic/aggregate.py",
        ('if name != "mean"}', 'if name not in ("mean", "range")}'),
        (
            "        else:\n            out[:, place]",
            '        elif name == "range":\n'
            "            out[:, place] = parts.max(axis=3) - parts.min(axis=3)\n"
            "        else:\n            out[:, place]",
        ),
    )
    scenario = {**WEEK, "statistics": ["min", "max", "range"]}
    tree.python(
        f"import fleetsynth as fs\n"
        f"f = fs.to_pandas({scenario})\n"
        "assert ((f.cpu_max - f.cpu_min - f.cpu_range).abs() < 0.001).all()\n"
        "assert f.cpu_range.max() > 0\n"
    )


@performs("a region")
def test_a_region() -> None:
    osaka = {"ap-northeast-3": {"zone": "Asia/Tokyo", "country": "JP"}}
    frame = fs.to_pandas({**WEEK, "regions": list(osaka), "locations": osaka})
    assert set(frame["region"]) == {"ap-northeast-3"}
    holidays = frame[frame["is_holiday"] == 1]["timestamp"].dt.strftime("%m-%d")
    assert "01-03" in set(holidays) or "01-01" in set(holidays)
    with pytest.raises(fs.ScenarioError, match="ap-northeast-3"):
        fs.load_scenario({**WEEK, "regions": list(osaka), "locations": {}})


PRESET = """
from typing import Literal

import numpy as np

from fleetsynth.block import Block
from fleetsynth.metrics import published
from fleetsynth.models.base import Model, Signal
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of
from fleetsynth.scenario import Scenario
from fleetsynth.scenario.fields import Key, Name, NonNegative, Strict


class Level(Strict):
    name: Name
    level: NonNegative


class FlatScenario(Scenario):
    preset: Literal["flat"]
    archetypes: dict[Key, Level]


def resolve(scenario):
    return Plan(
        scenario=scenario,
        clock=clock_of(scenario),
        fleet=fleet_of(scenario, replicas=None),
        archetypes=tuple(Archetype(n, scenario.archetypes[n]) for n in scenario.distribution),
        metrics=published(["p95"], ["cpu"]),
        digest=digest_of(scenario, "flat-1", scenario.to_dict()),
    )


def simulate(plan, window):
    codes = plan.fleet.archetype_codes(window.first_server, window.stop_server)
    levels = np.array([archetype.profile.level for archetype in plan.archetypes])[codes]
    hundredths = np.rint(levels * 100).astype(np.int32)
    return Block.full(window, np.broadcast_to(hundredths[None, :, None], (1, *window.shape)))


MODEL = Model(
    version="flat-1",
    package=__name__,
    scenario=FlatScenario,
    problems=lambda scenario: iter(()),
    resolve=resolve,
    simulate=simulate,
    signals=(Signal("cpu", {"cpu": 1.0}),),
)
"""


@performs("a preset")
def test_a_preset(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a preset")
    packaged = (PACKAGE / "models/classic/catalog/config.yaml").read_text("utf-8")
    kept = ("num_", "start_", "end_", "gran", "seed", "ass", "bus", "crit", "reg", "incl")
    lines = [line for line in packaged.splitlines() if line.startswith(kept)]
    lines += ["preset: flat", "distribution: {steady: 1}", ""]
    tree.beside("flat_model/__init__.py", PRESET)
    tree.beside("flat_model/catalog/config.yaml", "\n".join(lines))
    tree.beside("flat_model/catalog/archetypes/steady.yaml", "name: Steady\nlevel: 12.5\n")
    info = "flat_model-1.0.dist-info"
    tree.beside(f"{info}/METADATA", "Metadata-Version: 2.1\nName: flat-model\nVersion: 1.0\n")
    tree.beside(f"{info}/entry_points.txt", "[fleetsynth.presets]\nflat = flat_model:MODEL\n")
    few = ("--servers", "3", "--end", "2022-02-28", "--json")
    made = json.loads(tree.command("generate", "--preset", "flat", "-o", "flat/", *few))
    assert made["rows"] == 177
    assert set(pd.read_parquet(tmp_path / "flat" / "data")["cpu_p95"]) == {12.5}
