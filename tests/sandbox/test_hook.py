"""CI tells Wardroom by itself that a build begins and ends, and goes on where nobody listens."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.fixtures import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.fixtures import Hospital

pytestmark = [pytest.mark.hospital, pytest.mark.xdist_group("hospital")]
GREEN = 0


@contextlib.contextmanager
def listening(port: int) -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    """Stand where Wardroom will listen; yields the path, password and body of what comes."""
    heard: list[tuple[str, str, dict[str, Any]]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            scheme, _, pair = self.headers["Authorization"].partition(" ")
            user, _, password = base64.b64decode(pair).decode().partition(":")
            assert (scheme, user) == ("Basic", "wardroom")
            heard.append((self.path, password, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_ci_tells_of_the_begin_and_the_end_of_a_build_with_its_secret(hospital: Hospital) -> None:
    secret = hospital.layout.hook_secret
    with listening(hospital.facts["web_port"]) as heard:
        build = hospital.test("portal", "1.4.1")
        until(lambda: len(heard) >= 2)
    assert {(path, password) for path, password, _ in heard} == {
        ("/hooks/buildbot", secret.read_text("utf-8").strip())
    }
    told = [(body["buildid"], body["buildrequestid"], body["complete"]) for *_, body in heard]
    mine = build["buildid"], build["buildrequestid"]
    assert told == [(*mine, False), (*mine, True)]
    assert secret.stat().st_mode & 0o077 == 0


def test_a_build_ends_as_ever_where_nobody_listens(hospital: Hospital) -> None:
    assert hospital.test("portal", "1.4.2")["results"] == GREEN
