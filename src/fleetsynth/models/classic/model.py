"""The classic model, as everything else sees it."""

from fleetsynth.models.base import Model
from fleetsynth.models.classic import check, components, factors, law, plan, simulate
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.models.classic.signals import SIGNALS

MODEL = Model(
    version=plan.VERSION,
    package=__package__,
    scenario=ClassicScenario,
    problems=check.problems,
    resolve=plan.resolve,
    simulate=simulate.simulate,
    signals=SIGNALS,
    factors=factors.FACTORS,
    own_factors=lambda plan: factors.factors_of(plan.scenario),
    components=components.COMPONENTS,
    events=True,
    law=law.law,
    lacks={
        "sample_interval": "the classic model has no samples within a tick",
        "statistics": "the classic model publishes p95 alone",
    },
    same_scale=True,
    tile_seconds=50e-6,
)
