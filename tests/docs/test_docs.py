"""The documentation does what it says, and says all that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import fleetsynth
from docs import build, cli_page, event_pictures, gallery
from fleetsynth import generate, load_scenario
from fleetsynth.formats import FORMATS
from fleetsynth.kinds import FAULTS, KINDS
from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario, Growth
from fleetsynth.models.realistic import profile, scenario
from fleetsynth.presets import resolve
from fleetsynth.scenario.distribution import Distribution
from fleetsynth.scenario.events import Told
from fleetsynth.scenario.incidents import LevelRates, SpellRates
from tests.docs import markdown, running

if TYPE_CHECKING:
    from pathlib import Path

    from click import Command

    from fleetsynth.scenario.fields import Strict

ROOT = build.ROOT
PAGES = sorted(
    {
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "cookbook").glob("*.md"),
        *(
            ROOT / name
            for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")
        ),
        ROOT / "bench" / "README.md",
    }
)
SERVED = {
    ROOT / "docs" / "cookbook" / name
    for name in (
        "alerts.md", "cloudwatch.md", "postgresql.md", "prometheus.md", "spark.md",
        "victoriametrics.md",
    )
}  # fmt: skip
"""Pages that need something that runs: they run in `test_cookbook.py`, and beside Spark's tests."""
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Generated pages


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every generated page, made anew."""
    folder = tmp_path_factory.mktemp("built")
    build.build(folder)
    return folder


@pytest.mark.parametrize("name", build.PAGES)
def test_generated_files_are_up_to_date(name: str, built: Path) -> None:
    """The code and the pages made from it agree."""
    fresh = (built / name).read_text("utf-8")
    kept = (ROOT / name).read_text("utf-8")
    assert kept == fresh, f"{name} is out of date: run `python -m docs.build`"


@pytest.mark.parametrize(
    ("name", "command"), [(name, command) for name, command, _ in cli_page.walk()]
)
def test_commands_and_options_are_documented(name: str, command: Command) -> None:
    """Each command has a section with all its options, and each says what it is for."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n## {name}\n")
    assert found, f"{name} is not in docs/cli.md"
    section = rest.partition("\n## ")[0]
    assert command.help, f"{name} has no help"
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {parameter.opts} has no help"
            for option in parameter.opts:
                assert option in section, f"{name} {option} is not in docs/cli.md"


def test_every_command_is_walked() -> None:
    """The walk that the tests rely on finds nested commands too."""
    names = [name for name, _, _ in cli_page.walk()]
    assert {"fleetsynth", "fleetsynth generate", "fleetsynth config check"} <= set(names)


@pytest.mark.parametrize("name", fleetsynth.__all__)
def test_public_names_are_documented(name: str) -> None:
    """Each public name has a section of the API reference, with more than its signature."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n### `{name}`\n")
    assert found, f"{name} is not in docs/api.md"
    section = rest.partition("\n### ")[0].rpartition("```")[2]
    assert len(section.split()) >= 4, f"{name} is not described in docs/api.md"


@pytest.mark.parametrize(
    "key",
    [
        *ClassicScenario.model_fields,
        *Growth.model_fields,
        *ArchetypeProfile.model_fields,
        *scenario.RealisticScenario.model_fields,
        *scenario.Location.model_fields,
        *scenario.Close.model_fields,
        *profile.RealisticProfile.model_fields,
        *Distribution.model_fields,
    ],
)
def test_scenario_keys_are_documented(key: str) -> None:
    """Each key of a scenario has a row with a meaning."""
    page = (ROOT / "docs" / "scenario.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
    assert rows, f"{key} is not in docs/scenario.md"
    assert all(row.split("|")[-2].strip() for row in rows)


def test_every_format_is_in_the_table_of_formats() -> None:
    page = (ROOT / "docs/formats.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\.[a-z.]+)` \|.*\| `(\S+/\S+)` \|", page, re.MULTILINE)
    assert dict(rows) == {ending: kind.media_type for ending, kind in FORMATS.items()}


@pytest.mark.parametrize("group", ["demand", "noise", "spikes", "network", "memory", "disk"])
def test_groups_of_realistic_profiles_are_documented(group: str) -> None:
    """Each group has a table of its own with all its figures, and each says what it means."""
    page = (ROOT / "docs" / "scenario.md").read_text("utf-8")
    section = page.partition(f"\n#### {group.title()}\n")[2].partition("\n#")[0]
    rows = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
    model = profile.RealisticProfile.model_fields[group].annotation
    assert model is not None
    assert list(rows) == list(model.model_fields)
    assert all(row.split("|")[-2].strip() for row in rows.values())


def test_profiles_in_the_model_reference() -> None:
    """The hand-written table of profiles has the figures of the code."""
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    section = page.partition("\n## Profiles\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    kinds = rows[0][1:]
    table = {row[0].partition(" ")[0]: row[1:] for row in rows[2:]}
    scenario = load_scenario()
    assert set(kinds) == set(scenario.archetypes)
    for column, kind in enumerate(kinds):
        assert float(table["share"][column]) == scenario.distribution[kind]
        for field, value in scenario.archetypes[kind].model_dump().items():
            shown = table[field][column]
            assert (shown if field == "name" else float(shown)) == value, (kind, field)


def test_help_is_shown_as_it_is_printed() -> None:
    """The page has the very text that a terminal of 100 columns shows."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for name in ("fleetsynth", "fleetsynth generate", "fleetsynth config schema"):
        shown = running.bash(f"{name} --help", ROOT).stdout
        assert "\n".join(line.rstrip() for line in shown.splitlines()) in page


def test_completion(tmp_path: Path) -> None:
    """The completion scripts are written, and the one for bash completes."""
    for shell, mark in (("zsh", "#compdef fleetsynth"), ("fish", "complete ")):
        assert mark in running.bash(f"_FLEETSYNTH_COMPLETE={shell}_source fleetsynth", ROOT).stdout
    done = running.bash(
        "_FLEETSYNTH_COMPLETE=bash_source fleetsynth > it.bash; . ./it.bash; "
        "complete -p fleetsynth; COMP_WORDS=(fleetsynth conf); COMP_CWORD=1; "
        'COMP_LINE="fleetsynth conf"; _fleetsynth_completion fleetsynth; echo "${COMPREPLY[@]}"',
        tmp_path,
    )
    assert done.stdout.splitlines()[-1] == "config", done.stdout


# Code blocks


@pytest.mark.parametrize("path", [page for page in PAGES if page not in SERVED], ids=_name)
def test_code_blocks(path: Path, tmp_path: Path) -> None:
    """Every block of a page does what the page says, in a folder like a checkout."""
    running.run_page(path, tmp_path)


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("docs/api", 1),
        ("docs/capacity", 6),
        ("docs/cli", 2),
        ("docs/digest", 3),
        ("docs/formats", 8),
        ("docs/gallery", 2),
        ("docs/model", 8),
        ("docs/report", 2),
        ("docs/scenario", 5),
        ("docs/tutorial", 20),
    ],
)
def test_blocks_are_found(page: str, least: int) -> None:
    """The tests above have something to run."""
    found = markdown.blocks(ROOT / f"{page}.md")
    runnable = [block for block in found if block.language not in running.SHOWN_ONLY]
    assert len(runnable) >= least


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("console", "$ false\n"),
        ("console", "$ echo one\ntwo\n"),
        ("console", "echo one\n"),
        ("console", "$ false | true\n"),
        ("python", "assert False\n"),
        ("python", ">>> 1 + 1\n3\n"),
        ("yaml", "num_server: 3\n"),
        ("bash", "true\n"),
        ("", "anything\n"),
    ],
)
def test_wrong_blocks_are_noticed(language: str, text: str, tmp_path: Path) -> None:
    """A block that is wrong, or that nothing would run, fails."""
    with pytest.raises(AssertionError):
        running.Page("page", tmp_path).run(markdown.Block(language, 1, text))


def test_output_is_compared_with_ellipsis() -> None:
    """Dots stand for anything; everything else has to be there."""
    assert running.agrees("a ... c", "a b  c  \n")
    assert not running.agrees("a ... d", "a b c")
    assert not running.agrees("1", "True")


# What merging leaves behind


def _merge_marks(text: str) -> list[str]:
    return re.findall(r"^(?:<{7}|>{7}|\|{7}) .*$", text, re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_page_is_of_one_piece(path: Path) -> None:
    """A page that was merged by half shows both of its texts."""
    assert not _merge_marks(path.read_text("utf-8"))


def test_marks_of_merging_are_seen() -> None:
    assert len(_merge_marks("<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> other\n")) == 2
    assert not _merge_marks("Title\n=======\n")


# Links


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_links_resolve(path: Path) -> None:
    """Each relative link leads to a file, and each anchor to a heading of it."""
    for line, link in markdown.links(path):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        to = (path.parent / target).resolve() if target else path
        where = f"{_name(path)}, line {line}: {link}"
        assert to.exists(), f"{where}: there is no such file"
        assert to.is_relative_to(ROOT), f"{where} leads out of the project"
        if anchor:
            assert anchor in markdown.anchors(to), f"{where}: there is no such heading"


def test_links_are_found() -> None:
    """The test above has something to follow."""
    assert sum(len(list(markdown.links(path))) for path in PAGES) > 40


def test_every_page_is_in_the_index() -> None:
    """docs/README.md names all pages beside it."""
    index = ROOT / "docs" / "README.md"
    named = {link.partition("#")[0] for _, link in markdown.links(index)}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= named


# Pictures


def test_pictures_are_small_and_used() -> None:
    """Each picture is shown on some page, and none weighs much."""
    images = ROOT / "docs" / "images"
    pictures = sorted(images.rglob("*.png"))
    shown = "".join(path.read_text("utf-8") for path in PAGES)
    assert len(pictures) > 10
    for picture in pictures:
        name = picture.relative_to(images).as_posix()
        assert f"images/{name})" in shown, f"nothing shows {name}"
        assert picture.stat().st_size < 300_000, name


def test_every_kind_of_event_has_its_row_and_its_picture() -> None:
    """Kinds that do something to values are shown; the table has all of them."""
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    assert len(event_pictures.pictured()) > 15
    faults = (ROOT / "docs" / "collector.md").read_text("utf-8")
    for name in KINDS:
        assert f"\n| `{name}` | " in (faults if name in FAULTS else page), name
    for name in FAULTS:
        assert f"(images/collector/{name}.png)" in faults, name
    for kind in event_pictures.pictured():
        assert f"(images/events/{kind.name}.png)" in page, kind.name
    shown = sum(path.stat().st_size for path in event_pictures.IMAGES.glob("*.png"))
    assert shown < 600_000


@pytest.mark.parametrize("model", [Told, SpellRates, LevelRates])
def test_keys_of_events_are_documented(model: type[Strict]) -> None:
    """Each key has a row with a meaning."""
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    for name, field in model.model_fields.items():
        rows = [
            line for line in page.splitlines() if line.startswith(f"| `{field.alias or name}` |")
        ]
        assert any(row.split("|")[-2].strip() for row in rows), name


def test_the_gallery_has_every_archetype() -> None:
    """Each archetype of each preset has a section with its picture."""
    page = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    assert len(gallery.pictures()) > 4
    for preset, name in gallery.pictures():
        section = page.partition(f"\n### {preset.capitalize()} {name}\n")[2].partition("\n#")[0]
        assert f"(images/gallery-{preset}-{name}.png)" in section, (preset, name)
        assert f"[{name}](#{preset}-{name})" in page, f"the list at the top lacks {preset} {name}"


# Examples


@pytest.mark.parametrize("path", EXAMPLES, ids=_name)
def test_examples(path: Path, tmp_path: Path) -> None:
    """Each example is valid, says what it is, and generates."""
    text = path.read_text("utf-8")
    preset = load_scenario(path).preset
    schema = {"classic": "scenario", "realistic": "realistic"}[preset]
    assert text.startswith(f"# yaml-language-server: $schema={schema}.schema.json\n#\n# ")
    start = resolve(load_scenario(path)).scenario.start_date
    end = start.replace(day=start.day + 2).isoformat()
    small = load_scenario(path, overrides={"num_servers": 8, "end_date": end})
    result = generate(small, tmp_path / "example.parquet")
    assert result.rows == 8 * 3 * (24 if small.granularity == "hourly" else 1)


def test_examples_are_found() -> None:
    """There is something to start from."""
    assert len(EXAMPLES) >= 4
