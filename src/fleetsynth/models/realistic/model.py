"""The realistic model, as everything else sees it."""

from fleetsynth.models.base import Model
from fleetsynth.models.realistic import check, components, factors, jobs, plan, simulate, stocks
from fleetsynth.models.realistic.scenario import RealisticScenario, settle
from fleetsynth.models.realistic.signals import SIGNALS

MODEL = Model(
    version=plan.VERSION,
    package=__package__,
    scenario=RealisticScenario,
    problems=check.problems,
    resolve=plan.resolve,
    simulate=simulate.simulate,
    signals=SIGNALS,
    factors=factors.FACTORS,
    components=components.COMPONENTS,
    events=True,
    settle=settle,
    restarts=stocks.restarts_of,
    recurring=jobs.recurring,
    apart=True,
)
