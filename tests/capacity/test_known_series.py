"""Series whose end is known: how far dates are off, how often intervals hold, how often they err.

Seeds are those of nobody's tuning; bounds are those that were asked for.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fleetsynth import capacity
from tests.capacity.scoring import score
from tests.capacity.series import KINDS, LAST, known

SEED = 20_251
ERRORS = {"ramps": 20, "saw-tooths": 70, "steps": 15, "seasons": 15, "outages": 20}
"""Days that half of the dates may be off at most; what was seen is about two thirds of it."""


@pytest.mark.parametrize("kind", ERRORS)
def test_dates_of_series_that_run_out(kind: str) -> None:
    metric = "disk" if kind == "saw-tooths" else "cpu"
    found = score([known(kind, SEED)], LAST, metric=metric)
    assert found.breaches > 40
    assert found.error <= ERRORS[kind]
    assert 0.85 <= found.coverage <= (0.95 if found.dated > 150 else 0.99)
    assert found.false_share <= 0.1


def test_quiet_series_are_left_in_peace() -> None:
    found = score([known("quiet", SEED)], LAST)
    assert found.false_rate <= 0.03


def test_the_score_notices_dates_that_are_off() -> None:
    """A method that took all growth for half as fast would fail."""
    values, shown = known("ramps", SEED)
    half, now = values.copy(), values[:, shown - 1 : shown]
    half[:, shown:] = now + (values[:, shown:] - now) * 2
    found = score([(np.clip(half, 0, 100), shown)], LAST)
    assert found.error > 60
    assert found.coverage < 0.5


def test_every_kind_is_tried() -> None:
    assert {*ERRORS, "quiet"} == set(KINDS)


def ramp_table(rates: Mapping[str, tuple[float, float]], days: int = 1096) -> pa.Table:
    """Straight ramps from one value to another with noise of 0.3, to the end of 2025."""
    r = np.random.default_rng(5)
    end = np.datetime64("2025-12-31")
    times = (end - np.arange(days)[::-1]).astype("datetime64[us]")
    parts = []
    for name, (low, high) in rates.items():
        cpu = np.clip(np.linspace(low, high, days) + 0.3 * r.standard_normal(days), 0, 100)
        parts.append(
            pa.table({"timestamp": times, "server_id": [name] * days, "cpu_p95": np.round(cpu, 2)})
        )
    return pa.concat_tables(parts)


RAMPS = {"ramp0to70": (0, 70), "ramp30to75": (30, 75), "ramp0to60": (0, 60)}


def test_ramps_are_full_when_they_are() -> None:
    """0 to 70 over 1,095 days: 30 points more take 469; and so on, within 2 %."""
    rows = {row["name"]: row for row in capacity(ramp_table(RAMPS)).rows("server")}
    for name, days in (("ramp0to70", 469), ("ramp30to75", 608), ("ramp0to60", 730)):
        assert rows[name]["status"] == "dated"
        assert rows[name]["days_100"] == pytest.approx(days, rel=0.02)
        low, high = RAMPS[name]
        for level in (80, 90):
            left = (level - high) / (high - low) * 1095
            key = "days_usable" if level == 90 else "days_80"
            assert rows[name][key] == pytest.approx(left, rel=0.03, abs=4)
        assert rows[name]["trend_month"] == pytest.approx((high - low) / 1095 * 30.44, rel=0.01)


def test_a_dataset_of_our_own(tmp_path: Path) -> None:
    """The same from a file as from a table, by whatever order rows have."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    table = ramp_table(RAMPS)
    order = np.random.default_rng(1).permutation(table.num_rows)
    pq.write_table(table.take(order), tmp_path / "mixed.parquet")
    pc.write_csv(table, tmp_path / "plain.csv")
    rows = [capacity(each).rows() for each in (table, tmp_path / "mixed.parquet")]
    assert rows[0] == rows[1]
    assert capacity(tmp_path / "plain.csv").rows() == rows[0]
