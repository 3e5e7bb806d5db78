"""Credentials and certificates: from the environment or a file, and never to be seen again."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN, USER, PASSWORD = "FLEETSYNTH_TOKEN", "FLEETSYNTH_USER", "FLEETSYNTH_PASSWORD"
"""Variables of the environment."""
_MOST_CHARACTERS = 1 << 16
"""Of a secret in a file: a device never ends."""


@dataclass(frozen=True)
class Access:
    """Who we are to a server, and how we know it.

    Attributes:
        token: a token; empty for none.
        user: of basic authentication; empty for none.
        password: likewise.
        ca_file: certificates of the authorities that are trusted; None for those of the system.
        certificate_file: our own certificate, with its key unless that is apart.
        key_file: the key.
        scheme: how a server calls tokens.
    """

    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    scheme: str = "Bearer"

    def headers(self) -> dict[str, str]:
        """Return the headers that say who we are."""
        if self.token:
            return {"Authorization": f"{self.scheme} {self.token}"}
        if self.user:
            pair = b64encode(f"{self.user}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def context(self) -> ssl.SSLContext:
        """Return what TLS is spoken with.

        Raises:
            UsageError: if a file of certificates cannot be used.
        """
        try:
            out = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise UsageError(f"ca_file={self.ca_file}: {_why(error)}") from error
        if self.certificate_file:
            try:
                # without a word of our own, OpenSSL would ask at the terminal
                out.load_cert_chain(self.certificate_file, self.key_file, password="")
            except OSError as error:
                files = [name for name in (self.certificate_file, self.key_file) if name]
                raise UsageError(f"cert_file={' and '.join(files)}: {_why(error)}") from error
        return out

    def hidden(self, text: str) -> str:
        """Return what somebody else said, without our credentials."""
        basic = self.headers().get("Authorization", "").partition(" ")[2]
        for secret in (basic, self.token, self.password):
            if secret:
                text = text.replace(secret, "***")
        return text


def access_of(
    *,
    token_file: str | None = None,
    user: str | None = None,
    password_file: str | None = None,
    ca_file: str | None = None,
    certificate_file: str | None = None,
    key_file: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Access:
    """Return what files and the environment say; files win.

    Raises:
        UsageError: if a file cannot be read or what is said does not go together.
    """
    environment = os.environ if environment is None else environment
    token = _secret(token_file, "token_file") or environment.get(TOKEN, "")
    name = user or environment.get(USER, "")
    password = _secret(password_file, "password_file") or environment.get(PASSWORD, "")
    if token and name:
        raise UsageError(
            f"a token and a user are given: take away one of {TOKEN} and {USER}, or of the options"
        )
    if password_file and not name:
        raise UsageError(f"password_file= needs user=, or {USER} in the environment")
    if key_file and not certificate_file:
        raise UsageError("key_file= needs cert_file=")
    if not token.isascii():
        raise UsageError(f"{TOKEN}, or the file in its place, has characters beyond ASCII")
    for what, secret in ((TOKEN, token), (USER, name), (PASSWORD, password)):
        if not secret.isprintable():
            raise UsageError(f"{what}, or the file in its place, has more than one line")
    return Access(token, name, password, ca_file, certificate_file, key_file)


def _secret(file: str | None, option: str) -> str:
    if file is None:
        return ""
    try:
        with Path(file).open(encoding="utf-8") as opened:
            text = opened.read(_MOST_CHARACTERS + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"{option} {file}: {reason}") from error
    if not text:
        raise UsageError(f"{option} {file}: the file is empty")
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"{option} {file}: more than {_MOST_CHARACTERS:,} characters")
    return text


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not certificates and keys in PEM ({error.reason or 'unreadable'})"
    return error.strerror or str(error)
