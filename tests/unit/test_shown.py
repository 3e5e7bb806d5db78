"""What others chose is shown as one safe line, without the secrets in it."""

import pickle

import pytest

from fleetsynth.errors import InputError, Problem, ScenarioError, UsageError, did_you_mean
from fleetsynth.shown import MOST, destination, shown


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("plain Größe 🦊 C:\\x 'quoted'", "plain Größe 🦊 C:\\x 'quoted'"),
        ("\x1b[31mred\x1b]0;t\x07", "\\x1b[31mred\\x1b]0;t\\x07"),
        ("a\nb\r\tc\x00", "a\\nb\\r\\tc\\x00"),
        ("\x7f\x85\x9b31m", "\\x7f\\x85\\x9b31m"),
        ("\u202egpj.exe\u2066\u2069\u200e", "\\u202egpj.exe\\u2066\\u2069\\u200e"),
        ("\u200b\u2060\ufeff\u00ad\u3164", "\\u200b\\u2060\\ufeff\\xad\\u3164"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("caf\udce9.csv", "caf\\xe9.csv"),
        (12, "12"),
    ],
)
def test_what_a_terminal_acts_upon_is_written_out(value: object, right: str) -> None:
    assert shown(value) == right == shown(shown(value))


def test_long_values_lose_their_middle() -> None:
    text = shown(f"begin {'x' * 100_000} end")
    assert len(text) <= MOST
    assert (text[:5], text[-3:], " ... " in text) == ("begin", "end", True)
    assert len(shown("x" * 5_000, None)) == 5_000


@pytest.mark.parametrize(
    "text",
    [
        "GET http://user:secret@host/b failed",
        "http://secret@host:9000/b",
        "https://user:p@secret@host/b",
        "https://user:se/secret@host/b",
        "postgresql+x://user:secret@host/db",
        "http://host/b?X-Amz-Credential=secret%2Fx&X-Amz-Signature=secret&part=1",
        "https://a.blob.core.windows.net/c?sv=1&sig=secret%3D",
        "postgresql://host/db?passwrd=secret&sslmode=require: no such parameter",
        "postgresql:?passwrd=secret",
        "influx:http://host/write?db=a&p=x'secret",
        "Authorization: Bearer secret",
        'headers: {"authorization": "Basic secret"}',
        "authorization: AWS4-HMAC-SHA256 Credential=secret/x, SignedHeaders=h, Signature=secret",
        'x-amz-security-token: "secret"',
        "aws_secret_access_key=secret",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert "secret" not in shown(text).replace("secret_access_key", "")
    assert "***" in shown(text)


def test_nothing_of_a_destinations_query_is_shown() -> None:
    asked = "postgresql://me:secret@host/db?passwrd=a secret&sslmode=x"
    assert destination(asked) == "postgresql://***@host/db?passwrd=***&sslmode=***"
    assert destination("what?.csv") == "what?.csv"


def test_an_example_of_a_query_stays() -> None:
    """The list of destinations shows how a URL is written, and has no secret to hide."""
    for text in ("expected influx:http://HOST:8086?org=O&bucket=B, cloudwatch:NAMESPACE", "x:?a=O"):
        assert shown(text) == text == destination(text)
    assert shown("influx:http://h?org=OO&bucket=B2") == "influx:http://h?org=***&bucket=***"


def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")
    assert shown("failed with wJalrXUtnFEMI, /var/run/token") == "failed with ***, /var/run/token"


@pytest.mark.parametrize(
    "text", ["http://host:9000/b/user@x", "s3://b/mail@x/y", "--set token=3", "unknown token: a"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert shown(text) == text


def test_errors_are_fit_to_be_shown() -> None:
    assert str(UsageError("no\x1b[31m\nfile")) == "no\\x1b[31m\\nfile"
    assert str(InputError("head", "a\nb", "c")) == "head\na\\nb\nc"
    assert len(str(UsageError("x" * 100_000))) <= MOST


def test_the_lines_of_a_scenario_error_are_its_own() -> None:
    error = ScenarioError([Problem("bad\nname", "a\x1b", "x\u202e.yaml, line 1")] * 2)
    bad = "  - bad\\nname, at a\\x1b, x\\u202e.yaml, line 1"
    assert str(error).splitlines() == ["the scenario has 2 problems:", bad, bad]
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.problems) == (str(error), error.problems)


def test_thousands_of_problems_are_counted() -> None:
    error = ScenarioError([Problem(f"p{i}") for i in range(3_000)])
    assert len(error.problems) == 3_000
    assert str(error).splitlines()[-1] == "  - and 2,900 more"


def test_a_hint_costs_nothing_whatever_the_names() -> None:
    names = [f"{'n' * 1_000}{i}" for i in range(5_000)]
    assert len(did_you_mean("m" * 100_000, names)) < 5_000
    assert "and 4,960 more" in did_you_mean("zzz", names)
