"""Jenkins' Notification plugin, which sends the user and password of its URL by HTTP Basic.

Source: plugins.jenkins.io/notification: `build.url` is `job/FOLDER/job/NAME/NUMBER/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.vendors.hooks import is_password

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the password is one of the secrets."""
    del body
    return is_password(headers, secrets)


def builds(headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
    """Return the build as its job's path and number, and its id in the queue."""
    del headers
    about = told.get("build")
    if not isinstance(about, dict):
        return []
    found: list[str] = []
    url, queued = about.get("url"), about.get("queue_id")
    if isinstance(url, str):
        parts = [unquote(part) for part in url.strip("/").split("/")]
        found.append("/".join(part for i, part in enumerate(parts) if part != "job" or i % 2))
    if isinstance(queued, int):
        found.append(f"q{queued}")
    return found
