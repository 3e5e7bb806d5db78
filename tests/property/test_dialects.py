"""The same values read back alike, in whatever way they are written."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsynth.reader import ReadOptions, open_dataset

START = datetime(2026, 1, 1)

TIMES: dict[str, Callable[[datetime], str]] = {
    "iso": lambda t: t.isoformat(),
    "minutes": lambda t: f"{t:%Y-%m-%d %H:%M}",
    "milliseconds": lambda t: f"{t:%Y-%m-%d %H:%M:%S}.000",
    "slashes": lambda t: f"{t:%Y/%m/%d %H:%M:%S}",
    "us": lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}",
    "day first": lambda t: f"{t:%d.%m.%Y %H:%M}",
    "months": lambda t: f"{t:%d %b %Y %H:%M}",
    "long months": lambda t: f"{t:%a %d-%B-%Y %H:%M}",
    "seconds": lambda t: str(int((t - datetime(1970, 1, 1)).total_seconds())),
    "milli": lambda t: str(int((t - datetime(1970, 1, 1)).total_seconds()) * 1000),
    "offset": lambda t: f"{(t + timedelta(hours=5, minutes=30)).isoformat()}+05:30",
    "zulu": lambda t: f"{t.isoformat()}Z",
    "named": lambda t: f"{t} UTC",
}

NUMBERS: dict[str, Callable[[float], str]] = {
    "plain": lambda v: f"{v}",
    "comma": lambda v: f"{v}".replace(".", ","),
    "percent": lambda v: f"{v}%",
    "grouped": lambda v: f"{v:,.2f}",
    "grouped, comma": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")),
    "spaced": lambda v: f"{v:,.2f}".replace(",", "\u202f"),
    "signed": lambda v: f"{v:+}",
}

VALUES = st.lists(
    st.none() | st.integers(-1_000_000, 100_000_000).map(lambda n: (n + 0.0) / 100),
    min_size=45,
    max_size=60,
)


@given(
    values=VALUES,
    time=st.sampled_from(sorted(TIMES)),
    number=st.sampled_from(sorted(NUMBERS)),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
    preamble=st.sampled_from(["", "An export\n\n", "A,title\nB,of two\n\n"]),
    missing=st.sampled_from(["", "-", "NaN", "N/A", "NULL"]),
)
@settings(max_examples=120, deadline=None)
def test_dialects(
    values: list[float | None],
    time: str,
    number: str,
    delimiter: str,
    encoding: str,
    end: str,
    preamble: str,
    missing: str,
) -> None:
    values = [12345.67, *values]  # so that the decimal sign can be told
    times = [START + timedelta(hours=13 * i) for i in range(len(values))]
    rows = [
        (TIMES[time](t), "web 1", missing if v is None else NUMBERS[number](v))
        for t, v in zip(times, values, strict=True)
    ]
    quoted = [[f'"{field}"' if delimiter in field else field for field in row] for row in rows]
    lines = [delimiter.join(row) for row in [["Time", "host", "cpu"], *quoted]]
    text = (preamble + "\n".join(lines) + "\n").replace("\n", end)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "it.csv"
        path.write_bytes(text.encode(encoding))
        found = np.concatenate([*open_dataset(path).batches()])
    expected = np.array([np.nan if v is None else v for v in values])
    np.testing.assert_allclose(found["cpu"], expected, rtol=1e-12)
    np.testing.assert_array_equal(found["time"], np.array(times, "datetime64[us]").astype(np.int64))


@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='",'), min_size=1),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
@settings(max_examples=60, deadline=None)
def test_servers_are_what_is_written(names: list[str]) -> None:
    names = [f"a{name}" if name == "__HIVE_DEFAULT_PARTITION__" else name for name in names]
    rows = [f'2026-01-{day:02},"{name}",{day}' for name in names for day in (1, 2, 3)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "it.csv"
        path.write_text("\n".join(["time,host,cpu", *rows]), "utf-8")
        dataset = open_dataset(path, ReadOptions(delimiter=","))
        rows_read = np.concatenate([*dataset.batches()])
    assert dataset.converter.words["server"] == names
    assert len(rows_read) == 3 * len(names)
