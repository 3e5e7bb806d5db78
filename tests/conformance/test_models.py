"""What every model must do, whichever it is: the packaged ones, and the smallest one there is."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.cli.sketch import show_samples
from fleetsynth.clock import Calendar
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import make_part
from fleetsynth.folders.verify import verify
from fleetsynth.metrics import METRICS
from fleetsynth.plan import Plan
from fleetsynth.presets import model, model_of, simulate
from fleetsynth.presets.load import json_schema
from fleetsynth.preview.picture import draw
from fleetsynth.preview.samples import samples
from fleetsynth.scenario.text import dump_yaml
from fleetsynth.window import Window
from tests.conformance.support import MODELS
from tests.dataset import makers
from tests.dataset.folders import digest_in, only_whole_parts, parts_in
from tests.support import digest_of

PART_BYTES = 20_000
"""Several parts of any of the plans."""


@pytest.fixture(scope="session")
def digest(plan: Plan) -> str:
    """Of its dataset."""
    return digest_of(plan)


def test_the_test_has_a_model_that_the_package_does_not_know() -> None:
    from fleetsynth.presets import PRESETS

    assert set(PRESETS) < set(MODELS)


# What it says


def test_a_model_publishes_signals_that_it_has(plan: Plan) -> None:
    stems = {metric.stem for metric in METRICS}
    signals = model_of(plan).signals
    assert {metric.stem for metric in plan.metrics} <= {s for x in signals for s in x.published}
    assert all(set(signal.published) <= stems for signal in signals)
    assert len(model_of(plan).whole(plan.metrics)) == len(signals)


def test_metrics_made_alone_are_those_made_together(plan: Plan) -> None:
    stems = {metric.stem for metric in plan.metrics if model_of(plan).apart}
    window = Window(1, 4, plan.clock.first + 3, plan.clock.first + 40)
    together = simulate(plan, window).values
    for stem in stems:
        of_stem = [metric.stem == stem for metric in plan.metrics]
        assert np.array_equal(simulate(plan.only(stem), window).values, together[of_stem]), stem


def test_every_factor_is_a_value_a_day_and_its_switch_and_field_are_there(plan: Plan) -> None:
    said = model_of(plan)
    assert said.factors
    assert len({factor.name for factor in said.factors}) == len(said.factors)
    for factor in said.factors:
        assert factor.label
        assert factor.switch is None or factor.switch in said.scenario.model_fields
        for archetype in plan.archetypes if factor.field else ():
            value = archetype.profile
            for part in str(factor.field).split("."):
                value = getattr(value, part)
        if factor.case_of is None:
            continue
        when = np.arange(24) if factor.hourly else Calendar(np.arange(3 * 366) * 86_400).days
        cases = factor.case_of(when)
        values = factor.values(plan.archetypes[0].profile)
        assert set(cases.tolist()) == set(range(len(values)))
        assert (factor.function(when, plan.archetypes[0].profile) == values[cases]).all()
        by_label: dict[str, set[float]] = {}
        for case in factor.cases:
            by_label.setdefault(case.label, set()).add(case.value)
        assert all(len(own) == 1 for own in by_label.values())


def test_a_law_has_the_shape_of_its_signals(plan: Plan) -> None:
    said = model_of(plan)
    if said.law is None:
        return
    law, size = said.law(plan), len(said.signals)
    assert len(law.rows) == len(plan.archetypes)
    for rows in law.rows:
        assert rows.base.shape == rows.sd.shape == rows.factor.shape == (size,)
        assert rows.correlation.shape == (size, size)
    assert len(law.base_fields) == len(law.sd_fields) == size
    assert len(law.correlation_fields) == size * (size - 1) // 2


@pytest.mark.parametrize("preset", MODELS)
def test_a_scenario_goes_through_yaml_and_has_a_schema(preset: str, tmp_path: Path) -> None:
    scenario = fleetsynth.load_scenario({"preset": preset})
    (tmp_path / "mine.yaml").write_text(dump_yaml(scenario), "utf-8")
    assert fleetsynth.load_scenario(tmp_path / "mine.yaml") == scenario
    assert json_schema(preset)["properties"]["preset"]["const"] == preset
    assert model(preset).scenario is type(scenario)


# What it makes


def test_any_way_of_cutting_gives_the_same_values(plan: Plan) -> None:
    first, stop = plan.clock.first, plan.clock.stop
    whole = simulate(plan, Window(0, plan.fleet.size, first, stop)).values
    assert whole.shape == (len(plan.metrics), plan.fleet.size, plan.clock.count)
    assert whole.dtype == np.int32
    part = simulate(plan, Window(3, 7, first + 100, first + 613)).values
    assert (part == whole[:, 3:7, 100:613]).all()


@pytest.mark.parametrize("keys", [(), ("region", "year", "month"), ("server_type",)])
def test_folders_have_the_digest_of_a_file(
    plan: Plan, digest: str, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "fleet"
    generate_folder(plan.scenario, str(folder), partition_by=keys, part_bytes=PART_BYTES, workers=1)
    assert len(parts_in(folder)) > 1
    assert digest_in(folder) == digest
    assert fleetsynth.generate(plan, tmp_path / "fleet.parquet").digest == digest
    assert verify(str(folder), regenerate=2).findings == []


def test_a_run_that_failed_goes_on(plan: Plan, digest: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "fleet")
    with pytest.raises(fleetsynth.OutputError):
        generate_folder(
            plan.scenario,
            folder,
            part_bytes=PART_BYTES,
            engine=LocalEngine(1, make=makers.failing_always),
        )
    only_whole_parts(tmp_path / "fleet")
    result = generate_folder(
        plan.scenario,
        folder,
        part_bytes=PART_BYTES,
        engine=LocalEngine(1, make=make_part),
        resume=True,
    )
    assert result.digest == digest
    assert 0 < result.made < result.parts


def test_shards_make_one_dataset(plan: Plan, digest: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "fleet")
    for number in (1, 2):
        generate_folder(
            plan.scenario, folder, part_bytes=PART_BYTES, workers=1, shard=Shard(number, 2)
        )
    assert commit(folder)["digest"] == digest


# What reads it back


def test_it_is_validated_value_by_value_and_a_changed_value_is_found(
    plan: Plan, tmp_path: Path
) -> None:
    path = fleetsynth.generate(plan, tmp_path / "fleet.parquet").path
    found = fleetsynth.validate(path)
    assert found.failed == ()
    assert found.rows == plan.cells
    statistics = [v for v in found.verdicts if v.kind == "statistics"]
    assert bool(statistics) == (model_of(plan).law is not None)
    table = pq.read_table(path)
    place = table.schema.names.index("cpu_p95")
    values = table["cpu_p95"].to_numpy().copy()
    values[5_000] += 0.01
    changed = table.set_column(place, table.schema.field(place), pa.array(values))
    pq.write_table(changed, tmp_path / "changed.parquet")
    assert "regeneration" in {
        v.name for v in fleetsynth.validate(tmp_path / "changed.parquet").failed
    }


def test_it_is_reported_and_previewed(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fleetsynth.generate(plan, tmp_path / "fleet.parquet").path
    page = fleetsynth.report(path, tmp_path / "fleet.html").read_text("utf-8")
    assert all(metric.column in page for metric in plan.metrics)
    shown = samples(plan)
    made = {name for name, count in plan.fleet.counts().items() if count}
    assert {sample.archetype.name for sample in shown} == made
    show_samples(plan, shown)
    assert plan.metrics[0].label in capsys.readouterr().out
    draw(plan, tmp_path / "mine.png", overwrite=False)
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
