"""The back-test, however servers come: young ones first, or their rows mixed."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fleetsynth import capacity
from fleetsynth.capacity import daily
from fleetsynth.capacity import rows as reading
from fleetsynth.formats import read

DAYS, YOUNG = 1096, 300
SERVERS, NOISE = 8, 6.0


def servers(kind: str, days: int) -> list[pa.Table]:
    """Servers whose memory grows by as many per cent, or as many points; young ones stay level."""
    r = np.random.default_rng(len(kind) + days)
    t = np.arange(days)
    times = (np.datetime64("2024-12-31") - t[::-1]).astype("datetime64[us]")
    out = []
    for i in range(SERVERS):
        grown = {"curved": 30 * np.exp(t / 1096 * 1.3), "plain": 20 + t / 1096 * 65}[kind]
        memory = np.clip(
            (grown if days > YOUNG else 20) + i + NOISE * r.standard_normal(days), 0, 100
        )
        words = {"server_id": f"{kind}-{days}-{i}", "server_type": kind}
        columns = {key: [word] * days for key, word in words.items()}
        out.append(pa.table({"timestamp": times, **columns, "mem_p95": memory}))
    return out


def back_tested(parts: list[pa.Table]) -> list[dict[str, Any]]:
    return capacity(pa.concat_tables(parts), backtest=True).backtest


def test_young_servers_do_not_lend_their_archetype_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those too young for a back-test come in blocks of their own, before others and after."""
    monkeypatch.setattr(daily, "_MOST_CELLS", DAYS * SERVERS)
    young = servers("curved", YOUNG)
    pairs = zip(servers("plain", DAYS), servers("curved", DAYS), strict=True)
    old = [server for pair in pairs for server in pair]
    after = back_tested(old + young)
    assert back_tested(old) == after
    assert back_tested(young + old) == after
    assert after[-1]["dated"] > 20


def test_rows_that_turn_out_to_be_mixed_are_watched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was watched before the first server came a second time is forgotten."""
    parts = [*servers("plain", DAYS), *servers("curved", DAYS)]
    whole = back_tested(parts)
    monkeypatch.setattr(reading, "MOST_ROWS", DAYS)
    monkeypatch.setattr(read, "BATCH_ROWS", DAYS)
    first, rest = parts[0].slice(0, DAYS // 2), parts[0].slice(DAYS // 2)
    assert back_tested([first, *parts[1:], rest]) == whole
