"""`wardroom doctor` finds what is wrong and says the mend: one failure per check."""

from __future__ import annotations

import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def _said(result: Result) -> dict[str, str]:
    """Return each check's whole line by its name."""
    lines = [line for line in result.output.splitlines() if line[:4] in {"ok  ", "FAIL"}]
    return {line[6:18].strip(): line for line in lines}


def test_a_whole_configuration_is_well(wardroom: Typing, home: Path, vendor: str) -> None:
    configure(home, integrations={"buildbot": {"url": vendor}})
    wardroom("db", "upgrade")

    result = wardroom("doctor")

    assert result.exit_code == 0, result.output
    assert list(_said(result)) == [
        "settings",
        "people",
        "services",
        "policies",
        "calendars",
        "database",
        "buildbot",
    ]
    assert "answers (204)" in _said(result)["buildbot"]


def test_a_database_that_is_not_made_yet_is_well_and_stays_unmade(
    wardroom: Typing, home: Path
) -> None:
    said = _said(wardroom("doctor"))

    assert said["database"] == "ok    database      there is none yet; the first start makes it"
    assert not (home / "wardroom.db").exists()


def test_wrong_settings_end_the_examination(wardroom: Typing, home: Path) -> None:
    configure(home, mode="sandbx")

    result = wardroom("doctor")

    assert result.exit_code == 1
    assert list(_said(result)) == ["settings"]
    assert "mode: should be 'production' or 'sandbox'" in result.output


def test_wrong_people_and_services_are_named_with_their_mend(wardroom: Typing, home: Path) -> None:
    (home / "people.yaml").write_text("- {id: a, name: A, roles: [enginer]}\n")
    configure(home, integrations=None)

    result = wardroom("doctor")

    assert result.exit_code == 1
    assert _said(result)["people"].startswith("FAIL")
    assert "a.roles: there is no role enginer (did you mean engineer?)" in result.output
    assert "lab-results.ci.provider: buildbot has no block under integrations" in result.output


def test_a_policy_that_cannot_be_read_is_named(wardroom: Typing, home: Path) -> None:
    (home / "policies/site.cedar").write_text("forbid (principal, action")

    assert _said(wardroom("doctor"))["policies"].startswith("FAIL  policies      policies:")


def test_a_calendar_that_ends_before_it_starts_is_named(wardroom: Typing, home: Path) -> None:
    text = (home / "calendars.yaml").read_text()
    (home / "calendars.yaml").write_text(text.replace("2026-12-07", "2026-12-01"))

    assert _said(wardroom("doctor"))["calendars"].startswith("FAIL")


def test_a_database_without_tables_is_told_to_be_upgraded(wardroom: Typing, home: Path) -> None:
    sqlite3.connect(home / "wardroom.db").close()

    said = _said(wardroom("doctor"))["database"]

    assert said.startswith("FAIL")
    assert said.endswith("run: wardroom db upgrade")


def test_a_vendor_that_does_not_answer_is_named(wardroom: Typing, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configure(home, integrations={"buildbot": {"url": f"http://127.0.0.1:{port}/"}})

    said = _said(wardroom("doctor"))["buildbot"]

    assert said.startswith("FAIL")
    assert "does not answer (ConnectError); check address and network" in said


def test_no_secret_is_printed(wardroom: Typing, home: Path, vendor: str) -> None:
    provider = {"url": vendor, "user": "wardroom", "password": "correct-horse-battery"}
    configure(home, integrations={"buildbot": provider})

    assert "correct-horse" not in wardroom("doctor").output
