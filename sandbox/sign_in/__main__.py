"""Serve the sign-in page of one hospital: `python3 -m sandbox.sign_in HOME`.

Everything is small and waits in the kernel: between two sign-ins nothing runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.layout import Layout
from sandbox.loopback import HOST
from sandbox.sign_in import asked, pages
from sandbox.sign_in.asked import NotOurs, Refused, parameters
from sandbox.sign_in.key import SigningKey
from sandbox.sign_in.provider import Denied, Provider

AUTHORIZE = "/authorize"
COOKIE = "sandbox_sign_in"
LONGEST_FORM = 16_384
PATIENCE_SECONDS = 10
HTML = "text/html; charset=utf-8"
# The address of a page holds what ties a sign-in to one browser.
PAGE_HEADERS = {"Content-Security-Policy": pages.POLICY, "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True)
class Answer:
    """What goes back to whoever asked."""

    status: HTTPStatus
    body: str = ""
    kind: str = HTML
    headers: Mapping[str, str] | None = None


def get(provider: Provider, path: str, query: str, cookie: str) -> Answer:
    """Answer a browser or an application that reads."""
    if path == "/.well-known/openid-configuration":
        return _json(provider.description())
    if path == "/keys":
        return _json(provider.key.published())
    if path != AUTHORIZE:
        return _said("There is nothing here but the page that an application sends you to.", 404)
    wish = asked.read(query, provider.client_id)
    session = provider.session(wish, cookie)
    if session is not None:
        return _gone(provider.back(wish, session))
    return _shown(pages.form(f"{AUTHORIZE}?{query}"))


def post(
    provider: Provider, path: str, query: str, authorization: str, form: Mapping[str, str]
) -> Answer:
    """Answer a form, or an application that brings a code."""
    if path == "/token":
        return _json(provider.token(authorization, form))
    if path != AUTHORIZE:
        return _said("Nothing is sent here.", 404)
    wish = asked.read(query, provider.client_id)
    signed_in = provider.sign_in(person := form.get("person", ""), form.get("password", ""))
    if signed_in is None:
        page = pages.form(f"{AUTHORIZE}?{query}", chosen=person, said=pages.WRONG)
        return _shown(page, HTTPStatus.FORBIDDEN)
    cookie, session = signed_in
    # A cookie is for every port of a host: its path keeps it from what else is on this machine.
    crumb = f"{COOKIE}={cookie}; Path={AUTHORIZE}; HttpOnly; SameSite=Lax"
    return _gone(provider.back(wish, session), {"Set-Cookie": crumb})


def answered(provider: Provider, make: Callable[[], Answer]) -> Answer:
    """Return an answer, or what there is to say in place of one."""
    try:
        return make()
    except NotOurs as error:
        return _said(str(error), HTTPStatus.BAD_REQUEST)
    except Refused as error:
        what = {"error": error.error, "error_description": str(error)}
        return _gone(error.asked.answered(provider.issuer, **what))
    except Denied as error:
        is_client = str(error) == "invalid_client"
        status = HTTPStatus.UNAUTHORIZED if is_client else HTTPStatus.BAD_REQUEST
        return _json({"error": str(error)}, status)


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(value), "application/json")


def _shown(page: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, page, headers=PAGE_HEADERS)


def _said(text: str, status: int) -> Answer:
    return _shown(pages.sentence(text), HTTPStatus(status))


def _gone(address: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(HTTPStatus.SEE_OTHER, headers={"Location": address, **(headers or {})})


def handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    """Return what the standard library's server calls for each request."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_SECONDS

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            cookie = _cookie(self.headers.get("Cookie", ""))
            self._send(answered(provider, lambda: get(provider, path, query, cookie)))

        def do_POST(self) -> None:
            path, _, query = self.path.partition("?")
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_FORM:
                self._send(_said("That is no form of this page's.", HTTPStatus.BAD_REQUEST))
                return
            text = self.rfile.read(int(length)).decode("utf-8", "replace")
            given = self.headers.get("Authorization", "")
            self._send(
                answered(provider, lambda: post(provider, path, query, given, parameters(text)))
            )

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            del size  # the query is left out too: it ties a sign-in to one browser
            print(self.command, self.path.partition("?")[0], int(code), flush=True)

        def _send(self, answer: Answer) -> None:
            body = answer.body.encode("utf-8")
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            for name, value in (answer.headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def main(home: str) -> None:
    """Serve until the process is ended."""
    layout = Layout(Path(home))
    facts = json.loads(layout.facts.read_text("utf-8"))["sign_in"]
    provider = Provider(
        issuer=facts["issuer"],
        client_id=facts["client_id"],
        client_secret=layout.client_secret.read_text("utf-8"),
        key=SigningKey.kept(layout.signing_key),
    )
    with ThreadingHTTPServer((HOST, facts["port"]), handler(provider)) as server:
        server.daemon_threads = True
        print(f"the sign-in page is up at {provider.issuer}", flush=True)
        # No poll: nobody asks it to stop but by ending the process.
        server.serve_forever(poll_interval=None)  # type: ignore[arg-type] # selectors take None


if __name__ == "__main__":
    main(sys.argv[1])
