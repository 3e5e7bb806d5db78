"""What `plan` says, worked out by hand."""

from fleetsynth import load_scenario, size
from fleetsynth.pipeline import BATCH_ROWS
from fleetsynth.presets import resolve
from tests.support import plan_of


def test_rows_columns_and_sizes() -> None:
    """Ten servers, 31 days: 310 rows of five metrics, metadata and calendar."""
    plan = plan_of(num_servers=10, end_date="2022-01-31")
    found = size.estimate(plan)
    assert (found.rows, found.columns) == (310, 18)
    assert found.bytes[".csv"] == 310 * (60 + 38 + 17)
    assert found.bytes[".csv.gz"] == round(310 * (21 + 1.2 + 1.2))
    assert found.bytes[".csv.zst"] == round(310 * (19 + 0.8 + 0.8))
    assert found.bytes[".arrow"] == 310 * (34 + 6 + 4)
    assert found.bytes[".parquet"] == round(310 * (7.6 + 1060 / 310**0.5))
    assert found.memory == 110_000_000 + 310 * 300 + 10 * 1 * 100


def test_what_is_left_out_takes_nothing() -> None:
    plan = plan_of(
        num_servers=10, end_date="2022-01-31", include_metadata=False, include_calendar=False
    )
    found = size.estimate(plan)
    assert (found.columns, found.bytes[".csv"]) == (7, 310 * 60)


def test_more_statistics_take_more() -> None:
    scenario = {"preset": "realistic", "num_servers": 10, "end_date": "2022-01-31"}
    plan = resolve(load_scenario(scenario | {"statistics": ["p50", "p95"]}))
    found = size.estimate(plan)
    assert found.bytes[".csv"] == 310 * (2 * 60 + 38 + 17)
    assert found.bytes[".parquet"] == round(310 * 2 * (8.7 + 1060 / 310**0.5))
    assert found.memory == 110_000_000 + 310 * 600 + 10 * 1 * 100


def test_months_are_counted_with_both_ends() -> None:
    for end, months in (("2022-01-31", 1), ("2022-02-01", 2), ("2023-01-01", 13)):
        plan = plan_of(num_servers=1000, end_date=end)
        rest = 110_000_000 + min(plan.cells, BATCH_ROWS) * 300
        assert size.estimate(plan).memory - rest == 1000 * months * 100


def test_rows_that_fit_a_file_are_those_whose_size_it_is() -> None:
    plan = plan_of(num_servers=100_000)
    for wanted in (20_000, 200_000, 4_000_000):
        rows = size.rows_in(plan, wanted, ".parquet")
        group = min(rows, BATCH_ROWS)
        assert abs(rows * (7.6 + 1060 / group**0.5) - wanted) < 0.002 * wanted


def test_bytes_in_words() -> None:
    told = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 99_940: "99.9 kB", 123_456: "123 kB",
            2_500_000: "2.5 MB", 10**21: "1,000 EB"}  # fmt: skip
    assert {count: size.in_bytes(count) for count in told} == told
