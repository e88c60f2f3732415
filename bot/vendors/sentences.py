"""A vendor's refusal or failure as one of our errors, each with a sentence of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from bot.errors import IntegrationError, Rejected, Throttled, Unreachable

if TYPE_CHECKING:
    from bot.vendors.answer import Answer
    from bot.vendors.vendor import Asked, Vendor

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 400, 401, 403, 404
CONFLICT, GONE, TOO_MANY = 409, 410, 429
NOT_ITS_OWN, REDIRECT, SERVER = 203, 300, 500
FOR_GOOD: Final = (301, 308)  # what was renamed there; a sign-in page is never put so
LONGEST_QUOTE: Final = 160
A_WHILE: Final = 60
LONGEST_WAIT: Final = 3600
# Where the vendors that we know write why they refuse, in their order of preference.
WHY: Final = (
    "message",
    "error_description",
    "errorMessage",
    "error",
    "errorMessages",
    "errors",
    "detail",
)


class NotThere(Rejected):
    """The vendor answered that there is no such thing, and not that it may not be read."""


def refusal(vendor: Vendor, asked: Asked, answer: Answer) -> IntegrationError:
    """Return the error for an answer that is none of those hoped for."""
    name, status = vendor.name, answer.status
    if (seconds := pause(answer)) is not None:
        return Throttled(_limited(name, answer, seconds), seconds)
    if status >= SERVER:
        return Unreachable(
            f"{name} failed by itself (HTTP {status}), so what became of {asked.what} is not known."
        )
    if status in (NOT_FOUND, GONE):
        needs = f" (or hides it: the account needs {asked.needs})" if asked.needs else ""
        return NotThere(f"{name} does not have {asked.what}{needs}.")
    if status == NOT_ITS_OWN and answer.is_page:
        # Azure DevOps answers so, and not with 401, to a token that has expired.
        return Rejected(
            f"{name} showed its sign-in page instead of an answer: our credentials are not "
            f"accepted or have expired; renew {vendor.block}.{vendor.secret}."
        )
    if status < REDIRECT:
        return Unreachable(f"{name} answered {asked.what} with HTTP {status}: nothing is known.")
    return Rejected(_no(vendor, asked, answer))


def _no(vendor: Vendor, asked: Asked, answer: Answer) -> str:
    name, status = vendor.name, answer.status
    if status in FOR_GOOD:
        return (
            f"{name} has {asked.what} under another name or address now: write that one into "
            f"{vendor.block}.url or the services file."
        )
    if status < BAD_REQUEST:
        return (
            f"{name} led to another page, as it does to sign people in, instead of answering: "
            f"check {vendor.block}.url and {vendor.secret}."
        )
    if status == UNAUTHORIZED:
        return f"{name} does not accept our credentials: renew {vendor.block}.{vendor.secret}."
    if status == FORBIDDEN:
        needs = f": the account needs {asked.needs}" if asked.needs else ""
        return f"{name} does not allow {asked.what}{needs}{_quoted(answer)}."
    if status == CONFLICT:
        return f"{name} says that {asked.what} conflicts with what it has{_quoted(answer)}."
    return f"{name} does not accept what was sent for {asked.what}{_quoted(answer)}."


def pause(answer: Answer) -> int | None:
    """Return for how many seconds the vendor asks to be left alone, None where it does not.

    `Retry-After` in both its forms (RFC 9110, 10.2.3), and the rate-limit headers of GitHub and
    GitLab (seconds since the epoch) once nothing remains.
    """
    headers = answer.headers
    if answer.status not in (TOO_MANY, FORBIDDEN):
        return None
    after = headers.get("retry-after", "")
    if after:
        return _until(after)
    remaining = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining", ""))
    reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
    if remaining == "0" and reset.isdecimal():
        return _bounded(float(reset) - datetime.now(UTC).timestamp())
    return A_WHILE if answer.status == TOO_MANY else None


def _until(after: str) -> int:
    if after.isdecimal():
        return _bounded(float(after))
    try:
        moment = parsedate_to_datetime(after)
    except ValueError:
        return A_WHILE
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _bounded((moment - datetime.now(UTC)).total_seconds())


def _bounded(seconds: float) -> int:
    return max(1, min(LONGEST_WAIT, math.ceil(seconds)))


def _limited(name: str, answer: Answer, seconds: int) -> str:
    if "retry-after" in answer.headers:
        return f"{name} asks us to come back in {seconds} s; nothing was done."
    return f"{name} gets too many questions from us; ask again in about {seconds} s."


def _quoted(answer: Answer) -> str:
    """Return what the vendor gave as its reason, as a sentence goes on; "" where it gave none."""
    try:
        said = _why(answer.json())
    except Unreachable:
        return ""
    said = " ".join(said.split()).rstrip(".")
    return f" (it says: {said[:LONGEST_QUOTE]})" if said else ""


def _why(found: object) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        return "; ".join(filter(None, (_why(one) for one in found[:3])))
    if isinstance(found, Mapping):
        named = (_why(found[name]) for name in WHY if name in found)
        return next((said for said in named if said), "")
    return ""
