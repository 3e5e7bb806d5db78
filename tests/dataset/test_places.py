"""Names that would not reach an object store as they were typed are refused, in words."""

from pathlib import Path

import pytest

from fleetsynth.errors import UsageError
from fleetsynth.stores.places import check_url, split_object
from tests.e2e.command import SMALL, Fleetsynth

REFUSED = {
    "s3://b/run#2/": "'#'",
    "s3://b/run?x=1": "'?'",
    "s3://b/run%202/": "'%'",
    "s3://b/a\\b/": "slash",
    "s3://b/run/../other/": "'..'",
    "s3://b/./run": "'.'",
    "s3://b/..": "'..'",
    "s3://b//run/": "two slashes",
    "s3://b/run//": "two slashes",
    "s3://b//": "two slashes",
    "s3://b/run\t2/": "U+0009",
    "s3://b/run\n": "U+000A",
    "s3://b/run\x1b[31m/": "U+001B",
    "s3://b/run\u202e2/": "U+202E",
    "s3://b/run /": "space",
    "s3://b/ run": "space",
    "s3://b/\udcff/": "U+DCFF",
    "s3://": "does not name a bucket",
    "s3:///run/": "does not name a bucket",
    "gs:///run/": "does not name a bucket",
    "s3://b#2/run/": "is not a valid bucket name",
    "s3://b?/run/": "is not a valid bucket name",
    "s3://b ucket/run/": "is not a valid bucket name",
    "s3://b:80/run/": "is not a valid bucket name",
    "s3:/b/run/": "is not a place",
    "s3:b": "is not a place",
    "S3://b/run/": "is not a place",
    "s4://b/run/": "is not a place",
    "file:///tmp/run/": "is not a place",
    "https://b.s3.amazonaws.com/run/": "is not a place",
    "://b/run": "is not a place",
    "s3://b/one.parquet": "names a file",
    "s3://b/run/one.csv.gz": "names a file",
    "s3://b/one.PARQUET": "names a file",
    "fleet\0": "U+0000",
}

FINE = [
    "fleet",
    "fleet/",
    "../fleet",
    "a#b?c%d//e/./",
    "one.parquet",
    "s3://b",
    "s3://b/",
    "s3://b/run",
    "s3://b/run/2024-01/v1.2/",
    "s3://my-bucket.name/~user/a+b=c&d@e,f (g)!/",
    "gs://my_bucket/Zürich/",
    "az://container/run/",
    "s3://b/one.parquet/",
]

SECRETS = [
    "s3://user:hunter2@b/run/",
    "s3://user:hunter2@b/run#2/",
    "s3://user:hun/ter2@b/run/",
    "https://user:hunter2@host/run/",
    "s3://hunter2@b/run/",
    "s3:/user:hunter2@b/run/",
    "s3://user:hunter2@b/one.parquet",
]


@pytest.mark.parametrize("place", REFUSED)
def test_a_name_that_would_become_another_is_refused(place: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(place)
    message = str(caught.value)
    assert REFUSED[place] in message
    assert message.isprintable()


@pytest.mark.parametrize("place", FINE)
def test_any_other_name_will_do(place: str) -> None:
    check_url(place)
    assert split_object(place) is None


@pytest.mark.parametrize("place", SECRETS)
def test_credentials_in_a_url_are_not_repeated(place: str) -> None:
    for check in (check_url, split_object):
        with pytest.raises(UsageError) as caught:
            check(place)
        assert "hun" not in str(caught.value)
        assert "ter2" not in str(caught.value)


def test_a_url_of_one_file_is_taken_apart() -> None:
    assert split_object("s3://b/one.parquet") == ("s3://b", "one.parquet")
    assert split_object("s3://b/some/where/one.csv.gz") == ("s3://b/some/where", "one.csv.gz")
    assert split_object("one.parquet") is None
    for place in ("s3://one.parquet", "s3://b/#/one.parquet", "s3://b//one.parquet"):
        with pytest.raises(UsageError):
            split_object(place)


@pytest.mark.parametrize("place", ["s3://b/run#2/", "s3://user:hunter2@b/run/", "s3:/b/run/"])
@pytest.mark.parametrize(
    "command",
    [
        ("generate", *SMALL, "-o"),
        ("generate", *SMALL, "--engine", "spark", "-o"),
        ("commit",),
        ("verify",),
        ("validate",),
        ("facts",),
        ("report",),
        ("digest",),
    ],
    ids=" ".join,
)
def test_every_command_refuses_before_it_looks_for_credentials(
    fleetsynth: Fleetsynth, command: tuple[str, ...], place: str
) -> None:
    if place == "s3:/b/run/" and command[0] in ("validate", "facts", "report", "digest"):
        place = "s3://b/run#2/one.parquet"  # what can be read may be a local file
    ran = fleetsynth(*command, place)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert len(ran.err.splitlines()) == 1
    assert "hunter2" not in ran.err
    assert "credentials for" not in ran.err  # those that are sought and not found
    assert list(fleetsynth.folder.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ("report", "small.csv", "-o"),
        ("preview", "-o"),
        ("config", "init"),
        ("config", "schema", "-o"),
        ("generate", "-o", "out.csv"),
    ],
    ids=" ".join,
)
def test_what_is_written_here_alone_is_never_a_folder_called_after_a_scheme(
    fleetsynth: Fleetsynth, command: tuple[str, ...]
) -> None:
    ran = fleetsynth(*command, "s3://b/x.html")
    assert ran.code == 2
    assert "a URL does not fit here" in ran.err
    assert not (fleetsynth.folder / "s3:").exists()


def test_a_single_file_in_an_object_store_is_refused_and_not_a_prefix(
    fleetsynth: Fleetsynth,
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "s3://b/one.parquet")
    assert ran.code == 2
    assert "s3://b/one.parquet names a file" in ran.err


def test_a_local_folder_may_be_called_anything(fleetsynth: Fleetsynth) -> None:
    name = "run#2 100%?"
    fleetsynth.prints("generate", *SMALL, "-o", f"{name}/", "--quiet")
    assert Path(fleetsynth.folder / name / "manifest.json").exists()
    assert fleetsynth.prints("verify", name) == f"{name}: ok\n"
