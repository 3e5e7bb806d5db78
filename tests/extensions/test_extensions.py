"""Each row of the table "Where an extension goes", performed."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fleetsynth as fs
from fleetsynth.folders.engines import ENGINES
from fleetsynth.reader import open_dataset
from fleetsynth.reader.roles import ROLES, Role
from fleetsynth.stores.places import STORES
from tests.extensions.tree import PACKAGE, Tree, performs

TINY = {"num_servers": 4, "end_date": "2022-02-28"}
WEEK = {"preset": "realistic", "num_servers": 12, "end_date": "2022-01-07"}


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


FRIDAY = """
def _on_friday(days: Days) -> Ints:
    return (days.index % 7 == 1).astype(np.int64)


FRIDAY = Factor.of_cases(
    "friday", "Fridays", _on_friday, switch="fridays", cases=(Case("Fri", 0.5, "Fridays"),)
)
FACTORS = (FRIDAY, """


@performs("a factor")
def test_a_factor(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a factor")
    tree.edit("models/classic/factors.py", ("FACTORS = (", FRIDAY.lstrip("\n")))
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


@performs("a figure of the realistic model")
def test_a_figure_of_the_realistic_model(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a figure of the realistic model")
    tree.edit(
        "models/realistic/scenario.py",
        (
            "    cache: Spread",
            '    reserved: Spread = Field(description="Taken at boot, in percent.")\n'
            "    cache: Spread",
        ),
    )
    for path in sorted((PACKAGE / "models/realistic/catalog/archetypes").glob("*.yaml")):
        name = f"models/realistic/catalog/archetypes/{path.name}"
        tree.edit(name, ("memory:\n", "memory:\n  reserved: 0\n"))
    tree.edit(
        "models/realistic/stocks.py",
        ("        base = level\n", '        base = level + figures["memory.reserved"]\n'),
    )
    scenario = {**WEEK, "distribution": {"web": 1}}
    more = {**scenario, "archetypes": {"web": {"memory": {"reserved": 5}}}}
    tree.python(
        "import fleetsynth as fs\n"
        f"a, b = fs.to_pandas({scenario}), fs.to_pandas({more})\n"
        "assert ((b.mem_p95 - a.mem_p95 - 5).abs() < 0.011).all()\n"
        "assert (a.cpu_p95 == b.cpu_p95).all()\n"
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

from fleetsynth.models.base import Model, Signal
from fleetsynth.plan import Archetype, Plan, clock_of, digest_of, fleet_of
from fleetsynth.metrics import published
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
    return np.broadcast_to(hundredths[None, :, None], (1, *window.shape))


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


FORMAT = '''
"""Python literals, one row a line."""

from ast import literal_eval

import pyarrow as pa

from fleetsynth.formats.base import Head, Reader


class Writer:
    def __init__(self, stream, schema):
        self._stream = stream

    def write(self, batch):
        for row in batch.to_pylist():
            row["timestamp"] = row["timestamp"].isoformat()
            self._stream.write(f"{row}\\n".encode())

    def close(self):
        pass


def open_writer(stream, schema, metadata):
    return Writer(stream, schema)


def _rows(path):
    return pa.RecordBatch.from_pylist([literal_eval(line) for line in path.open()])


def _batches(path, columns, options):
    batch = _rows(path)
    if columns is not None:
        batch = batch.select(list(columns))
    names = list(batch.schema.names)
    if "timestamp" in names and (columns is None or columns["timestamp"] is not None):
        at = names.index("timestamp")
        times = batch.column(at).cast(pa.timestamp("us"))
        batch = batch.set_column(at, "timestamp", times)
    yield batch


def _head(path, options):
    batch = next(_batches(path, None, options))
    return Head(list(batch.schema.names), batch)


READER = Reader(_head, _batches)
'''


@performs("a file format")
def test_a_file_format(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a file format")
    tree.add("formats/literals.py", FORMAT)
    tree.edit(
        "formats/__init__.py",
        (
            '] = {\n    ".parquet": Format(',
            "] = {\n"
            '    ".pyl": Format(\n'
            '        module="fleetsynth.formats.literals",\n'
            '        media_type="text/x-python",\n'
            "        size=SizeLaw(150.0, metadata=95.0, calendar=90.0),\n"
            "        binary=False,\n"
            '    ),\n    ".parquet": Format(',
        ),
    )
    tree.python(
        "import fleetsynth as fs\n"
        f"made = fs.generate({TINY}, 'fleet.pyl')\n"
        f"assert fs.digest('fleet.pyl') == made.digest == fs.digest(fs.to_table({TINY}))\n"
        "assert fs.facts('fleet.pyl').rows == made.rows\n"
        f"folder = fs.generate({TINY}, 'fleet/', file_format='pyl', workers=1)\n"
        "assert fs.verify('fleet').ok and folder.digest == made.digest\n"
        f"print(fs.estimate({TINY}).bytes['.pyl'])\n"
    )


@performs("an engine")
def test_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "backwards", "tests.extensions.backwards:open_engine")
    made = fs.generate(TINY, tmp_path / "fleet", engine="backwards", part_bytes=5_000)
    assert made.parts > 1
    assert made.digest == fs.digest(fs.to_table(TINY))
    assert fs.verify(made.path).ok


@performs("a place for folders")
def test_a_place_for_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STORES, "near://", "tests.extensions.near:NearStore")
    monkeypatch.setattr("tests.extensions.near.gettempdir", lambda: str(tmp_path))
    made = fs.generate(TINY, "near://bucket/fleet", workers=1)
    assert (tmp_path / "bucket" / "fleet" / "manifest.json").exists()
    assert fs.verify("near://bucket/fleet").ok
    assert fs.digest("near://bucket/fleet") == made.digest
    assert fs.validate("near://bucket/fleet").ok


@performs("a fact")
def test_a_fact(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a fact")
    tree.edit(
        "facts/measures.py",
        (
            "def autocorrelation(",
            "def spread(series: Series) -> float:\n"
            '    """Return the greatest less the smallest value."""\n'
            "    return float(np.nanmax(series) - np.nanmin(series))\n\n\n"
            "def autocorrelation(",
        ),
    )
    tree.edit(
        "facts/server_facts.py",
        (
            '        "mean": float(',
            '        "spread": measures.spread(cpu),\n        "mean": float(',
        ),
    )
    tree.edit("facts/fleet_facts.py", ("_MEDIANS = {\n", '_MEDIANS = {\n    "spread": "spread",\n'))
    row = '  spread: {label: CPU spread, unit: "%", decimals: 1}\n'
    tree.edit("facts/facts.yaml", ("\nfacts:\n", f"\nfacts:\n{row}"))
    frame = fs.to_pandas(TINY)
    frame.to_csv(tmp_path / "fleet.csv", index=False)
    told = json.loads(tree.command("facts", "fleet.csv", "--json"))
    spreads = frame.groupby("server_id")["cpu_p95"].agg(np.ptp)
    assert told["values"]["spread"]["value"] == pytest.approx(spreads.median())


CHART = """
function firstDays() {
  const fig = figure('First weekday');
  onUpdate(() => { fig.plot.textContent = `It begins on day ${DATA.first_weekday}.`; });
  section('first', 'First day', 'Of the week.', fig.element);
}
"""


@pytest.mark.browser
@performs("a chart of the report")
def test_a_chart_of_the_report(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a chart of the report")
    tree.edit(
        "report/build.py",
        (
            '    payload["facts"]',
            '    payload["first_weekday"] = first_weekday(collected)\n    payload["facts"]',
        ),
        (
            "def _first_pass(",
            "def first_weekday(collected: Collector) -> int:\n"
            '    """Return the day of the week of the first row, from Monday = 0."""\n'
            "    return (collected.low // DAY_SECONDS + 3) % 7\n\n\ndef _first_pass(",
        ),
    )
    tree.edit("report/assets/sections.js", ("function header() {", f"{CHART}function header() {{"))
    tree.edit("report/assets/main.js", ("  overview();\n", "  overview();\n  firstDays();\n"))
    fs.generate(TINY, tmp_path / "fleet.parquet")
    tree.command("report", "fleet.parquet")
    assert '"first_weekday":5' in (tmp_path / "report.html").read_text("utf-8")
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("there is no Chromium to draw it")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    page = (tmp_path / "report.html").as_uri()
    done = subprocess.run(
        [browser, *options, "--dump-dom", page], capture_output=True, text=True, check=True
    )
    assert "It begins on day 5." in done.stdout


@performs("a role of foreign columns")
def test_a_role_of_foreign_columns(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a role of foreign columns")
    tree.edit(
        "reader/roles.py",
        ('    "service": Role(', '    "owner": Role("text", "owner|team"),\n    "service": Role('),
    )
    tree.edit(
        "reader/stamps.py",
        ("_DATES = (\n", '_DATES = (\n    r"(?P<Y>\\d{4})年(?P<m>\\d{1,2})月(?P<d>\\d{1,2})日",\n'),
    )
    rows = "".join(f"2024年3月{day}日,web-1,core,{day}\n" for day in range(1, 11))
    (tmp_path / "export.csv").write_text(f"time,host,team,cpu\n{rows}", "utf-8")
    out = tree.python(
        "import fleetsynth as fs\n"
        "from fleetsynth.reader import open_dataset\n"
        "print(open_dataset('export.csv').roles['owner'].name)\n"
        "print(fs.facts('export.csv').step)\n"
    )
    assert out.split() == ["team", "86400"]
    assert "owner" not in ROLES
    assert (
        "owner"
        not in open_dataset(
            pd.read_csv(tmp_path / "export.csv").assign(time=range(10)),
            fs.ReadOptions(time_format="s"),
        ).roles
    )
    assert Role("text").kind == "text"


COMMAND = '''
import click


@click.command()
@click.argument("name")
def greet(*, name: str) -> None:
    """Greet NAME."""
    click.echo(f"good morning, {name}")
'''


@performs("a command")
def test_a_command(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a command")
    tree.add("cli/greet.py", COMMAND)
    tree.edit(
        "cli/__init__.py",
        (
            "from fleetsynth.cli.facts import facts\n",
            "from fleetsynth.cli.facts import facts\nfrom fleetsynth.cli.greet import greet\n",
        ),
        ("    config,\n):", "    config,\n    greet,\n):"),
    )
    assert tree.command("greet", "server_007") == "good morning, server_007\n"
    assert "Greet NAME." in tree.command("--help")
