"""Which addresses that Slack names are Slack's: nothing is sent anywhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

CLOUDS = ("slack.com", "slack-gov.com")
# Answers to a command, files, and single hosts of the web API.
PARTS = ("", "hooks.", "files.", "api.")


class Addresses:
    """The hosts of the Slack that `api_url` belongs to: the public one, GovSlack, or a proxy.

    The two clouds are not mixed: an app of GovSlack sends nothing to the public one, and the
    other way about. Behind a proxy both may be meant, for Slack's own addresses do not say which.
    """

    def __init__(self, api_url: str) -> None:
        own = urlsplit(api_url)
        self._own = (own.scheme, own.netloc)
        named = [c for c in CLOUDS if own.hostname == c or (own.hostname or "").endswith("." + c)]
        self._hosts = frozenset(part + cloud for cloud in named or CLOUDS for part in PARTS)

    def knows(self, url: str) -> bool:
        """Say whether an address is Slack's: encrypted, or at the very host of the web API."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if (parts.scheme, parts.netloc) == self._own:
            return True
        return parts.scheme == "https" and parts.netloc in self._hosts
