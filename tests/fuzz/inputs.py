"""Inputs by kind: files to be written and the command line to be run on them."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from fleetsynth.api import generate, to_table
from fleetsynth.folders.generate import generate_folder
from fleetsynth.formats import FORMATS
from fleetsynth.formats.jsonl import render
from fleetsynth.presets.load import default_scenario, load_scenario
from fleetsynth.scenario.text import dump_yaml
from fleetsynth.tables.frame import plain
from tests.fuzz.odd import NAMES, VALUES, YAML_VALUES, choose, disturbed, mutated

SMALL = {"num_servers": 3, "end_date": "2022-02-03"}
ENDINGS = tuple(FORMATS)
READERS = (
    ("facts", "--json"),
    ("validate", "--all"),
    ("validate", "--json"),
    ("digest", "--leaves"),
    ("report", "-o", "r.html", "--overwrite"),
)
FOLDER_COMMANDS = (
    ("verify", "fleet/"),
    ("verify", "fleet/", "--json"),
    ("validate", "fleet/"),
    ("facts", "fleet/"),
    ("commit", "fleet/"),
    ("report", "fleet/", "-o", "r.html", "--overwrite"),
    ("generate", "small.yaml", "-o", "fleet/", "--part-size", "8kB", "--resume", "--workers", "1"),
    ("generate", "small.yaml", "-o", "fleet/", "--part-size", "8kB", "--overwrite", "--json",
     "--workers", "1"),
)  # fmt: skip
URLS = (
    "http://user:secret@host/x/",
    "ftp://x/",
    "file:///etc/",
    "s3:/x/",
    "s3://",
    "://",
    "x://\x1b[31m/",
    "\x1b[31m/",
    "a\nb/",
    "\u202ex/",
    "x" * 5_000,
    "/" * 300,
    "\udcff.parquet",
    "no\x00t.csv",
    ".parquet",
    "x.parquet/",
    "/dev/null",
    "/dev/zero",
    "/proc/self/mem",
    "-",
    "~",
)


@dataclass(frozen=True)
class Input:
    """A command line, and the files that it finds.

    Attributes:
        args: the words behind ``fleetsynth``.
        files: contents by name.
        folder: a folder to start from, copied.
    """

    args: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    folder: Path | None = None

    def lay(self, where: Path) -> None:
        """Write the files into an empty folder."""
        if self.folder:
            shutil.copytree(self.folder, where, dirs_exist_ok=True)
        for name, content in self.files.items():
            path = where / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


class Corpus:
    """Small valid datasets that inputs are made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {
            ending: generate(SMALL, folder / f"base{ending}").path.read_bytes()
            for ending in ENDINGS
        }
        self.scenario = load_scenario(SMALL).to_dict()
        self.finished, self.begun = folder / "finished", folder / "begun"
        scenario = load_scenario(SMALL)
        yaml = dump_yaml(scenario).encode()
        for place in (self.finished, self.begun):
            place.mkdir()
            (place / "small.yaml").write_bytes(yaml)
        generate_folder(scenario, f"{self.finished}/fleet", part_bytes=8_000, workers=1)
        self._begin(scenario)
        self.table = plain(to_table(SMALL))

    def _begin(self, scenario: Any) -> None:
        """Make a folder that nobody has committed."""
        from fleetsynth.folders.shards import parse_shard

        for shard in ("1/2", "2/2"):
            generate_folder(
                scenario,
                f"{self.begun}/fleet",
                part_bytes=8_000,
                workers=1,
                shard=parse_shard(shard),
            )


def scenarios(random: random.Random, corpus: Corpus) -> Iterator[Input]:  # noqa: ARG001
    """Scenario files: keys and values that are not, and bytes that are not YAML."""
    commands = (("config", "check"), ("plan",), ("config", "show"), ("archetypes", "--scenario"))
    texts = {preset: dump_yaml(default_scenario(preset)) for preset in ("classic", "realistic")}
    keys = sorted(
        {line.split(":")[0] for line in texts["realistic"].splitlines() if line[0] != " "}
    )
    while True:
        kind = random.randrange(3)
        if kind == 0:
            content = f"{choose(random, tuple(keys))}: {choose(random, YAML_VALUES)}\n".encode()
        elif kind == 1:
            key = json.dumps(choose(random, NAMES))
            places = ("", "archetypes: ", "distribution: ", "regions: ", "growth: ")
            inner = choose(random, places) + choose(random, ("{{{key}: 1}}", "[{key}]"))
            content = inner.format(key=key).encode()
        else:
            content = mutated(random, texts[random.choice(("classic", "realistic"))].encode())
        yield Input((*choose(random, commands), "s.yaml"), {"s.yaml": content})


def settings(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """``--set``: any key to any value."""
    keys = [*corpus.scenario, "preset.", "preset.x", ".seed", "growth..mode", "archetypes.web.",
            "archetypes.web.base_cpu", "distribution.a.b", '"\\ud800"', "locations.x.zone",
            "archetypes.a.b.c.d", *NAMES]  # fmt: skip
    while True:
        key = random.choice(keys).replace("\0", "")
        value = choose(random, YAML_VALUES).replace("\0", "")
        preset = random.choice(("classic", "realistic"))
        if random.random() < 0.1:
            key, value = random.choice(("seed", "num_servers")), "3"  # what can be right
        yield Input(("config", "show", "--preset", preset, "--set", f"{key}={value}"))


def records(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """What folders say of themselves: manifest, scenario, job and records of parts."""
    names = {
        corpus.finished: ("manifest.json", "scenario.yaml"),
        corpus.begun: ("_parts/job-0001.json", "_parts/part-00000.json"),
    }
    while True:
        folder = random.choice(list(names))
        name = random.choice(names[folder])
        data = (folder / "fleet" / name).read_bytes()
        if name.endswith(".yaml") or random.random() < 0.3:
            data = mutated(random, data)
        else:
            values = disturbed(random, json.loads(data), lambda: choose(random, VALUES))
            data = json.dumps(values).encode()
        yield Input(choose(random, FOLDER_COMMANDS), {f"fleet/{name}": data}, folder)


def metadata(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """What files say of themselves."""
    raw = (b"", b"{", b'"/etc/hostname"', b"[1]", b"null", b"1e999", b"\xff\xfe", b"[" * 100_000,
           b'{"a":' * 5_000, b'{"num_servers": 1000000000000}', b'{"granularity": "1s"}',
           b'{"end_date": "9998-12-31", "granularity": "1s"}', b'{"preset": "../../x"}',
           b'{"num_servers": 9007199254740993, "assignment": "interleaved"}',
           b'{"num_servers": 1000000, "preset": "realistic", "granularity": "1s", '
           b'"sample_interval": "1s", "end_date": "2022-01-01"}')  # fmt: skip
    while True:
        if random.random() < 0.5:
            said = random.choice(raw)
        else:
            values = disturbed(random, corpus.scenario, lambda: choose(random, VALUES))
            said = json.dumps(values).encode()
        name = random.choice((b"fleetsynth.scenario", b"fleetsynth.scenario", b"fleetsynth.seed"))
        table = corpus.table.replace_schema_metadata({name: said, b"other": b"\xff"})
        ending = random.choice((".parquet", ".arrow"))
        out = pa.BufferOutputStream()
        if ending == ".parquet":
            pq.write_table(table, out)
        else:
            with pa.ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
        command = random.choice(READERS)
        data = out.getvalue().to_pybytes()
        yield Input((command[0], f"x{ending}", *command[1:]), {f"x{ending}": data})


def columns(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """``--columns``: roles and columns that there are not."""
    roles = ("timestamp", "server", "cpu", "memory", "type", "metric", "value", "x", "", *NAMES)
    theirs = ("timestamp", "server_id", "cpu_p95", "region", "is_eoq", "", '"', '"a,b"', *NAMES)
    while True:
        pairs = [
            f"{choose(random, roles)}={choose(random, theirs)}"
            for _ in range(random.choice((1, 1, 2, 3)))
        ]
        command = random.choice(READERS[:3] + READERS[4:])
        said = random.choice((",".join(pairs), choose(random, NAMES))).replace("\0", "")
        if random.random() < 0.1:
            said = "cpu=cpu_p95"  # what is right
        yield Input(
            (command[0], "x.parquet", "--columns", said, *command[1:]),
            {"x.parquet": corpus.files[".parquet"]},
        )


def urls(random: random.Random, corpus: Corpus) -> Iterator[Input]:  # noqa: ARG001
    """Paths and URLs that are none."""
    while True:
        url = choose(random, URLS).replace("\0", "")
        command = random.choice(
            (
                ("facts",),
                ("validate",),
                ("verify",),
                ("digest",),
                ("commit",),
                ("report",),
                ("config", "check"),
                ("plan",),
                ("generate", "--servers", "1", "--end", "2022-01-01", "--workers", "1", "-o"),
            )
        )
        yield Input((*command, url))


def names(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """Servers, columns and words of data that nobody would choose."""
    table = corpus.table
    while True:
        chosen = table
        if random.random() < 0.7:
            ids = [f"{choose(random, NAMES)}{i // 34 if random.random() < 0.9 else ''}"
                   for i in range(0, len(table), 34)]  # fmt: skip
            column = random.choice(("server_id", "region", "server_type"))
            words = pa.array([ids[row // 34] for row in range(len(table))])
            chosen = table.set_column(table.schema.get_field_index(column), column, words)
        if random.random() < 0.6:
            theirs = list(chosen.schema.names)
            theirs[random.randrange(len(theirs))] = choose(random, NAMES)
            chosen = chosen.rename_columns(theirs)
        ending = random.choice((".parquet", ".arrow", ".csv", ".jsonl"))
        out = pa.BufferOutputStream()
        try:
            if ending == ".parquet":
                pq.write_table(chosen, out)
            elif ending == ".jsonl":
                out.write(render(chosen.combine_chunks().to_batches()[0]))
            elif ending == ".csv":
                pyarrow.csv.write_csv(chosen, out)
            else:
                with pa.ipc.new_file(out, chosen.schema) as writer:
                    writer.write_table(chosen)
        except pa.ArrowException:
            continue
        command = random.choice(READERS)
        name = f"x{ending}"
        yield Input((command[0], name, *command[1:]), {name: out.getvalue().to_pybytes()})


def damaged(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """Files of every format with some bytes changed."""
    while True:
        ending = random.choice(ENDINGS)
        name, command = f"x{ending}", random.choice(READERS)
        data = mutated(random, corpus.files[ending])
        yield Input((command[0], name, *command[1:]), {name: data})


def lines(random: random.Random, corpus: Corpus) -> Iterator[Input]:
    """JSON Lines with values of other types, other fields, and lines that are no object."""
    whole = render(corpus.table.combine_chunks().to_batches()[0]).splitlines()
    odd = (
        *(b"null", b"[]", b"5", b'"x"', b"{}", b"{", b"}", b"", b"{}{}", b"nan", b"\xff"),
        *(b"{" * 9_000, b'{"a":' * 50_000, b'{"x":' * 60 + b"1" + b"}" * 60),
        *(b"[" * 90_000, b'{"":null}'),
    )
    while True:
        rows = whole[: random.randrange(1, len(whole))]
        for _ in range(random.choice((1, 1, 2, 9))):
            at = random.randrange(len(rows))
            if random.random() < 0.3:
                rows[at] = random.choice(odd)
                continue
            values = disturbed(random, json.loads(whole[at]), lambda: choose(random, VALUES))
            rows[at] = json.dumps(values, ensure_ascii=random.random() < 0.5).encode(
                "utf-8", "replace"
            )
        command = random.choice(READERS)
        data = random.choice((b"\n", b"\n", b"\r\n")).join(rows)
        yield Input((command[0], "x.jsonl", *command[1:]), {"x.jsonl": data})


KINDS: dict[str, Callable[[random.Random, Corpus], Iterator[Input]]] = {
    "scenarios": scenarios,
    "settings": settings,
    "records": records,
    "metadata": metadata,
    "columns": columns,
    "urls": urls,
    "names": names,
    "damaged": damaged,
    "lines": lines,
}
