"""However a span of days is cut into appends, the digest is that of one run."""

import tempfile
from datetime import date, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

import fleetsynth as fs
from fleetsynth.folders.append import append_days
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from tests.support import digest_of, scenario_of

FIRST, DAYS = date(2022, 2, 24), 12
PARTITIONS = [(), ("date",), ("year", "month"), ("region", "year")]
cuts = st.sets(st.integers(1, DAYS - 1), min_size=1, max_size=4).map(sorted)


@settings(derandomize=True, deadline=None, database=None, max_examples=8)
@given(cuts, st.sampled_from(PARTITIONS), st.integers(4_000, 20_000))
@example([1, 2, 3], ("date",), 4_000)
@example([5, 11], (), 4_000)
def test_any_cut_of_a_span_into_appends_has_the_digest_of_one_run(
    days: list[int], partitions: tuple[str, ...], part_bytes: int
) -> None:
    last = [FIRST + timedelta(days=day - 1) for day in (*days, DAYS)]
    short = scenario_of(
        {"assignment": "drawn", "fleet_growth": {"per_month": 12}, "retire": {"mean_years": 0.1}},
        num_servers=2,
        start_date=FIRST.isoformat(),
        end_date=last[0].isoformat(),
    )
    with tempfile.TemporaryDirectory() as folder:
        url = f"{folder}/fleet"
        generate_folder(short, url, partition_by=partitions, part_bytes=part_bytes, workers=1)
        for until in last[1:]:
            made = append_days(url, until, workers=1)
        assert made.digest == fs.digest(url) == digest_of(fs.resolve(short.until(last[-1])))
        assert verify(url).findings == []
