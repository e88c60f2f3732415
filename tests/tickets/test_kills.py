"""SIGKILL around the opening and the closing of a ticket: one ticket, whenever it comes."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from bot.model import ChangeResult, NewChange, TicketState
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from bot.storage.tickets import SqlTickets
from tests.databases import NOON, FixedClock
from tests.forked import fork
from tests.integrations.servicenow.ticket_vendor import Instance
from tests.tickets.victim import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.crash
KILLED: Final = -signal.SIGKILL
NEW = NewChange("portal", "production", "Deploy portal 1.4.2", "engineer", backout="rollback")


@pytest.fixture
def copied(tmp_path: Path, sqlite_template: Path) -> Path:
    """A database of its own."""
    file = tmp_path / "wardroom.db"
    file.write_bytes(sqlite_template.read_bytes())
    return file


@dataclass
class Desk:
    """A vendor in this process, that kills the other one around a request of its choice."""

    moment: str = ""
    hits: Callable[[httpx.Request], bool] = lambda _: False
    victim: int = 0
    instance: Instance = field(default_factory=Instance)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """Carry a request; None where who asked is gone."""
        with self.lock:
            is_it = bool(self.moment) and self.hits(request)
            if is_it and self.moment == "before":
                self.kill()
                return None
            answer = self.instance.line(request)
            if is_it and self.moment == "during":
                self.kill()
                return None
            return answer

    def answered(self, request: httpx.Request) -> None:
        """Note that the answer to a request is out."""
        with self.lock:
            if self.moment == "after" and self.hits(request):
                self.kill()

    def kill(self) -> None:
        """Kill the other process, once."""
        self.moment = ""
        os.kill(self.victim, signal.SIGKILL)


@contextmanager
def served(desk: Desk) -> Iterator[int]:
    """Serve it on loopback; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = f"http://127.0.0.1{self.path}"
            asked = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
            answer = desk.answer(asked)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)
            desk.answered(asked)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815 - the names that the library calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def lived(url: str, port: int, desk: Desk, *, later: bool) -> int:
    """Have a process follow the tickets; returns how it ended."""
    process = fork(_begin, url, port, later)
    desk.victim = process.pid or 0
    process.join(60)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
        raise AssertionError("it did not end")
    return code


def _begin(url: str, port: int, later: bool) -> None:  # noqa: FBT001 - what a process is given
    follow(url, port, later=later)


def opening(request: httpx.Request) -> bool:
    """Say whether a request opens a ticket."""
    return request.method == "POST" and request.url.path.endswith("/change/normal")


def closing(request: httpx.Request) -> bool:
    """Say whether a request closes a ticket."""
    return request.method == "PATCH" and b"close_code" in request.content


@pytest.mark.thorough
@pytest.mark.parametrize("hits", [opening, closing])
@pytest.mark.parametrize("moment", ["before", "during", "after"])
async def test_a_kill_around_a_write_leaves_one_closed_ticket(
    copied: Path, moment: str, hits: Callable[[httpx.Request], bool]
) -> None:
    await _story(copied, moment, hits)


async def _story(file: Path, moment: str, hits: Callable[[httpx.Request], bool]) -> None:
    url = f"sqlite:///{file}"
    database = Database.open(url)
    clock = FixedClock(NOON)
    register = ChangeRegister(database, clock, SqlTickets(database, clock, "ServiceNow"))
    change = await database.write(register.open(NEW))
    if hits is closing:
        await database.write(register.close(change.number, ChangeResult.SUCCESSFUL, "done"))
    desk = Desk(moment, hits)
    with served(desk) as port:
        assert lived(url, port, desk, later=False) == KILLED
        if hits is opening:
            await database.write(register.close(change.number, ChangeResult.SUCCESSFUL, "done"))
        assert lived(url, port, desk, later=True) == 0
    (number,) = desk.instance.numbers()
    assert desk.instance.state(number) is TicketState.CLOSED
    row = await SqlTickets(database, clock, "ServiceNow").of(change.number)
    database.close()
    assert row is not None
    assert (row.number, row.shown) == (number, row.revision)
    # Only what surely never arrived is asked for a second time.
    tries = sum(map(opening, desk.instance.line.requests))
    assert tries == 1
