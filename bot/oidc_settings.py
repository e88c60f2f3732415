"""Where people sign in afresh to sign an approval: the hospital's OpenID Connect provider."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import field_validator

from bot.documents import Block
from bot.setting_values import Password, Url

MANY_TENANTS = frozenset({"common", "organizations", "consumers"})


class Oidc(Block):
    """A client of one provider; its addresses are what the provider's discovery says, unless set.

    `subject_claim` is the claim that people.yaml holds: one that is never given to somebody else.
    """

    issuer: Url
    client_id: str
    client_secret: Password
    client_secret_file: Path | None = None
    subject_claim: Literal["sub", "oid"] = "sub"
    discovery_url: Url | None = None
    authorization_url: Url | None = None
    token_url: Url | None = None
    jwks_url: Url | None = None

    @field_validator("issuer")
    @classmethod
    def _one_tenant(cls, value: str) -> str:
        if MANY_TENANTS & set(urlsplit(value).path.split("/")):
            raise ValueError("must name your own tenant: with this one anybody's would do")
        return value

    @field_validator("client_id")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; copy it from the provider, or remove the whole block")
        return value.strip()

    @property
    def discovery(self) -> str:
        """Return where the provider describes itself."""
        usual = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        return self.discovery_url or usual
