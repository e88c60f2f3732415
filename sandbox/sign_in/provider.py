"""Who signed in and when, the codes that stand for it, and the tokens that they are changed into.

Sessions and codes are in memory: a restart of the page signs everybody out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.estate import PASSWORD, PEOPLE
from sandbox.sign_in.asked import Asked, Refused
from sandbox.sign_in.key import ALGORITHM, SigningKey

CODE_SECONDS = 60
TOKEN_SECONDS = 120
SESSION_SECONDS = 8 * 3600


class Denied(Exception):
    """A code is not changed into a token; the text is an error of OAuth 2."""


@dataclass(frozen=True)
class Session:
    """Somebody who signed in, and when: seconds since 1970."""

    subject: str
    at: int


@dataclass(frozen=True)
class Provider:
    """One application's provider; `clock` says what time it is."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    key: SigningKey
    clock: Callable[[], float] = time.time
    _sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    _codes: dict[str, tuple[Asked, Session, int]] = field(default_factory=dict, repr=False)

    def description(self) -> dict[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0, 3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "scopes_supported": ["openid"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"],
            "prompt_values_supported": ["none", "login"],
            "authorization_response_iss_parameter_supported": True,
        }

    def session(self, asked: Asked, cookie: str) -> Session | None:
        """Return who is signed in already, where that will do; `Refused` where a page may not be.

        `prompt=login` wants a sign-in of its own, `max_age` one that is not older.
        """
        found = self._sessions.get(cookie)
        age = self._now() - found.at if found else 0
        oldest = SESSION_SECONDS if asked.max_age is None else asked.max_age
        if found is not None and "login" not in asked.prompt and age <= oldest:
            return found
        if "none" in asked.prompt:
            raise Refused(asked, "login_required", "nobody is signed in")
        return None

    def sign_in(self, person_id: str, password: str) -> tuple[str, Session] | None:
        """Return a new cookie and whom it is of; None where the password is wrong."""
        person = {person.id: person for person in PEOPLE}.get(person_id)
        if not hmac.compare_digest(password.encode(), PASSWORD.encode()) or person is None:
            return None
        now, cookie = self._now(), secrets.token_urlsafe(32)
        for old, session in list(self._sessions.items()):
            if now - session.at > SESSION_SECONDS:
                self._sessions.pop(old, None)
        self._sessions[cookie] = Session(person.subject, now)
        return cookie, self._sessions[cookie]

    def back(self, asked: Asked, session: Session) -> str:
        """Return where the browser goes with a fresh code."""
        now, code = self._now(), secrets.token_urlsafe(32)
        for old, (_, _, made) in list(self._codes.items()):
            if now - made > CODE_SECONDS:
                self._codes.pop(old, None)
        self._codes[code] = (asked, session, now)
        return asked.answered(self.issuer, code=code)

    def token(self, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Change a code into an ID token, once, for the application that asked for it."""
        if not self._is_client(authorization, form):
            raise Denied("invalid_client")
        if form.get("grant_type") != "authorization_code":
            raise Denied("unsupported_grant_type")
        # Used up by the first try, whatever comes of it.
        asked, session, made = self._codes.pop(form.get("code", ""), (None, None, 0))
        now = self._now()
        if asked is None or session is None or now - made > CODE_SECONDS:
            raise Denied("invalid_grant")
        verifier = form.get("code_verifier", "").encode("utf-8")
        proof = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        is_same = hmac.compare_digest(proof, asked.challenge)
        if not is_same or form.get("redirect_uri") != asked.redirect_uri:
            raise Denied("invalid_grant")
        return {
            "access_token": secrets.token_urlsafe(32),  # there is nothing here that takes it
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": "openid",
            "id_token": self.key.signed(self._claims(asked, session, now)),
        }

    def _claims(self, asked: Asked, session: Session, now: int) -> dict[str, Any]:
        said = {
            "iss": self.issuer,
            "sub": session.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": session.at,
        }
        return said | ({"nonce": asked.nonce} if asked.nonce else {})

    def _is_client(self, authorization: str, form: Mapping[str, str]) -> bool:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization:
            name, secret = _basic(authorization)
        is_named = hmac.compare_digest(name.encode(), self.client_id.encode())
        return hmac.compare_digest(secret.encode(), self.client_secret.encode()) and is_named

    def _now(self) -> int:
        return int(self.clock())


def _basic(header: str) -> tuple[str, str]:
    """Return name and secret; RFC 6749, 2.3.1: each was form-encoded before."""
    scheme, _, given = header.partition(" ")
    try:
        text = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, secret = text.partition(":")
    return (unquote(name), unquote(secret)) if scheme.lower() == "basic" else ("", "")
