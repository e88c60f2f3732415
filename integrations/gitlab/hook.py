"""GitLab's webhooks: the secret token itself is in `X-Gitlab-Token`.

Source: docs.gitlab.com, "Webhooks" and "Webhook events".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.vendors.hooks import is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the token is one of the secrets."""
    del body
    return is_secret(headers.get("x-gitlab-token", ""), secrets)


def builds(headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
    """Return the pipeline of `pipeline` and `build` (job) events."""
    del headers
    about = told.get("object_attributes")
    if told.get("object_kind") == "pipeline" and isinstance(about, dict):
        return [str(about["id"])] if isinstance(about.get("id"), int) else []
    if told.get("object_kind") == "build" and isinstance(told.get("pipeline_id"), int):
        return [str(told["pipeline_id"])]
    return []
