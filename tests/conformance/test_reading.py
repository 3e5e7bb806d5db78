"""Which format a name means, and files that are not what their name says."""

from itertools import pairwise
from pathlib import Path

import pytest

import fleetsynth
from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import FORMATS, format_of
from fleetsynth.plan import Plan
from tests.conformance.support import EACH, MARCH, save
from tests.support import plan_of


def cuts(ending: str, size: int) -> list[int]:
    """Where to cut a file: its end is the last place that can show."""
    return [0, 1, size // 3, size // 2, size - 5] + ([size - 1] if FORMATS[ending].binary else [])


@EACH
def test_a_file_cut_short_is_refused(tmp_path: Path, ending: str) -> None:
    plan = plan_of(num_servers=3, **MARCH)
    save(plan, tmp_path / f"whole{ending}")
    whole = (tmp_path / f"whole{ending}").read_bytes()
    path = tmp_path / f"cut{ending}"
    for size in cuts(ending, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError) as caught:
            fleetsynth.digest_file(path)
        assert caught.value.exit_code == 1
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("ending", "other"), list(pairwise([*FORMATS, next(iter(FORMATS))])))
def test_a_file_under_a_wrong_name_is_refused(
    plan: Plan, tmp_path: Path, ending: str, other: str
) -> None:
    save(plan, tmp_path / f"a{ending}")
    (tmp_path / f"a{ending}").rename(tmp_path / f"b{other}")
    with pytest.raises(InputError, match="cannot read"):
        fleetsynth.digest_file(tmp_path / f"b{other}")


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        fleetsynth.digest_file(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "ending"),
    [(f"a.b{ending}", ending) for ending in FORMATS] + [(ending, ending) for ending in FORMATS],
)
def test_the_ending_names_the_format(name: str, ending: str) -> None:
    assert format_of(Path("folder.csv") / name) == ending


@pytest.mark.parametrize("name", ["a", "a.", "a.txt", "a.gz", "a.parquet.gz", "csv", "a.CSV.bak"])
def test_any_other_ending_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        format_of(Path(name))
    assert name in str(caught.value)
    assert all(ending in str(caught.value) for ending in FORMATS)
