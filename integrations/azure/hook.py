"""Azure DevOps' service hooks of the kind "Web Hooks", with their HTTP Basic password.

Source: learn.microsoft.com, "Service hooks events": "Build completed", and "Run state changed",
"Run stage state changed" and the approvals of a run among those of Pipelines.
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
    """Return the number of the build that completed, or of the run that goes on."""
    del headers
    kind, about = str(told.get("eventType")), told.get("resource")
    if not isinstance(about, dict):
        return []
    if kind.startswith("ms.vss-pipeline"):
        about = about.get("run")
    elif kind != "build.complete":
        return []
    number = about.get("id") if isinstance(about, dict) else None
    return [str(number)] if isinstance(number, int) else []
