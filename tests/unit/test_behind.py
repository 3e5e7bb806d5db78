"""Files whose pages are let go as they are written hold what was written, or say why not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fleetsynth import behind
from fleetsynth.behind import WrittenBehind

if TYPE_CHECKING:
    from pathlib import Path

PIECES = (b"", b"a" * 3, b"b" * 10, memoryview(b"c" * 37), b"d")


@pytest.mark.parametrize("knows", [True, False])
def test_all_is_there_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, knows: bool
) -> None:
    monkeypatch.setattr(behind, "PIECE_BYTES", 10)
    told: list[tuple[int, int]] = []
    if not knows:
        monkeypatch.delattr(os, "posix_fadvise", raising=False)
    elif hasattr(os, "posix_fadvise"):
        monkeypatch.setattr(
            os, "posix_fadvise", lambda _, begin, size, __: told.append((begin, size))
        )
    with (tmp_path / "a").open("wb") as file, WrittenBehind(file) as out:
        for piece in PIECES:
            out.write(piece)
    assert (tmp_path / "a").read_bytes() == b"".join(map(bytes, PIECES))
    ends = [begin + size for begin, size in told]
    assert [begin for begin, _ in told] == [0, *ends[:-1]] if told else not knows


def test_a_disk_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "posix_fadvise"):
        pytest.skip("nothing is let go here")
    monkeypatch.setattr(behind, "PIECE_BYTES", 10)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with (
        (tmp_path / "a").open("wb") as file,
        pytest.raises(OSError, match="No space"),
        WrittenBehind(file) as out,
    ):
        out.write(b"a" * 11)
