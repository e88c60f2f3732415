"""Says whether a request comes from Slack, before any library sees it."""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MAX_AGE = 5 * 60  # seconds, both ways, as Slack asks for
DIGITS = 12  # of a timestamp; more is nobody's clock
TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def refusal(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> HTTPStatus | None:
    """Return the status to refuse a request with, or None for a genuine one.

    Everything is checked for every kind of request: `ssl_check` and `url_verification` are not
    let off. The signature is compared over the raw bytes, in constant time.
    """
    stamp = headers.get(TIMESTAMP, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= DIGITS):
        return HTTPStatus.UNAUTHORIZED
    if abs(now.timestamp() - int(stamp)) > MAX_AGE:
        return HTTPStatus.UNAUTHORIZED
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if not hmac.compare_digest(sign(secret, stamp, body).encode(), given):
        return HTTPStatus.UNAUTHORIZED
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return HTTPStatus.BAD_REQUEST
    return None


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return Slack's signature of a body sent at `stamp` (seconds since 1970)."""
    signed = b"v0:" + stamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
