"""The value of a day: the 95th percentile of its samples, however they come."""

import numpy as np
import pytest

from fleetsynth.report import daily
from fleetsynth.report.daily import Daily
from tests.known.data import DAY, MONDAY

Table = tuple[np.ndarray, np.ndarray, np.ndarray]


def table(values: list[list[float]], step: int, begin: int = MONDAY) -> Table:
    """Rows of servers with a value each step."""
    server = np.repeat(np.arange(len(values)), len(values[0]))
    seconds = begin + np.tile(np.arange(len(values[0])), len(values)) * step
    return server, seconds, np.array(values).reshape(1, -1)


def values_of(collector: Daily, size: int, last: int) -> np.ndarray | None:
    blocks = collector.blocks(0, size, last)
    return None if blocks is None else np.concatenate(list(blocks))


def taken(rows: Table, step: int, parts: int = 1, seed: int | None = None) -> np.ndarray:
    server, seconds, values = rows
    order = np.arange(len(server))
    if seed is not None:
        order = np.random.default_rng(seed).permutation(order)
    collector = Daily([0])
    for part in np.array_split(order, parts):
        collector.update(server[part], seconds[part], values[:, part], server.max() + 1, step)
    found = values_of(collector, int(server.max()) + 1, int(seconds.max()))
    assert found is not None
    return found


def test_of_one_sample_it_is_that() -> None:
    assert taken(table([[5, 7, 6.25]], DAY), DAY).tolist() == [[5, 7, 6.25]]


@pytest.mark.parametrize(
    ("step", "rank"), [(3600, 23), (300, 274), (900, 92), (7200, 12), (43_200, 2)]
)
def test_it_is_the_nearest_rank(step: int, rank: int) -> None:
    """Of 24 samples the 23rd, of 288 the 274th, of 12 the 12th: the ceiling of 0.95 n."""
    count = DAY // step
    values = [[float(v) / 4 for v in range(1, count + 1)]]
    assert taken(table(values, step), step).tolist() == [[rank / 4]]


def test_a_day_with_few_samples_is_ranked_by_those() -> None:
    values = [[*map(float, range(1, 21)), *[np.nan] * 4]]
    assert taken(table(values, 3600), 3600).tolist() == [[19]]  # of 20 the 19th
    values = [[*map(float, range(1, 20)), *[np.nan] * 5]]
    assert taken(table(values, 3600), 3600).tolist() == [[19]]  # of 19 the 19th


@pytest.mark.parametrize("step", [DAY, 3600])
def test_neither_order_nor_cutting_matters(step: int) -> None:
    rng = np.random.default_rng(0)
    rows = table(rng.uniform(-5, 110, (7, 40 * DAY // step)).round(2).tolist(), step)
    expected = taken(rows, step)
    by_time = np.lexsort((rows[0], rows[1]))
    for parts, seed in ((13, None), (1, 1), (50, 2)):
        assert (taken(rows, step, parts, seed) == expected).all()
    timed = rows[0][by_time], rows[1][by_time], rows[2][:, by_time]
    assert (taken(timed, step, 40) == expected).all()
    values = rows[2].reshape(7, 40, -1)
    n = values.shape[2]
    assert (np.sort(values)[:, :, -(-95 * n // 100) - 1] == expected).all()


def test_gaps_are_no_values_and_the_last_day_is_the_datasets() -> None:
    server, seconds, values = table([[1, 2, 3, 4]], DAY)
    collector = Daily([0])
    collector.update(server[[0, 3]], seconds[[0, 3]], values[:, [0, 3]], 1, DAY)
    found = values_of(collector, 1, int(seconds[-1]) + 2 * DAY + 5)
    np.testing.assert_array_equal(found, [[1, np.nan, np.nan, 4, np.nan, np.nan]])


def test_blocks_are_of_some_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "SERVERS", 2)
    rows = table([[1, 2], [3, 4], [5, 6]], DAY)
    collector = Daily([0])
    collector.update(*rows, 3, DAY)
    blocks = collector.blocks(0, 3, int(rows[1].max()))
    assert blocks is not None
    assert [block.tolist() for block in blocks] == [[[1, 2], [3, 4]], [[5, 6]]]


def test_many_samples_of_one_value_a_day() -> None:
    """256 rows of one server and day, though the step is a day: the greatest."""
    server, seconds = np.zeros(256, dtype=np.int64), np.full(256, MONDAY)
    values = np.arange(256.0)[None] / 4
    assert taken((server, seconds, values), DAY).tolist() == [[255 / 4]]


def test_too_many_values_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table([[1, 2, 3]] * 4, DAY)
    for most, kept in ((12, True), (11, False)):
        monkeypatch.setattr(daily, "MOST_VALUES", most)
        collector = Daily([0])
        collector.update(*rows, 4, DAY)
        collector.update(*rows, 4, DAY)
        assert (values_of(collector, 4, int(rows[1].max())) is not None) is kept


def test_without_metrics_or_with_a_step_learned_too_late_there_is_nothing() -> None:
    rows = table([[1, 2, 3]], DAY)
    none = Daily([])
    none.update(*rows, 1, DAY)
    assert none.blocks(0, 1, int(rows[1].max())) is None
    late = Daily([0])
    assert late.blocks(0, 1, MONDAY) is None
    late.update(*rows, 1, DAY)
    late.update(*rows, 1, 3600)
    assert late.blocks(0, 1, int(rows[1].max())) is None
