"""The classic model, as everything else sees it."""

from fleetsynth.models.base import Model
from fleetsynth.models.classic import check, plan, simulate
from fleetsynth.models.classic.scenario import ClassicScenario

MODEL = Model(
    version=plan.VERSION,
    package=__package__,
    scenario=ClassicScenario,
    problems=check.problems,
    resolve=plan.resolve,
    simulate=simulate.simulate,
)
