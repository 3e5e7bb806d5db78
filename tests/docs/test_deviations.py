"""docs/model.md lists every way in which the specification's names are not what they were."""

import inspect

import pytest

import fleetsynth
from docs.build import ROOT

SECTION = (ROOT / "docs" / "model.md").read_text("utf-8").split("\n## ")[-1]
NAMES = SECTION.split("\n### Names and arguments")[-1]
TOLD = {
    "main()": "fleetsynth generate",
    "_get_quarterly_peak_factor(timestamp)": "quarterly_peak_factor(timestamp)",
    "_get_holiday_factor(timestamp)": "holiday_factor(timestamp)",
    "get_data_config()": "path=None",
    "generate_full_dataset()": "**overrides",
    "assign_archetypes_to_fleet(": 'assignment="blocks"',
    "get_archetype(": "scenario=",
    "ArchetypeProfile": "dataclass",
    "ARCHETYPE_PROFILES": "read-only",
    "generate_server_metadata()": "servers, scenario=None",
    "add_calendar_features()": "country=None, scenario=None",
    "save_dataset()": "overwrite=False",
    "generate_correlated_metrics(": "defaults 1.0 and 0.0",
}


def _row(name: str) -> str:
    (row,) = (
        line for line in NAMES.splitlines() if line.startswith("| ") and name in line.split("|")[1]
    )
    return row


@pytest.mark.parametrize("name", TOLD)
def test_each_name_has_a_row_that_says_what_differs(name: str) -> None:
    assert TOLD[name] in _row(name)


@pytest.mark.parametrize(
    "name", [n for n in dir(fleetsynth) if inspect.isfunction(getattr(fleetsynth, n))]
)
def test_arguments_that_rows_name_exist(name: str) -> None:
    known = set(inspect.signature(getattr(fleetsynth, name)).parameters)
    for line in NAMES.splitlines():
        told = line.split(f"`{name}(")[2:] if line.count(f"`{name}(") > 1 else []
        for call in told:
            arguments = call.split(")`")[0].replace("**", "").split(",")
            assert {argument.split("=")[0].strip() for argument in arguments} <= known


@pytest.mark.parametrize(
    "figure",
    [
        *("base_network", "memory_variance", "disk_variance", "network_variance"),
        *("cpu_memory_correlation", "cpu_network_correlation", "memory_disk_correlation"),
        *("spike_magnitude", "Wealth", "ap-southeast-1", "Medium 0.5", "seed: 42"),
    ],
)
def test_figures_that_the_specification_does_not_print_are_listed(figure: str) -> None:
    printed = SECTION.split("\n### Figures that the specification does not print")[-1]
    assert figure in printed.split("\n### ")[0]
