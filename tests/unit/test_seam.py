"""No room but its own knows a model: everything else goes through `models.base`."""

import re
from pathlib import Path

import fleetsynth
from fleetsynth.presets import PRESETS

SOURCE = Path(fleetsynth.__file__).parent
HOME = ("presets/__init__.py", "specification/", *(f"models/{name}/" for name in PRESETS))
"""Where the names of presets stand: the registry, the specification's own names, their folders."""
NAMES = re.compile("|".join(PRESETS), re.IGNORECASE)
BY_CLASS = re.compile(r"isinstance\([^)]*(Plan|Scenario|Archetype|Profile)\b")


def outside() -> dict[str, str]:
    """The source files that may not know a preset, by their place in the package."""
    files = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*.py")}
    return {
        name: path.read_text("utf-8") for name, path in files.items() if not name.startswith(HOME)
    }


def presets_named(files: dict[str, str]) -> list[str]:
    """Every line that names a preset, in code or in words."""
    return [
        f"{name}:{number}: {line.strip()}"
        for name, content in files.items()
        for number, line in enumerate(content.splitlines(), start=1)
        if NAMES.search(line)
    ]


def asked_by_class(files: dict[str, str]) -> list[str]:
    """Every question for a class of plans, scenarios, archetypes or profiles but the seam's own."""
    return [
        f"{name}: {found[0]}"
        for name, content in files.items()
        for found in BY_CLASS.finditer(content)
        if not re.search(r"[ (](Plan|Scenario)$", found[0])
    ]


def test_no_preset_is_named_outside_its_folder() -> None:
    assert len(outside()) > 100
    assert presets_named(outside()) == []


def test_no_model_is_asked_for_by_its_class() -> None:
    assert asked_by_class(outside()) == []


def test_the_checks_above_notice() -> None:
    model = (SOURCE / "models/classic/model.py").read_text("utf-8")
    assert len(presets_named({"a.py": model})) > 3
    assert presets_named({"a.py": "# as the Realistic one"}) != []
    for name in ("ClassicPlan", "RealisticScenario", "ClassicArchetype", "(Plan, OtherPlan)"):
        assert asked_by_class({"a.py": f"if isinstance(plan, {name}):"}) != [], name
    assert asked_by_class({"a.py": "isinstance(said, Plan) or isinstance(said, Scenario)"}) == []


def test_a_factor_of_a_model_is_written_once() -> None:
    """Dates, hours and the ramp stand in one file of the source."""
    sources = {str(path): path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    for what in (r"11, 22, 28", r"1\.0 \+ 0\.3", r"\[9, 9, 6\]|>= 9\b|arange\(9, 18\)"):
        found = [path for path, content in sources.items() if re.search(what, content)]
        assert len(found) == 1, (what, found)
