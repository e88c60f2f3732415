"""Which addresses may be Teams' own: our token is sent there, so anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

TEAMS_HOSTS = (
    "*.trafficmanager.net",
    "*.botframework.com",
    "*.teams.microsoft.com",
    "*.teams.microsoft.us",
    "*.botframework.azure.us",
)
HTTPS_PORT = 443


@dataclass(frozen=True)
class ServiceUrls:
    """The allow-list; each entry is a host, `*.` and a domain, or one exact origin.

    Hosts are reached by https on its own port alone. An origin (`http://127.0.0.1:4000`) means
    exactly that one, so that a test or a proxy has to be named in full.
    """

    allowed: tuple[str, ...] = TEAMS_HOSTS

    def allows(self, url: str) -> bool:
        """Say whether a service URL is one of Teams' own."""
        parts = _split(url)
        return parts is not None and any(_matches(entry, parts) for entry in self.allowed)


def same(one: str, other: str) -> bool:
    """Say whether two service URLs are the same one, however they end."""
    return bool(one) and one.rstrip("/") == other.rstrip("/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    odd = parts.username or parts.password or parts.query or parts.fragment or "\\" in url
    # The standard library forgives white space and controls that other readers do not.
    clean = url.isascii() and url.isprintable() and " " not in url
    return parts if parts.hostname and clean and not odd else None


def _matches(entry: str, parts: SplitResult) -> bool:
    if "://" in entry:
        given = urlsplit(entry)
        return (given.scheme, given.netloc.lower()) == (parts.scheme, parts.netloc.lower())
    if parts.scheme != "https" or parts.port not in (None, HTTPS_PORT):
        return False
    host, wanted = parts.hostname or "", entry.lower()
    return host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted
