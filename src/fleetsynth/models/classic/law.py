"""How rows vary about their level, as far as data can be asked about it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.models.base import Law, RowLaw
from fleetsynth.models.classic import correlation
from fleetsynth.models.classic.signals import BASE_FIELDS, CORRELATION_FIELDS, SD_FIELDS
from fleetsynth.models.classic.simulate import bases, growth, spike_factors

if TYPE_CHECKING:
    from fleetsynth.models.classic.plan import ClassicArchetype, ClassicPlan


def law(plan: ClassicPlan) -> Law:
    """Return the law of a plan's values."""
    return Law(
        rows=tuple(_rows(entry, spikes=plan.scenario.spikes) for entry in plan.archetypes),
        growth=partial(growth, plan),
        base_fields=BASE_FIELDS,
        sd_fields=SD_FIELDS,
        correlation_fields=CORRELATION_FIELDS,
        probability_field="spike_probability",
        magnitude_field="spike_magnitude",
        rate_field="monthly_growth_rate",
    )


def _rows(archetype: ClassicArchetype, *, spikes: bool) -> RowLaw:
    profile = archetype.profile
    return RowLaw(
        base=bases(profile),
        sd=np.array([getattr(profile, name) for name in SD_FIELDS]),
        correlation=correlation.matrix(archetype.correlations),
        rate=profile.monthly_growth_rate,
        probability=profile.spike_probability if spikes else 0.0,
        magnitude=profile.spike_magnitude,
        factor=np.array(spike_factors(profile)),
    )
