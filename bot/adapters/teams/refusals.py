"""Why a request that claims to come from Teams is not believed: a closed list."""

from __future__ import annotations

import enum
from http import HTTPStatus


class Refusal(enum.StrEnum):
    """The reason that is logged, and returned to whoever sent the request."""

    NO_TOKEN = "no_token"  # noqa: S105 - a reason's name
    NOT_BEARER = "not_bearer"
    UNREADABLE = "unreadable"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    KEYS_UNAVAILABLE = "keys_unavailable"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CHANNEL = "channel"
    ENDORSEMENT = "endorsement"
    SERVICE_URL = "service_url"
    SERVICE_URL_NOT_ALLOWED = "service_url_not_allowed"
    TENANT = "tenant"

    @property
    def status(self) -> HTTPStatus:
        """Return 401 where there is no token to judge, 403 for a bad one.

        503 says that we cannot tell now: Teams may send it again, and nothing was believed.
        """
        if self in (Refusal.NO_TOKEN, Refusal.NOT_BEARER, Refusal.UNREADABLE):
            return HTTPStatus.UNAUTHORIZED
        if self is Refusal.KEYS_UNAVAILABLE:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.FORBIDDEN


class TokenRefused(Exception):
    """A request is not believed, for one reason."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason
