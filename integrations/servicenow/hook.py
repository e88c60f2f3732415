"""What ServiceNow tells us: a business rule or a flow sends `{"number": "CHG0030042"}`.

Outbound REST of ServiceNow signs nothing by itself; what proves who it is, is a secret as the
password of a basic authentication profile or as a Bearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.vendors.hooks import is_password

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the password is one of the secrets."""
    del body
    return is_password(headers, secrets)


def builds(headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
    """Return the number of the change request that it is about."""
    del headers
    number = told.get("number")
    return [number] if isinstance(number, str) and number else []
