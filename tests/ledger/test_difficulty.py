"""The dial of difficulty: fainter anomalies in the same places, and none that one line finds."""

from typing import Any

import numpy as np
import pytest

from bench import detectors
from fleetsynth.errors import ScenarioError
from fleetsynth.kinds import DRAWN, KINDS
from fleetsynth.kinds.kind import Spells
from fleetsynth.presets import as_plan
from tests.ledger.fleets import ledger_of

DIALLED = [k for k, v in DRAWN.items() if isinstance(v.drawn, Spells) and v.drawn.dial]


def plan_at(difficulty: float | str | None, **more: Any) -> Any:
    incidents = {} if difficulty is None else {"incidents": {"difficulty": difficulty}}
    span = {"start_date": "2024-01-01", "end_date": "2024-12-31", "granularity": "hourly"}
    return as_plan({"preset": "realistic", "num_servers": 60} | span | incidents | more)


def test_the_dial_lowers_the_score_of_a_detector_and_no_line_finds_what_is_hard() -> None:
    scores = []
    for dial in ("easy", "medium", "hard"):
        scenario = detectors.scenario_of("hourly", dial, 1) | {"num_servers": 50}
        made = detectors.sample(scenario)
        usual = detectors.DETECTORS[detectors.STANDARD](made.series["cpu"])
        scores.append(detectors.best_f1(usual, made.labels["cpu"]))
    assert scores[0] > 1.5 * scores[1] > 1.5 * 1.5 * scores[2] > 0
    assert len(detectors.DETECTORS) == 50
    lines = {}
    for metric in ("cpu", "mem", "disk"):
        labels = made.labels[metric]
        assert 0.001 < (labels == 1).mean() <= 0.01
        assert not (labels < 0).any()
        lines[metric] = max(detectors.scores(made, metric).values())
        assert lines[metric] <= 0.2
    aware = detectors.siblings(made.series["cpu"], made.services)
    assert detectors.best_f1(aware, made.labels["cpu"]) > max(lines.values())


def test_events_stay_where_they_are_and_grow_fainter() -> None:
    at = {
        dial: {e.event_id: e for e in ledger_of(plan_at(dial)) if e.kind in DIALLED}
        for dial in ("easy", 0.3, "hard")
    }
    assert at["easy"].keys() == at[0.3].keys() == at["hard"].keys()
    assert len(at["hard"]) > 100
    for event_id, event in at["hard"].items():
        sizes = [of[event_id].effects[0] for of in at.values()]
        strength = [abs(effect.size - effect.start) for effect in sizes]
        assert strength[0] > strength[1] > strength[2] > 0
        assert len({(of[event_id].begin, of[event_id].end) for of in at.values()}) == 1
        assert event.kind in DIALLED


def test_what_shows_as_a_constant_is_left_out_of_what_is_hard() -> None:
    easy, hard = ({event.kind for event in ledger_of(plan_at(dial))} for dial in ("easy", "hard"))
    regimes = {name for name, kind in KINDS.items() if kind.label == "regime"}
    assert hard - regimes == set(DIALLED)
    assert easy > {*hard, "outage", "runaway", "maintenance", "failover"}


def test_anomalies_begin_at_any_time_alike() -> None:
    begins = [e.begin for e in ledger_of(plan_at("hard", num_servers=200)) if e.kind in DIALLED]
    counted = [e for e in begins if 0 <= e - 1704067200 < 366 * 86400]
    for period, parts in ((86400, 24), (7 * 86400, 7), (366 * 86400, 12)):
        places = (np.array(counted) - 1704067200) % period * parts // period
        found = np.bincount(places, minlength=parts)
        expected = len(counted) / parts
        # 99.9 % of such sums lie below parts + 3.1 sqrt(2 parts) + 6, about; the seed is fixed.
        assert ((found - expected) ** 2 / expected).sum() < parts + 3.1 * (2 * parts) ** 0.5 + 6


def test_of_what_is_always_plain_to_see_the_dial_decides_how_many_and_nothing_else() -> None:
    said = {"per_quarter": 1.0, "hours": [20, 30], "archetypes": {}}
    at = [plan_at(None, incidents={"difficulty": d, "power_off": said}) for d in (0, 0.5, 1)]
    found = [[e for e in ledger_of(plan) if e.kind == "power_off"] for plan in at]
    easy, medium, hard = ({(e.event_id, e.end) for e in events} for events in found)
    assert easy > medium > hard == set()
    assert {20 <= (e.end or 0) - e.begin <= 30 * 3600 for e in found[0]} == {True}


def test_words_are_numbers_and_nothing_said_is_nothing_changed() -> None:
    assert plan_at("hard").digest == plan_at(1).digest == plan_at(1.0).digest
    assert plan_at("medium").digest == plan_at(0.5).digest != plan_at(None).digest
    said = plan_at(None).scenario.to_dict()
    assert "difficulty" not in said["incidents"]
    assert plan_at("hard").scenario.to_dict()["incidents"]["difficulty"] == 1.0
    assert as_plan(plan_at("hard").scenario.to_dict()).digest == plan_at("hard").digest


@pytest.mark.parametrize(
    ("incidents", "words"),
    [
        ({"difficulty": "hrad"}, "unknown difficulty 'hrad' (did you mean 'hard'?)"),
        ({"difficulty": 1.5}, "less than or equal to 1"),
        ({"difficulty": True}, "incidents.difficulty"),
        ({"difficulty": "hard", "intensity": 0}, "nothing happens by itself: say"),
        ({"difficulty": 0.5, "leak": {"hours": [2, 9]}}, "difficulty decides it: leave one"),
        ({"dificulty": "hard"}, "difficulty"),
    ],
)
def test_what_cannot_be_is_refused(incidents: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        plan_at(None, incidents=incidents)
    assert words in str(error.value)
    assert len(error.value.problems) == 1
