"""Which column stands for what."""

import pytest

from fleetsynth.errors import UsageError
from fleetsynth.reader import parse_columns
from fleetsynth.reader.layout import find_layout
from fleetsynth.reader.roles import ROLES, Column, assign, assign_metrics
from fleetsynth.tables.frame import column_types
from fleetsynth.validate.rows import METRIC_COLUMNS

SHORT = ("timestamp", "server", "cpu", "memory", "network", "type", "service")
LONG = ["timestamp", "server_id", "metric", "value"]


def named(roles: dict[str, Column]) -> dict[str, str]:
    return {role: column.name for role, column in roles.items()}


def test_our_own_columns_are_found() -> None:
    found = named(assign(column_types(), {}, "it"))
    assert {found[role] for role in found} == {*column_types()}
    assert {role: found[role] for role in SHORT} == {
        "timestamp": "timestamp",
        "server": "server_id",
        "cpu": "cpu_p95",
        "memory": "mem_p95",
        "network": "net_in_p95",
        "type": "server_type",
        "service": "service",
    }


def test_what_is_said_wins() -> None:
    found = named(assign(["ds", "host", "cpu", "cpu_mean", "load"], {"cpu": "load"}, "it"))
    assert found == {"timestamp": "ds", "server": "host", "cpu": "load", "cpu_mean": "cpu_mean"}


def test_the_likeliest_name_is_taken_whatever_the_order() -> None:
    for names in (["cpu_mean", "cpu_p50", "cpu_p95"], ["cpu_p95", "cpu_p50", "cpu_mean"]):
        assert assign(["ds", "host", *names], {}, "it")["cpu"].name == "cpu_p95"


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
    assert named(assign(names, said, "it")) == base | expected


def test_a_wide_dataset_may_have_a_metric_and_a_value() -> None:
    found = named(assign([*LONG, "load"], {"cpu": "load"}, "it"))
    assert found == {"timestamp": "timestamp", "server": "server_id", "cpu": "load"}


def test_metrics_of_a_long_dataset() -> None:
    taken = assign(LONG, {"network": "rx"}, "it")
    found = named(assign_metrics({"rx", "cpu_pct", "net_in", "disk"}, taken, "it"))
    assert found == named(taken) | {"cpu": "cpu_pct", "network": "rx", "disk": "disk"}


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
        find_layout(names, {name: ["x"] for name in names}, said, "it")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [({"cpu": "cpu_pkt"}, "(did you mean 'cpu_pct'?)"), ({"value": "value"}, "no metric that")],
)
def test_metrics_that_do_not_exist(said: dict[str, str], words: str) -> None:
    metrics = {"cpu_pct"} if "cpu" in said else {"fan"}
    with pytest.raises(UsageError) as raised:
        assign_metrics(metrics, assign(LONG, said, "it"), "it")
    assert words in str(raised.value)


def test_parsing() -> None:
    assert parse_columns("cpu=a, server=b=c,") == {"cpu": "a", "server": "b=c"}
    assert parse_columns('cpu="CPU, %",time=t:s') == {"cpu": "CPU, %", "time": "t:s"}
    assert parse_columns("cpu='a,b':share , server=h") == {"cpu": "a,b:share", "server": "h"}
    assert parse_columns("") == {}
    for text in ("cpu", "cpu=", "cpu=a,cpu=b"):
        with pytest.raises(UsageError, match=r"^columns: "):
            parse_columns(text)


def test_every_role_has_names() -> None:
    measured = {name for name, metric in METRIC_COLUMNS.items() if not metric.added}
    assert {role for role in ROLES if not ROLES[role].names} == {"date", *measured}
