"""The names of the specification that fleetsynth grew from, over the same code as the engine.

Where the specification's functions take one timestamp, these take one or an array of them:
``datetime``, ``numpy.datetime64``, ``pandas.Timestamp``, or anything NumPy turns into
``datetime64``. Timestamps are naive and mean UTC.
"""

from __future__ import annotations

from enum import StrEnum
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import numpy as np

from fleetsynth import api
from fleetsynth.calendars import NO_DATES, check_place
from fleetsynth.clock import Calendar
from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.fleet import METADATA_COLUMNS, Fleet, draw_codes, server_id
from fleetsynth.models.classic import factors
from fleetsynth.models.classic.scenario import ArchetypeProfile as ArchetypeProfile
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.load import load_scenario
from fleetsynth.scenario import Scenario
from fleetsynth.specification.save import save
from fleetsynth.specification.server import ServerArchetype
from fleetsynth.tables.frame import calendar_columns
from fleetsynth.timestamps import like, to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from fleetsynth.timestamps import Times


class ServerType(StrEnum):
    """The four packaged archetypes. A scenario can add others, known by their names."""

    WEB = "web"
    DATABASE = "database"
    APPLICATION = "application"
    BATCH = "batch"


def _profiles() -> dict[str, ArchetypeProfile]:
    """Return the packaged profiles by name."""
    return {
        name: ArchetypeProfile(**said) for name, said in packaged("classic")["archetypes"].items()
    }


class _ReadOnly(dict[ServerType, "ArchetypeProfile"]):
    """A dictionary that refuses to be changed: nothing would come of it."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UsageError(
            "the packaged profiles are read-only: say what differs in a scenario, "
            "such as {'archetypes': {'web': {'base_cpu': 50}}}"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return _ReadOnly, (dict(self),)


ARCHETYPE_PROFILES: dict[ServerType, ArchetypeProfile] = _ReadOnly(
    {ServerType(name): profile for name, profile in _profiles().items()}
)
"""The packaged profiles by server type; read-only, as the profiles themselves are."""


def get_data_config(path: Path | str | None = None) -> dict[str, Any]:
    """Return the configuration as plain values: the packaged one, under a user's YAML file."""
    return load_scenario(path).model_dump()


def generate_full_dataset(
    config: Scenario | Path | str | Mapping[str, Any] | None = None, **overrides: Any
) -> pd.DataFrame:
    """Generate a whole dataset as a pandas DataFrame, ordered by server, then by time.

    Args:
        config: a scenario, a YAML file, a mapping such as `get_data_config` returns, or None.
        **overrides: single keys of the scenario, such as ``num_servers=10``.

    Raises:
        ScenarioError: if the configuration is not valid.
    """
    if isinstance(config, Scenario):
        config = config.model_dump()
    return api.to_pandas(load_scenario(config, overrides=overrides))


def assign_archetypes_to_fleet(
    num_servers: int,
    distribution: Mapping[str, float] | None = None,
    assignment: str = "blocks",
) -> dict[str, str]:
    """Assign an archetype to each server, by largest remainders.

    Args:
        num_servers: size of the fleet.
        distribution: shares by archetype that add up to 1; None for the packaged ones.
        assignment: ``blocks``, ``interleaved`` or ``drawn``.

    Returns:
        Archetype names by server id: ``{"server_000": "web", ...}``.
    """
    config: dict[str, Any] = {"num_servers": num_servers, "assignment": assignment}
    if distribution is not None:
        config["distribution"] = {str(name): share for name, share in distribution.items()}
        known = dict(ARCHETYPE_PROFILES)
        # Names that no profile goes with yet can be shared out all the same.
        stand_in = known[ServerType.WEB].model_dump()
        config["archetypes"] = {
            name: stand_in for name in config["distribution"] if name not in known
        }
    scenario = load_scenario(config)
    fleet = Fleet(
        scenario.num_servers,
        scenario.seed,
        scenario.distribution,
        assignment=scenario.assignment,
        odds={},
    )
    codes = fleet.archetype_codes(0, fleet.size)
    return {server_id(i): fleet.archetypes[code] for i, code in enumerate(codes)}


def get_archetype(
    archetype_type: ServerType | str, server_id: str, *, scenario: Scenario | None = None
) -> ServerArchetype:
    """Return the generator of one server; see `ServerArchetype`."""
    return ServerArchetype(archetype_type, server_id, scenario=scenario)


def quarterly_peak_factor(timestamp: Times) -> Any:
    """Return the quarter-end factor, 1.06 to 1.30 on the last five days of a quarter, else 1."""
    calendar = Calendar(to_seconds(timestamp))
    return like(timestamp, calendar.per_tick(factors.QUARTER_END.function(calendar.days, None)))


def holiday_factor(timestamp: Times) -> Any:
    """Return the holiday factor: 0.5 to 0.7 on fixed dates, else 1."""
    calendar = Calendar(to_seconds(timestamp))
    return like(timestamp, calendar.per_tick(factors.HOLIDAY.function(calendar.days, None)))


def generate_server_metadata(
    servers: int | Iterable[str], *, scenario: Scenario | None = None
) -> pd.DataFrame:
    """Return business unit, criticality and region of servers, each drawn from its own stream.

    Args:
        servers: how many, or their ids.
        scenario: where seed, values and odds come from; None for the packaged one.
    """
    import pandas as pd

    scenario = scenario or load_scenario()
    ids = _server_ids(servers)
    odds = (scenario.business_units, scenario.criticalities, scenario.regions)
    columns = {
        name: np.array(list(values))[draw_codes(scenario.seed, name, values, ids)]
        for name, values in zip(METADATA_COLUMNS, odds, strict=True)
    }
    return pd.DataFrame({"server_id": ids, **columns})


def _server_ids(servers: int | Iterable[str]) -> list[str]:
    if isinstance(servers, str):
        raise UsageError(f"{servers!r} is one server id: give a list of them, or a number")
    if not isinstance(servers, SupportsIndex):
        return list(servers)
    count = index(servers)
    if count < 0:
        raise UsageError(f"{count} is not a valid number of servers")
    return [server_id(i) for i in range(count)]


def add_calendar_features(
    frame: pd.DataFrame,
    timestamp: str = "timestamp",
    *,
    country: str | None = None,
    scenario: Scenario | None = None,
) -> pd.DataFrame:
    """Return a copy of a DataFrame with the seven calendar columns of its timestamps.

    Args:
        frame: the rows, in any order.
        timestamp: name of the column with their times.
        country: ISO 3166 code of the country whose public holidays `is_holiday` marks, or of its
            subdivision, such as ``DE-HE``; None for what the scenario says.
        scenario: whose holidays to mark: those of each row's region in the realistic preset,
            which takes a column `region`, and those of the US in the classic one, with its own
            dates; None for classic.

    Raises:
        UsageError: for a country without known holidays, for both a country and a scenario, or
            for a region that the scenario does not have.
        ValueError: for a timestamp that is missing or has a zone.
    """
    seconds = to_seconds(frame[timestamp].to_numpy())
    if country is not None and scenario is not None:
        raise UsageError("country and scenario both say whose holidays to mark: choose one")
    own = scenario.holidays.own_dates() if scenario else NO_DATES
    columns = dict(calendar_columns(seconds, _checked(country or "US"), own))
    places = getattr(scenario, "locations", None)
    if places:
        regions = _regions(frame, places)
        for region in regions.unique():
            here = (regions == region).to_numpy()
            theirs = dict(calendar_columns(seconds[here], places[region].country, own))
            columns["is_holiday"][here] = theirs["is_holiday"]
    return frame.assign(**columns)


def _checked(country: str) -> str:
    try:
        return country if country == "US" else check_place(country)
    except ValueError as error:
        raise UsageError(error) from None


def _regions(frame: pd.DataFrame, places: Mapping[str, Any]) -> pd.Series[Any]:
    if "region" not in frame:
        raise UsageError("the scenario has holidays by region: the DataFrame needs a column region")
    regions = frame["region"]
    for region in regions.unique():
        if region not in places:
            raise UsageError(f"no location for region {region!r}{did_you_mean(region, places)}")
    return regions


def save_dataset(frame: pd.DataFrame, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write a DataFrame to a file whose ending chooses the format; whole or not at all.

    Raises:
        UsageError: if the ending is not that of a known format.
        OutputError: if the file exists or cannot be written.
    """
    path = Path(path)
    save(frame, path, overwrite=overwrite)
    return path
