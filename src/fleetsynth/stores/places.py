"""What may stand in a path or URL that a user types, before anything is opened by it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError
from fleetsynth.formats import STANDARD_OUTPUT, ending_of

if TYPE_CHECKING:
    from collections.abc import Iterator

STORES = dict.fromkeys(("s3://", "gs://", "az://"), "fleetsynth.stores.object_store:ObjectStore")
"""The store of each scheme, loaded when it is used; a path without one is a folder here."""

_SPECIAL = {
    "?": "a URL's query begins with it",
    "#": "a URL's fragment begins with it",
    "%": "it quotes other characters",
    "\\": "some take it for a slash",
}
"""What does not reach the name of an object as it was typed."""


def is_url(place: str) -> bool:
    """Tell what is meant to be a URL from a path, though a slash may be missing."""
    schemes = "|".join(re.escape(scheme.removesuffix("//")) for scheme in STORES)
    return "://" in place or re.match(schemes, place, re.IGNORECASE) is not None


def is_far(place: str) -> bool:
    """Tell a place in a store of `STORES` from one on this machine."""
    return place.startswith(tuple(STORES))


def is_folder(place: Path | str) -> bool:
    """Tell whether a place to write to names a dataset folder, and not a file.

    A `Path` cannot end with a slash: one without any ending is a folder.
    """
    name = str(place)
    if name.endswith("/") or is_url(name):
        return True
    if name == STANDARD_OUTPUT or ending_of(name):
        return False
    return Path(name).is_dir() or (isinstance(place, Path) and not place.suffix)


def is_dataset(place: str) -> bool:
    """Tell a place that data may lie at from the file of a scenario."""
    data = is_url(place) or place.endswith("/") or ending_of(place) is not None
    return data or Path(place).is_dir()


def check_url(place: str) -> None:
    """Refuse a folder's name that would be taken for another one; any local path will do.

    Nothing is opened and no credentials are sought.

    Raises:
        UsageError: for nothing at all, a scheme that is not known, no bucket, credentials, an
            object where a folder belongs, and for names that would not reach the store as they
            were typed.
    """
    if not place.strip():
        raise UsageError("the path is empty: name a file or a folder (this one is ./)")
    if "\0" in place:
        raise UsageError(f"{place} is not a valid path: it holds the character U+0000")
    if not is_url(place):
        return
    _check(place)
    if ending_of(place):
        raise UsageError(
            f"{place} names a file, and an object store takes dataset folders: end it with a "
            "slash, or write a local file and copy it there"
        )


def split_object(place: str) -> tuple[str, str] | None:
    """Return folder and name of a URL that names one data file; None for a path or a folder.

    Raises:
        UsageError: as `check_url`.
    """
    if not is_url(place) or not ending_of(place):
        check_url(place)
        return None
    _check(place)
    folder, _, name = place.rpartition("/")
    if folder + "/" in STORES:
        raise UsageError(f"{place} names a bucket, but not a file in it")
    return folder, name


def _check(place: str) -> None:
    scheme, _, rest = place.partition("://")
    bucket, _, path = rest.partition("/")
    # First of all, for no other message may repeat it; a secret may well hold a slash.
    if "@" in bucket or (":" in bucket and "@" in path):
        raise UsageError(
            "a URL must not hold a user or password (before @): credentials come from the "
            "environment or a profile"
        )
    named = "this URL" if "@" in place else place
    if f"{scheme}://" not in STORES:
        *others, last = STORES
        known = f"{', '.join(others)} or {last}"
        raise UsageError(f"{named} is not a place to write to or read from: use a folder, {known}")
    if not bucket:
        raise UsageError(f"{named} does not name a bucket: expected {scheme}://bucket/prefix/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", bucket):
        raise UsageError(f"{named}: {bucket!r} is not a valid bucket name")
    for problem in _problems(path):
        raise UsageError(f"{named} cannot be a name in an object store: {problem}")


def _problems(path: str) -> Iterator[str]:
    """Find what keeps a path from being the name of objects as it stands."""
    for character in path:
        if character in _SPECIAL:
            yield f"it holds {character!r}, and {_SPECIAL[character]}"
        elif not character.isprintable():
            yield f"it holds the character U+{ord(character):04X}"
    for segment in path.removesuffix("/").split("/") if path else []:
        if not segment:
            yield "it has two slashes with nothing between them"
        elif segment in (".", ".."):
            yield f"{segment!r} is a step in a path, not a name"
        elif segment != segment.strip():
            yield f"{segment!r} begins or ends with a space"
