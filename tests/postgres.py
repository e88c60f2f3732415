"""A throw-away PostgreSQL server for tests: from the machine's own binaries, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bot.storage.database import Database

_TEMPLATE = "wardroom_template"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
}


@dataclass(frozen=True)
class Server:
    """A running server: `url` of its maintenance database, `pid` where it is ours."""

    url: str
    template: str
    pid: int | None = None

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        dsn = make_url(self.url).render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server with an upgraded template database; WARDROOM_TEST_PG_URL names one instead."""
    given = os.environ.get("WARDROOM_TEST_PG_URL")
    if given:
        server = Server(given, f"wardroom_template_{uuid.uuid4().hex[:8]}")
        _make_template(server)
        yield server
        server.execute(f"DROP DATABASE {server.template} WITH (FORCE)")
        return
    binaries = _binaries()
    if binaries is None:
        reason = "no PostgreSQL binaries (initdb, postgres) on this machine"
        if os.environ.get("WARDROOM_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="wardroom-pg-"))
    try:
        yield from _running(binaries, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A fresh database at the newest schema, dropped after the test."""
    name = f"t_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_server.template}")
    yield postgres_server.database(name)
    postgres_server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found and Path(found).with_name("postgres").exists():
        return Path(found).parent
    places = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((p.parent for p in places), key=lambda p: int(p.parent.name), default=None)


def _account() -> dict[str, object]:
    """PostgreSQL refuses to run as root; Debian makes an account for it."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _running(binaries: Path, folder: Path) -> Iterator[Server]:
    account = _account()
    user = "postgres" if account else pwd.getpwuid(os.geteuid()).pw_name
    if account:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", user, "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run(
        [*initdb, "--locale=C", "--no-instructions"],
        check=True,
        capture_output=True,
        cwd=folder,
        **account,  # type: ignore[call-overload]  # mypy cannot match keywords from a dict
    )
    options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **account,  # type: ignore[call-overload]  # mypy cannot match keywords from a dict
        )
    try:
        server = Server(f"postgresql://{user}@/postgres?host={folder}", _TEMPLATE, process.pid)
        _wait(server, process, folder / "log")
        _make_template(server)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)  # immediate: nothing in it is worth a checkpoint
        process.wait(30)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _make_template(server: Server) -> None:
    server.execute(f"CREATE DATABASE {server.template}")
    database = Database.open(server.database(server.template))
    database.upgrade()
    database.close()
