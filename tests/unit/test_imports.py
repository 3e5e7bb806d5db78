"""What a process loads, and what the package's public names are."""

import ast
import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import fleetsynth
from fleetsynth.formats import FORMATS

pytestmark = pytest.mark.slow

HEAVY = {"pandas", "matplotlib", "boto3", "obstore", "pyspark", "polars", "scipy"}
HEAVY |= {"adbc_driver_manager", "duckdb", "deltalake", "pyiceberg", "sqlalchemy", "xlsxwriter"}
"""Whole worlds that no everyday command needs."""

MIDDLING = {"numpy", "pyarrow", "pydantic", "rich", "ruamel", "holidays", "isal"}
"""What we stand on, but must not wait for before it is used."""

COMMANDS = ["generate", "validate", "plan", "preview", "report", "digest", "facts"]
COMMANDS += ["archetypes", "config", "capacity", "compare", "export", "serve"]
SUBCOMMANDS = ["show", "check", "init", "schema"]
HELP = [
    ["--help"],
    ["--version"],
    *([command, "--help"] for command in COMMANDS),
    *(["config", command, "--help"] for command in SUBCOMMANDS),
]
SMALL = ["generate", "--servers", "4", "--end", "2022-01-31", "-o"]

CLI = """
import sys
from fleetsynth.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
"""

EACH = """
import json, sys
from fleetsynth.cli import main
seen = {}
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, (words, end.code)
    for name in set(sys.modules) - set(seen):
        seen[name] = " ".join(words)
with open(sys.argv[2], "w") as out:
    json.dump(seen, out)
"""
"""Run commands one after the other; tell by which of them each module was first loaded."""


REALISTIC = {"fleetsynth.models.realistic", "fleetsynth.scenario.distribution"}
"""What the classic model does without."""


def loaded(code: str, *arguments: str | Path, folder: Path | None = None) -> set[str]:
    """The top-level modules that a fresh process has loaded after some code."""
    return {name.split(".")[0] for name in loaded_modules(code, *arguments, folder=folder)}


def loaded_modules(code: str, *arguments: str | Path, folder: Path | None = None) -> set[str]:
    """All modules that a fresh process has loaded after some code."""
    report = "import sys; print(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def first_loaded_by(
    commands: Sequence[Sequence[str]], folder: Path, *, whole: bool = False
) -> dict[str, str]:
    """Run commands in one fresh process; return which of them loaded each module first.

    What none of them has loaded, none would have loaded alone.
    """
    with tempfile.NamedTemporaryFile() as told:
        words = [sys.executable, "-c", EACH, json.dumps(commands), told.name]
        subprocess.run(words, cwd=folder, capture_output=True, check=True)
        seen: dict[str, str] = json.loads(Path(told.name).read_bytes())
    return seen if whole else {name.split(".")[0]: by for name, by in seen.items()}


def test_the_import_alone_loads_nothing_else() -> None:
    before = loaded("")
    assert loaded("import fleetsynth") - before <= {"fleetsynth", *sys.stdlib_module_names}


def test_help_loads_click_and_nothing_else(tmp_path: Path) -> None:
    seen = first_loaded_by(HELP, tmp_path)
    assert "click" in seen
    assert {name: by for name, by in seen.items() if name in HEAVY | MIDDLING} == {}


def heavy(seen: dict[str, str]) -> dict[str, str]:
    """Those of modules that are whole worlds, with what loaded them."""
    return {name: by for name, by in seen.items() if name in HEAVY}


def test_a_whole_generate_loads_nothing_heavy(tmp_path: Path) -> None:
    seen = first_loaded_by([[*SMALL, f"fleet{ending}"] for ending in FORMATS], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"fleet{ending}" for ending in FORMATS}
    assert {"numpy", "pyarrow", "rich"} <= set(seen)
    assert heavy(seen) == {}


def test_readers_load_nothing_heavy(tmp_path: Path) -> None:
    for ending in FORMATS:
        fleetsynth.generate({"num_servers": 2, "end_date": "2022-03-31"}, tmp_path / f"a{ending}")
    commands = [[name, f"a{ending}"] for name in ("digest", "facts") for ending in FORMATS]
    assert heavy(first_loaded_by(commands, tmp_path)) == {}


def test_capacity_loads_nothing_heavy(tmp_path: Path) -> None:
    fleetsynth.generate({"num_servers": 4, "end_date": "2023-06-30"}, tmp_path / "it.parquet")
    options = [[], ["--backtest"], ["--json", "-o", "it.csv"]]
    commands = [["capacity", "it.parquet", *more] for more in options]
    assert heavy(first_loaded_by(commands, tmp_path)) == {}


OTHERS = [["plan"], ["archetypes"], ["config", "show"], ["preview", "--end", "2022-01-31"]]


def test_other_commands_load_nothing_heavy(tmp_path: Path) -> None:
    assert heavy(first_loaded_by(OTHERS, tmp_path)) == {}


def test_the_classic_model_loads_nothing_of_the_realistic_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 1\n")
    commands = [["--help"], [*SMALL, "fleet.parquet"], ["plan", "mine.yaml"], *OTHERS[1:3]]
    seen = first_loaded_by(commands, tmp_path, whole=True)
    assert {name: by for name, by in seen.items() if name in REALISTIC} == {}


def test_what_loaded_a_module_first_is_told(tmp_path: Path) -> None:
    seen = first_loaded_by([["--help"], ["plan"], ["preview", "-o", "a.png"]], tmp_path)
    assert (seen["click"], seen["rich"]) == ("--help", "plan")
    assert heavy(seen) == {"matplotlib": "preview -o a.png"}


def test_the_realistic_model_loads_what_the_check_above_looks_for(tmp_path: Path) -> None:
    assert (
        loaded_modules(CLI, *SMALL, tmp_path / "fleet.parquet", "--preset", "realistic")
        >= REALISTIC
    )


def test_a_scenario_from_a_file_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 1\n")
    assert loaded(CLI, "config", "check", tmp_path / "mine.yaml") & HEAVY == set()


def test_a_table_of_events_is_written_without_anything_heavy(tmp_path: Path) -> None:
    events = "events=[{kind: freeze, from: 2022-01-02, to: 2022-01-03}]"
    for name in ("fleet.csv", "fleet.parquet"):
        told = [str(tmp_path / name), "--preset", "realistic", "--set", events]
        assert loaded(CLI, *SMALL, *told) & HEAVY == set()
        assert list((tmp_path / "fleet.tables").glob(f"events.{name.partition('.')[2]}"))


def test_days_are_appended_without_anything_heavy(tmp_path: Path) -> None:
    made = f"fleetsynth.generate({{'num_servers': 2, 'end_date': '2022-01-02'}}, '{tmp_path}/')"
    code = f"import fleetsynth; {made}; fleetsynth.append('{tmp_path}', '2022-01-03', workers=1)"
    assert loaded(code) & HEAVY == set()
    assert len(list(tmp_path.glob("data/part-*"))) == 2


def test_batches_and_tables_load_nothing_heavy() -> None:
    code = "import fleetsynth; fleetsynth.to_table({'num_servers': 2})"
    assert loaded(code) & HEAVY == set()


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import fleetsynth; fleetsynth.to_pandas({'num_servers': 2})", "pandas"),
        ("import fleetsynth; fleetsynth.Scenario", "pydantic"),
    ],
)
def test_the_checks_above_notice_what_is_loaded(code: str, module: str) -> None:
    assert module in HEAVY | MIDDLING
    assert module in loaded(code)


# public names


def public() -> list[tuple[str, Any]]:
    return [(name, getattr(fleetsynth, name)) for name in fleetsynth.__all__]


def test_there_are_public_names() -> None:
    assert len(fleetsynth.__all__) > 20
    assert len(set(fleetsynth.__all__)) == len(fleetsynth.__all__)


@pytest.mark.parametrize("name", fleetsynth.__all__)
def test_a_public_name_resolves_and_is_explained(name: str) -> None:
    value = getattr(fleetsynth, name)
    assert name in dir(fleetsynth)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__.startswith("fleetsynth.")
        assert value.__doc__
        assert not value.__doc__.startswith(f"{name}(")  # what a dataclass writes by itself


def test_public_functions_have_typed_signatures() -> None:
    functions = [(name, value) for name, value in public() if inspect.isfunction(value)]
    assert len(functions) > 10
    for name, function in functions:
        signature = inspect.signature(function)
        assert signature.return_annotation is not signature.empty, name
        for parameter in signature.parameters.values():
            assert parameter.annotation is not parameter.empty, (name, parameter.name)


def names_for_type_checkers() -> set[str]:
    """What the block under TYPE_CHECKING imports."""
    tree = ast.parse(Path(inspect.getfile(fleetsynth)).read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def test_all_lazy_table_and_type_checkers_agree() -> None:
    lazy = set(fleetsynth._HOME)
    assert set(fleetsynth.__all__) - {"__version__"} == lazy == names_for_type_checkers()


@pytest.mark.parametrize("name", ["capacity", "compare", "facts", "report", "validate"])
def test_a_verb_wins_over_the_package_of_its_name_whichever_is_loaded_first(name: str) -> None:
    modules = {module.name for module in iter_modules(fleetsynth.__path__)}
    assert name in modules & set(fleetsynth.__all__)
    for lines in (
        f"from fleetsynth.{name} import dataset\nimport fleetsynth",
        f"from fleetsynth import {name}\nfrom fleetsynth.{name} import dataset\nimport fleetsynth",
    ):
        lines = lines.replace("report import dataset", "report import write")
        lines = lines.replace("capacity import dataset", "capacity import table")
        code = f"{lines}\nassert callable(fleetsynth.{name}), fleetsynth.{name}"
        assert "fleetsynth" in loaded(code)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'fleetsynth' has no attribute 'nothing'"):
        fleetsynth.nothing  # noqa: B018


def test_the_names_of_the_specification_are_public() -> None:
    assert {
        "ARCHETYPE_PROFILES",
        "ArchetypeProfile",
        "ServerArchetype",
        "ServerType",
        "add_calendar_features",
        "assign_archetypes_to_fleet",
        "generate_full_dataset",
        "generate_server_metadata",
        "get_archetype",
        "get_data_config",
        "holiday_factor",
        "quarterly_peak_factor",
        "save_dataset",
    } <= set(fleetsynth.__all__)
