"""Which addresses may be Teams' own: our token is sent there, so anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from bot.errors import ConfigurationError

# Microsoft's list of where Teams takes messages: the public cloud, GCC, GCC High and DoD. Whole
# names, for anybody can register one under trafficmanager.net.
TEAMS_HOSTS = (
    "smba.trafficmanager.net",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
    "smba.infra.dod.teams.microsoft.us",
)
HTTPS_PORT = 443
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class ServiceUrls:
    """The allow-list; each entry is a host, `*.` and a domain, or one exact origin.

    Hosts are reached by https on its own port alone. An origin (`http://127.0.0.1:4000`) means
    exactly that one, so that a test or a proxy has to be named in full.
    """

    allowed: tuple[str, ...] = TEAMS_HOSTS

    def __post_init__(self) -> None:
        if not self.allowed or any(map(_is_clear, self.allowed)):
            raise ConfigurationError(
                "teams.allowed_service_urls: name at least one, by https; http is for loopback"
            )

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


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    port = HTTPS_PORT if parts.port is None and parts.scheme == "https" else parts.port
    return parts.scheme, parts.hostname or "", port


def _is_clear(entry: str) -> bool:
    """Say whether an entry would have our token sent over a network as plain text."""
    parts = urlsplit(entry) if "://" in entry else None
    return parts is not None and parts.scheme != "https" and parts.hostname not in LOOPBACK


def _matches(entry: str, parts: SplitResult) -> bool:
    if "://" in entry:
        return _origin(urlsplit(entry)) == _origin(parts)
    if parts.scheme != "https" or parts.port not in (None, HTTPS_PORT):
        return False
    host, wanted = parts.hostname or "", entry.lower()
    return host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted
