"""What an application asks for when it sends somebody here, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

# RFC 8252, 7.3: on loopback any port may be asked for, since it is only known at run time.
REDIRECT = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/sign/back")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class NotOurs(Exception):
    """It cannot be told whose request this is, so nobody is sent anywhere; the text says why."""


class Refused(Exception):
    """The application is sent an error of OpenID Connect instead of a code."""

    def __init__(self, asked: Asked, error: str, why: str) -> None:
        super().__init__(why)
        self.asked, self.error = asked, error


@dataclass(frozen=True)
class Asked:
    """One request for a sign-in; `max_age` is in seconds, None where any age will do."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    prompt: frozenset[str]
    max_age: int | None

    def answered(self, issuer: str, **what: str) -> str:
        """Return the address that takes the browser back, with what it takes along."""
        back = {**what, "iss": issuer} | ({"state": self.state} if self.state else {})
        return f"{self.redirect_uri}?{urlencode(back)}"


def read(query: str, client_id: str) -> Asked:
    """Return what is asked for; `NotOurs` or `Refused` where it is not what this page is for."""
    given = parameters(query)
    if given.get("client_id") != client_id:
        raise NotOurs("No application of this name signs people in here.")
    if not REDIRECT.fullmatch(given.get("redirect_uri", "")):
        raise NotOurs("The application did not say truly where to go back to.")
    age = given.get("max_age", "")
    asked = Asked(
        redirect_uri=given["redirect_uri"],
        state=given.get("state", ""),
        nonce=given.get("nonce", ""),
        challenge=given.get("code_challenge", ""),
        prompt=frozenset(given.get("prompt", "").split()),
        max_age=int(age) if age.isascii() and age.isdecimal() else None,
    )
    for error, why in _wrong(given, asked):
        raise Refused(asked, error, why)
    return asked


def parameters(text: str) -> dict[str, str]:
    """Return a query or a form; `NotOurs` where something is in it twice (RFC 6749, 3.1)."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=40)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise NotOurs("Something was asked for twice.")
    return given


def _wrong(given: Mapping[str, str], asked: Asked) -> list[tuple[str, str]]:
    found = []
    if given.get("response_type") != "code":
        found.append(("unsupported_response_type", "only codes are given here"))
    if given.get("response_mode", "query") != "query":
        found.append(("invalid_request", "the answer goes back in the query"))
    if "openid" not in given.get("scope", "").split():
        found.append(("invalid_scope", "the scope openid is missing"))
    if given.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(asked.challenge):
        found.append(("invalid_request", "PKCE with S256 is needed"))
    if given.get("max_age") is not None and asked.max_age is None:
        found.append(("invalid_request", "max_age is a number of seconds"))
    if "none" in asked.prompt and len(asked.prompt) > 1:
        found.append(("invalid_request", "prompt is none, or something else"))
    return found
