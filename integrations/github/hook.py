"""GitHub's webhooks: signed by HMAC-SHA-256 in `X-Hub-Signature-256`.

Source: docs.github.com, "Validating webhook deliveries" and "Webhook events and payloads".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.vendors.hooks import is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the body is signed with one of the secrets."""
    algorithm, _, signature = headers.get("x-hub-signature-256", "").partition("=")
    return algorithm == "sha256" and is_signed(body, signature, secrets)


def builds(headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
    """Return the workflow run of `workflow_run`, `workflow_job` and `deployment_status` events."""
    del headers
    found: list[str] = []
    for event, field in (("workflow_run", "id"), ("workflow_job", "run_id")):
        about = told.get(event)
        if isinstance(about, dict) and isinstance(about.get(field), int):
            found.append(str(about[field]))
    return found
