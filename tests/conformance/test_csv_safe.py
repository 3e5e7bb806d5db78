"""CSV whose text no spreadsheet takes for a formula."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from fleetsynth.api import generate, to_table
from fleetsynth.errors import UsageError
from fleetsynth.formats import open_sink

FORMULAS = {
    "num_servers": 6,
    "end_date": "2022-01-03",
    "business_units": ["=1+1", '=HYPERLINK("http://x","a,b")'],
    "regions": ["-x", "+x", "@x"],
    "criticalities": ["'x", "x=1"],
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_text_alone_gets_a_quote_where_it_would_be_a_formula(tmp_path: Path) -> None:
    safe = generate(FORMULAS, tmp_path / "safe.csv", csv_safe=True)
    as_is = generate(FORMULAS, tmp_path / "as_is.csv")
    assert safe.digest == as_is.digest
    seen = set()
    for one, other in zip(rows(safe.path), rows(as_is.path), strict=True):
        for name, value in other.items():
            text = name in ("business_unit", "region")
            seen.add(value if text else "")
            assert one[name] == (f"'{value}" if text else value)
    assert seen == {"", *FORMULAS["business_units"], *FORMULAS["regions"]}  # type: ignore[misc]


def test_numbers_and_headers_of_any_table(tmp_path: Path) -> None:
    table = pa.table({"=a": [-1.25, -2.0], "b": ["\t=x", None], "c": [-1, 2], "d": ["\r-", "－"]})
    sink = open_sink(tmp_path / "t.csv", table.schema, {}, overwrite=False, csv_safe=True)
    for batch in table.to_batches():
        sink.write(batch)
    sink.commit()
    text = (tmp_path / "t.csv").read_bytes().decode()
    assert text == "'=a,b,c,d\n-1.25,'\t=x,-1,\"'\r-\"\n-2.00,,2,'－\n"


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_other_formats_need_none(tmp_path: Path, ending: str) -> None:
    with pytest.raises(
        UsageError, match=f"is for CSV: .* is {ending}, where text is never a formula"
    ):
        generate(FORMULAS, tmp_path / f"x{ending}", csv_safe=True)
    assert not list(tmp_path.iterdir())


def test_the_formulas_are_there(tmp_path: Path) -> None:
    """The other tests would say nothing of a table without any."""
    table = to_table(FORMULAS)
    assert {"=1+1"} < set(table["business_unit"].to_pylist())
    assert not list(tmp_path.iterdir())
