"""Sentences of a card that people and programs read alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetsynth.folders.card.told import Told

LICENSE = "https://spdx.org/licenses/Apache-2.0.html"
"""That of fleetsynth: all that its values come from is its code and its packaged figures."""


def summary(told: Told) -> str:
    """Say what the data are."""
    scenario = told.plan.scenario
    return (
        f"Synthetic capacity telemetry of {told.plan.fleet.size:,} servers, "
        f"{scenario.granularity}, {told.plan.clock.start} to {told.plan.clock.end}: "
        f"{told.values['rows']:,} rows of {', '.join(_measured(told))}."
    )


def made_by(told: Told) -> str:
    """Say what has made the data."""
    values = told.values
    return (
        f"Every value was computed by fleetsynth {values['version']} (model "
        f"{told.plan.scenario.preset}, version {values['model_version']}, seed {values['seed']}); "
        "no real machine or person was measured."
    )


def uses() -> list[str]:
    """Say what the data are for."""
    return [
        "Tests of forecasts, anomaly detectors and capacity plans against a known truth.",
        "Demonstrations and load tests of monitoring and data pipelines.",
    ]


def _measured(told: Told) -> list[str]:
    return list(dict.fromkeys(metric.label for metric in told.plan.metrics))
