"""What a setting's value must be: each kind of value with its check, and the mend in words."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo

from bot.secret_files import open_to_all

LONGEST_ORIGIN = 200
SHORTEST_SECRET = 16
SHORTEST_PASSWORD = 8
WELL_KNOWN = ("changeme", "change-me", "example", "placeholder", "replace-me", "your-")


@dataclass(frozen=True)
class Reading:
    """Where a document is being read, for the checks that depend on it."""

    folder: Path
    production: bool


def reading_of(info: ValidationInfo) -> Reading:
    """Return the context; strict where there is none, so that no check is lost by accident."""
    if isinstance(info.context, Reading):
        return info.context
    return Reading(Path.cwd(), production=True)


METADATA_HOST = "169.254.169.254"  # of a cloud's metadata service


def _url(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that starts with https:// (or http://)")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password; they have settings of their own")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path; remove what follows ? or #")
    if reading_of(info).production and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("would send credentials unencrypted; use https:// in production")
    return value


def _channel(value: str) -> str:
    platform, _, channel = value.partition(":")
    if platform not in ("slack", "teams") or not channel:
        raise ValueError("must be a channel, such as slack:C0123456789 or teams:19:...")
    return value


def _folder_url(value: str) -> str:
    return value.rstrip("/") + "/"


def _existing(value: Path, info: ValidationInfo) -> Path:
    reading = reading_of(info)
    path = reading.folder / value
    if not path.exists():
        raise ValueError(f"there is no {path}; make it, or name the right one")
    if reading.production and open_to_all(path, write=True):
        raise ValueError(f"everybody on this machine may change it; run: chmod o-w {path}")
    return path


def _strong(least: int, starts: str = "") -> AfterValidator:
    """Return the check of a secret, which never says what the secret is."""

    def check(secret: SecretStr, info: ValidationInfo) -> SecretStr:
        value = secret.get_secret_value()
        if not value.strip():
            raise ValueError("is empty; paste the value, or remove the whole block")
        if not reading_of(info).production:
            return secret
        if any(word in value.lower() for word in WELL_KNOWN):
            raise ValueError("is a well-known value; put the real one")
        if len(value) < least:
            raise ValueError(f"is shorter than {least} characters; put the real one")
        if not value.startswith(starts):
            raise ValueError(f"should start with {starts}; you may have copied another token")
        return secret

    return AfterValidator(check)


def _metadata_url(value: str, info: ValidationInfo) -> str:
    # Never leaves the machine: the address is link-local, and Azure answers on it in http alone.
    return value if urlsplit(value).netloc == METADATA_HOST else _url(value, info)


MetadataUrl: TypeAlias = Annotated[str, AfterValidator(_metadata_url)]
Url: TypeAlias = Annotated[str, AfterValidator(_url)]
Channel: TypeAlias = Annotated[str, AfterValidator(_channel)]
BaseUrl: TypeAlias = Annotated[Url, AfterValidator(_folder_url)]
ExistingPath: TypeAlias = Annotated[Path, AfterValidator(_existing)]
Password: TypeAlias = Annotated[SecretStr, _strong(SHORTEST_PASSWORD)]
SigningSecret: TypeAlias = Annotated[SecretStr, _strong(SHORTEST_SECRET)]
BotToken: TypeAlias = Annotated[SecretStr, _strong(SHORTEST_SECRET, "xoxb-")]
AppToken: TypeAlias = Annotated[SecretStr, _strong(SHORTEST_SECRET, "xapp-")]


def _origin(value: str) -> str:
    if re.search(r"[\s+\x00-\x1f\x7f]", value) or len(value) > LONGEST_ORIGIN:
        raise ValueError("must be a name such as wardroom.hospital.example/audit: no space, no +")
    return value


Origin: TypeAlias = Annotated[str, AfterValidator(_origin)]


def _slash(value: str) -> str:
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
        raise ValueError("a slash command is like /ops: small letters, digits, - and _")
    return value


SlashCommand: TypeAlias = Annotated[str, AfterValidator(_slash)]

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NO_GUID = "00000000-0000-0000-0000-000000000000"


def _guid(value: str, info: ValidationInfo) -> str:
    if not value.strip():
        raise ValueError("is empty; copy it from the app registration")
    if reading_of(info).production and (not GUID.fullmatch(value) or value == NO_GUID):
        raise ValueError("should be an id like 1b4e28ba-2fa1-11d2-883f-0016d3cca427")
    return value


Guid: TypeAlias = Annotated[str, AfterValidator(_guid)]


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
