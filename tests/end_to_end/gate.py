"""A gate on the wire between Wardroom and the CI server, where a test can stop the world.

It passes every request on and every answer back. A test says what happens when the order to
deploy comes by: before it is passed on, after CI took it and before the answer, or after the
answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.serving import NO_TLS

Act = Callable[[], None]
PASSED_ON = ("content-type", "cookie", "authorization", "accept")


class Gate:
    """A loopback HTTP proxy in front of one CI server."""

    def __init__(self, target: str) -> None:
        self.target = target.rstrip("/")
        self.before: Act | None = None
        self.between: Act | None = None
        self.after: Act | None = None
        self.orders = 0
        self.is_shut = False
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gate.carry(self, b"")

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                gate.carry(self, self.rfile.read(length))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def carry(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        is_order = handler.command == "POST" and "forceschedulers/deploy-" in handler.path
        self.orders += is_order
        if self.is_shut or (is_order and _act(self, "before")):
            handler.connection.close()
            return
        headers = {k: v for k, v in handler.headers.items() if k.lower() in PASSED_ON}
        with httpx.Client(timeout=30, verify=NO_TLS) as client:
            answer = client.request(
                handler.command, self.target + handler.path, content=body, headers=headers
            )
        if is_order and answer.status_code == httpx.codes.FORBIDDEN:
            is_order = False  # it has to log in first; the order comes again
            self.orders -= 1
        if is_order and _act(self, "between"):
            handler.connection.close()
            return
        handler.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() in ("content-type", "set-cookie", "location"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content)
        if is_order:
            _act(self, "after")


def _act(gate: Gate, moment: str) -> bool:
    act: Act | None = getattr(gate, moment)
    if act is None:
        return False
    setattr(gate, moment, None)
    act()
    return True
