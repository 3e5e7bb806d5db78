"""Which column stands for what."""

import pytest

from fleetsynth.dataset.columns import ROLES, assign, assign_metrics, parse_columns
from fleetsynth.errors import UsageError
from fleetsynth.frame import column_types

LONG = ["timestamp", "server_id", "metric", "value"]


def test_our_own_columns_are_found() -> None:
    assert assign(column_types(), {}, "it") == {
        "timestamp": "timestamp",
        "server": "server_id",
        "cpu": "cpu_p95",
        "memory": "mem_p95",
        "network": "net_in_p95",
        "type": "server_type",
        "service": "service",
    }


def test_what_is_said_wins() -> None:
    found = assign(["ds", "host", "cpu", "cpu_mean", "load"], {"cpu": "load"}, "it")
    assert found == {"timestamp": "ds", "server": "host", "cpu": "load"}


def test_the_likeliest_name_is_taken_whatever_the_order() -> None:
    for names in (["cpu_mean", "cpu_p50", "cpu_p95"], ["cpu_p95", "cpu_p50", "cpu_mean"]):
        assert assign(["ds", "host", *names], {}, "it")["cpu"] == "cpu_p95"


@pytest.mark.parametrize(
    ("names", "said", "expected"),
    [
        (LONG, {}, {}),
        (LONG, {"cpu": "anything"}, {"cpu": "anything"}),
        ([*LONG, "cpu"], {"value": "value"}, {}),
    ],
)
def test_long_datasets(names: list[str], said: dict[str, str], expected: dict[str, str]) -> None:
    base = {"timestamp": "timestamp", "server": "server_id", "metric": "metric", "value": "value"}
    assert assign(names, said, "it") == base | expected


def test_a_wide_dataset_may_have_a_metric_and_a_value() -> None:
    found = assign([*LONG, "load"], {"cpu": "load"}, "it")
    assert found == {"timestamp": "timestamp", "server": "server_id", "cpu": "load"}


def test_metrics_of_a_long_dataset() -> None:
    taken = assign(LONG, {"network": "rx"}, "it")
    found = assign_metrics({"rx", "cpu_pct", "net_in", "disk"}, taken, "it")
    assert found == taken | {"cpu": "cpu_pct", "network": "rx"}


@pytest.mark.parametrize(
    ("names", "said", "words"),
    [
        (["ds", "host", "cpu"], {"cup": "cpu"}, "no role 'cup' (did you mean 'cpu'?)"),
        (["ds", "host", "cpu_pct"], {"cpu": "cpu_pkt"}, "(did you mean 'cpu_pct'?)"),
        (["ds", "host", "load"], {}, "looks like CPU, memory or network"),
        (["host", "cpu"], {}, "looks like a timestamp: name it"),
        (["ds", "cpu"], {}, "looks like a server: name it"),
        ([], {}, "looks like a timestamp"),
    ],
)
def test_what_cannot_be_assigned(names: list[str], said: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        assign(names, said, "it")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [({"cpu": "cpu_pkt"}, "(did you mean 'cpu_pct'?)"), ({"value": "value"}, "no metric that")],
)
def test_metrics_that_do_not_exist(said: dict[str, str], words: str) -> None:
    metrics = {"cpu_pct"} if "cpu" in said else {"disk"}
    with pytest.raises(UsageError) as raised:
        assign_metrics(metrics, assign(LONG, said, "it"), "it")
    assert words in str(raised.value)


def test_parsing() -> None:
    assert parse_columns("cpu=a, server=b=c,") == {"cpu": "a", "server": "b=c"}
    assert parse_columns("") == {}
    for text in ("cpu", "cpu=", "cpu=a,cpu=b"):
        with pytest.raises(UsageError, match=r"^columns: "):
            parse_columns(text)


def test_every_role_has_names() -> None:
    assert len(ROLES) == 9
    assert all(ROLES.values())
