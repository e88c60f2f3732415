"""Buildbot's HttpStatusPush, with the `auth` of its configuration by HTTP Basic.

Source: docs.buildbot.net, "HttpStatusPush": the body is the build, as `builds/N` answers it.
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
    """Return the build by its own id and by that of the request which led to it."""
    del headers
    build, request = told.get("buildid"), told.get("buildrequestid")
    found = [str(build)] if isinstance(build, int) else []
    return [*found, f"q{request}"] if isinstance(request, int) else found
