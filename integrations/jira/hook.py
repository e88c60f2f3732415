"""Jira's webhooks: signed by HMAC-SHA-256 in `X-Hub-Signature`, or sent with a secret.

A webhook that an administrator of Jira Cloud makes with a secret signs its body (WebSub's
`method=signature`). An automation rule ("Send web request") and Data Center sign nothing: they
send the secret in a header `Authorization`, as a Bearer or as the password of Basic.
Source: developer.atlassian.com, "Webhooks" (Secure admin webhooks).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.vendors.hooks import is_password, is_signed

if TYPE_CHECKING:
    from collections.abc import Sequence


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the body is signed with one of the secrets, or comes with one."""
    algorithm, has_signature, signature = headers.get("x-hub-signature", "").partition("=")
    if has_signature:
        return algorithm == "sha256" and is_signed(body, signature, secrets)
    return is_password(headers, secrets)


def builds(headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
    """Return the key of the issue; an automation rule's "issue data" is the issue itself."""
    del headers
    issue = told.get("issue", told)
    key = issue.get("key") if isinstance(issue, Mapping) else None
    return [key] if isinstance(key, str) and key else []
