"""OpenMetrics, the text: families, labels, and all samples of a series at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

END = b"# EOF\n"
_TOTAL = "_total"


def escaped(value: str) -> str:
    """Write a label's value as it stands in quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def series_name(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return what stands before a sample: the name, and labels in the order given."""
    labels = ",".join(f'{label}="{escaped(value)}"' for label, value in pairs if value)
    return f"{name}{{{labels}}}"


def about(name: str, kind: str, text: str, *, openmetrics: bool = True) -> str:
    """Write what a family is; OpenMetrics says it of the name without its ending."""
    if openmetrics and kind == "counter":
        name = name.removesuffix(_TOTAL)
    return f"# HELP {name} {escaped(text)}\n# TYPE {name} {kind}\n"


def seconds_texts(ms: NDArray[np.int64]) -> Any:
    """Write times in seconds, as they end lines; an Arrow array of text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if (ms % 1000).any():
        return pa.array([f"{each / 1000:.3f}\n" for each in ms.tolist()], pa.string())
    texts = pc.cast(pa.array(ms // 1000), pa.string())
    return pc.binary_join_element_wise(texts, pa.scalar("\n"), pa.scalar(""))


def samples(head: str, values: NDArray[np.float64], times: Any) -> memoryview:
    """Write all samples of a series, a line each.

    Args:
        head: name and labels.
        values: shape (times,).
        times: as `seconds_texts` writes them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.cast(pa.array(values), pa.string())
    lines = pc.binary_join_element_wise(pa.scalar(head), numbers, times, pa.scalar(" "))
    return joined(lines)


def joined(lines: Any) -> memoryview:
    """Return texts of an Arrow array, one after the other: they lie so in memory."""
    import numpy as np

    _, offsets, content = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(content)[ends[0] : ends[-1]]
