"""How values that somebody else chose are written where people read: on a terminal, in an error.

Names, paths and messages of other libraries may hold what a terminal acts upon, what turns text
around, or secrets. Whatever is shown to a person goes through `shown`, once.
"""

from __future__ import annotations

import os
import re

MOST = 1_000
"""Characters of one line; of more, the middle is left out: ends say what and where."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters to Unicode, and yet nothing to see."""

_USERINFO = re.compile(
    r"([a-z][a-z0-9+.-]*://)(?:[^\s/?#]*@|[^\s/?#:@]*:(?![0-9]+(?:[/?#]|\s|$))\S*@)", re.IGNORECASE
)
"""What stands before the host: up to the last ``@`` that is not part of a path, or any password."""
_SIGNED = re.compile(
    r"((?:x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|googleaccessid|"
    r"(?:aws_)?(?:secret_access_key|session_token)|"
    r"[?&](?:sig|signature|token|access_?token|api_?key|key|password|secret))"
    r"(?:=|%3D|\"?\s*:\s*))(\"[^\"]*\"|[^&\s,;\"']+)",
    re.IGNORECASE,
)
"""What signs a request, in a URL, a header or a setting."""
_AUTHORIZATION = re.compile(
    r"(authorization)([\"']?\s*[:=]\s*[\"']?)(?:(basic|bearer|negotiate)\s+)?[^\s\"',;]+"
    r"(?:\s*,?\s*(?:credential|signedheaders|signature)=[^\s\"',]+)*",
    re.IGNORECASE,
)
_QUERY = re.compile(r"([a-z][a-z0-9+.-]*:[^\s?]*)\?(\S+)", re.IGNORECASE)
"""A URL up to its query, and that. Any parameter may be a secret with its name misspelt."""
_PARAMETER = re.compile(r"=(?![A-Z](?:[&,;)]|$))[^&]*")
"""The value of a parameter; a capital alone is one of our own examples, ``?org=O&bucket=B``."""
_SECRET_VARIABLE = re.compile(
    r"(AWS|AZURE|GOOGLE|GCP|FLEETSYNTH)_\w*(SECRET|TOKEN|PASSWORD|SAS|ACCOUNT_KEY|ACCESS_KEY)\w*(?<!_FILE)"
    r"(?<!_ID)(?<!_URI)"
)
_LEAST_SECRET = 8


def shown(value: object, most: int | None = MOST) -> str:
    """Return a value as one line that is safe to show, in which secrets are masked.

    Controls, escapes, line ends, marks of direction, what has no width and lone surrogates are
    written as Python would (``\\x1b``, ``\\u202e``); all other text stays as it is.

    Args:
        value: what to show; anything but text is written by ``str`` first.
        most: the most characters; None for all.
    """
    text = str(value)
    text = masked(text)
    if not _plain(text):
        text = "".join(char if _plain(char) else _escaped(char) for char in text)
    if most is not None and len(text) > most:
        half = (most - 5) // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return text


def destination(text: str) -> str:
    """Return a destination as a whole, without the secrets that it may hold.

    Blanks do not end it: what stands behind one may be the rest of a password.
    """
    place, mark, query = text.partition("?")
    return masked(place) + mark + (_PARAMETER.sub("=***", query) if ":" in place else query)


def masked(text: str) -> str:
    """Return text without the secrets that URLs, headers and our environment hold."""
    text = _USERINFO.sub(r"\1***@", text) if "@" in text else text
    if "?" in text and "=" in text:
        text = _QUERY.sub(lambda url: f"{url[1]}?{_PARAMETER.sub('=***', url[2])}", text)
    if "=" in text or ":" in text or "%3" in text:
        text = _AUTHORIZATION.sub(r"\1\2***", text)
        text = _SIGNED.sub(r"\1***", text)
    for name, secret in os.environ.items():
        if len(secret) >= _LEAST_SECRET and secret in text and _SECRET_VARIABLE.fullmatch(name):
            text = text.replace(secret, "***")
    return text


def _plain(text: str) -> bool:
    return text.isprintable() and _INVISIBLE.isdisjoint(text)


def _escaped(char: str) -> str:
    """Write one character as its code; a byte that was no text as that byte."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode() if not char.isprintable() else f"\\u{code:04x}"
