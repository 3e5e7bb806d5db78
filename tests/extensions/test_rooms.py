"""What is added to the rooms around the models: each row of the table performed."""

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
from fleetsynth.reader.roles import ROLES
from fleetsynth.stores.places import STORES
from tests.extensions.tree import TINY, Tree, performs, shown


@performs("a file format")
def test_a_file_format(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a file format")
    tree.add("formats/literals.py", shown("class LiteralsWriter"))
    row = shown("row = Format(").partition("row = ")[2].strip()
    first = '    ".parquet": Format('
    tree.edit("formats/__init__.py", (first, f'    ".pyl": {row},\n{first}'))
    tree.python(
        "import fleetsynth as fs\n"
        f"made = fs.generate({TINY}, 'fleet.pyl')\n"
        f"assert fs.digest('fleet.pyl') == made.digest == fs.digest(fs.to_table({TINY}))\n"
        "assert fs.facts('fleet.pyl').rows == made.rows\n"
        f"folder = fs.generate({TINY}, 'fleet/', file_format='pyl', workers=1)\n"
        "assert fs.verify('fleet').ok and folder.digest == made.digest\n"
        f"print(fs.estimate({TINY}).bytes['.pyl'])\n"
    )


TABLE = '''
"""A table of rows: whether each metric is above a half."""

from dataclasses import replace

import numpy as np


def plan_of_busy(plan):
    bare = {"include_metadata": False, "include_calendar": False}
    metrics = [
        replace(each, stem=each.column, statistic="busy", whole=True) for each in plan.metrics
    ]
    return replace(plan, metrics=tuple(metrics), scenario=plan.scenario.model_copy(update=bare))


def block_of_busy(block):
    return replace(block, values=(block.values > 5000).astype(np.int32))
'''


@performs("a table of rows")
def test_a_table_of_rows(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a table of rows")
    tree.add("tables/busy.py", TABLE)
    tree.edit(
        "tables/table.py",
        (
            "import block_of_labels, plan",
            "import block_of_labels, plan_of_labels\n"
            "from fleetsynth.tables.busy import block_of_busy, plan_of_busy\n"
            "from fleetsynth.tables.labels import plan",
        ),
        ("for table in (COMPONENTS, LABELS)}", "for table in (COMPONENTS, LABELS, BUSY)}"),
        (
            "TABLES = {",
            'BUSY = Table("busy", KEYS, plan_of_busy,'
            " lambda made: block_of_busy(made.block))\nTABLES = {",
        ),
    )
    tree.edit(
        "api.py",
        ("    labels: bool = False,\n", "    labels: bool = False,\n    busy: bool = False,\n"),
        ("LABELS.name: labels}", 'LABELS.name: labels, "busy": busy}'),
    )
    tree.python(
        "import fleetsynth as fs\n"
        f"made = fs.generate({TINY}, 'fleet.parquet', busy=True).tables['busy']\n"
        "assert fs.digest('fleet.tables/busy.parquet') == made.digest\n"
        f"folder = fs.generate({TINY}, 'fleet/', busy=True, workers=1)\n"
        "assert fs.verify('fleet', regenerate=1).ok\n"
        "assert folder.tables['busy'].digest == made.digest\n"
    )


SYSTEM = '''
"""One file of JSON: a list of rows by table."""

import json
from pathlib import Path

from fleetsynth.files import write_text


class NotesSink:
    already = False

    def __init__(self, wanted):
        self._place = Path(wanted.place)
        self._rows = {shape.name: [] for shape in wanted.shapes}

    def write(self, table, batch):
        self._rows[table] += batch.to_pylist()

    def publish(self):
        write_text(self._place, json.dumps(self._rows, default=str), overwrite=True)
        return {"notes": len(self._rows)}

    def abort(self):
        self._rows = {}


open_sink = NotesSink
'''


@performs("a system to export to")
def test_a_system_to_export_to(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a system to export to")
    tree.add("sinks/notes.py", SYSTEM)
    row = (
        '    "notes": System(label="Notes", module="fleetsynth.sinks.notes", form="FILE.notes",'
        ' endings=(".notes",)),\n'
    )
    first = '    "postgresql": System(\n'
    tree.edit("sinks/__init__.py", (first, f"{row}{first}"))
    options = ["--servers", "4", "--end", "2022-02-28"]
    said = tree.command("export", *options, "--to", "fleet.notes", "--json")
    assert json.loads(said)["notes"] == 2
    found = json.loads((tmp_path / "fleet.notes").read_text("utf-8"))
    assert {name: len(rows) for name, rows in found.items()} == {
        "server_metrics": 4 * 59,
        "servers": 4,
    }
    assert found["server_metrics"][0]["server_id"] == "server_000"
    tree.command("export", "--servers", "2", "--end", "2022-01-01", "--to", "notes:any")
    assert (tmp_path / "any").exists()
    assert "FILE.notes" in tree.python(
        "import fleetsynth as fs\ntry: fs.export(None, 'x.y')\nexcept fs.UsageError as e: print(e)"
    )


STREAM = '''
"""A log of lines: name, server, time, value. It forgets its first batch, once."""

from pathlib import Path

from fleetsynth.sinks.streamed import Cut, Encoded, Unavailable


class LogStream:
    cut = Cut(samples=1_000)
    resumes = True

    def __init__(self, sending):
        self._place, self._failed = Path(sending.place), False

    def encode(self, batch):
        lines = [
            f"{named.family.name} {dict(named.labels)['server_id']} {at} {value}"
            for named, ms, values in batch.series()
            for at, value in zip(ms.tolist(), values.tolist(), strict=True)
        ]
        return Encoded(len(lines), ("\\n".join([*lines, ""]).encode(),))

    def send(self, encoded, *, again):
        if not (self._failed or again):
            self._failed = True
            raise Unavailable("not now")
        with self._place.open("ab") as log:
            log.writelines(encoded.bodies)

    def finish(self):
        return {"logged": True}

    def close(self):
        pass


open_stream = LogStream
'''


@performs("another streamed destination")
def test_another_streamed_destination(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "another streamed destination")
    tree.add("sinks/log.py", STREAM)
    row = (
        '    "log": System(label="Log", module="fleetsynth.sinks.log", form="log:FILE",'
        " streamed=True),\n"
    )
    first = '    "postgresql": System(\n'
    tree.edit("sinks/__init__.py", (first, f"{row}{first}"))
    command = ["export", "--servers", "4", "--end", "2022-02-28", "--to", "log:all"]
    command += ["--series", "fleetsynth_.*", "--json"]
    said = json.loads(tree.command(*command))
    assert (said["logged"], said["tables"]) == (True, {"samples": 4 * 59 * 5})
    lines = (tmp_path / "all").read_text("utf-8").splitlines()
    assert len(lines) == len(set(lines)) == 4 * 59 * 5
    assert json.loads(tree.command(*command))["already_there"]


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
@performs("a feature to compare by")
def test_a_feature_to_compare_by(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "a feature to compare by")
    tree.edit(
        "compare/levels.py",
        (
            '        "mean": mean,\n',
            '        "mean": mean,\n        "whole": float((x % 1 == 0).mean()),\n',
        ),
    )
    row = (
        "  whole:\n    family: whole\n    label: whole numbers\n"
        '    more: "{high} has more whole numbers than {low}"\n    unit: share\n'
    )
    tree.edit("compare/features.yaml", ("features:\n", f"features:\n{row}"))
    said = tree.python(
        "import numpy as np, pandas as pd, fleetsynth as fs\n"
        "times = pd.date_range('2024-01-01', periods=168, freq='h')\n"
        "def fleet(digits):\n"
        "    draw = np.random.default_rng(1)\n"
        "    return pd.concat([pd.DataFrame({'time': times, 'host': str(number),\n"
        "        'cpu': (draw.random(168) * 90).round(digits)}) for number in range(10)])\n"
        "found = fs.compare(fleet(1), fleet(0))\n"
        "print(found.clearest()[0].sentence)\n"
        "print([tell.sentence for tell in found.tells if tell.feature == 'whole'])"
    )
    assert "CPU: B has more whole numbers than A (whole numbers 100 % against " in said


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
    tree.edit(
        "report/assets/sections.js", ("function overview() {", f"{CHART}function overview() {{")
    )
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
