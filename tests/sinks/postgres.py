"""A PostgreSQL of our own: Debian's programs, a folder that goes, a socket and no port."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

WHY_NOT = "there is no PostgreSQL: apt-get install postgresql"
USER = "fleet"
PSQL = ("psql", "--no-psqlrc", "-qAt")
INITDB = ("-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C")
OPTIONS = ("listen_addresses=", "fsync=off", "timezone=Asia/Tokyo")


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        socket: the folder of its socket.
    """

    socket: str

    def url(self, database: str = "postgres") -> str:
        """Where a database of it is."""
        return f"postgresql://{USER}@/{database}?host={self.socket}"

    def new(self) -> str:
        """Make an empty database; return where it is."""
        name = f"d{time.monotonic_ns()}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)

    def ask(self, statement: str, url: str | None = None) -> list[list[str]]:
        """Ask by psql, which is not what we write with; return rows of text."""
        done = subprocess.run(
            [*PSQL, "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", statement, url or self.url()],
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        return [line.split("\x1f") for line in done.stdout.splitlines()]


def programs() -> Path | None:
    """Where the server's programs are: Debian keeps them away from the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    places = [*(path.parent for path in found[::-1]), *([Path(on_path).parent] if on_path else [])]
    return next((place for place in places if (place / "postgres").exists()), None)


def _anyone() -> dict[str, object]:
    """Who the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def running() -> Iterator[Postgres]:
    """Run a server; what it wrote goes with it."""
    there = programs()
    if there is None or shutil.which("psql") is None:
        if "CI" in os.environ:
            pytest.fail(WHY_NOT)
        pytest.skip(WHY_NOT)
    folder = Path(mkdtemp(prefix="fleetsynth-pg-"))  # short, for the socket; others can go there
    as_anyone = _anyone()
    if as_anyone:
        os.chown(folder, int(str(as_anyone["user"])), int(str(as_anyone["group"])))
    data, said = folder / "data", folder / "said"
    made = subprocess.run(  # type: ignore[call-overload]
        [there / "initdb", "-D", data, *INITDB],
        capture_output=True,
        check=False,
        cwd=folder,
        **as_anyone,
    )
    assert made.returncode == 0, made.stderr
    options = [word for option in OPTIONS for word in ("-c", option)]
    with said.open("wb") as log:
        server = subprocess.Popen(  # type: ignore[call-overload]
            [there / "postgres", "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **as_anyone,
        )
    try:
        found = Postgres(str(folder))
        for _ in range(300):
            asked = [*PSQL, "-c", "SELECT 1", found.url()]
            if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
                break
            assert server.poll() is None, said.read_text()
            time.sleep(0.1)
        yield found
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
